"""What changed, told: the feed for people and tests, events for EventBridge."""
