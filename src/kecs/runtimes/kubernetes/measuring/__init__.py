"""What tasks use, and what they are told of themselves."""
