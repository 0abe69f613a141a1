"""What a scale comes to, which task set is primary, and what the service shows of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import DeploymentRecord, ServiceRecord, TaskSetRecord
from kecs.core.task_sets.changes import computed_desired_count, drained, fields_of, promoted, scaled, showing

ARN = "arn:aws:ecs:us-east-1:000000000000"
NETWORK = m.NetworkConfiguration(awsvpc_configuration=m.AwsVpcConfiguration(subnets=["subnet-1"]))
SERVICE = ServiceRecord(
    arn=f"{ARN}:service/main/web",
    cluster_arn=f"{ARN}:cluster/main",
    service=m.Service(
        service_name="web",
        load_balancers=[],
        service_registries=[],
        deployment_controller=m.DeploymentController(type="EXTERNAL"),
    ),
    desired_count=4,
)


def task_set(number: int, **members: object) -> TaskSetRecord:
    deployment = DeploymentRecord(
        id=f"ecs-svc/{number}",
        status="PRIMARY",
        task_definition=f"{ARN}:task-definition/web:{number}",
        desired_count=0,
        created_at=1.0,
        updated_at=1.0,
        launch_type="FARGATE",
        platform_version="1.4.0",
        network_configuration=NETWORK,
    )
    return TaskSetRecord(
        arn=f"{ARN}:task-set/main/web/ecs-svc/{number}",
        service_arn=SERVICE.arn,
        cluster_arn=SERVICE.cluster_arn,
        deployment=deployment,
        **members,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("desired", "scale", "count"),
    [(0, 100.0, 0), (4, 0.0, 0), (4, 100.0, 4), (4, 50.0, 2), (4, 30.0, 2), (1, 0.1, 1), (3000, 1.1, 33)],
)
def test_a_scale_comes_to_its_share_rounded_up(desired: int, scale: float, count: int) -> None:
    assert computed_desired_count(desired, scale) == count


@given(st.integers(0, 5000), st.floats(0, 100))
def test_what_a_scale_comes_to_is_never_less_than_the_share_and_never_a_task_more(desired: int, scale: float) -> None:
    count = computed_desired_count(desired, scale)
    assert 0 <= count <= desired
    assert count - 1 < desired * scale / 100 + 1e-9
    assert count >= desired * scale / 100 - 1e-9


def test_the_primary_task_set_becomes_active_when_another_takes_its_place() -> None:
    old, new, other = task_set(1, status="PRIMARY"), task_set(2), task_set(3)
    changed = promoted([old, new, other], new, 7.0)
    assert [(s.id, s.status, s.deployment.updated_at) for s in changed] == [
        ("ecs-svc/1", "ACTIVE", 7.0),
        ("ecs-svc/2", "PRIMARY", 7.0),
    ]
    assert promoted([old, new], old, 7.0) == []


@pytest.mark.parametrize("change", [lambda s: scaled(s, 50.0, 7.0), lambda s: drained(s, 7.0)])
def test_what_asks_for_other_tasks_makes_a_task_set_unstable(change: object) -> None:
    after = change(task_set(1, stability="STEADY_STATE", stability_at=2.0))  # type: ignore[operator]
    assert (after.stability, after.stability_at, after.deployment.updated_at) == ("STABILIZING", 7.0, 7.0)


def test_a_task_set_that_drains_goes_on_draining() -> None:
    draining = task_set(1, status="DRAINING", stability_at=2.0)
    assert drained(draining, 7.0) is draining


def test_a_service_shows_what_its_primary_task_set_has() -> None:
    balancer = m.LoadBalancer(target_group_arn="arn", container_name="app", container_port=80)
    shown = showing(SERVICE, task_set(1, load_balancers=(balancer,))).service
    assert shown.task_definition == f"{ARN}:task-definition/web:1"
    assert (shown.launch_type, shown.platform_version) == ("FARGATE", "1.4.0")
    assert (shown.network_configuration, shown.load_balancers) == (NETWORK, [balancer])
    assert fields_of(shown) == SERVICE.service


def test_a_service_without_a_primary_task_set_shows_none_of_it() -> None:
    shown = showing(SERVICE, task_set(1))
    assert showing(shown, None) == replace(SERVICE, service=SERVICE.service)
