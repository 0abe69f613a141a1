"""Tasks as targets of load balancers: what their health checks mean for a service, as ECS's documentation says it.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html (minimumHealthyPercent)
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from kecs.core.arns import last_part
from tests.support.journals import MemoryJournal

from .shifting import ELB, MINUTE, blue_green, latest, messages, running, until_status
from .shifting import serve as serve_shifting
from .world import World

ONE, TWO = f"{ELB}:targetgroup/one/1", f"{ELB}:targetgroup/two/2"
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def balancer(group: str, port: int = 80) -> dict[str, Any]:
    return {"targetGroupArn": group, "containerName": "app", "containerPort": port}


def define(world: World, **members: Any) -> None:
    ports = [{"containerPort": 80}, {"containerPort": 90}]
    world.define("web", {"name": "app", "image": "app:1", "portMappings": ports, **members})


def serve(world: World, count: int = 3, *groups: dict[str, Any], **members: Any) -> None:
    define(world)
    world.serve(count=count, loadBalancers=list(groups) or [balancer(ONE)], **members)
    world.settle()
    world.clock.advance(MINUTE)


def say(world: World, health: Any, task: str | None = None, group: str | None = None, reason: str | None = None) -> str:
    """The target is so from now on: that task, or the first of the service; answers its id."""
    task = task or world.tasks()[0]["taskArn"]
    world.targets.set("default", task, health, group=group, reason=reason)
    world.clock.advance(0)
    return last_part(task)


def say_of_group(world: World, group: str, health: Any, reason: str | None = None) -> None:
    world.targets.set_group(group, health, reason=reason)
    world.clock.advance(0)


def instance(world: World) -> Any:
    arns = world.call("ListContainerInstances")["containerInstanceArns"]
    return world.call("DescribeContainerInstances", containerInstances=arns)["containerInstances"][0]


def targets(world: World, group: str = ONE) -> Counter[str]:
    """How many targets of the group are in which state."""
    return Counter(t["health"] for t in world.targets.all() if t["targetGroup"] == group)


def test_tasks_are_registered_when_they_run_and_deregistered_before_they_stop(world: World) -> None:
    serve(world, 2)
    one, two = sorted(last_part(task["taskArn"]) for task in world.tasks())
    deployment = world.service()["deployments"][0]["id"]
    assert targets(world) == {"healthy": 2}
    started, registered, completed, steady = messages(world)
    assert {f"(task {one})", f"(task {two})"} <= {f"({part}" for part in started.replace(".", "").split(" (")[1:]}
    assert registered == f"registered 2 targets in (target-group {ONE})"
    assert (completed, steady) == (f"(deployment {deployment}) deployment completed.", "has reached a steady state.")
    world.call("UpdateService", service="s", desiredCount=1)
    world.until(lambda: world.service()["runningCount"] == 1)
    world.clock.advance(MINUTE)
    stopped, deregistered, draining, steady = messages(world)[4:]
    assert stopped.startswith("has stopped 1 running tasks: (task ")
    assert deregistered == f"deregistered 1 targets in (target-group {ONE})"
    assert draining == f"(service s, taskSet {deployment}) has begun draining connections on 1 tasks."
    assert steady == "has reached a steady state."
    assert targets(world) == {"healthy": 1}


def test_a_task_in_several_target_groups(world: World) -> None:
    serve(world, 2, balancer(ONE), balancer(TWO, 90))
    assert targets(world, ONE) == targets(world, TWO) == {"healthy": 2}
    sick = say(world, "unhealthy", group=TWO)
    world.settle()
    world.clock.advance(MINUTE)
    texts = messages(world)
    assert f"registered 2 targets in (target-group {ONE})" in texts
    text = f"(task {sick}) (port 90) is unhealthy in (target-group {TWO}) due to (reason Health checks failed)."
    assert text in texts
    assert f"deregistered 1 targets in (target-group {ONE})" in texts
    assert f"deregistered 1 targets in (target-group {TWO})" in texts
    assert targets(world, ONE) == targets(world, TWO) == {"healthy": 2}


def test_an_unhealthy_task_is_replaced_and_says_why(world: World) -> None:
    serve(world)
    arn = world.tasks()[0]["taskArn"]
    reason = "Health checks failed with these codes: [503]"
    sick = say(world, "unhealthy", arn, reason=reason)
    world.clock.advance(MINUTE)
    assert world.service()["runningCount"] == 3
    task = world.task(arn)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "ServiceSchedulerInitiated")
    assert task["stoppedReason"] == f"Task failed ELB health checks in (target-group {ONE})"
    new = messages(world)[4:]
    assert new[0].endswith(". Amazon ECS replaced 1 tasks due to an unhealthy status.")
    assert new[1:] == [
        f"registered 1 targets in (target-group {ONE})",
        f"(task {sick}) (port 80) is unhealthy in (target-group {ONE}) due to (reason {reason}).",
        f"has stopped 1 running tasks: (task {sick}).",
        f"deregistered 1 targets in (target-group {ONE})",
        f"(service s, taskSet {world.service()['deployments'][0]['id']}) has begun draining connections on 1 tasks.",
        "has reached a steady state.",
    ]


def test_a_classic_load_balancer(world: World) -> None:
    world.define_ec2("web", {"name": "app", "image": "app", "memory": 64, "portMappings": [{"containerPort": 80}]})
    classic = {"loadBalancerName": "old", "containerName": "app", "containerPort": 80}
    world.serve(count=1, launchType="EC2", networkConfiguration=None, loadBalancers=[classic])
    world.settle()
    arn = world.tasks()[0]["taskArn"]
    sick = say(world, "unhealthy", arn)
    world.clock.advance(MINUTE)
    assert world.task(arn)["stoppedReason"] == "Task failed ELB health checks in (elb old)"
    assert "registered 1 targets in (elb old)" in messages(world)
    assert (
        f"(task {sick}) (instance {instance(world)['ec2InstanceId']}) is unhealthy in (elb old) due to (reason "
        "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.)."
    ) in messages(world)


def test_a_target_on_a_container_instance_is_named_with_its_host_port(world: World) -> None:
    world.define_ec2("web", {"name": "app", "image": "app", "memory": 64, "portMappings": [{"containerPort": 80}]})
    world.serve(count=1, launchType="EC2", networkConfiguration=None, loadBalancers=[balancer(ONE)])
    world.settle()
    task = world.tasks()[0]
    (binding,) = task["containers"][0]["networkBindings"]
    sick = say(world, "unhealthy", task["taskArn"])
    world.clock.advance(MINUTE)
    where = f"(task {sick}) (instance {instance(world)['ec2InstanceId']}) (port {binding['hostPort']})"
    assert binding["hostPort"] != 80
    assert f"{where} is unhealthy in (target-group {ONE}) due to (reason Health checks failed)." in messages(world)


@pytest.mark.parametrize(("grace", "replaced"), [(30, False), (300, False), (90, True), (0, True)])
def test_failed_checks_are_ignored_during_the_grace_period(world: World, grace: int, replaced: bool) -> None:
    define(world)
    world.serve(count=1, loadBalancers=[balancer(ONE)], healthCheckGracePeriodSeconds=grace)
    world.settle()
    arn = world.tasks()[0]["taskArn"]
    say(world, "unhealthy", arn)
    if grace == 30:
        say(world, "healthy", arn)
    world.clock.advance(2 * MINUTE)
    assert (world.task(arn)["lastStatus"] == "STOPPED") is replaced


def test_a_grace_period_without_any_health_check_is_unused(world: World) -> None:
    define(world)
    world.serve(count=1, healthCheckGracePeriodSeconds=300)
    world.settle()
    assert world.service()["healthCheckGracePeriodSeconds"] == 300
    world.clock.advance(1)
    assert messages(world)[-1] == "has reached a steady state."


def test_running_tasks_are_counted_whether_or_not_they_are_healthy(world: World) -> None:
    serve(world, 2, healthCheckGracePeriodSeconds=3600)
    for task in world.tasks():
        say(world, "unhealthy", task["taskArn"])
    world.clock.advance(MINUTE)
    assert world.service()["runningCount"] == 2


def test_a_rolling_update_waits_for_healthy_targets(world: World) -> None:
    serve(world)
    old = {task["taskArn"] for task in world.tasks()}
    say_of_group(world, ONE, "initial")
    for task in old:
        say(world, "healthy", task)
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.clock.advance(10 * MINUTE)
    assert running(world) == [3, 3]
    assert world.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert not world.stable()
    first, *others = [task["taskArn"] for task in world.tasks() if task["taskArn"] not in old]
    say(world, "healthy", first)
    world.clock.advance(1)
    assert running(world) == [3, 2], "an old task goes for each new one that is healthy"
    for task in others:
        say(world, "healthy", task)
    world.settle()
    world.clock.advance(1)
    assert world.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_both_kinds_of_health_checks_have_to_pass(world: World) -> None:
    world.runtime.set_script("*", {"health": "HEALTHY", "health_seconds": 120})
    define(world, healthCheck={"command": ["CMD", "true"]})
    world.serve(count=1, loadBalancers=[balancer(ONE)])
    world.settle()
    world.clock.advance(MINUTE)
    assert targets(world) == {"healthy": 1}
    assert world.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    world.clock.advance(2 * MINUTE)
    assert world.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_the_circuit_breaker_counts_tasks_that_never_become_healthy(world: World) -> None:
    serve(world, 2, deploymentConfiguration=BREAKER)
    old = {task["taskArn"] for task in world.tasks()}
    say_of_group(world, ONE, "unhealthy")
    for task in old:
        say(world, "healthy", task)
    deployed = world.call("UpdateService", service="s", forceNewDeployment=True)["service"]["deployments"][0]["id"]
    world.until(lambda: world.service()["deployments"][0]["id"] != deployed)
    assert f"(deployment {deployed}) deployment failed: tasks failed to start." in messages(world)
    assert latest(world)["deploymentCircuitBreaker"]["failureCount"] == 4, "both of its tasks failed twice"
    say_of_group(world, ONE, "healthy")
    world.settle()
    assert {task["taskArn"] for task in world.tasks()} == old


def test_failures_do_not_count_once_a_task_has_been_healthy(world: World) -> None:
    serve(world, 2, deploymentConfiguration=BREAKER)
    for _ in range(5):
        say(world, "unhealthy")
        world.clock.advance(MINUTE)
    (deployment,) = world.service()["deployments"]
    assert (deployment["failedTasks"], deployment["rolloutState"]) == (0, "COMPLETED")


def test_health_checks_that_fail_from_the_start_take_their_time(world: World) -> None:
    define(world)
    say_of_group(world, ONE, "unhealthy")
    world.serve(count=1, loadBalancers=[balancer(ONE)])
    world.settle()
    assert targets(world) == {"initial": 1}
    world.clock.advance(59)
    assert targets(world) == {"initial": 1}
    world.clock.advance(10 * MINUTE)
    assert len([text for text in messages(world) if "is unhealthy in" in text]) == 9, "no more than one a minute"


def test_a_task_whose_container_exits_is_deregistered_too(world: World) -> None:
    serve(world, 1)
    arn = world.tasks()[0]["taskArn"]
    world.runtime.exit_container(arn, "app", 1)
    world.clock.advance(MINUTE)
    assert f"deregistered 1 targets in (target-group {ONE})" in messages(world)
    assert world.task(arn)["stoppedReason"] == "Essential container in task exited"


def test_each_revision_has_its_own_target_group(world: World) -> None:
    serve_shifting(world, blue_green(bake=10), count=2)
    assert (targets(world, ONE), targets(world, TWO)) == ({"healthy": 2}, {})
    say_of_group(world, TWO, "initial")
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.clock.advance(30 * MINUTE)
    assert latest(world)["lifecycleStage"] == "SCALE_UP", "green is not healthy yet"
    assert (targets(world, ONE), targets(world, TWO)) == ({"healthy": 2}, {"initial": 2})
    say_of_group(world, TWO, "healthy")
    until_status(world, "SUCCESSFUL")
    world.clock.advance(MINUTE)
    assert (targets(world, ONE), targets(world, TWO)) == ({}, {"healthy": 2})
    world.call("UpdateService", service="s", forceNewDeployment=True)
    until_status(world, "SUCCESSFUL")
    world.clock.advance(MINUTE)
    assert (targets(world, ONE), targets(world, TWO)) == ({"healthy": 2}, {})


def test_an_update_of_the_load_balancers_leaves_old_tasks_where_they_are(world: World) -> None:
    serve(world, 2)
    say_of_group(world, TWO, "initial")
    world.call("UpdateService", service="s", loadBalancers=[balancer(TWO)])
    world.clock.advance(MINUTE)
    assert (targets(world, ONE), targets(world, TWO)) == ({"healthy": 2}, {"initial": 2})
    say_of_group(world, TWO, "healthy")
    world.settle()
    world.clock.advance(MINUTE)
    assert (targets(world, ONE), targets(world, TWO)) == ({}, {"healthy": 2})


def test_a_task_set_is_steady_once_its_targets_are_healthy(world: World) -> None:
    define(world)
    say_of_group(world, ONE, "initial")
    world.call("CreateService", serviceName="s", desiredCount=1, deploymentController={"type": "EXTERNAL"})
    given = {"launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}
    scale = {"value": 100, "unit": "PERCENT"}
    made = world.call(
        "CreateTaskSet", service="s", cluster="default", taskDefinition="web", scale=scale,
        loadBalancers=[balancer(ONE)], **given,
    )["taskSet"]  # fmt: skip
    world.clock.advance(MINUTE)

    def stability() -> str:
        status: str = world.service()["taskSets"][0]["stabilityStatus"]
        return status

    assert (targets(world), stability()) == ({"initial": 1}, "STABILIZING")
    say(world, "healthy")
    world.clock.advance(MINUTE)
    assert stability() == "STEADY_STATE"
    world.call("DeleteTaskSet", service="s", cluster="default", taskSet=made["id"], force=True)
    world.clock.advance(MINUTE)
    assert targets(world) == {}
    assert f"deregistered 1 targets in (target-group {ONE})" in messages(world)


def test_deleting_the_service_deregisters_its_tasks(world: World) -> None:
    serve(world, 2)
    world.call("DeleteService", service="s", force=True)
    world.clock.advance(MINUTE)
    assert world.service()["status"] == "INACTIVE"
    assert targets(world) == {}
    assert messages(world)[-2] == f"deregistered 2 targets in (target-group {ONE})"


@pytest.mark.parametrize("group", ["nowhere", None])
def test_what_is_no_target_has_no_health(world: World, group: str | None) -> None:
    serve(world, 1)
    arn = world.tasks()[0]["taskArn"]
    if group is None:
        world.call("StopTask", task=arn)
        world.clock.advance(MINUTE)
    with pytest.raises(ValueError, match="is not registered in"):
        say(world, "healthy", arn, group)


def restarted(before: World, journal: MemoryJournal) -> World:
    """Another KECS with the journal and the containers of the first."""
    world = World(journal=journal, start=before.clock.now(), seed=2)
    world.runtime._tasks.update(before.runtime._tasks)  # they outlive KECS, as those of an engine do
    asyncio.run(world.kernel.recover())
    return world


def test_targets_are_what_they_were_after_a_restart(world: World) -> None:
    journal = MemoryJournal()
    before = World(journal=journal)
    serve(before, healthCheckGracePeriodSeconds=600)
    say_of_group(before, TWO, "unhealthy", "Request timed out")
    say(before, "unhealthy")
    told = before.targets.all()
    assert targets(before) == {"healthy": 2, "unhealthy": 1}
    events = messages(before)
    after = restarted(before, journal)
    after.clock.advance(MINUTE)
    assert after.targets.all() == told
    assert messages(after) == events
    after.clock.advance(10 * MINUTE)
    assert targets(after) == {"healthy": 3}
    after.call("UpdateService", service="s", loadBalancers=[balancer(TWO)])
    after.clock.advance(30)
    assert targets(after, TWO) == {"initial": 3}


@pytest.mark.parametrize("moment", [0.0, 30.0])
def test_a_restart_during_the_first_health_checks(moment: float) -> None:
    journal = MemoryJournal()
    before = World(journal=journal)
    say_of_group(before, ONE, "unhealthy")
    define(before)
    before.serve(count=1, loadBalancers=[balancer(ONE)])
    before.settle()
    before.clock.advance(moment)
    after = restarted(before, journal)
    assert targets(after) == {"initial": 1}
    after.clock.advance(61)
    assert any("is unhealthy in" in text or "unhealthy status" in text for text in messages(after))
