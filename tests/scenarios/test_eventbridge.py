"""What ECS sends to EventBridge of tasks and container instances, event by event, as AWS's guide shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kecs.control.instances.interruptions import interrupt_task
from kecs.core.eventbridge.event import written_out
from kecs.core.instances.changes import with_agent

from .machines import described, machine
from .managed import Managed
from .sent import sent
from .world import World

TASK, INSTANCE = "ECS Task State Change", "ECS Container Instance State Change"
CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
ENVELOPE = ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]


def stages(details: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for detail in details:
        yield detail["version"], detail["lastStatus"], [container["lastStatus"] for container in detail["containers"]]


# -- tasks ------------------------------------------------------------------------------------------------------------


def test_the_event_around_every_detail(world: World) -> None:
    world.define()
    (task,) = world.run()["tasks"]
    event = written_out(world.kernel.sent.recent()[-1].event)
    assert list(event) == ENVELOPE
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["id"])
    assert {name: value for name, value in event.items() if name not in ("id", "detail")} == {
        "version": "0",
        "detail-type": TASK,
        "source": "aws.ecs",
        "account": "000000000000",
        "time": "2023-11-14T22:13:20Z",
        "region": "us-east-1",
        "resources": [task["taskArn"]],
    }
    assert written_out(world.kernel.sent.recent()[-1].event) == event


def test_a_task_is_told_of_from_version_to_version(world: World) -> None:
    world.define("web", {"name": "app", "image": "app:1"}, {"name": "side", "image": "side:1"})
    (task,) = world.run()["tasks"]
    world.clock.advance(10)
    world.call("StopTask", task=task["taskArn"])
    world.clock.advance(60)
    details = sent(world, TASK)
    assert [detail["version"] for detail in details] == list(range(1, len(details) + 1))
    assert details[-1]["version"] == world.task(task["taskArn"])["version"]
    assert list(stages(details)) == [
        (1, "PROVISIONING", ["PENDING", "PENDING"]),
        (2, "PENDING", ["PENDING", "PENDING"]),
        (3, "PENDING", ["RUNNING", "PENDING"]),
        (4, "PENDING", ["RUNNING", "RUNNING"]),
        (5, "ACTIVATING", ["RUNNING", "RUNNING"]),
        (6, "RUNNING", ["RUNNING", "RUNNING"]),
        (7, "RUNNING", ["RUNNING", "RUNNING"]),  # it is to stop
        (8, "DEACTIVATING", ["RUNNING", "RUNNING"]),
        (9, "STOPPING", ["RUNNING", "RUNNING"]),
        (10, "STOPPING", ["STOPPED", "RUNNING"]),
        (11, "STOPPING", ["STOPPED", "STOPPED"]),
        (12, "DEPROVISIONING", ["STOPPED", "STOPPED"]),
        (13, "STOPPED", ["STOPPED", "STOPPED"]),
    ]
    assert [detail["desiredStatus"] for detail in details] == ["RUNNING"] * 6 + ["STOPPED"] * 7
    assert {(d.get("stopCode"), d.get("stoppedReason")) for d in details[6:]} == {
        ("UserInitiated", "Task stopped by user")
    }


def test_a_container_that_ends_its_task_is_one_event(world: World) -> None:
    world.define()
    (task,) = world.run()["tasks"]
    world.clock.advance(10)
    before = len(sent(world, TASK))
    world.runtime.exit_container(task["taskArn"], "app", 3)
    world.clock.advance(10)
    first, *_, last = sent(world, TASK)[before:]
    assert (first["version"], last["version"]) == (before + 1, len(sent(world, TASK)))
    assert (first["containers"][0]["exitCode"], first["stopCode"]) == (3, "EssentialContainerExited")


def test_the_detail_of_a_task_resembles_describe_tasks(world: World) -> None:
    checked = {"name": "app", "image": "app:1", "healthCheck": {"command": ["CMD", "true"]}}
    world.define("web", checked, taskRoleArn="arn:aws:iam::000000000000:role/r")
    overrides = {"containerOverrides": [{"name": "app", "command": ["sleep", "60"]}]}
    tags = [{"key": "team", "value": "a"}]
    (task,) = world.run(overrides=overrides, tags=tags, startedBy="me", enableExecuteCommand=True)["tasks"]
    world.clock.advance(10)
    shown, detail = world.task(task["taskArn"]), sent(world, TASK)[-1]
    same = (
        "taskArn",
        "taskDefinitionArn",
        "clusterArn",
        "group",
        "launchType",
        "cpu",
        "memory",
        "startedBy",
        "version",
    )
    assert {name: detail[name] for name in same} == {name: shown[name] for name in same}
    assert not {"tags", "healthStatus", "platformFamily"} & detail.keys()
    assert detail["overrides"] == overrides
    (attachment,) = detail["attachments"]
    assert (attachment["type"], attachment["status"]) == ("eni", "ATTACHED")
    assert attachment["details"] == shown["attachments"][0]["details"]
    (container,) = detail["containers"]
    assert container["networkInterfaces"] == [
        {"attachmentId": attachment["id"], "privateIpv4Address": attachment["details"][-1]["value"]}
    ]
    assert not {"healthStatus", "networkBindings"} & container.keys()
    assert {agent["name"]: agent["status"] for agent in container["managedAgents"]} == {
        "ExecuteCommandAgent": "RUNNING"
    }
    assert detail["createdAt"] == "2023-11-14T22:13:20.000Z"
    assert detail["updatedAt"] == detail["startedAt"] > detail["pullStoppedAt"] > detail["createdAt"]


def test_spot_capacity_gives_two_minutes_notice(world: World) -> None:
    """The event comes first, then SIGTERM; after two minutes the task is gone, whatever it does."""
    world.define("web", {"name": "app", "image": "stubborn:1", "stopTimeout": 120})
    world.runtime.set_script("stubborn:1", {"ignore_sigterm": True})
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE_SPOT"],
        defaultCapacityProviderStrategy=spot,
    )
    arn = world.run(launchType=None)["tasks"][0]["taskArn"]
    world.clock.advance(10)
    record = world.kernel.store.tasks.get(arn)
    assert record is not None
    interrupt_task(world.kernel.store, world.clock, record)
    warning = sent(world, TASK)[-1]
    assert warning["capacityProviderName"] == "FARGATE_SPOT"
    assert (warning["desiredStatus"], warning["lastStatus"]) == ("STOPPED", "RUNNING")
    assert (warning["stopCode"], warning["stoppedReason"]) == ("SpotInterruption", "Your Spot Task was interrupted.")
    world.clock.advance(119)
    assert world.task(arn)["lastStatus"] == "STOPPING"
    world.clock.advance(2)
    last = sent(world, TASK)[-1]
    assert (last["lastStatus"], last["containers"][0]["exitCode"]) == ("STOPPED", 137)


def test_a_spot_instance_is_gone_after_two_minutes(world: World) -> None:
    managed = Managed(world)
    template = {
        "ec2InstanceProfileArn": "arn:aws:iam::000000000000:instance-profile/p",
        "networkConfiguration": {"subnets": ["subnet-12345678"], "securityGroups": ["sg-12345678"]},
        "capacityOptionType": "SPOT",
    }
    provider = {"infrastructureRoleArn": "arn:aws:iam::000000000000:role/r", "instanceLaunchTemplate": template}
    world.call("CreateCapacityProvider", name="spot", cluster="default", managedInstancesProvider=provider)
    world.clock.advance(1)
    world.runtime.set_script("stubborn:1", {"ignore_sigterm": True})
    container = {"name": "app", "image": "stubborn:1", "stopTimeout": 3600}
    world.define("app", container, networkMode="host", requiresCompatibilities=["MANAGED_INSTANCES"])
    arn = managed.run("spot")
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    record = world.kernel.store.tasks.get(arn)
    assert record is not None
    interrupt_task(world.kernel.store, world.clock, record)
    world.clock.advance(119)
    assert world.task(arn)["lastStatus"] == "STOPPING"
    world.clock.advance(2)
    assert world.task(arn)["lastStatus"] == "STOPPED"


# -- container instances ----------------------------------------------------------------------------------------------


def left(detail: dict[str, Any], name: str) -> Any:
    (resource,) = [resource for resource in detail["remainingResources"] if resource["name"] == name]
    return resource


def test_an_instance_is_told_of_when_it_changes_and_when_tasks_take_its_room(world: World) -> None:
    arn = machine(world, 1)
    world.define_ec2("web")
    tasks = world.run(launchType="EC2", networkConfiguration=None, count=2)["tasks"]
    world.clock.advance(10)
    world.call("StopTask", task=tasks[0]["taskArn"])
    world.clock.advance(60)
    world.call("UpdateContainerInstancesState", containerInstances=[arn], status="DRAINING")
    world.call("DeregisterContainerInstance", containerInstance=arn, force=True)
    details = sent(world, INSTANCE)
    assert [(d["version"], d["status"], left(d, "MEMORY")["integerValue"]) for d in details] == [
        (1, "ACTIVE", 4096),
        (2, "ACTIVE", 4096 - 2 * 128),  # both came at once
        (3, "ACTIVE", 4096 - 128),
        (4, "DRAINING", 4096 - 128),
        (5, "INACTIVE", 4096 - 128),
    ]
    assert described(world, arn)["version"] == 5


def test_the_detail_of_an_instance_resembles_describe_container_instances(world: World) -> None:
    arn = machine(world, 1, tags=[{"key": "team", "value": "a"}])
    (detail,) = sent(world, INSTANCE)
    shown = described(world, arn)
    same = ("containerInstanceArn", "ec2InstanceId", "agentConnected", "attributes", "status", "version")
    assert {name: detail[name] for name in same} == {name: shown[name] for name in same}
    assert (detail["clusterArn"], detail["runningTasksCount"], detail["pendingTasksCount"]) == (CLUSTER, 0, 0)
    assert detail["registeredAt"] == detail["updatedAt"] == "2023-11-14T22:13:20.000Z"
    assert left(detail, "CPU") == {"name": "CPU", "type": "INTEGER", "integerValue": 2048}
    assert left(detail, "PORTS") == {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]}
    assert not {"tags", "healthStatus", "capacityProviderName"} & detail.keys()


def test_an_agent_that_goes_is_told_of_as_health_too(world: World) -> None:
    arn = machine(world, 1)
    with world.kernel.store.transaction():
        record = world.kernel.store.instances.get(arn)
        assert record is not None
        world.kernel.store.instances.put(with_agent(record, False, world.clock.now()))
    (detail,) = sent(world, "ECS Container Instance Health Change")
    assert detail == {
        "clusterArn": CLUSTER,
        "containerInstanceArn": arn,
        "capacityProviderName": None,
        "ec2InstanceId": "i-00000000000000001",
        "overallStatus": "INSUFFICIENT_DATA",
        "healthChecks": [
            {
                "type": "CONTAINER_RUNTIME",
                "status": "INSUFFICIENT_DATA",
                "lastStatusChange": "2023-11-14T22:13:20Z",
                "lastUpdated": "2023-11-14T22:13:20Z",
                "statusReason": None,
            }
        ],
    }
    assert [d["agentConnected"] for d in sent(world, INSTANCE)] == [True, False]
