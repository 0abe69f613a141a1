"""Faults of capacity: tasks that find no place, instances and agents that go, Spot capacity that is taken back."""

from __future__ import annotations

import pytest

from .faulty import end_of, fault, messages, served, stopped, struck
from .machines import machine
from .sent import sent
from .world import World

NO_FARGATE = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


# -- no room ----------------------------------------------------------------------------------------------------------


def test_no_capacity_on_fargate(world: World) -> None:
    world.define()
    key = fault(world, "no-capacity", times=2)
    answer = world.run(count=3)
    assert answer["failures"] == [{"reason": NO_FARGATE}] * 2
    assert (len(answer["tasks"]), struck(world, key)) == (1, 2)


def test_a_service_without_capacity_on_fargate_says_so_and_goes_on_when_there_is_some(world: World) -> None:
    world.define()
    key = fault(world, "no-capacity", service="s")
    world.serve(count=1)
    world.clock.advance(10)
    assert f"was unable to place a task. Reason: {NO_FARGATE}." in messages(world)
    (told,) = [one for one in sent(world, "ECS Service Action") if one["eventType"] == "ERROR"]
    assert (told["eventName"], told["reason"]) == ("SERVICE_TASK_PLACEMENT_FAILURE", "RESOURCE:FARGATE")
    assert world.service()["deployments"][0]["failedTasks"] > 0
    world.kernel.faults.remove(key)
    world.clock.advance(5)
    assert world.service()["runningCount"] == 1


REASONS = {
    "RESOURCE:CPU": "has insufficient CPU units available.",
    "RESOURCE:MEMORY": "has insufficient memory available.",
    "RESOURCE:PORTS": "is already using a port required by your task.",
    "RESOURCE:GPU": 'encountered error "RESOURCE:GPU".',
    "RESOURCE:ENI": 'encountered error "RESOURCE:ENI".',
    "AGENT": 'encountered error "AGENT".',
    "ATTRIBUTE": "is missing an attribute required by your task.",
    "memberOf": 'encountered error "MemberOf placement constraint unsatisfied.".',
    "distinctInstance": 'encountered error "DistinctInstance placement constraint unsatisfied.".',
}


@pytest.mark.parametrize(("reason", "complaint"), REASONS.items())
def test_each_reason_for_no_place_on_an_instance(world: World, reason: str, complaint: str) -> None:
    world.define_ec2()
    instance = machine(world)
    fault(world, "no-capacity", reason=reason)
    failures = world.call("RunTask", taskDefinition="web", launchType="EC2")["failures"]
    started = world.call("StartTask", taskDefinition="web", containerInstances=[instance])
    assert failures == started["failures"]
    assert [(f["arn"], f["reason"][:8]) for f in failures] == [(instance, reason[0].upper() + reason[1:8])]
    world.serve(count=1, launchType="EC2", networkConfiguration=None)
    world.clock.advance(1)
    assert any(f"(container-instance {instance.rsplit('/')[-1]}) {complaint}" in text for text in messages(world))


def test_a_reason_that_is_none_for_the_services_launch_type(world: World) -> None:
    served(world)
    with pytest.raises(ValueError, match="RESOURCE:ENI is no reason for tasks of the launch type FARGATE"):
        fault(world, "no-capacity", service="s", reason="RESOURCE:ENI")


def test_tasks_that_wait_for_their_provider_wait_as_long_as_there_is_no_capacity(world: World) -> None:
    group = {
        "autoScalingGroupArn": "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:x:autoScalingGroupName/g"
    }
    scaling = {"managedScaling": {"status": "ENABLED", "targetCapacity": 100}}
    world.call("CreateCapacityProvider", name="asg", autoScalingGroupProvider={**group, **scaling})
    world.call(
        "PutClusterCapacityProviders", cluster="default", capacityProviders=["asg"], defaultCapacityProviderStrategy=[]
    )
    world.define_ec2()
    key = fault(world, "no-capacity", reason="RESOURCE:MEMORY")
    task = world.call(
        "RunTask", taskDefinition="web", capacityProviderStrategy=[{"capacityProvider": "asg", "weight": 1}]
    )["tasks"][0]
    world.clock.advance(300)
    assert world.task(task["taskArn"])["lastStatus"] == "PROVISIONING"
    world.kernel.faults.remove(key)
    world.clock.advance(60)
    assert world.task(task["taskArn"])["lastStatus"] == "RUNNING"


def test_a_daemon_service_finds_no_place_either(world: World) -> None:
    world.define_ec2()
    machine(world)
    key = fault(world, "no-capacity", reason="RESOURCE:PORTS", service="s")
    world.serve(count=None, schedulingStrategy="DAEMON", launchType="EC2", networkConfiguration=None)
    world.clock.advance(1)
    assert world.service()["runningCount"] == 0
    assert any("already using a port" in text for text in messages(world))
    world.kernel.faults.remove(key)
    world.clock.advance(5)
    assert world.service()["runningCount"] == 1


# -- instances --------------------------------------------------------------------------------------------------------


def test_an_instance_that_is_lost_takes_its_tasks_along(world: World) -> None:
    world.define_ec2()
    first, second = machine(world, 0), machine(world, 1)
    world.serve(
        count=2,
        launchType="EC2",
        networkConfiguration=None,
        placementStrategy=[{"type": "spread", "field": "instanceId"}],
    )
    world.settle()
    lost = world.call("DescribeContainerInstances", containerInstances=[first])["containerInstances"][0]
    fault(world, "instance-lost", instance=first)
    world.until(lambda: bool(stopped(world)))
    (task,) = stopped(world)
    assert task["containerInstanceArn"] == first
    assert task["stopCode"] == "TerminationNotice"
    assert task["stoppedReason"] == f"Host EC2 (instance {lost['ec2InstanceId']}) terminated."
    world.settle()
    assert {task["containerInstanceArn"] for task in world.tasks()} == {second}
    assert world.call("ListContainerInstances")["containerInstanceArns"] == [second]


def test_while_its_agent_is_gone_nothing_is_heard_of_an_instance_and_nothing_reaches_it(world: World) -> None:
    world.define_ec2()
    instance = machine(world)
    arn = world.call("RunTask", taskDefinition="web", launchType="EC2")["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    key = fault(world, "agent-disconnected", instance=instance)
    assert not world.call("DescribeContainerInstances", containerInstances=[instance])["containerInstances"][0][
        "agentConnected"
    ]
    assert world.call("RunTask", taskDefinition="web", launchType="EC2")["failures"][0]["reason"] == "AGENT"
    fault(world, "kill", task=arn)
    world.call("StopTask", task=arn)
    world.clock.advance(600)
    assert world.task(arn)["desiredStatus"] == "STOPPED"
    assert world.task(arn)["containers"][0]["lastStatus"] == "RUNNING"
    world.kernel.faults.remove(key)
    world.clock.advance(1)
    assert end_of(world.task(arn))[::2] == ("UserInitiated", 137)
    assert world.call("DescribeContainerInstances", containerInstances=[instance])["containerInstances"][0][
        "agentConnected"
    ]


def test_spot_capacity_is_taken_back(world: World) -> None:
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[],
    )
    world.define()
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    world.serve(count=3, launchType=None, capacityProviderStrategy=spot)
    world.settle()
    fault(world, "spot-interruption", service="s", times=2)
    world.until(lambda: len(stopped(world)) == 2)
    assert {end_of(task)[:2] for task in stopped(world)} == {("SpotInterruption", "Your Spot Task was interrupted.")}
    world.settle()
    usual = world.run()["tasks"][0]["taskArn"]
    with pytest.raises(ValueError, match="None of these tasks runs on Spot capacity"):
        fault(world, "spot-interruption", task=usual)
