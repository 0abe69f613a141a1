"""Clusters."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records.base import Named


class ClusterRecord(Named):
    """A cluster. `cluster` holds what was configured and `status`; its counts are left out and computed."""

    cluster: m.Cluster
    tags: tuple[m.Tag, ...] = ()
    managed: tuple[str, ...] = ()  # the names of its Managed Instances capacity providers
    attached_at: float | None = None  # when what its capacity providers bring along will be attached or gone
    takes_nodes: bool = False  # nodes that are no cluster's own are among its container instances
    parted_with: tuple[str, ...] = ()  # uids of nodes that were deregistered from it
    implicit: bool = False  # `default`, made by KECS itself: the first CreateCluster still configures it
