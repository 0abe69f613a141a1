"""Task plans in a line, for every test of a runtime."""

from __future__ import annotations

import itertools
import secrets
from typing import Any

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.taskdefs.normalise import normalise
from kecs.core.taskdefs.overrides import apply_overrides
from kecs.core.tasks.plan import TaskPlan

IMAGE = "kecs-test/busybox:v1"
SCOPE = Scope(account="111111111111", region="us-east-1")

_numbers = itertools.count(1)


def make_plan(
    *containers: dict[str, Any],
    mode: str = "awsvpc",
    service: str | None = None,
    overrides: list[dict[str, Any]] | None = None,
    volumes: list[dict[str, Any]] | None = None,
) -> TaskPlan:
    """A task of these containers, in the API's JSON; a missing name, image or memory is filled in."""
    family = f"family-{next(_numbers)}"
    filled = [{"name": "app", "image": IMAGE, "memory": 64, **container} for container in containers]
    request = {"family": family, "networkMode": mode, "containerDefinitions": filled, "volumes": volumes}
    definition = msgspec.structs.replace(
        normalise(msgspec.convert(request, m.RegisterTaskDefinitionRequest)), revision=1
    )
    task_overrides = msgspec.convert({"containerOverrides": overrides or []}, m.TaskOverride)
    task_id = secrets.token_hex(16)
    return TaskPlan(
        arn=SCOPE.task("tests", task_id),
        id=task_id,
        cluster="tests",
        account=SCOPE.account,
        region=SCOPE.region,
        definition=definition,
        containers=apply_overrides(definition, task_overrides),
        network_mode=mode,
        launch_type="EC2",
        service=service,
        group=f"service:{service}" if service else f"family:{family}",
    )
