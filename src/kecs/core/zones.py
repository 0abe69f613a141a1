"""Availability Zones of a region. There is no EC2 to ask, so KECS says which zone a subnet is in.

`tasks.subnets`, `capacity.fleet` and `placement` put things where these functions say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kecs.core.records import InstanceRecord, TaskRecord

LETTERS = "abc"
ATTRIBUTE = "ecs.availability-zone"


def zone_of_subnet(subnet: str, region: str) -> str:
    """The zone that a subnet of that id is in, always the same one. Ids that count up at their end (subnet-1, subnet-2
    … or subnet-a, subnet-b …) go through the zones in their order."""
    return region + LETTERS[(sum(subnet.encode()) - 1) % len(LETTERS)]


def zones_of_subnets(subnets: Iterable[str], region: str) -> tuple[str, ...]:
    """Their zones, each once."""
    return tuple(dict.fromkeys(zone_of_subnet(subnet, region) for subnet in subnets))


def zones_of_region(region: str) -> tuple[str, ...]:
    return tuple(region + letter for letter in LETTERS)


def zone_of(instance: InstanceRecord | None) -> str | None:
    """The zone that a container instance says it is in."""
    attributes = (instance.instance.attributes if instance else None) or ()
    return next((a.value for a in attributes if a.name == ATTRIBUTE), None)


def emptiest(zones: Sequence[str], there: Iterable[InstanceRecord | TaskRecord]) -> str:
    """The one of the zones, which are not empty, with the fewest of these; the first among equals."""
    found = [zone_of(one) if isinstance(one, InstanceRecord) else one.availability_zone for one in there]
    return min(zones, key=found.count)
