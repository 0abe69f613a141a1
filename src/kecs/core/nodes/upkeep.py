"""What is to be done when a node, or an instance that it is, has changed. Called by control.instances.nodes.

A node and its instances in all clusters are kept together:

- Whoever drains an instance, or takes it back into use, cordons its node or uncordons it. Every instance of a cordoned
  node is DRAINING, and of no other. What was asked for and is not so yet is the record's `cordon`.
- The agent of an instance is connected while its node is ready. When it has not been for longer than the patience, the
  tasks there are given up: nobody will tell what has become of them.
- Where a node does not belong any more nothing new is started; the instance goes when its last task has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from kecs.core.instances.changes import deregistered
from kecs.core.nodes.belonging import belongs
from kecs.core.nodes.instances import drained, following, new, wants_drained
from kecs.core.records import ClusterRecord, InstanceRecord, Node, NodeRecord, Record


class Upkeep(Record):
    """What is to be done about one node."""

    record: NodeRecord
    instances: tuple[InstanceRecord, ...]  # as they are to be: those that there are, then new ones
    given_up: bool = False  # its tasks are
    ask: bool | None = None  # cordon it (True), or uncordon it
    wake_at: float | None = None  # when to look again


class Member(Record):
    """An instance that the node is, the cluster that it is in, and whether it has tasks."""

    instance: InstanceRecord
    cluster: ClusterRecord | None
    busy: bool


def heard(before: NodeRecord | None, node: Node, now: float) -> NodeRecord:
    """The node as it is told now; `before` itself when that is nothing new."""
    if before is None or before.node.uid != node.uid:
        return NodeRecord(node=node, changed_at=now)
    if before.node == node:
        return before
    return replace(before, node=node, changed_at=before.changed_at if before.node.ready == node.ready else now)


def upkeep(
    record: NodeRecord,
    members: Sequence[Member],
    clusters: Sequence[ClusterRecord],
    now: float,
    patience: float,
    hex32: Callable[[], str],
) -> Upkeep:
    """`clusters` are those that may lack it. `patience` is in seconds."""
    node = record.node
    staying = [m for m in members if m.cluster is not None and belongs(node, m.cluster)]
    wishes = [wish for member in staying if (wish := wants_drained(member.instance)) is not None]
    record = _cordoned(record, wishes)
    lost = not node.ready and now >= record.changed_at + patience
    given_up = lost and not record.lost
    record = replace(record, lost=lost)
    after = []
    for member in members:
        instance = following(member.instance, record, now)
        after.append(drained(instance, record.unschedulable) if member in staying else _left(instance, member, now))
    have = {member.instance.cluster_arn for member in staying}
    joining = [c for c in clusters if c.arn not in have and belongs(node, c)] if node.ready else []
    return Upkeep(
        record=record,
        instances=(*after, *(new(cluster, record, hex32(), now) for cluster in joining)),
        given_up=given_up,
        ask=wishes[-1] if wishes else None,
        wake_at=None if node.ready or lost else record.changed_at + patience,
    )


def _cordoned(record: NodeRecord, wishes: Sequence[bool]) -> NodeRecord:
    """The node with what is wanted of it, where that is not so yet."""
    wanted = wishes[-1] if wishes else record.cordon
    return replace(record, cordon=None if wanted == record.node.unschedulable else wanted)


def _left(instance: InstanceRecord, member: Member, now: float) -> InstanceRecord:
    """An instance where the node does not belong any more."""
    return drained(instance, drain=True) if member.busy else deregistered(instance, now)
