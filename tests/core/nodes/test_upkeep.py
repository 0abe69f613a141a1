"""What is to be done about a node and the instances that it is."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.nodes.belonging import belongs
from kecs.core.nodes.instances import new
from kecs.core.nodes.upkeep import Member, Upkeep, heard, upkeep
from kecs.core.records import ClusterRecord, InstanceRecord, Node, NodeRecord

NOW = 1000.0
PATIENCE = 60.0


def cluster(
    name: str = "shop", status: str = "ACTIVE", providers: tuple[str, ...] = (), **members: Any
) -> ClusterRecord:
    arn = f"arn:aws:ecs:us-east-1:000000000000:cluster/{name}"
    shown = m.Cluster(cluster_arn=arn, cluster_name=name, status=status, capacity_providers=list(providers))
    return ClusterRecord(arn=arn, cluster=shown, **members)


SHOP = cluster(takes_nodes=True)


def node(**members: Any) -> Node:
    return Node(**{"name": "one", "uid": "u", "cpu": 4096, "memory": 8192, **members})


def record(changed_at: float = 0.0, cordon: bool | None = None, lost: bool = False, **members: Any) -> NodeRecord:
    return NodeRecord(node=node(**members), changed_at=changed_at, cordon=cordon, lost=lost)


def member(of: NodeRecord, status: str | None = None, owner: ClusterRecord = SHOP, *, busy: bool = False) -> Member:
    """The instance that a node was, since given this status by a caller."""
    instance = new(owner, of, "0" * 32, 0.0)
    if status is not None:
        instance = replace(instance, instance=replace(instance.instance, status=status))
    return Member(instance=instance, cluster=owner, busy=busy)


def decided(of: NodeRecord, *members: Member, clusters: tuple[ClusterRecord, ...] = (), now: float = NOW) -> Upkeep:
    return upkeep(of, members, clusters, now, PATIENCE, lambda: "1" * 32)


def shown(instance: InstanceRecord) -> tuple[str | None, bool | None]:
    return instance.instance.status, instance.instance.agent_connected


@pytest.mark.parametrize(
    ("labels", "of", "expected"),
    [
        ({}, SHOP, True),
        ({}, cluster(), False),
        ({"kecs.dev/cluster": "shop"}, cluster(), True),
        ({"kecs.dev/cluster": "other"}, SHOP, False),
        ({"kecs.dev/cluster": ""}, SHOP, True),
        ({"kecs.dev/capacity-provider": "asg"}, SHOP, False),
        ({"kecs.dev/capacity-provider": "asg"}, cluster(providers=("asg",)), True),
        ({"kecs.dev/capacity-provider": "asg", "kecs.dev/cluster": "other"}, cluster(providers=("asg",)), False),
        ({"kecs.dev/capacity-provider": "FARGATE"}, cluster(providers=("FARGATE",)), False),
        ({"kecs.dev/cluster": "shop"}, cluster(status="INACTIVE"), False),
        ({"kecs.dev/cluster": "shop"}, cluster(parted_with=("u",)), False),
    ],
)
def test_which_cluster_has_a_node(labels: dict[str, str], of: ClusterRecord, *, expected: bool) -> None:
    assert belongs(node(labels=labels), of) is expected


@pytest.mark.parametrize("members", [{"reserved": True}, {"os": "windows"}])
def test_what_is_not_for_tasks_is_nobodys(members: dict[str, Any]) -> None:
    assert not belongs(node(**members), SHOP)


def test_nothing_new_is_nothing_to_do() -> None:
    was = record()
    present = member(was)
    found = decided(was, present, clusters=(SHOP,))
    assert found == Upkeep(record=was, instances=(present.instance,))


def test_a_node_joins_a_cluster_that_lacks_it_when_it_is_ready() -> None:
    (joined,) = decided(record(), clusters=(SHOP, cluster("other"))).instances
    assert (joined.cluster_arn, shown(joined)) == (SHOP.arn, ("ACTIVE", True))
    assert decided(record(ready=False), clusters=(SHOP,)).instances == ()
    (drains,) = decided(record(cordon=True), clusters=(SHOP,)).instances
    assert shown(drains) == ("DRAINING", True)


@pytest.mark.parametrize("cordoned", [False, True])
def test_a_caller_has_a_node_cordoned_and_uncordoned(*, cordoned: bool) -> None:
    was = record(unschedulable=cordoned)
    wished = member(was, "ACTIVE" if cordoned else "DRAINING")
    other = member(was, owner=cluster("other", takes_nodes=True))
    found = decided(was, other, wished)
    assert (found.ask, found.record.cordon) == (not cordoned, not cordoned)
    assert {i.instance.status for i in found.instances} == {wished.instance.instance.status}
    told = replace(found.record, node=replace(was.node, unschedulable=not cordoned))
    again = decided(told, *(Member(instance=i, cluster=SHOP, busy=False) for i in found.instances))
    assert (again.ask, again.record.cordon) == (None, None)
    assert again.instances == found.instances


def test_a_wish_that_is_taken_back_is_asked_for() -> None:
    was = record()
    found = decided(was, member(was, "DRAINING"))
    back = replace(found.instances[0], instance=replace(found.instances[0].instance, status="ACTIVE"))
    again = decided(found.record, Member(instance=back, cluster=SHOP, busy=False))
    assert (again.ask, again.record.cordon, again.instances[0].instance.status) == (False, None, "ACTIVE")


def test_a_cordon_from_outside_is_followed_and_not_undone() -> None:
    found = decided(record(unschedulable=True), member(record()))
    assert (found.ask, shown(found.instances[0])) == (None, ("DRAINING", True))


def test_patience_with_a_node_that_is_away() -> None:
    away = record(changed_at=NOW, ready=False)
    waiting = decided(away, member(record()))
    assert (waiting.given_up, waiting.wake_at, shown(waiting.instances[0])) == (False, NOW + 60, ("ACTIVE", False))
    over = decided(away, member(record()), now=NOW + 60)
    assert (over.given_up, over.record.lost, over.wake_at) == (True, True, None)
    assert not decided(over.record, member(record()), now=NOW + 90).given_up
    back = decided(
        replace(over.record, node=node()), *(Member(instance=i, cluster=SHOP, busy=False) for i in over.instances)
    )
    assert (back.record.lost, shown(back.instances[0])) == (False, ("ACTIVE", True))


@pytest.mark.parametrize(("busy", "status"), [(True, "DRAINING"), (False, "INACTIVE")])
def test_where_it_does_not_belong_it_leaves_with_its_last_task(status: str, *, busy: bool) -> None:
    given_away = record(labels={"kecs.dev/cluster": "other"})
    found = decided(given_away, member(record(), busy=busy))
    assert (found.instances[0].instance.status, found.ask) == (status, None)


def test_statuses_that_are_ecs_own_say_nothing_of_a_node() -> None:
    found = decided(record(), member(record(), "DEREGISTERING"))
    assert (found.ask, found.instances[0].instance.status) == (None, "DEREGISTERING")


def test_what_is_told_twice_is_told_once() -> None:
    was = heard(None, node(), 1.0)
    assert heard(was, node(), 2.0) is was
    assert heard(was, node(labels={"a": "b"}), 2.0).changed_at == 1.0
    assert heard(was, node(ready=False), 2.0).changed_at == 2.0
    pending = replace(was, cordon=True, lost=True)
    assert heard(pending, node(labels={"a": "b"}), 2.0).cordon is True
    assert heard(pending, node(uid="other"), 2.0) == NodeRecord(node=node(uid="other"), changed_at=2.0)
