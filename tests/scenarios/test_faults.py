"""Faults that users set, in ECS's terms: stop codes, reasons, exit codes, service events, failures that count."""

from __future__ import annotations

import asyncio

import pytest

from kecs.core.tasks.reports import Started
from kecs.ports.console import NoSuchContainer

from .faulty import end_of, fault, messages, served, stopped, struck
from .test_circuit_breaker import breaker, latest
from .world import Refused, World

CHECK = {"command": ["CMD", "true"], "interval": 5, "retries": 1}
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


# -- what runs comes to harm ------------------------------------------------------------------------------------------


def test_a_killed_task_is_replaced(world: World) -> None:
    served(world)
    key = fault(world, "kill", service="s", times=1)
    world.until(lambda: bool(stopped(world)))
    assert [end_of(task) for task in stopped(world)] == [
        ("EssentialContainerExited", "Essential container in task exited", 137)
    ]
    world.settle()
    assert struck(world, key) == 1
    assert sum("has started 1 tasks" in text for text in messages(world)) == 1


def test_what_has_started_and_is_not_noted_yet_is_struck_as_well(world: World) -> None:
    world.define()
    task = world.run()["tasks"][0]["taskArn"]
    supervisors = world.kernel.control.supervisors
    world.runtime.connect(lambda report: (supervisors.report(report), begin(report)))
    begun: list[str] = []

    def begin(report: object) -> None:
        if isinstance(report, Started) and not begun:
            begun.append(fault(world, "kill", task=task))

    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    assert world.task(task)["containers"][0]["exitCode"] == 137


def test_a_killed_sidecar_takes_nothing_with_it(world: World) -> None:
    served(world, 1, {"name": "app", "image": "app:1"}, {"name": "log", "image": "log:1", "essential": False})
    fault(world, "kill", container="log", exitCode=9)
    world.clock.advance(60)
    (task,) = world.tasks()
    assert task["lastStatus"] == "RUNNING"
    assert {c["name"]: c.get("exitCode") for c in task["containers"]} == {"app": None, "log": 9}


def test_nobody_to_kill_is_no_fault(world: World) -> None:
    served(world)
    with pytest.raises(NoSuchContainer, match="nobody whom this one is about"):
        fault(world, "kill", service="other")
    assert world.kernel.faults.all() == []


def test_a_container_that_starts_crashes_and_so_does_what_replaces_it(world: World) -> None:
    served(world, 1)
    key = fault(world, "exit", exitCode=3, seconds=20, service="s")
    world.until(lambda: len(stopped(world)) == 3)
    assert {end_of(task) for task in stopped(world)} == {
        ("EssentialContainerExited", "Essential container in task exited", 3)
    }
    assert [task["stoppingAt"] - task["startedAt"] for task in stopped(world)][1:] == pytest.approx([20, 20], abs=0.1)
    world.kernel.faults.remove(key)
    world.clock.advance(600)
    assert len(stopped(world)) == 3


def test_the_fault_is_of_the_revision_that_is_meant(world: World) -> None:
    served(world, 2)
    fault(world, "exit", when={"revision": 2, "family": "web"})
    world.clock.advance(60)
    assert stopped(world) == []
    world.define("web")
    world.call("UpdateService", service="s", taskDefinition="web")
    world.until(lambda: bool(stopped(world)))
    assert stopped(world)[0]["taskDefinitionArn"].endswith("web:2")


def test_a_restart_policy_restarts_what_a_fault_has_ended(world: World) -> None:
    policy = {"enabled": True, "restartAttemptPeriod": 60}
    served(world, 1, {"name": "app", "image": "app:1", "restartPolicy": policy})
    world.clock.advance(100)
    key = fault(world, "exit", exitCode=2, times=1)
    world.clock.advance(30)
    (task,) = world.tasks()
    assert (struck(world, key), task["lastStatus"], task["containers"][0]["lastStatus"]) == (1, "RUNNING", "RUNNING")


def test_out_of_memory(world: World) -> None:
    served(world, 1)
    fault(world, "out-of-memory", service="s", times=1)
    world.until(lambda: bool(stopped(world)))
    (task,) = stopped(world)
    assert end_of(task) == ("EssentialContainerExited", "Essential container in task exited", 137)
    assert task["containers"][0]["reason"] == OUT_OF_MEMORY


def test_an_unhealthy_task_is_replaced_and_health_comes_back_with_the_faults_end(world: World) -> None:
    served(world, 2, {"name": "app", "image": "app:1", "healthCheck": CHECK})
    world.until(lambda: all(task["healthStatus"] == "HEALTHY" for task in world.tasks()))
    fault(world, "unhealthy", service="s", times=1)
    world.until(lambda: bool(stopped(world)))
    assert stopped(world)[0]["stopCode"] == "ServiceSchedulerInitiated"
    assert stopped(world)[0]["stoppedReason"] == "Task failed container health checks"
    assert any("failed container health checks" in text for text in messages(world))

    task = world.run(count=1)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(task).get("healthStatus") == "HEALTHY")
    key = fault(world, "unhealthy", task=task)
    world.clock.advance(30)
    assert world.task(task)["healthStatus"] == "UNHEALTHY"
    world.kernel.faults.remove(key)
    world.clock.advance(0)
    assert world.task(task)["healthStatus"] == "HEALTHY"


# -- what starts and stops late, or not at all ------------------------------------------------------------------------


def test_a_slow_start_keeps_a_deployment_in_progress(world: World) -> None:
    world.define()
    fault(world, "slow-start", seconds=30, service="s")
    world.serve(count=1)
    world.clock.advance(29)
    assert world.service()["pendingCount"] == 1
    world.clock.advance(2)
    assert (world.service()["runningCount"], world.service()["deployments"][0]["rolloutState"]) == (1, "COMPLETED")


def test_what_starts_slowly_and_is_told_to_stop_never_runs(world: World) -> None:
    world.define()
    fault(world, "slow-start", seconds=300)
    task = world.run()["tasks"][0]["taskArn"]
    world.clock.advance(10)
    world.call("StopTask", task=task)
    world.clock.advance(10)
    assert end_of(world.task(task)) == ("UserInitiated", "Task stopped by user", None)
    world.clock.advance(600)
    assert world.statuses(task)[-1] == "STOPPED"


@pytest.mark.parametrize(("seconds", "took", "code"), [(10, 10, 0), (100, 30, 137)])
def test_a_slow_stop_ends_with_the_stop_timeout(world: World, seconds: int, took: int, code: int) -> None:
    world.runtime.set_script("app*", {"stop_exit_code": 0, "stop_seconds": 0})
    world.define("web", {"name": "app", "image": "app:1", "stopTimeout": 30})
    task = world.run()["tasks"][0]["taskArn"]
    world.clock.advance(5)
    fault(world, "slow-stop", seconds=seconds, task=task)
    world.call("StopTask", task=task)
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    shown = world.task(task)
    assert shown["stoppedAt"] - shown["stoppingAt"] == pytest.approx(took, abs=0.1)
    assert shown["containers"][0]["exitCode"] == code


def test_an_image_that_cannot_be_pulled_fails_a_deployment(world: World) -> None:
    served(world, 3)
    world.define("web", {"name": "app", "image": "app:2"})
    key = fault(world, "pull-error", service="s", when={"image": "app:2"})
    configuration = breaker(rollback=True)
    world.call("UpdateService", service="s", taskDefinition="web:2", deploymentConfiguration=configuration)
    world.until(lambda: latest(world)["status"] == "ROLLBACK_SUCCESSFUL")
    failed = stopped(world)[0]
    assert failed["stopCode"] == "TaskFailedToStart"
    assert failed["stoppedReason"] == (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
        "docker.io/library/app:2: docker.io/library/app:2: not found"
    )
    assert latest(world)["deploymentCircuitBreaker"]["failureCount"] == struck(world, key) == 3
    world.settle()
    assert all(task["taskDefinitionArn"].endswith("web:1") for task in world.tasks())


def test_reasons_of_the_users_own(world: World) -> None:
    world.define()
    for kind, reason, shown in (
        ("pull-error", "toomanyrequests", "CannotPullContainerError: toomanyrequests"),
        ("start-error", "no shim", "CannotStartContainerError: no shim"),
    ):
        fault(world, kind, reason=reason, times=1)
        task = world.run()["tasks"][0]["taskArn"]
        world.clock.advance(10)
        assert (world.task(task)["stopCode"], world.task(task)["stoppedReason"]) == ("TaskFailedToStart", shown)


def test_a_secret_that_is_not_there(world: World) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:password-AbCdEf"
    world.define(
        "web",
        {"name": "app", "image": "app:1", "secrets": [{"name": "PASSWORD", "valueFrom": arn}]},
        executionRoleArn="arn:aws:iam::000000000000:role/r",
    )
    fault(world, "secret-error", times=1)
    task = world.run()["tasks"][0]["taskArn"]
    world.clock.advance(60)
    shown = world.task(task)
    assert shown["stopCode"] == "TaskFailedToStart"
    assert shown["stoppedReason"] == (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
        "unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret "
        f"{arn} from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret."
    )


# -- what is set ------------------------------------------------------------------------------------------------------


def test_what_can_strike_nobody_is_refused(world: World) -> None:
    served(world)
    with pytest.raises(ValueError, match="None of these containers has a health check"):
        fault(world, "unhealthy", service="s")
    with pytest.raises(ValueError, match="None of these containers has secrets"):
        fault(world, "secret-error", service="s")


def test_chance_is_the_same_for_the_same_seed() -> None:
    def failed(seed: int) -> list[bool]:
        world = World()
        world.define()
        fault(world, "pull-error", rate=0.5, seed=seed)
        arns = [world.run()["tasks"][0]["taskArn"] for _ in range(20)]
        world.clock.advance(10)
        return [world.task(arn)["lastStatus"] == "STOPPED" for arn in arns]

    assert failed(1) == failed(1) != failed(2)
    assert 0 < sum(failed(1)) < 20


def test_a_reset_leaves_no_fault(world: World) -> None:
    world.define()
    fault(world, "slow-start", seconds=60)
    fault(world, "no-capacity", cluster="other")
    fault(world, "throttle")
    fault(world, "stale", age=5)
    world.run()
    world.clock.advance(1)
    asyncio.run(world.kernel.reset())
    assert world.kernel.faults.all() == []
    assert world.kernel.endpoint.faults is None
    assert world.kernel.endpoint.refuse is None
    world.clock.advance(120)
    with pytest.raises(Refused):
        world.run()
    world.define()
    task = world.run()["tasks"][0]["taskArn"]
    world.clock.advance(5)
    assert world.task(task)["lastStatus"] == "RUNNING"
    fault(world, "kill", task=task)
    world.clock.advance(5)
    assert world.task(task)["lastStatus"] == "STOPPED"


def test_without_faults_nothing_stands_in_between(world: World) -> None:
    served(world)
    assert "faults" not in vars(world.kernel)
    assert world.kernel.faults.all() == []
    key = fault(world, "throttle")
    assert world.kernel.endpoint.faults is not None
    world.kernel.faults.remove(key)
    assert world.kernel.endpoint.faults is None
