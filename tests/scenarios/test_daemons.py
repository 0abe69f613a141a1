"""Daemons: one task on every managed instance, before any other; an instance that loses its daemon is replaced."""

from __future__ import annotations

from typing import Any

import pytest

from .managed import AGENT, Managed
from .world import Refused, World

CRASH = {"name": "agent", "image": "agent:1", "memory": 64, "command": ["sh", "-c", "exit 1"]}
CHECKED = {**AGENT, "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 5}}


@pytest.fixture
def managed(world: World) -> Managed:
    fleet = Managed(world)
    fleet.register()
    return fleet


def instances_of(tasks: list[Any]) -> list[str]:
    return sorted(task["containerInstanceArn"] for task in tasks)


def test_creating_a_daemon_needs_no_instance(managed: Managed) -> None:
    created = managed.create()
    assert created["status"] == "ACTIVE"
    assert managed.deployment(created["deploymentArn"])["status"] == "PENDING"
    managed.deployed(created["deploymentArn"])
    statuses = [e.after for e in managed.world.events("daemon-deployment")]
    assert statuses == ["PENDING", "IN_PROGRESS", "SUCCESSFUL"]


def test_every_instance_gets_one_task_of_each_daemon(managed: Managed) -> None:
    managed.create("d")
    managed.create("e")
    managed.serve(3)
    for name in "de":
        managed.running(3, name)
        tasks = managed.tasks(name)
        assert instances_of(tasks) == sorted(record.arn for record in managed.instances)
        for task in tasks:
            assert task["group"] == f"daemon:{name}"
            assert task["launchType"] == "MANAGED_INSTANCES"
            assert task["capacityProviderName"] == "mi"
            assert task["taskDefinitionArn"].endswith("daemon-task-definition/agent:1")


def test_daemons_run_before_any_other_task_of_their_instance(managed: Managed) -> None:
    managed.create("d")
    managed.create("e")
    app = managed.run()
    managed.world.until(lambda: managed.world.task(app)["lastStatus"] == "RUNNING")
    (instance,) = managed.instances
    assert managed.has_been(instance.arn) == ["REGISTERING", "ACTIVE"]
    began = {e.arn: e.id for e in managed.world.events("task") if e.after in ("PENDING", "RUNNING")}
    running = {e.arn: e.id for e in managed.world.events("task") if e.after == "RUNNING"}
    first = min(e.id for e in managed.world.events("task") if e.arn == app and e.after == "PENDING")
    assert all(running[task["taskArn"]] < first for name in "de" for task in managed.tasks(name))
    assert len(began) == 3


def test_an_instance_waits_until_its_daemon_is_healthy(managed: Managed) -> None:
    managed.register("checked", CHECKED)
    managed.create(definition="checked:1")
    managed.run()
    managed.world.until(lambda: [t["lastStatus"] for t in managed.tasks()] == ["RUNNING"])
    assert managed.statuses() == ["REGISTERING"]
    managed.world.until(lambda: managed.statuses() == ["ACTIVE"])
    assert managed.tasks()[0]["healthStatus"] == "HEALTHY"


def test_instances_of_other_capacity_providers_are_left_alone(managed: Managed) -> None:
    managed.add_provider("other")
    managed.create()
    app = managed.run("other")
    managed.world.until(lambda: managed.world.task(app)["lastStatus"] == "RUNNING")
    assert managed.tasks() == []


def test_what_daemons_take_of_an_instance_is_left_out_when_it_is_chosen(managed: Managed) -> None:
    managed.register("half", {**AGENT, "cpu": 1024})
    managed.create(definition="half:1")
    app = managed.run()  # 1536 of 2048 CPU units
    managed.world.until(lambda: managed.world.task(app)["lastStatus"] == "STOPPED")
    assert managed.world.task(app)["stopCode"] == "TaskFailedToStart"
    assert managed.instances == []


def test_a_daemon_that_stops_has_its_instance_drained_and_its_other_tasks_stopped(managed: Managed) -> None:
    world = managed.world
    managed.create()
    app = managed.run()
    managed.running(1)
    (instance,) = managed.instances
    world.call("StopTask", task=managed.tasks()[0]["taskArn"])
    world.until(lambda: world.task(app)["lastStatus"] == "STOPPED")
    stopped = world.task(app)
    assert (stopped["stopCode"], stopped["stoppedReason"]) == (
        "InfrastructureHealth",
        "The daemon d on the container instance failed.",
    )
    world.until(lambda: managed.instances == [])
    assert managed.has_been(instance.arn)[:3] == ["REGISTERING", "ACTIVE", "DRAINING"]


def test_the_tasks_of_services_move_from_an_instance_whose_daemon_failed_to_a_new_one(managed: Managed) -> None:
    world = managed.world
    managed.create()
    managed.serve(2)
    managed.running(2)
    victim = managed.tasks()[0]
    world.runtime.exit_container(victim["taskArn"], "agent", 1)
    world.until(lambda: victim["containerInstanceArn"] not in [i.arn for i in managed.instances])
    managed.running(2)
    world.settle("app")
    assert victim["containerInstanceArn"] not in [t["containerInstanceArn"] for t in world.tasks("app")]


def test_a_daemon_that_becomes_unhealthy_has_its_instance_drained(managed: Managed) -> None:
    world = managed.world
    managed.register("checked", CHECKED)
    managed.create(definition="checked:1")
    managed.run()
    managed.running(1)
    (instance,) = managed.instances
    world.runtime.set_health(managed.tasks()[0]["taskArn"], "agent", "UNHEALTHY")
    world.until(lambda: "DRAINING" in managed.has_been(instance.arn))


def test_daemons_are_the_last_to_leave_an_instance(managed: Managed) -> None:
    world = managed.world
    managed.create()
    app = managed.run()
    managed.running(1)
    (instance,), (task,) = managed.instances, managed.tasks()
    world.call("UpdateContainerInstancesState", containerInstances=[instance.arn], status="DRAINING")
    world.clock.advance(60)
    assert world.task(task["taskArn"])["desiredStatus"] == "RUNNING"
    world.call("StopTask", task=app)
    world.until(lambda: world.task(task["taskArn"])["lastStatus"] == "STOPPED")
    when = {event.arn: event.id for event in world.events("task") if event.after == "STOPPED"}
    assert when[app] < when[task["taskArn"]]
    world.until(lambda: managed.instances == [])


def test_a_critical_daemon_that_does_not_start_keeps_its_instance_from_becoming_active(managed: Managed) -> None:
    managed.register("bad", CRASH)
    managed.create(definition="bad:1")
    managed.run()
    managed.world.clock.advance(30)
    assert not [e for e in managed.world.events("instance") if e.after == "ACTIVE"]
    assert [e for e in managed.world.events("instance") if e.after == "DRAINING"]


def test_a_daemon_that_is_not_critical_never_costs_an_instance(managed: Managed) -> None:
    world = managed.world
    daemon = managed.create(critical=False)["daemonArn"]
    managed.run()
    managed.running(1)
    world.runtime.exit_container(managed.tasks()[0]["taskArn"], "agent", 1)
    world.until(lambda: managed.daemon(daemon)["currentRevisions"][0]["totalWithoutDaemonCount"] == 1)
    managed.running(1)
    (instance,) = managed.instances
    assert managed.has_been(instance.arn) == ["REGISTERING", "ACTIVE"]
    assert managed.daemon(daemon)["currentRevisions"][0]["totalWithoutDaemonCount"] == 0


def test_a_daemon_that_is_not_critical_does_not_block_an_instance(managed: Managed) -> None:
    managed.register("bad", CRASH)
    managed.create(definition="bad:1", critical=False)
    app = managed.run()
    managed.world.until(lambda: managed.world.task(app)["lastStatus"] == "RUNNING", limit=60)


def test_the_counts_of_a_daemon_are_by_capacity_provider(managed: Managed) -> None:
    other = managed.add_provider("other")
    daemon = managed.create(capacityProviderArns=[managed.provider, other])["daemonArn"]
    managed.serve(2)
    managed.serve(1, "more", "other")
    managed.running(3)
    (revision,) = managed.daemon(daemon)["currentRevisions"]
    assert revision["totalRunningCount"] == 3
    assert [(p["arn"], p["runningCount"]) for p in revision["capacityProviders"]] == [(managed.provider, 2), (other, 1)]


def test_tags_are_propagated_when_asked_for(managed: Managed) -> None:
    tags = [{"key": "team", "value": "x"}]
    managed.create("d", tags=tags, propagateTags="DAEMON", enableECSManagedTags=True)
    managed.create("e", tags=tags)
    managed.run()
    managed.running(1)
    (arn,) = managed.world.call("ListTasks", daemonName="d")["taskArns"]
    (task,) = managed.world.call("DescribeTasks", tasks=[arn], include=["TAGS"])["tasks"]
    assert task["tags"] == [
        {"key": "team", "value": "x"},
        {"key": "aws:ecs:clusterName", "value": "default"},
        {"key": "aws:ecs:daemonName", "value": "d"},
    ]
    (arn,) = managed.world.call("ListTasks", daemonName="e")["taskArns"]
    assert managed.world.call("DescribeTasks", tasks=[arn], include=["TAGS"])["tasks"][0]["tags"] == []


def test_daemons_and_their_definitions_can_be_tagged(managed: Managed) -> None:
    tags = [{"key": "a", "value": "1"}]
    for arn in (managed.create(tags=tags)["daemonArn"], managed.register(tags=tags)):
        managed.world.call("TagResource", resourceArn=arn, tags=[{"key": "b", "value": "2"}])
        managed.world.call("UntagResource", resourceArn=arn, tagKeys=["a"])
        assert managed.world.call("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]


def test_a_repeated_call_with_its_token_makes_nothing_new(managed: Managed) -> None:
    first = managed.create(clientToken="t1")
    assert managed.create(clientToken="t1") == first
    with pytest.raises(Refused, match=r"InvalidParameterException: Creation of daemon was not idempotent") as refused:
        managed.create("other", clientToken="t1")
    assert refused.value.status == 400
    with pytest.raises(Refused, match=r"InvalidParameterException: Creation of daemon was not idempotent"):
        managed.create(clientToken="t2")


def test_deleting_a_daemon_replaces_its_instances_by_some_without_it(managed: Managed) -> None:
    daemon = managed.create()["daemonArn"]
    managed.serve(2)
    managed.running(2)
    before = [record.arn for record in managed.instances]
    deleted = managed.world.call("DeleteDaemon", daemonArn=daemon)
    assert deleted["status"] == managed.daemon(daemon)["status"] == "DELETE_IN_PROGRESS"
    with pytest.raises(Refused, match=r"InvalidParameterException: .*deployment deletion is ongoing"):
        managed.create()
    with pytest.raises(Refused, match=r"DaemonNotActiveException: Daemon was not ACTIVE."):
        managed.world.call("DeleteDaemon", daemonArn=daemon)
    with pytest.raises(Refused, match=r"DaemonNotActiveException: Daemon was not ACTIVE."):
        managed.update(daemon)
    managed.deployed(deleted["deploymentArn"])
    with pytest.raises(Refused, match=r"DaemonNotFoundException: Daemon not found."):
        managed.daemon(daemon)
    assert "targetDaemonRevision" not in managed.deployment(deleted["deploymentArn"])
    managed.world.until(lambda: managed.statuses() == ["ACTIVE", "ACTIVE"])
    assert not {record.arn for record in managed.instances} & set(before)
    managed.world.clock.advance(2 * 3600)
    answer = managed.world.call("DescribeDaemonDeployments", daemonDeploymentArns=[deleted["deploymentArn"]])
    assert answer["failures"] == [{"arn": deleted["deploymentArn"], "reason": "MISSING"}]
    assert managed.create()["status"] == "ACTIVE"


def test_deleting_a_daemon_without_instances_is_quick(managed: Managed) -> None:
    daemon = managed.create()["daemonArn"]
    managed.world.call("DeleteDaemon", daemonArn=daemon)
    managed.world.clock.advance(1)
    assert managed.world.call("ListDaemons")["daemonSummariesList"] == []


def test_a_capacity_provider_with_a_daemon_cannot_be_deleted(managed: Managed) -> None:
    managed.create()
    with pytest.raises(Refused, match=r"ClientException: Cannot delete capacity provider. Daemon services are still"):
        managed.world.call("DeleteCapacityProvider", capacityProvider="mi", cluster="default")


def test_scaling_in_is_no_failure_of_a_daemon(managed: Managed) -> None:
    daemon = managed.create()["daemonArn"]
    managed.serve(2)
    managed.running(2)
    record = managed.store.daemons.get(daemon)
    assert record is not None
    idle = managed.instances[0]
    managed.world.call("UpdateContainerInstancesState", containerInstances=[idle.arn], status="DRAINING")
    managed.world.until(lambda: idle.arn not in [record.arn for record in managed.instances])
    managed.running(2)
    after = managed.store.daemons.get(daemon)
    assert after is not None
    assert after.failures == 0
