"""Clusters."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope, last_part, scope_of
from kecs.core.records.base import Record


class ClusterRecord(Record):
    """A cluster. `cluster` holds what was configured and `status`; its counts are left out and computed."""

    arn: str
    cluster: m.Cluster
    tags: tuple[m.Tag, ...] = ()
    managed: tuple[str, ...] = ()  # the names of its Managed Instances capacity providers
    attached_at: float | None = None  # when what its capacity providers bring along will be attached or gone
    takes_nodes: bool = False  # nodes that are no cluster's own are among its container instances
    parted_with: tuple[str, ...] = ()  # uids of nodes that were deregistered from it
    implicit: bool = False  # `default`, made by KECS itself: the first CreateCluster still configures it

    @property
    def name(self) -> str:
        return last_part(self.arn)

    @property
    def scope(self) -> Scope:
        return scope_of(self.arn)
