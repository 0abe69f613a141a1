"""What ECS sends to EventBridge of services, deployments and daemons, event by event, as AWS's guide shows them."""

from __future__ import annotations

from kecs.core.eventbridge.event import written_out

from .machines import machine
from .managed import Managed
from .sent import sent
from .test_task_sets import add, settle
from .test_task_sets import serve as serve_externally
from .world import World

ACTION, DEPLOYMENT = "ECS Service Action", "ECS Deployment State Change"
SERVICE = "arn:aws:ecs:us-east-1:000000000000:service/default/s"
CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
PROVIDER = "arn:aws:ecs:us-east-1:000000000000:capacity-provider/{}"
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def names(world: World, detail_type: str = ACTION) -> list[str]:
    return [detail["eventName"] for detail in sent(world, detail_type)]


# -- services ---------------------------------------------------------------------------------------------------------


def test_a_deployment_begins_completes_and_the_service_is_steady(world: World) -> None:
    world.define()
    world.serve(count=2)
    world.settle()
    deployment = world.service()["deployments"][0]["id"]
    assert sent(world, DEPLOYMENT) == [
        {
            "eventType": "INFO",
            "eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "deploymentId": deployment,
            "updatedAt": "2023-11-14T22:13:20Z",
            "reason": f"ECS deployment {deployment} in progress.",
        },
        {
            "eventType": "INFO",
            "eventName": "SERVICE_DEPLOYMENT_COMPLETED",
            "deploymentId": deployment,
            "updatedAt": "2023-11-14T22:13:20Z",
            "reason": f"ECS deployment {deployment} completed.",
        },
    ]
    assert sent(world, ACTION) == [
        {
            "eventType": "INFO",
            "eventName": "SERVICE_STEADY_STATE",
            "clusterArn": CLUSTER,
            "createdAt": "2023-11-14T22:13:20.004Z",
        }
    ]
    assert [written_out(k.event)["resources"] for k in world.kernel.sent.recent()][-1] == [SERVICE]
    world.clock.advance(6 * 3600 + 1)
    assert names(world) == ["SERVICE_STEADY_STATE"] * 2, "it is reported again and again"


def test_the_circuit_breaker_fails_a_deployment_and_the_service_goes_back(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("web")
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(count=1)
    world.settle()
    good = world.service()["deployments"][0]["id"]
    world.call("UpdateService", service="s", taskDefinition="bad", deploymentConfiguration=BREAKER)
    bad = world.service()["deployments"][0]["id"]
    world.until(lambda: len(sent(world, DEPLOYMENT)) == 6)
    assert [(d["eventType"], d["deploymentId"], d["reason"]) for d in sent(world, DEPLOYMENT)[2:]] == [
        ("INFO", bad, f"ECS deployment {bad} in progress."),
        ("ERROR", bad, "ECS deployment circuit breaker: tasks failed to start."),
        ("INFO", good, f"ECS deployment circuit breaker: rolling back to deploymentId {good}."),
        ("INFO", good, f"ECS deployment {good} completed."),
    ]


def test_a_deployment_that_somebody_stops_has_not_failed(world: World) -> None:
    world.define("web", {"name": "app", "image": "app:1", "healthCheck": {"command": ["CMD", "false"]}})
    arn = world.serve(count=1)["currentServiceDeployment"]
    world.call("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ABORT")
    world.clock.advance(1)
    assert world.service()["deployments"][0]["rolloutState"] == "FAILED"
    assert names(world, DEPLOYMENT) == ["SERVICE_DEPLOYMENT_IN_PROGRESS"]


def test_tasks_that_are_stopped_are_named(world: World) -> None:
    world.define()
    world.serve(count=2)
    world.settle()
    tasks = {task["taskArn"] for task in world.tasks()}
    world.call("UpdateService", service="s", desiredCount=0)
    world.clock.advance(60)
    (detail,) = sent(world, ACTION, eventName="TASKS_STOPPED")
    assert (detail["eventType"], set(detail["taskArns"])) == ("INFO", tasks)
    assert "SERVICE_DESIRED_COUNT_UPDATED" not in names(world), "a user did that"


def test_a_service_that_cannot_start_its_tasks(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(definition="bad", count=1)
    world.until(lambda: "SERVICE_TASK_START_IMPAIRED" in names(world))
    (detail,) = sent(world, ACTION)
    assert detail.keys() == {"eventType", "eventName", "clusterArn", "createdAt"}
    assert detail["eventType"] == "WARN"


def test_a_task_that_finds_no_room(world: World) -> None:
    arn = machine(world, 1)
    world.define_ec2("big", {"name": "app", "image": "app:1", "memory": 3000})
    world.serve(definition="big", count=2, launchType="EC2", networkConfiguration=None)
    world.clock.advance(5)
    (detail,) = sent(world, ACTION, eventType="ERROR")
    assert detail["eventName"] == "SERVICE_TASK_PLACEMENT_FAILURE"
    assert (detail["containerInstanceArns"], detail["reason"]) == ([arn], "RESOURCE:MEMORY")


def test_a_capacity_provider_without_instances(world: World) -> None:
    group = "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/g"
    unmanaged = {"autoScalingGroupArn": group, "managedScaling": {"status": "DISABLED"}}
    tags = [{"key": "kecs:min-size", "value": "0"}]
    world.call("CreateCapacityProvider", name="cp", autoScalingGroupProvider=unmanaged, tags=tags)
    world.call(
        "PutClusterCapacityProviders", cluster="default", capacityProviders=["cp"], defaultCapacityProviderStrategy=[]
    )
    world.define_ec2("web")
    strategy = [{"capacityProvider": "cp", "weight": 1}]
    world.serve(count=1, launchType=None, networkConfiguration=None, capacityProviderStrategy=strategy)
    world.clock.advance(5)
    (detail,) = sent(world, ACTION, eventType="ERROR")
    assert (detail["eventName"], detail["capacityProviderArns"]) == (
        "SERVICE_TASK_PLACEMENT_FAILURE",
        [PROVIDER.format("cp")],
    )
    assert detail["reason"] == "No Container Instances were found in your capacity provider."
    assert world.service()["events"][-1]["message"] == (
        "(service s) was unable to reach steady state. "
        "Reason: No Container Instances were found in your capacity provider."
    )


def test_a_capacity_provider_is_steady_with_its_service(world: World) -> None:
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE"],
        defaultCapacityProviderStrategy=[],
    )
    world.define()
    world.serve(count=1, launchType=None, capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}])
    world.settle()
    assert names(world) == ["SERVICE_STEADY_STATE", "CAPACITY_PROVIDER_STEADY_STATE"]
    assert sent(world, ACTION)[1]["capacityProviderArns"] == [PROVIDER.format("FARGATE")]


def test_a_task_set_is_counted_and_becomes_steady(world: World) -> None:
    world.define()
    serve_externally(world, 4)
    task_set = add(world, 50)
    settle(world, task_set)
    arns = [task_set["taskSetArn"]]
    (counted,) = sent(world, ACTION, eventName="SERVICE_DESIRED_COUNT_UPDATED")
    assert (counted["taskSetArns"], counted["desiredCount"]) == (arns, 2)
    (steady,) = sent(world, ACTION, eventName="TASKSET_STEADY_STATE")
    assert (steady["eventType"], steady["taskSetArns"]) == ("INFO", arns)
    assert sent(world, DEPLOYMENT) == []


# -- daemons ----------------------------------------------------------------------------------------------------------


def test_a_daemon_is_deployed(world: World) -> None:
    managed = Managed(world)
    managed.register()
    created = managed.create()
    managed.run()
    managed.deployed(created["deploymentArn"])
    details = sent(world, "ECS Daemon Deployment State Change")
    assert [d["eventName"].removeprefix("DAEMON_DEPLOYMENT_") for d in details] == [
        "PENDING",
        "IN_PROGRESS",
        "SUCCESSFUL",
    ]
    assert {d["daemonDeploymentArn"] for d in details} == {created["deploymentArn"]}
    assert {(d["eventType"], d["clusterArn"], d["daemonArn"]) for d in details} == {
        ("INFO", CLUSTER, created["daemonArn"])
    }


def test_a_daemon_whose_task_does_not_start(world: World) -> None:
    managed = Managed(world)
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    managed.register("agent", {"name": "agent", "image": "gone:1", "memory": 64})
    daemon = managed.create()["daemonArn"]
    managed.run()
    world.until(lambda: bool(sent(world, "ECS Daemon Service Action")))
    detail = sent(world, "ECS Daemon Service Action")[0]
    assert (detail["eventType"], detail["eventName"]) == ("WARNING", "DAEMON_TASK_START_IMPAIRED")
    assert (detail["daemonArn"], detail["failureType"]) == (daemon, "TASK_FAILED_TO_RUN")
    assert detail["reason"].startswith("Task failed to reach RUNNING status: CannotPullContainerError")
    assert detail["capacityProviderName"] == "mi"
