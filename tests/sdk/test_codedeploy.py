"""CodeDeploy with boto3 and the AWS CLI: a service is deployed, checked by a hook, stopped and rolled back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import Server

from .calls import NETWORK, define, tasks, until
from .test_blue_green import Hook, hook

__all__ = ["hook"]

ELB = "arn:aws:elasticloadbalancing:us-east-1:111111111111"
ROLE = "arn:aws:iam::111111111111:role/deploy"
PAIR = {
    "targetGroups": [{"name": "blue"}, {"name": "green"}],
    "prodTrafficRoute": {"listenerArns": [f"{ELB}:listener/app/lb/0123456789abcdef/0123456789abcdef"]},
    "testTrafficRoute": {"listenerArns": [f"{ELB}:listener/app/lb/0123456789abcdef/fedcba9876543210"]},
}
QUICK = {"Delay": 1, "MaxAttempts": 120}


@pytest.fixture
def deploy(server: Server) -> Any:
    return server.client("codedeploy")


@pytest.fixture
def names(ecs: Any, deploy: Any, cluster: str, image: Any) -> dict[str, str]:
    """A service with what it takes to deploy it, named as the AWS CLI expects it."""
    ecs.create_service(
        cluster=cluster,
        serviceName="web",
        taskDefinition=define(ecs, "web", image(1)),
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        deploymentController={"type": "CODE_DEPLOY"},
        loadBalancers=[
            {
                "targetGroupArn": f"{ELB}:targetgroup/blue/0123456789abcdef",
                "containerName": "app",
                "containerPort": 8080,
            }
        ],
    )
    application, group = f"AppECS-{cluster}-web", f"DgpECS-{cluster}-web"
    deploy.create_application(applicationName=application, computePlatform="ECS")
    deploy.create_deployment_group(
        applicationName=application,
        deploymentGroupName=group,
        serviceRoleArn=ROLE,
        deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        ecsServices=[{"clusterName": cluster, "serviceName": "web"}],
        loadBalancerInfo={"targetGroupPairInfoList": [PAIR]},
        blueGreenDeploymentConfiguration={
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0},
            "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
        },
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
    )
    return {"applicationName": application, "deploymentGroupName": group}


def appspec(definition: str, **hooks: str) -> dict[str, Any]:
    properties = {"TaskDefinition": definition, "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080}}
    return {
        "version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}],
        "Hooks": [{event: function} for event, function in hooks.items()],
    }


def revision(definition: str, **hooks: str) -> Any:
    content = json.dumps(appspec(definition, **hooks))
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def test_a_deployment_is_checked_and_succeeds(
    ecs: Any, deploy: Any, cluster: str, image: Any, names: dict[str, str], hook: Hook
) -> None:
    new = define(ecs, "web", image(2))
    checked = revision(new, AfterAllowTestTraffic=hook.url)
    deployment = deploy.create_deployment(**names, revision=checked)["deploymentId"]
    until(lambda: bool(hook.events), 60, "a call of the hook")
    (said,) = hook.events
    assert said["DeploymentId"] == deployment
    deploy.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment,
        lifecycleEventHookExecutionId=said["LifecycleEventHookExecutionId"],
        status="Succeeded",
    )
    deploy.get_waiter("deployment_successful").wait(deploymentId=deployment, WaiterConfig=QUICK)
    target = deploy.get_deployment_target(deploymentId=deployment, targetId=f"{cluster}:web")["deploymentTarget"]
    events = target["ecsTarget"]["lifecycleEvents"]
    assert [event["status"] for event in events] == ["Succeeded"] * 8
    assert all(event["startTime"] <= event["endTime"] for event in events)
    until(lambda: len(tasks(ecs, cluster, serviceName="web")) == 2, 60, "the new tasks alone")
    assert {task["taskDefinitionArn"] for task in tasks(ecs, cluster, serviceName="web")} == {new}
    pages = deploy.get_paginator("list_deployments").paginate(**names)
    assert [found for page in pages for found in page["deployments"]] == [deployment]


def test_a_deployment_is_stopped_and_rolled_back(
    ecs: Any, deploy: Any, cluster: str, image: Any, names: dict[str, str]
) -> None:
    deployment = deploy.create_deployment(
        **names,
        revision=revision(define(ecs, "web", image(2))),
        deploymentConfigName="CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
    )["deploymentId"]

    def sets() -> Any:
        found = deploy.get_deployment_target(deploymentId=deployment, targetId=f"{cluster}:web")
        return {s["taskSetLabel"]: s["trafficWeight"] for s in found["deploymentTarget"]["ecsTarget"]["taskSetsInfo"]}

    until(lambda: sets() == {"Blue": 90, "Green": 10}, 60, "a tenth of the traffic")
    with pytest.raises(deploy.exceptions.DeploymentLimitExceededException, match=deployment):
        deploy.create_deployment(**names, revision=revision("web"))
    deploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    info = deploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
    assert (info["status"], info["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    rollback = info["rollbackInfo"]["rollbackDeploymentId"]
    deploy.get_waiter("deployment_successful").wait(deploymentId=rollback, WaiterConfig=QUICK)

    def service() -> Any:
        return ecs.describe_services(cluster=cluster, services=["web"])["services"][0]

    until(lambda: [s["status"] for s in service()["taskSets"]] == ["PRIMARY"], 60, "the original task set alone")


@pytest.mark.long
def test_the_aws_cli(server: Server, ecs: Any, cluster: str, image: Any, names: dict[str, str], tmp_path: Path) -> None:
    """`aws ecs deploy` registers the task definition, deploys it and waits; it looks every 15 seconds."""
    definition = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
    kept = ("family", "networkMode", "requiresCompatibilities", "cpu", "memory", "containerDefinitions")
    (tmp_path / "definition.json").write_text(json.dumps({name: definition[name] for name in kept}))
    (tmp_path / "appspec.json").write_text(json.dumps(appspec("<TASK_DEFINITION>")))
    said = server.aws(
        "ecs", "deploy", "--cluster", cluster, "--service", "web",
        "--task-definition", str(tmp_path / "definition.json"), "--codedeploy-appspec", str(tmp_path / "appspec.json"),
    )  # fmt: skip
    assert "Successfully deployed" in said
    of = ("--application-name", names["applicationName"], "--deployment-group-name", names["deploymentGroupName"])
    deployment = server.aws("deploy", "list-deployments", *of, "--query", "deployments[0]")
    server.aws("deploy", "wait", "deployment-successful", "--deployment-id", deployment)
    query = ("--query", "deploymentInfo.[status,creator]")
    assert server.aws("deploy", "get-deployment", "--deployment-id", deployment, *query).split() == [
        "Succeeded",
        "user",
    ]
    shown = ecs.describe_services(cluster=cluster, services=["web"])["services"][0]
    assert shown["taskDefinition"] in said
