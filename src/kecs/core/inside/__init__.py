"""What AWS has inside a task: metadata, statistics, credentials of its role, and how a container finds them."""
