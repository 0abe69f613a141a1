"""Container instances."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records.base import Record


class InstanceRecord(Record):
    """A container instance: what it registered with; what is left of it is computed from its tasks."""

    arn: str
    cluster_arn: str
    instance: m.ContainerInstance
    local: bool = False  # the built-in one: never stands in the way of DeleteCluster
    tags: tuple[m.Tag, ...] = ()
