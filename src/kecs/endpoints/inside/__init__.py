"""What AWS has inside a task: its metadata and statistics, its role's credentials, its protection, its agent."""
