"""Which of the subnets that a caller names a task of the network mode awsvpc gets.

On Fargate the subnet decides on the Availability Zone, so `launch` spreads tasks over them; on a container instance it
is the other way round. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_scheduler_replica.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from kecs.aws.model import ecs as m
from kecs.core.records import TaskRecord
from kecs.core.tasks.attachments import subnet_of
from kecs.core.zones import zone_of_subnet


def subnets_of(network: m.NetworkConfiguration | None) -> Sequence[str]:
    vpc = network.awsvpc_configuration if network else None
    return (vpc.subnets if vpc else None) or ()


def subnet_in(zone: str | None, network: m.NetworkConfiguration | None, region: str) -> str | None:
    """The first subnet in the zone, or else the first: callers of an emulator need not have one in each."""
    subnets = subnets_of(network)
    return next((s for s in subnets if zone_of_subnet(s, region) == zone), subnets[0] if subnets else None)


class Subnets:
    """The subnets for one launch on Fargate, which know of the tasks that are there already."""

    def __init__(self, network: m.NetworkConfiguration | None, region: str, running: Iterable[TaskRecord]) -> None:
        self._zones = {subnet: zone_of_subnet(subnet, region) for subnet in subnets_of(network)}
        self._in_zone, self._in_subnet = Counter[str | None](), Counter[str | None]()
        if len(self._zones) < 2:
            return
        for task in running:
            if task.desired_status == "RUNNING" and task.last_status != "STOPPED":
                self._in_zone[task.availability_zone] += 1
                self._in_subnet[subnet_of(task)] += 1

    def take(self, zone: str | None, pick: Callable[[int], int]) -> str | None:
        """The subnet for the next task: in the zone that has the fewest of them, or in the one that is asked for.
        `pick` decides among equals. None: there is no subnet."""
        subnets = [s for s in self._zones if zone is None or self._zones[s] == zone]
        if not subnets:
            return None
        fewest = min(map(self._load, subnets))
        best = [subnet for subnet in subnets if self._load(subnet) == fewest]
        chosen = best[pick(len(best)) if len(best) > 1 else 0]
        self._in_zone[self._zones[chosen]] += 1
        self._in_subnet[chosen] += 1
        return chosen

    def _load(self, subnet: str) -> tuple[int, int]:
        return self._in_zone[self._zones[subnet]], self._in_subnet[subnet]
