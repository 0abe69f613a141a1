"""Container instances."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records.base import Record
from kecs.core.records.nodes import Node


class InstanceRecord(Record):
    """A container instance: what it registered with; what is left of it is computed from its tasks."""

    arn: str
    cluster_arn: str
    instance: m.ContainerInstance
    local: bool = False  # the built-in one: never stands in the way of DeleteCluster
    tags: tuple[m.Tag, ...] = ()
    agent_driven: bool = False  # an agent of the user's own runs its tasks, not KECS's runtime
    agent_changed_at: float | None = None  # when its agent last came or went; None: since it is registered
    agent_updated_at: float | None = None  # when the update of its agent last came a step further
    deregistered_at: float | None = None
    interfaces: int | None = None  # how many tasks may have a network interface of their own; None: any number
    node: Node | None = None  # what it is made of, as of when it was last brought up to date with that
