"""The tables of the lifecycle stages, and one deployment looked at by hand."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.deployments import hooks
from kecs.core.deployments.hooks import HookAnswer
from kecs.core.deployments.stages import (
    BACKWARD,
    LONGEST_STAGE,
    ROLLING,
    SIDE_BY_SIDE,
    Count,
    Look,
    apart,
    is_held,
    next_look,
    progress,
)
from kecs.core.deployments.weights import shares, source_of, step_bake
from kecs.core.records import DeploymentRecord, LifecycleStage, ServiceDeploymentRecord, ServiceRecord

ARN = "arn:aws:ecs:us-east-1:000000000000"
GREEN, BLUE = (f"ecs-svc/{number:019}" for number in (2, 1))
START = 1_700_000_000.0


def configuration(strategy: str = "BLUE_GREEN", **members: Any) -> m.DeploymentConfiguration:
    return m.DeploymentConfiguration(strategy=strategy, **members)  # type: ignore[arg-type]


def deployment(name: str, **members: Any) -> DeploymentRecord:
    given = {"status": "ACTIVE", "task_definition": "t", "desired_count": 2, "created_at": START, "updated_at": START}
    return DeploymentRecord(id=name, **(given | members))


def look(**members: Any) -> Look:
    """A deployment from blue to green that has just begun; `members` of its configuration."""
    service = ServiceRecord(
        arn=f"{ARN}:service/main/web",
        cluster_arn=f"{ARN}:cluster/main",
        service=m.Service(load_balancers=[m.LoadBalancer(target_group_arn="one")]),
        desired_count=2,
        deployments=(
            deployment(GREEN, status="PRIMARY", production_weight=0.0),
            deployment(BLUE, production_weight=100.0, reached_running=True),
        ),
    )
    record = ServiceDeploymentRecord(
        arn=f"{ARN}:service-deployment/main/web/x",
        service_arn=service.arn,
        cluster_arn=service.cluster_arn,
        target=f"{ARN}:service-revision/main/web/{GREEN[8:]}",
        sources=(f"{ARN}:service-revision/main/web/{BLUE[8:]}",),
        created_at=START,
        updated_at=START,
        started_at=START,
        status="IN_PROGRESS",
        configuration=configuration(**members),
        blue=BLUE,
    )
    return Look(service=service, record=record, counts={BLUE: Count(2, 2)}, now=START, desired=2)


def ids() -> Any:
    numbers = itertools.count(1)
    return lambda: f"id-{next(numbers)}"


def up(before: Look, seconds: float = 0.0) -> Look:
    """Some seconds later, with all tasks of both revisions."""
    return replace(before, counts={BLUE: Count(2, 2), GREEN: Count(2, 2)}, now=before.now + seconds)


def names(found: Look) -> list[str]:
    return [stage.name for stage in found.record.stages]


def test_every_stage_of_aws_is_in_the_table_in_its_order() -> None:
    assert tuple(SIDE_BY_SIDE) == get_args(LifecycleStage)
    assert set(get_args(m.ServiceDeploymentLifecycleStage)) < set(SIDE_BY_SIDE)
    for table in (ROLLING, BACKWARD):
        assert set(table) < set(SIDE_BY_SIDE)
        assert list(table)[-1] == "CLEAN_UP"


@pytest.mark.parametrize(
    ("given", "alone", "wanted", "wait"),
    [
        (configuration(), False, (100.0,), 0),
        (configuration("LINEAR", linear_configuration=m.LinearConfiguration()), False, tuple(range(10, 101, 10)), 360),
        (
            configuration("LINEAR", linear_configuration=m.LinearConfiguration(step_percent=33.3)),
            False,
            (33.3, 66.6, 99.9, 100.0),
            360,
        ),
        (
            configuration(
                "LINEAR", linear_configuration=m.LinearConfiguration(step_percent=60.0, step_bake_time_in_minutes=0)
            ),
            False,
            (60.0, 100.0),
            0,
        ),
        (configuration("CANARY", canary_configuration=m.CanaryConfiguration()), False, (5.0, 100.0), 600),
        (
            configuration("CANARY", canary_configuration=m.CanaryConfiguration(canary_percent=100.0)),
            False,
            (100.0,),
            600,
        ),
        (configuration("LINEAR", linear_configuration=m.LinearConfiguration()), True, (100.0,), 360),
    ],
)
def test_shares_of_each_step(
    given: m.DeploymentConfiguration, alone: bool, wanted: tuple[float, ...], wait: float
) -> None:
    assert (shares(given, alone=alone), step_bake(given)) == (wanted, wait)


def test_shares_always_rise_to_the_whole() -> None:
    for tenths in range(30, 1001):
        linear = m.LinearConfiguration(step_percent=tenths / 10)
        steps = shares(configuration("LINEAR", linear_configuration=linear), alone=False)
        assert list(steps) == sorted(set(steps))
        assert (steps[0], steps[-1]) == (tenths / 10, 100.0)


def test_it_waits_for_the_tasks_and_then_for_the_bake_time() -> None:
    first = progress(look(bake_time_in_minutes=5), ids())
    assert names(first) == ["PRE_SCALE_UP", "SCALE_UP"]
    assert apart(first.service, first.record) == {BLUE: 2, GREEN: 2}
    assert next_look(first) == START + LONGEST_STAGE
    baking = progress(up(first, 60), ids())
    assert names(baking)[-1] == "BAKE_TIME"
    assert [d.production_weight for d in baking.service.deployments] == [100.0, 0.0]
    assert (next_look(baking), is_held(baking.record)) == (START + 60 + 300, True)
    assert progress(up(baking, 299), ids()).record == baking.record
    done = progress(up(baking, 300), ids())
    assert (names(done)[-1], is_held(done.record)) == ("CLEAN_UP", False)
    assert apart(done.service, done.record) == {GREEN: 2}


def test_before_the_scale_up_green_has_no_tasks() -> None:
    pause = m.DeploymentLifecycleHook(target_type="PAUSE", lifecycle_stages=["PRE_SCALE_UP"])
    paused = progress(look(lifecycle_hooks=[pause]), ids())
    assert apart(paused.service, paused.record) == {BLUE: 2, GREEN: 0}
    assert progress(paused, ids()) is paused, "looking again changes nothing"


def test_a_rolling_update_that_waits_for_nothing_has_no_stages() -> None:
    rolling = look(strategy="ROLLING", bake_time_in_minutes=0)
    assert progress(rolling, ids()) is rolling
    assert (apart(rolling.service, rolling.record), is_held(rolling.record)) == (None, False)


def test_an_answer_counts_once_and_only_for_its_call() -> None:
    hook = m.DeploymentLifecycleHook(hook_target_arn="arn:f", role_arn="arn:r", lifecycle_stages=["PRE_SCALE_UP"])
    begun = progress(look(lifecycle_hooks=[hook]), ids())
    (call,) = hooks.calls(begun.record, begun.service)
    answer = HookAnswer(deployment=call.deployment, hook_id=call.hook_id, number=1, body={"hookStatus": "IN_PROGRESS"})
    waiting = hooks.answered(begun.record, answer, START)
    assert hooks.calls(waiting, begun.service) == []
    assert hooks.answered(waiting, answer, START) is waiting
    again = hooks.due(waiting, START + 30)
    assert [c.number for c in hooks.calls(again, begun.service)] == [2]
    assert hooks.answered(again, answer, START) is again, "it was to the first call"


@pytest.mark.parametrize(
    ("delay", "wanted"), [(None, 30), (90, 90), (0, 1), (-5, 30), ("60", 30), (True, 30), (0.5, 1), (2.5, 2.5)]
)
def test_when_a_hook_is_called_again(delay: Any, wanted: float) -> None:
    hook = m.DeploymentLifecycleHook(hook_target_arn="arn:f", role_arn="arn:r", lifecycle_stages=["PRE_SCALE_UP"])
    record = progress(look(lifecycle_hooks=[hook]), ids()).record
    body = {"hookStatus": "IN_PROGRESS", "callBackDelay": delay}
    answer = HookAnswer(deployment=record.arn, hook_id=record.hooks[0].hook_id, number=1, body=body)
    assert hooks.answered(record, answer, START).hooks[0].call_at == START + wanted


@pytest.mark.parametrize(
    ("deployments", "completed", "wanted"),
    [
        ([], None, None),
        ([deployment(BLUE)], BLUE, BLUE),
        ([deployment(BLUE)], None, None),
        ([deployment(BLUE, reached_running=True)], None, BLUE),
        ([deployment(GREEN, production_weight=100.0), deployment(BLUE, production_weight=0.0)], BLUE, BLUE),
        (
            [deployment(GREEN, production_weight=100.0), deployment(BLUE, production_weight=0.0, desired_count=1)],
            BLUE,
            GREEN,
        ),
        (
            [deployment(GREEN, production_weight=10.0), deployment(BLUE, production_weight=90.0, desired_count=0)],
            None,
            BLUE,
        ),
    ],
)
def test_which_revision_serves_while_another_starts(
    deployments: list[DeploymentRecord], completed: str | None, wanted: str | None
) -> None:
    service = replace(look().service, deployments=tuple(deployments))
    assert source_of(service, completed) == wanted
