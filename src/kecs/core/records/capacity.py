"""Capacity providers, and the instances that KECS keeps on behalf of one in a cluster."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records.base import Named, Record


class CapacityProviderRecord(Named):
    """A capacity provider that a caller made; FARGATE and FARGATE_SPOT need no record."""

    provider: m.CapacityProvider  # as it is shown, but for its tags
    cluster_arn: str | None = None  # of a Managed Instances provider: the one cluster that it serves
    settles_at: float | None = None  # when what its updateStatus says is in progress will be done
    tags: tuple[m.Tag, ...] = ()


class CapacityGroupRecord(Record):
    """What scaling remembers of a provider's instances in one cluster; the instances have records of their own."""

    key: str  # core.arns.group_key
    cluster_arn: str
    provider: str  # its name
    reservation: float = 100.0  # the metric CapacityProviderReservation: percent
    scale_in_at: float | None = None  # when the next step of a scale-in may be taken; None: nothing is to spare
    idle_since: tuple[tuple[str, float], ...] = ()  # Managed Instances: ARNs of instances without tasks, and since when
    leaving: tuple[str, ...] = ()  # ARNs of instances that are terminated as soon as they are drained
