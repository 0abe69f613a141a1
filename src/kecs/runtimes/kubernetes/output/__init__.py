"""Containers' output: where it is read, and how it comes to CloudWatch Logs."""
