"""Service tasks that fail, each in its way: what the task says of it, what the service says, what counts, what follows.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from .machines import machine
from .sent import sent
from .test_task_sets import add
from .test_task_sets import serve as serve_externally
from .world import START, World

CHECK = {"command": ["CMD", "true"], "interval": 5, "retries": 1}
THROTTLED = (
    "(service s) is unable to consistently start tasks successfully. "
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
)


class Failure(NamedTuple):
    """A way in which every task of a service fails."""

    script: dict[str, Any]
    stop_code: str
    reason: str  # the task's
    of_container: str | None = None  # the container's reason
    exit_code: int | None = None
    event: str | None = None  # of the service, beside those of tasks that start
    counts: bool = False  # in failedTasks, and the time between attempts grows until AWS says that it is throttled
    never_ran: bool = False
    unable: bool = False  # an event says why, once for each task that was started
    checked: bool = False  # the container has a health check
    secret: bool = False  # and a secret


UNKNOWN = "pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/app:1: not found"
EXITED = "Essential container in task exited"
UNHEALTHY = "Task failed container health checks"

NO_SECRET = (
    "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s)"
)

FAILURES = {
    "its secret cannot be had": Failure(
        script={"secret_error": NO_SECRET},
        stop_code="TaskFailedToStart",
        reason=f"ResourceInitializationError: unable to pull secrets or registry auth: {NO_SECRET}",
        event=THROTTLED,
        counts=True,
        never_ran=True,
        unable=True,
        secret=True,
    ),
    "the image is not there": Failure(
        script={"pull_error": UNKNOWN},
        stop_code="TaskFailedToStart",
        reason=f"CannotPullContainerError: {UNKNOWN}",
        of_container=f"CannotPullContainerError: {UNKNOWN}",
        event=THROTTLED,
        counts=True,
        never_ran=True,
        unable=True,
    ),
    "the registry refuses": Failure(
        script={"pull_error": "pull access denied for app, repository does not exist"},
        stop_code="TaskFailedToStart",
        reason="CannotPullContainerError: pull access denied for app, repository does not exist",
        of_container="CannotPullContainerError: pull access denied for app, repository does not exist",
        event=THROTTLED,
        counts=True,
        never_ran=True,
        unable=True,
    ),
    "the command is not there": Failure(
        script={"start_error": 'exec: "serve": executable file not found in $PATH'},
        stop_code="TaskFailedToStart",
        reason='CannotStartContainerError: exec: "serve": executable file not found in $PATH',
        of_container='CannotStartContainerError: exec: "serve": executable file not found in $PATH',
        event=THROTTLED,
        counts=True,
        never_ran=True,
    ),
    "it exits at once": Failure({"exit_code": 1}, "EssentialContainerExited", EXITED, exit_code=1),
    "it has done its work": Failure({"exit_code": 0}, "EssentialContainerExited", EXITED, exit_code=0),
    "it runs for a minute": Failure({"run_seconds": 60, "exit_code": 2}, "EssentialContainerExited", EXITED, None, 2),
    "it is out of memory": Failure(
        script={"memory_mib": 1024},
        stop_code="EssentialContainerExited",
        reason=EXITED,
        of_container="OutOfMemoryError: Container killed due to memory usage",
        exit_code=137,
    ),
    "its health check fails": Failure(
        script={"health": "UNHEALTHY@5"},
        stop_code="ServiceSchedulerInitiated",
        reason=UNHEALTHY,
        exit_code=143,
        event="failed container health checks.",
        counts=True,
        checked=True,
    ),
}


@pytest.fixture(params=FAILURES, ids=str)
def failure(request: pytest.FixtureRequest) -> Failure:
    return FAILURES[request.param]


@pytest.fixture
def failing(world: World, failure: Failure) -> World:
    """A service `s` of one task, ten minutes after it was made."""
    world.runtime.set_script("app:1", failure.script)
    container: dict[str, Any] = {"name": "app", "image": "app:1"}
    if failure.checked:
        container["healthCheck"] = CHECK
    if failure.secret:
        container["secrets"] = [
            {"name": "KEY", "valueFrom": "arn:aws:secretsmanager:us-east-1:000000000000:secret:key"}
        ]
    world.define("web", container, executionRoleArn="arn:aws:iam::000000000000:role/execution")
    world.serve(count=1)
    world.clock.advance(600)
    return world


def stopped(world: World) -> Any:
    """The task that has stopped last."""
    return world.task(world.statuses_of_all("STOPPED")[-1])


def attempts(world: World) -> list[float]:
    """When tasks have been started, in seconds since the beginning."""
    return [event.at - START for event in world.events("task") if event.after == "PROVISIONING"]


def messages(world: World) -> list[str]:
    return [event["message"] for event in reversed(world.service()["events"])]


def test_the_task_says_why_it_stopped(failing: World, failure: Failure) -> None:
    task = stopped(failing)
    assert (task["stopCode"], task["stoppedReason"]) == (failure.stop_code, failure.reason)
    (container,) = task["containers"]
    assert (container.get("reason"), container.get("exitCode")) == (failure.of_container, failure.exit_code)
    assert ("startedAt" in task) is not failure.never_ran


def test_the_service_says_what_matters(failing: World, failure: Failure) -> None:
    said = messages(failing)
    assert said[0].startswith("(service s) has started 1 tasks: (task ")
    others = [text for text in said if "has started" not in text and "has stopped" not in text]
    others = [text for text in others if not text.endswith(("has reached a steady state.", "deployment completed."))]
    why = [text for text in others if text == f"(service s) was unable to place a task. Reason: {failure.reason}."]
    others = [text for text in others if text not in why]
    assert len(why) == (len(failing.statuses_of_all("STOPPED")) if failure.unable else 0)
    assert [text for text in others if failure.event is None or not text.endswith(failure.event)] == []
    assert bool(others) is bool(failure.event)
    assert said.count(THROTTLED) == (failure.event == THROTTLED), "once in six hours"
    actions = {one["eventName"] for one in sent(failing, "ECS Service Action") if one["eventType"] != "INFO"}
    assert actions == ({"SERVICE_TASK_START_IMPAIRED"} if failure.event == THROTTLED else set())


def test_on_container_instances_the_events_do_not_say_why(world: World) -> None:
    world.runtime.set_script("app:1", {"pull_error": UNKNOWN})
    world.define_ec2()
    world.serve(count=1, launchType="EC2", networkConfiguration=None)
    world.clock.advance(600)
    assert THROTTLED in messages(world)
    assert not any("Reason:" in text for text in messages(world))


def test_what_counts_in_failed_tasks(failing: World, failure: Failure) -> None:
    counted = failing.service()["deployments"][0]["failedTasks"]
    ended = len(failing.statuses_of_all("STOPPED"))
    assert ended > 5
    assert counted == (ended if failure.counts else 0)


def test_only_tasks_that_never_ran_are_tried_ever_more_slowly(failing: World, failure: Failure) -> None:
    at = attempts(failing)
    pauses = [later - earlier for earlier, later in pairwise(at)]
    if failure.never_ran:
        assert [round(pause) for pause in pauses] == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256], "one task a step"
    else:
        assert max(pauses) < 61, "what ran is replaced as soon as it is gone"


def test_the_pause_ends_at_27_minutes_and_a_new_task_definition_ends_it(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": UNKNOWN})
    world.define("web", {"name": "app", "image": "gone:1"})
    world.serve(count=2)
    world.clock.advance(24 * 3600)
    at = attempts(world)[::2]
    assert {round(later - earlier) for earlier, later in pairwise(at[-20:])} == {27 * 60}
    world.define("web", {"name": "app", "image": "app:1"})
    world.call("UpdateService", service="s", taskDefinition="web")
    world.settle(limit=5)
    assert world.service()["deployments"][0]["failedTasks"] == 0


def test_a_task_that_has_run_is_replaced_while_it_stops(world: World) -> None:
    world.define("web", {"name": "app", "image": "app:1"}, {"name": "slow", "image": "slow:1", "stopTimeout": 60})
    world.runtime.set_script("slow:1", {"ignore_sigterm": True})
    world.serve(count=1)
    world.settle()
    victim = world.tasks()[0]["taskArn"]
    world.runtime.exit_container(victim, "app", 1)
    world.settle(limit=1)
    world.clock.advance(5)
    assert world.task(victim)["lastStatus"] == "STOPPING"
    assert [task["lastStatus"] for task in world.tasks() if task["taskArn"] != victim] == ["RUNNING"]


@pytest.mark.parametrize(
    ("script", "most"),
    [
        ({"health": "UNHEALTHY"}, 40),  # no check fails before its interval, as often as it is tried
        ({"health": "UNHEALTHY", "health_seconds": 0}, 130),
        ({"health": "UNHEALTHY@1"}, 130),
    ],
    ids=str,
)
def test_a_service_whose_tasks_are_never_healthy_replaces_them_no_faster_than_checks_fail(
    world: World, script: dict[str, Any], most: int
) -> None:
    world.runtime.set_script("app:1", script)
    world.define("web", {"name": "app", "image": "app:1", "healthCheck": {**CHECK, "interval": 5, "retries": 3}})
    world.serve(count=1)
    world.clock.advance(600)
    assert most * 0.8 < len(world.statuses_of_all("PROVISIONING")) <= most
    assert not any(THROTTLED in event["message"] for event in world.service()["events"])


def test_each_instance_of_a_daemon_service_is_tried_ever_more_slowly(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": UNKNOWN})
    world.define_ec2("web", {"name": "app", "image": "gone:1", "memory": 64})
    arns = [machine(world, 1), machine(world, 2, "us-east-1b")]
    world.serve(count=None, launchType="EC2", networkConfiguration=None, schedulingStrategy="DAEMON")
    world.clock.advance(600)
    tried = Counter(world.task(arn)["containerInstanceArn"] for arn in world.statuses_of_all("STOPPED"))
    assert tried == dict.fromkeys(arns, 12)
    assert messages(world).count(THROTTLED) == 1


def test_a_task_set_is_tried_ever_more_slowly(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": UNKNOWN})
    world.define("web", {"name": "app", "image": "gone:1"})
    serve_externally(world, 1)
    task_set = add(world)
    world.clock.advance(600)
    assert len(attempts(world)) == 12
    assert messages(world).count(THROTTLED.replace("(service s)", f"(service s, taskSet {task_set['id']})")) == 1


class Unplaced(NamedTuple):
    """A task that no container instance can take, and what AWS says of the one that comes closest."""

    container: dict[str, Any]
    complaint: str
    constraints: tuple[dict[str, str], ...] = ()


CLOSEST = "(service s) was unable to place a task because no container instance met all of its requirements. "
SEE = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
UNPLACED = {
    "memory": Unplaced({"memory": 8192}, "has insufficient memory available."),
    "CPU": Unplaced({"memory": 64, "cpu": 4096}, "has insufficient CPU units available."),
    "a port": Unplaced(
        {"memory": 64, "portMappings": [{"containerPort": 22, "hostPort": 22}]},
        "is already using a port required by your task.",
    ),
    "a GPU": Unplaced(
        {"memory": 64, "resourceRequirements": [{"type": "GPU", "value": "1"}]}, 'encountered error "RESOURCE:GPU".'
    ),
    "a constraint": Unplaced(
        {"memory": 64},
        'encountered error "MemberOf placement constraint unsatisfied.".',
        ({"type": "memberOf", "expression": "attribute:ecs.instance-type == g5.xlarge"},),
    ),
}


@pytest.mark.parametrize("unplaced", UNPLACED.values(), ids=UNPLACED)
def test_no_instance_meets_all_requirements(world: World, unplaced: Unplaced) -> None:
    instance = machine(world).rpartition("/")[2]
    world.define_ec2("web", {"name": "app", "image": "app:1", **unplaced.container})
    members = {"placementConstraints": list(unplaced.constraints)}
    world.serve(count=1, launchType="EC2", networkConfiguration=None, **members)
    world.clock.advance(600)
    text = f"{CLOSEST}The closest matching (container-instance {instance}) {unplaced.complaint}{SEE}"
    assert messages(world).count(text) == 1, "AWS does not repeat it for six hours"
    service = world.service()
    assert (service["runningCount"], service["pendingCount"]) == (0, 0)
    assert service["deployments"][0]["failedTasks"] > 5
    assert attempts(world) == []
