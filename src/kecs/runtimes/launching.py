"""What a runtime's steps raise, and its commands turn into reports."""

from __future__ import annotations


class LaunchError(Exception):
    """A step that could not be done; the text is the reason that ECS shows."""
