"""Calls of CodeDeploy about the service `s`, as the scenarios make them."""

from __future__ import annotations

import json
from typing import Any

from kecs.aws.model import codedeploy as c

from .test_task_sets import GROUP
from .world import World

APP, DG, TARGET = "app", "group", "default:s"
WEB = {"name": "app", "image": "app:1", "portMappings": [{"containerPort": 80}]}
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/alb/e5ba62739c16e642/{}"
FAILURES = {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST", "DEPLOYMENT_STOP_ON_ALARM"]}
EVENTS = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
]
MINUTE = 60.0


def call(world: World, operation: str, **members: Any) -> Any:
    return world.call(operation, prefix=c.TARGET_PREFIX, **members)


def options(termination: int = 0, ready: int = 0) -> dict[str, Any]:
    """A blueGreenDeploymentConfiguration that waits for so many minutes."""
    action = "STOP_DEPLOYMENT" if ready else "CONTINUE_DEPLOYMENT"
    return {
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": termination,
        },
        "deploymentReadyOption": {"actionOnTimeout": action, "waitTimeInMinutes": ready},
    }


def balancer(*, test: bool = True, names: tuple[str, ...] = ("blue", "green")) -> dict[str, Any]:
    """A loadBalancerInfo of one pair."""
    pair: dict[str, Any] = {
        "targetGroups": [{"name": name} for name in names],
        "prodTrafficRoute": {"listenerArns": [LISTENER.format("0")]},
    }
    if test:
        pair["testTrafficRoute"] = {"listenerArns": [LISTENER.format("1")]}
    return {"targetGroupPairInfoList": [pair]}


def group_members(**members: Any) -> dict[str, Any]:
    """The members of a CreateDeploymentGroup that is accepted; None leaves one out."""
    given = {
        "applicationName": APP,
        "deploymentGroupName": DG,
        "serviceRoleArn": "arn:aws:iam::000000000000:role/deploy",
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ecsServices": [{"clusterName": "default", "serviceName": "s"}],
        "blueGreenDeploymentConfiguration": options(),
        "loadBalancerInfo": balancer(),
        **members,
    }
    return {name: value for name, value in given.items() if value is not None}


def serve(world: World, count: int = 2, name: str = "s") -> Any:
    """A service that CodeDeploy deploys, steady."""
    world.define("web", WEB)
    target = {"targetGroupArn": GROUP.format("blue"), "containerName": "app", "containerPort": 80}
    world.serve(name, count, deploymentController={"type": "CODE_DEPLOY"}, loadBalancers=[target])
    world.until(lambda: world.service(name)["taskSets"][0]["stabilityStatus"] == "STEADY_STATE")
    return world.service(name)


def ready(world: World, **members: Any) -> None:
    """The service, an application and a deployment group."""
    serve(world)
    call(world, "CreateApplication", applicationName=APP, computePlatform="ECS")
    call(world, "CreateDeploymentGroup", **group_members(**members))


def appspec(definition: str, hooks: dict[str, str] | None = None, **properties: Any) -> str:
    """An AppSpec file in JSON."""
    spec = {
        "version": 1,
        "Resources": [
            {
                "TargetService": {
                    "Type": "AWS::ECS::Service",
                    "Properties": {
                        "TaskDefinition": definition,
                        "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80},
                        **properties,
                    },
                }
            }
        ],
        "Hooks": [{name: function} for name, function in (hooks or {}).items()],
    }
    return json.dumps(spec)


def revision(content: str) -> dict[str, Any]:
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def deploy(world: World, definition: str, hooks: dict[str, str] | None = None, **members: Any) -> str:
    """A deployment of this task definition; gives its id."""
    given = {"applicationName": APP, "deploymentGroupName": DG, "revision": revision(appspec(definition, hooks))}
    deployment_id: str = call(world, "CreateDeployment", **{**given, **members})["deploymentId"]
    return deployment_id


def shown(world: World, deployment: str) -> Any:
    return call(world, "GetDeployment", deploymentId=deployment)["deploymentInfo"]


def target(world: World, deployment: str) -> Any:
    found = call(world, "GetDeploymentTarget", deploymentId=deployment, targetId=TARGET)
    return found["deploymentTarget"]["ecsTarget"]


def statuses(world: World, deployment: str) -> dict[str, str]:
    """The lifecycle events and how they are."""
    return {event["lifecycleEventName"]: event["status"] for event in target(world, deployment)["lifecycleEvents"]}


def weights(world: World, deployment: str) -> dict[str, float]:
    """Production traffic by label."""
    return {s["taskSetLabel"]: s["trafficWeight"] for s in target(world, deployment)["taskSetsInfo"]}


def reach(world: World, deployment: str, event: str) -> None:
    """Until the event is under way."""
    world.until(lambda: statuses(world, deployment)[event] == "InProgress")


def over(world: World, deployment: str) -> Any:
    """The deployment when it has ended."""
    world.until(lambda: shown(world, deployment)["status"] in ("Succeeded", "Failed", "Stopped"), 8 * 3600.0)
    return shown(world, deployment)


def task_sets(world: World) -> list[tuple[str, str]]:
    """Task definition, as family and revision, and status of each."""
    found = world.service()["taskSets"]
    return [(s["taskDefinition"].split("/")[-1], s["status"]) for s in found]


def execution(world: World, deployment: str) -> str:
    """The id of the hook that the deployment waits for."""
    record = world.kernel.store.code_deployments.get(deployment)
    assert record is not None
    (found,) = [e.execution_id for e in record.events if e.status == "InProgress"]
    assert found is not None
    return found


def answer(world: World, deployment: str, status: str = "Succeeded") -> None:
    """What the function of a hook says when it is done."""
    call(
        world,
        "PutLifecycleEventHookExecutionStatus",
        deploymentId=deployment,
        lifecycleEventHookExecutionId=execution(world, deployment),
        status=status,
    )
