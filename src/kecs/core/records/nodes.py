"""Nodes: the machines that a runtime has of its own and tells of. `core.nodes` makes container instances of them."""

from __future__ import annotations

from collections.abc import Mapping

from kecs.core.records.base import Record


class Node(Record):
    """A machine as its runtime tells of it."""

    name: str
    uid: str  # another one of the same name has another
    cpu: int  # CPU units that tasks may use, 1024 a core
    memory: int  # MiB that tasks may use
    gpus: int = 0
    labels: Mapping[str, str] = {}
    os: str = "linux"
    architecture: str = "x86_64"  # x86_64 | arm64
    ec2_instance_id: str | None = None  # where it is one of EC2's
    ready: bool = True  # it answers and takes work
    unschedulable: bool = False  # cordoned: nothing new is to go there
    reserved: bool = False  # for something else than tasks: as a machine of the control plane is


class NodeRecord(Record):
    """A node as it was told last."""

    node: Node
    changed_at: float  # when it became ready, or ceased to be
    cordon: bool | None = None  # what `unschedulable` is to become and is not yet
    lost: bool = False  # not ready for so long that its tasks have been given up

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def unschedulable(self) -> bool:
        """What is wanted of it, where that is not so yet."""
        return self.node.unschedulable if self.cordon is None else self.cordon
