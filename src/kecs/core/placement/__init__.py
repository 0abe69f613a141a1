"""Which container instance a task goes to, and why none would do."""

from kecs.core.placement.resources import Room, place

__all__ = ["Room", "place"]
