"""A task set as the scheduler sees it: what it comes to, when it is steady, when it is gone."""

from __future__ import annotations

import itertools

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import DeploymentRecord, ServiceRecord, TaskSetRecord
from kecs.core.scheduling.limits import limits
from kecs.core.scheduling.scheduler import plan
from kecs.core.scheduling.snapshot import ServiceTask, Snapshot
from kecs.core.task_sets.schedule import absorbed, computed, concluded, leftovers, says_steady_again_at, stand_in

ARN = "arn:aws:ecs:us-east-1:000000000000"
NOW = 1_700_000_000.0
SERVICE = ServiceRecord(
    arn=f"{ARN}:service/main/web",
    cluster_arn=f"{ARN}:cluster/main",
    service=m.Service(deployment_configuration=m.DeploymentConfiguration(maximum_percent=100)),
    desired_count=3,
)
SET = TaskSetRecord(
    arn=f"{ARN}:task-set/main/web/ecs-svc/1",
    service_arn=SERVICE.arn,
    cluster_arn=SERVICE.cluster_arn,
    deployment=DeploymentRecord(
        id="ecs-svc/1",
        status="PRIMARY",
        task_definition=f"{ARN}:task-definition/web:1",
        desired_count=0,
        created_at=NOW,
        updated_at=NOW,
        rollout_state="COMPLETED",
    ),
    scale=50.0,
)
ids = map("event-{}".format, itertools.count())


def new_id() -> str:
    return next(ids)


def task(number: int, status: str = "RUNNING", **members: object) -> ServiceTask:
    given = {
        "arn": f"{ARN}:task/main/{number:032x}",
        "deployment_id": SET.id,
        "definition_arn": SET.deployment.task_definition,
        "last_status": status,
        "desired_status": "STOPPED" if status in ("STOPPING", "STOPPED") else "RUNNING",
        "health": "UNKNOWN",
        "has_health_check": False,
        "created_at": NOW,
        "started_at": NOW,
    }
    return ServiceTask(**{**given, **members})  # type: ignore[arg-type]


def look(
    service: ServiceRecord, task_set: TaskSetRecord, now: float, *tasks: ServiceTask
) -> tuple[ServiceRecord, TaskSetRecord | None]:
    snapshot = Snapshot(service=stand_in(service, task_set), tasks=tasks, now=now)
    return absorbed(service, task_set, plan(snapshot, new_id).service, tasks, now)


def messages(service: ServiceRecord) -> list[str]:
    return [event.message or "" for event in reversed(service.events)]


def test_a_new_count_is_said_in_the_name_of_the_service_and_ends_the_steady_state() -> None:
    service, task_set = computed(SERVICE, replace(SET, stability="STEADY_STATE"), NOW, new_id)
    assert task_set.deployment.desired_count == 2
    assert (task_set.stability, task_set.stability_at) == ("STABILIZING", NOW)
    assert messages(service) == ["(service web) updated computedDesiredCount for taskSet ecs-svc/1 to 2."]
    assert computed(service, task_set, NOW, new_id) == (service, task_set)


def test_a_task_set_that_drains_comes_to_nothing() -> None:
    draining = replace(SET, status="DRAINING", deployment=replace(SET.deployment, desired_count=2))
    _, task_set = computed(SERVICE, draining, NOW, new_id)
    assert task_set.deployment.desired_count == 0


def test_the_percentages_of_a_task_set_are_the_defaults() -> None:
    _, task_set = computed(SERVICE, SET, NOW, new_id)
    bounds = limits(stand_in(SERVICE, task_set))
    assert (bounds.desired, bounds.minimum, bounds.maximum) == (2, 2, 4)


def test_a_task_set_with_all_its_tasks_is_steady_once() -> None:
    service, task_set = computed(SERVICE, SET, NOW, new_id)
    for _ in range(2):
        service, after = look(service, task_set, NOW, task(1), task(2))
        assert after is not None
        assert (after.stability, after.stability_at) == ("STEADY_STATE", NOW)
        task_set = after
    assert messages(service)[1:] == ["(service web, taskSet ecs-svc/1) updated state to STEADY_STATE."]
    service, after = look(service, task_set, NOW + 1, task(1), task(2, "PENDING"))
    assert after is not None
    assert (after.stability, after.stability_at) == ("STABILIZING", NOW + 1)


def test_a_task_set_is_gone_with_its_last_task() -> None:
    draining = replace(SET, status="DRAINING")
    assert look(SERVICE, draining, NOW, task(1, "STOPPED"), task(2))[1] is not None
    assert look(SERVICE, draining, NOW, task(1, "STOPPED"), task(2, "STOPPING"))[1] == draining
    assert look(SERVICE, draining, NOW, task(1, "STOPPED"), task(2, "STOPPED"))[1] is None


def test_tasks_of_no_task_set_stop_and_are_counted() -> None:
    lost = {"deployment_id": "ecs-svc/9"}
    stops, accounted = leftovers(
        [SET], [task(1), task(2, **lost), task(3, "STOPPED", **lost), task(4, "STOPPING", **lost)]
    )
    assert [(stop.task, stop.reason) for stop in stops] == [
        (task(2).arn, "Scaling activity initiated by (deployment ecs-svc/9)")
    ]
    assert accounted == [task(3).arn]


def test_a_service_is_steady_when_all_its_task_sets_are() -> None:
    steady = replace(SET, stability="STEADY_STATE")
    assert not concluded(SERVICE, [], [], NOW, new_id).steady
    assert not concluded(SERVICE, [steady, SET], [], NOW, new_id).steady
    service = concluded(SERVICE, [steady, steady], [], NOW, new_id)
    assert (service.steady, messages(service)) == (True, ["(service web) has reached a steady state."])
    assert concluded(service, [steady], [], NOW + 60, new_id) == service
    again = says_steady_again_at(service)
    assert again == NOW + 6 * 3600
    assert len(concluded(service, [steady], [], again, new_id).events) == 2
    assert not concluded(service, [SET], [], NOW, new_id).steady


def test_a_deleted_service_is_over_when_its_last_tasks_are_on_the_way() -> None:
    deleted = replace(SERVICE, status="DRAINING")
    assert concluded(deleted, [SET], [task(1)], NOW, new_id).status == "DRAINING"
    assert concluded(deleted, [SET], [task(1, "STOPPING")], NOW, new_id).status == "INACTIVE"
