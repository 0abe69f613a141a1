"""Rules and schedules: when they fire, and what comes of it."""
