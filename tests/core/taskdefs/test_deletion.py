"""When a deleted task definition is gone."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.records import DeploymentRecord, ServiceRecord, TaskDefinitionRecord, TaskRecord
from kecs.core.taskdefs.deletion import deletable

SCOPE = Scope("111111111111", "us-east-1")
ARN = SCOPE.task_definition("web", 1)


def definition(status: m.TaskDefinitionStatus = "DELETE_IN_PROGRESS") -> TaskDefinitionRecord:
    return TaskDefinitionRecord(arn=ARN, definition=m.TaskDefinition(status=status))


def task(status: str, arn: str = ARN) -> TaskRecord:
    return TaskRecord(
        arn=SCOPE.task("main", "1"),
        cluster_arn=SCOPE.cluster("main"),
        definition_arn=arn,
        group="family:web",
        launch_type="EC2",
        created_at=0.0,
        containers=(),
        last_status=status,  # type: ignore[arg-type]
    )


def service(configured: str | None = None, deployed: str | None = None, **members: Any) -> ServiceRecord:
    deployment = DeploymentRecord(
        id="ecs-svc/1",
        status=members.pop("deployment_status", "ACTIVE"),
        task_definition=deployed or "other",
        desired_count=1,
        created_at=0.0,
        updated_at=0.0,
    )
    return ServiceRecord(
        arn=SCOPE.service("main", "web"),
        cluster_arn=SCOPE.cluster("main"),
        service=m.Service(task_definition=configured),
        desired_count=0,
        deployments=(deployment,),
        **members,
    )


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE"])
def test_what_was_not_deleted_stays(status: m.TaskDefinitionStatus) -> None:
    assert deletable([definition(status)], [], [], []) == []


def test_what_nothing_uses_goes() -> None:
    others = [task("RUNNING", SCOPE.task_definition("web", 2)), task("STOPPED")]
    ended = [service(ARN, ARN, status="INACTIVE"), service("other", ARN, deployment_status="INACTIVE")]
    assert deletable([definition()], others, ended, []) == [ARN]


@pytest.mark.parametrize("status", ["PROVISIONING", "RUNNING", "DEPROVISIONING"])
def test_a_task_keeps_it(status: str) -> None:
    assert deletable([definition()], [task(status)], [], []) == []


@pytest.mark.parametrize(
    "user",
    [service(ARN), service("other", ARN), service(ARN, ARN, status="DRAINING")],
    ids=["set", "deployed", "draining"],
)
def test_a_service_keeps_it(user: ServiceRecord) -> None:
    assert deletable([definition()], [], [user], []) == []
