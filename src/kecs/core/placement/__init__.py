"""Which container instance a task goes to, and why none would do."""

from kecs.core.placement.place import Refusal, closest, place
from kecs.core.placement.resources import Room
from kecs.core.placement.rules import Rules, rules_of

__all__ = ["Refusal", "Room", "Rules", "closest", "place", "rules_of"]
