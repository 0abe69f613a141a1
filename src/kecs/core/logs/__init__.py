"""Containers' output in CloudWatch Logs: where it goes, how lines become events, how events are found."""
