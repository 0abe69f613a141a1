"""The lifecycle of a deployment, step by step: what is asked of ECS and when, whatever there is around it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kecs.aws.model import codedeploy as c
from kecs.aws.model import ecs as m
from kecs.core.codedeploy.configs import PREDEFINED, interval, shares
from kecs.core.codedeploy.endings import deployment_id, rolled_back, stop, wants_rollback
from kecs.core.codedeploy.groups import blue_green, target_group_arns
from kecs.core.codedeploy.lifecycle import EVENT_NAMES, EVENTS, Look, current, events_of, next_look, step
from kecs.core.records import DeploymentRecord, ServiceRecord, TaskSetRecord
from kecs.core.records.codedeploy import AppSpec, CodeDeploymentRecord

SERVICE = "arn:aws:ecs:us-east-1:000000000000:service/default/s"
CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
GROUPS = [c.TargetGroupInfo(name="blue"), c.TargetGroupInfo(name="green")]
ROUTE = c.TrafficRoute(listener_arns=["arn"])
BALANCER = c.LoadBalancerInfo(
    target_group_pair_info_list=[
        c.TargetGroupPairInfo(target_groups=GROUPS, prod_traffic_route=ROUTE, test_traffic_route=ROUTE)
    ]
)
NOW = 1000.0
WHY = c.ErrorInformation(code="MANUAL_STOP", message="stopped")


def deployment(config: str = "CodeDeployDefault.ECSAllAtOnce", **members: Any) -> CodeDeploymentRecord:
    spec = AppSpec(task_definition="web:2", container_name="app", container_port=80)
    given = {"events": events_of(spec, BALANCER), "spec": spec, **members}
    return CodeDeploymentRecord(
        id="d-1",
        group_id="g",
        application_name="app",
        group_name="group",
        service=c.ECSService(service_name="s"),
        service_arn=SERVICE,
        config_name=config,
        routing=PREDEFINED[config],
        load_balancer=BALANCER,
        target_groups=("blue", "green"),
        blue_green=blue_green(c.BlueGreenDeploymentConfiguration()),
        created_at=NOW,
        **given,
    )


def task_set(arn: str, **members: Any) -> TaskSetRecord:
    made = DeploymentRecord(
        id=arn, status="PRIMARY", task_definition="web:1", desired_count=2, created_at=NOW, updated_at=NOW
    )
    group = m.LoadBalancer(target_group_arn=f"targetgroup/{arn}/0")
    return TaskSetRecord(
        arn=arn, service_arn=SERVICE, cluster_arn=CLUSTER, deployment=made, load_balancers=(group,), **members
    )


BLUE = task_set("blue", status="PRIMARY")
GREEN = task_set("green", stability="STEADY_STATE")


def look(at: CodeDeploymentRecord, *task_sets: TaskSetRecord, now: float = NOW) -> Look:
    controller = m.DeploymentController(type="CODE_DEPLOY")
    service = ServiceRecord(
        arn=SERVICE, cluster_arn=CLUSTER, service=m.Service(deployment_controller=controller), desired_count=2
    )
    return Look(deployment=at, group=True, service=service, task_sets=task_sets, ringing=(), now=now)


def run(at: CodeDeploymentRecord, now: float = NOW) -> tuple[CodeDeploymentRecord, list[str]]:
    """The deployment as far as it goes, with an ECS that does at once whatever is asked of it, and what was asked."""
    task_sets, wishes = {"blue": BLUE}, []
    while True:
        after, wish = step(look(at, *task_sets.values(), now=now), lambda: "execution")
        if wish is None and after is at:
            return at, wishes
        if wish is not None:
            wishes.append(wish)
        if wish == "create":
            task_sets["green"], after = GREEN, replace(after, green="green")
        elif wish in ("promote", "restore"):
            first, second = ("green", "blue") if wish == "promote" else ("blue", "green")
            task_sets[first] = replace(task_sets[first], status="PRIMARY")
            task_sets[second] = replace(task_sets[second], status="ACTIVE")
        elif wish in ("retire", "remove"):
            gone = "blue" if wish == "retire" else "green"
            task_sets[gone] = replace(task_sets[gone], status="DRAINING")
        at = after


def test_what_is_asked_of_ecs() -> None:
    done, wishes = run(deployment())
    assert (done.status, wishes) == ("Succeeded", ["create", "promote", "retire"])
    assert [event.status for event in done.events] == ["Succeeded"] * 8


def test_the_table_has_the_events_in_their_order() -> None:
    assert tuple(event.name for event in deployment().events) == tuple(EVENTS) == EVENT_NAMES


def test_nothing_happens_before_the_next_look() -> None:
    waiting, wishes = run(deployment("CodeDeployDefault.ECSCanary10Percent5Minutes"))
    assert (waiting.production, wishes) == (10, ["create"])
    at = next_look(waiting)
    assert at == NOW + 300
    seen = look(waiting, BLUE, GREEN, now=at - 0.001)
    assert step(seen, str).deployment is waiting
    after = step(look(waiting, BLUE, GREEN, now=at), str).deployment
    assert after.production == 100


def test_who_is_over_does_nothing_more() -> None:
    done, _ = run(deployment())
    assert step(look(done), str) == (done, None)
    assert next_look(done) is None


@given(st.sampled_from(sorted(PREDEFINED)))
def test_shares_grow_to_all(config: str) -> None:
    steps = shares(PREDEFINED[config])
    assert list(steps) == sorted(set(steps))
    assert steps[-1] == 100
    assert (interval(PREDEFINED[config]) > 0) == (len(steps) > 1)


@given(st.integers(0, 8))
def test_a_stop_leaves_no_event_open(done: int) -> None:
    before = deployment()
    events = tuple(
        replace(event, status="Succeeded" if n < done else "InProgress" if n == done else "Pending")
        for n, event in enumerate(before.events)
    )
    stopped = stop(replace(before, status="InProgress", events=events), WHY, NOW)
    assert current(stopped) is None
    assert [e.status for e in stopped.events] == ["Succeeded"] * done + (["Failed"] + ["Skipped"] * 8)[: 8 - done]


def test_a_rollback_is_never_rolled_back() -> None:
    always = c.AutoRollbackConfiguration(enabled=True, events=["DEPLOYMENT_STOP_ON_REQUEST"])
    stopped = stop(deployment(status="InProgress", green="green", blue="blue", rollback=always), WHY, NOW)
    assert wants_rollback(stopped)
    _, rollback = rolled_back(stopped, "d-2", NOW)
    assert rollback is not None
    assert not wants_rollback(stop(rollback, WHY, NOW))


def test_an_id_is_a_d_and_nine_letters_and_digits() -> None:
    assert deployment_id("0" * 32) == "d-000000000"
    assert deployment_id("f" * 32) != deployment_id("e" + "f" * 31)


def test_target_groups_are_the_known_ones_and_others_stay_the_same() -> None:
    known = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/blue/0123456789abcdef"
    first, second = target_group_arns(BALANCER, [known], SERVICE)
    assert first == known
    assert second.startswith("arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/green/")
    assert (first, second) == target_group_arns(BALANCER, [known, second], SERVICE)
