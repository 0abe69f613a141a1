"""The deployment circuit breaker: what counts as a failure, when a deployment has failed, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from .world import World

TRIPPED = "ECS deployment circuit breaker: tasks failed to start."
CHECK = {"command": ["CMD", "true"], "interval": 5, "retries": 1}


@pytest.fixture
def served(world: World) -> World:
    """A service `s` of three tasks that has rolled out once, and an image that cannot be pulled."""
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("web")
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(count=3)
    world.settle()
    return world


def breaker(*, rollback: bool = False, threshold: tuple[str, int] | None = None, **members: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"enable": True, "rollback": rollback, **members}
    if threshold is not None:
        given["thresholdConfiguration"] = {"type": threshold[0], "value": threshold[1]}
    return {"deploymentCircuitBreaker": given}


def update(world: World, definition: str = "bad", **configuration: Any) -> None:
    world.call("UpdateService", service="s", taskDefinition=definition, deploymentConfiguration=configuration)


def latest(world: World) -> Any:
    """The newest service deployment."""
    arn = world.call("ListServiceDeployments", service="s")["serviceDeployments"][0]["serviceDeploymentArn"]
    return world.call("DescribeServiceDeployments", serviceDeploymentArns=[arn])["serviceDeployments"][0]


def primary(world: World) -> Any:
    return world.service()["deployments"][0]


def has_failed(world: World) -> bool:
    return bool(primary(world)["rolloutState"] == "FAILED")


def messages(world: World) -> list[str]:
    """The events, oldest first, without the service's name."""
    return [event["message"].removeprefix("(service s) ") for event in reversed(world.service()["events"])]


def statuses(world: World) -> list[str | None]:
    """Those that the newest service deployment has had."""
    arn = latest(world)["serviceDeploymentArn"]
    return [event.after for event in world.events("service-deployment") if event.arn == arn]


def test_a_deployment_whose_tasks_never_start_fails_and_starts_no_more(served: World) -> None:
    before = {task["taskArn"] for task in served.tasks()}
    update(served, **breaker())
    served.until(lambda: has_failed(served))
    failed, old = served.service()["deployments"]
    assert (failed["status"], failed["rolloutStateReason"], failed["failedTasks"]) == ("PRIMARY", TRIPPED, 3)
    assert messages(served)[-1] == f"(deployment {failed['id']}) deployment failed: tasks failed to start."
    served.clock.advance(3600)
    assert {task["taskArn"] for task in served.tasks()} == before
    assert old["id"] == served.service()["deployments"][1]["id"]
    assert messages(served)[-1].endswith("deployment failed: tasks failed to start.")
    ended = latest(served)
    assert statuses(served) == ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "STOPPED"]
    assert "circuit breaker threshold was exceeded" in ended["statusReason"]
    assert ended["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}


def test_a_failed_deployment_is_rolled_back_to_the_last_one_that_completed(served: World) -> None:
    completed, revision = primary(served)["id"], latest(served)["targetServiceRevision"]["arn"]
    before = {task["taskArn"] for task in served.tasks()}
    update(served, **breaker(rollback=True), minimumHealthyPercent=50, maximumPercent=100)
    failed = primary(served)["id"]
    served.until(lambda: latest(served)["status"] == "ROLLBACK_IN_PROGRESS")
    back = primary(served)
    assert (back["id"], back["rolloutState"]) == (completed, "IN_PROGRESS")
    reason = f"ECS deployment circuit breaker: rolling back to deploymentId {completed}."
    assert back["rolloutStateReason"] == reason
    assert [text for text in messages(served) if "failed: " in text or "rolling" in text] == [
        f"(deployment {failed}) deployment failed: tasks failed to start.",
        f"rolling back to deployment {completed}.",
    ]
    served.settle()
    served.clock.advance(1)
    assert primary(served)["rolloutState"] == "COMPLETED"
    assert len(before & {task["taskArn"] for task in served.tasks()}) == 2, "what still runs is taken over"
    assert messages(served)[-2:] == [f"(deployment {completed}) deployment completed.", "has reached a steady state."]
    ended = latest(served)
    assert statuses(served)[2:] == ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    assert ended["statusReason"] == (
        "Service deployment rolled back because the circuit breaker threshold was exceeded."
    )
    assert (ended["rollback"]["reason"], ended["rollback"]["serviceRevisionArn"]) == (ended["statusReason"], revision)
    assert ended["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}


def test_the_first_deployment_has_nothing_to_go_back_to(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(count=2, definition="bad", deploymentConfiguration=breaker(rollback=True))
    world.until(lambda: latest(world)["status"] == "ROLLBACK_FAILED")
    assert latest(world)["statusReason"] == "No rollback candidate was found to run the rollback."
    assert (primary(world)["rolloutState"], primary(world)["rolloutStateReason"]) == ("FAILED", TRIPPED)
    tasks = len(world.statuses_of_all("PROVISIONING"))
    world.clock.advance(3600)
    assert len(world.statuses_of_all("PROVISIONING")) == tasks


def test_a_rollback_can_fail_too(served: World) -> None:
    served.runtime.set_script("app:1", {"pull_error": "manifest unknown"})
    update(served, **breaker(rollback=True), minimumHealthyPercent=0, maximumPercent=100)
    served.until(lambda: latest(served)["status"] == "ROLLBACK_FAILED")
    assert "circuit breaker" in latest(served)["statusReason"]
    assert has_failed(served)
    failures = [text for text in messages(served) if text.endswith("deployment failed: tasks failed to start.")]
    assert len(failures) == 2


# threshold, desired count -> after how many failures
THRESHOLDS = [
    (None, 1, 3),
    (None, 10, 5),
    (None, 25, 13),
    (("BOUNDED_PERCENT", 100), 8, 8),
    (("BOUNDED_PERCENT", 10), 8, 3),
    (("UNBOUNDED_PERCENT", 10), 8, 1),
    (("COUNT", 7), 1, 7),
    (("COUNT", 1), 20, 1),
]


@pytest.mark.parametrize(("threshold", "desired", "failures"), THRESHOLDS)
def test_thresholds(world: World, threshold: tuple[str, int] | None, desired: int, failures: int) -> None:
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(count=desired, definition="bad", deploymentConfiguration=breaker(threshold=threshold))
    before = 0
    while not has_failed(world):
        before = primary(world)["failedTasks"]
        world.until_news()
    assert before < failures <= primary(world)["failedTasks"]
    assert latest(world)["deploymentCircuitBreaker"]["threshold"] == failures


def test_failed_health_checks_count(served: World) -> None:
    served.runtime.set_script("sick:1", {"health": "UNHEALTHY@1"})
    served.define("sick", {"name": "app", "image": "sick:1", "healthCheck": CHECK})
    update(served, "sick", **breaker(rollback=True))
    served.until(lambda: latest(served)["status"] == "ROLLBACK_SUCCESSFUL")
    assert any(text.endswith("failed container health checks.") for text in messages(served))
    assert latest(served)["deploymentCircuitBreaker"]["failureCount"] >= 3


def test_tasks_that_find_no_room_count(world: World) -> None:
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 512})
    world.define_ec2("big", {"name": "app", "image": "app:1", "memory": 100_000})
    world.serve(count=1, launchType="EC2", networkConfiguration=None)
    world.settle()
    update(world, "big", **breaker(rollback=True))
    world.until(lambda: latest(world)["status"] == "ROLLBACK_SUCCESSFUL")
    assert latest(world)["deploymentCircuitBreaker"]["failureCount"] == 3


def deploy_half(world: World, **members: Any) -> None:
    """A deployment whose first task is healthy; no other of its tasks can start."""
    world.define("web")
    world.serve(count=2)
    world.settle()
    world.define("new", {"name": "app", "image": "new:1"})
    update(world, "new", **breaker(**members), maximumPercent=150)
    world.until(lambda: primary(world)["runningCount"] == 1)
    world.runtime.set_script("new:1", {"pull_error": "manifest unknown"})
    world.clock.advance(3600)


def test_a_healthy_task_ends_the_count(world: World) -> None:
    deploy_half(world)
    assert len(world.statuses_of_all("STOPPED")) > 3
    assert (primary(world)["rolloutState"], primary(world)["failedTasks"]) == ("IN_PROGRESS", 0)
    assert latest(world)["deploymentCircuitBreaker"]["status"] == "MONITORING"


def test_a_healthy_task_does_not_end_a_count_that_it_does_not_reset(world: World) -> None:
    deploy_half(world, resetOnHealthyTask=False)
    assert (primary(world)["rolloutState"], primary(world)["failedTasks"]) == ("FAILED", 3)


def test_a_circuit_breaker_that_is_turned_on_late_looks_at_what_has_failed_already(served: World) -> None:
    update(served)
    served.until(lambda: primary(served)["failedTasks"] > 3)
    served.clock.advance(3600)
    assert primary(served)["rolloutState"] == "IN_PROGRESS"
    served.call("UpdateService", service="s", deploymentConfiguration=breaker())
    served.until(lambda: has_failed(served), 1)


def test_the_next_deployment_begins_to_count_anew(served: World) -> None:
    update(served, **breaker())
    served.until(lambda: has_failed(served))
    update(served, "web")
    served.settle()
    assert (primary(served)["rolloutState"], primary(served)["failedTasks"]) == ("COMPLETED", 0)
    assert latest(served)["status"] == "SUCCESSFUL"
    assert latest(served)["deploymentCircuitBreaker"]["status"] == "MONITORING_COMPLETE"
