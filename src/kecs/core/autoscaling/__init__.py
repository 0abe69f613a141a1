"""Application Auto Scaling for services: scalable targets, policies, schedules, and what they do to a desired count."""
