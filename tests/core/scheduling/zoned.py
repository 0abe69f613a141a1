"""The toy world in Availability Zones, each with room for so many tasks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from tests.core.scheduling.world import World

from kecs.core.scheduling.plan import Launch, Plan
from kecs.core.scheduling.snapshot import ServiceTask, Snapshot
from kecs.core.scheduling.zones import concerns

ZONES = ("a", "b", "c")
ENOUGH = 1000


class ZonedWorld(World):
    """A task goes where there are the fewest, unless the plan says where."""

    def __init__(self, desired: int, room: dict[str, int], **members: Any) -> None:
        super().__init__(desired, **members)
        self.room = room
        service = msgspec.structs.replace(self.service.service, availability_zone_rebalancing="ENABLED")
        self.service = msgspec.structs.replace(self.service, service=service)

    def snapshot(self) -> Snapshot:
        zones = tuple(sorted(zone for zone, room in self.room.items() if room)) if concerns(self.service) else None
        return msgspec.structs.replace(super().snapshot(), zones=zones)

    def start(self, launch: Launch) -> tuple[list[str], list[str]]:
        started: list[str] = []
        for _ in range(launch.count):
            there = self.there()
            open_ones = [z for z in self.room if there[z] < self.room[z] and launch.zone in (None, z)]
            if open_ones:
                zone = min(open_ones, key=lambda zone: there[zone])
                started.append(self.create(launch.deployment_id, zone=zone))
        return started, ["RESOURCE:MEMORY"] * (launch.count - len(started))

    def give(self, zone: str, room: int) -> None:
        """The zone has room for that many tasks now."""
        self.room[zone] = room
        self.get_room()

    def there(self) -> Counter[str]:
        """How many tasks that are not STOPPED are in each zone."""
        return Counter(task.zone or "" for task in self.live())

    def in_zone(self, zone: str) -> list[ServiceTask]:
        return [task for task in self.live() if task.zone == zone]

    def balance(self) -> list[int]:
        """How many tasks are in each zone, in the order of the zones."""
        there = self.there()
        return [there[zone] for zone in sorted(self.room)]

    def verify(self, result: Plan) -> None:
        super().verify(result)
        assert result.service.rebalancing is None or result.service.rebalancing >= 0
