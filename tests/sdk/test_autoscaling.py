"""Application Auto Scaling with boto3 and the AWS CLI: a target, its policies and schedules, and what comes of them."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.support.servers import Server

from .calls import define

DIMENSION = "ecs:service:DesiredCount"
CPU = "ECSServiceAverageCPUUtilization"


@pytest.fixture
def scaling(server: Server) -> Any:
    return server.client("application-autoscaling")


@pytest.fixture
def service(ecs: Any, cluster: str, image: Any) -> str:
    """The resource id of a service of one task."""
    define(ecs, "scaled", image())
    ecs.create_service(
        cluster=cluster,
        serviceName="web",
        taskDefinition="scaled",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    return f"service/{cluster}/web"


def post(server: Server, path: str, body: Any) -> Any:
    request = Request(f"{server.url}/_kecs/{path}", json.dumps(body).encode(), method="POST")
    return json.load(urlopen(request))


def test_a_service_that_is_busy_gets_more_tasks(
    server: Server, ecs: Any, scaling: Any, cluster: str, service: str
) -> None:
    of = {"ServiceNamespace": "ecs", "ResourceId": service, "ScalableDimension": DIMENSION}
    arn = scaling.register_scalable_target(**of, MinCapacity=1, MaxCapacity=3, Tags={"team": "a"})["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "a"}
    metric = {"PredefinedMetricType": CPU}
    scaling.put_scaling_policy(
        **of,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 50.0, "PredefinedMetricSpecification": metric},
    )
    steps = scaling.put_scaling_policy(
        **of,
        PolicyName="steps",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    )
    assert post(server, "alarms", {"policy": steps["PolicyARN"], "value": 90, "threshold": 70}) == {"scaled": True}
    ecs.get_waiter("services_stable").wait(cluster=cluster, services=["web"], WaiterConfig={"Delay": 1})
    (done,) = scaling.describe_scaling_activities(ServiceNamespace="ecs", ResourceId=service)["ScalingActivities"]
    assert (done["Description"], done["StatusCode"]) == ("Setting desired count to 2.", "Successful")
    assert post(server, "measurements", {"cluster": cluster, "service": "web", "metric": CPU, "value": 500})
    if server.runtime == "simulated":  # there time can be moved
        post(server, "clock", {"advance": 900})
        (shown,) = ecs.describe_services(cluster=cluster, services=["web"])["services"]
        assert shown["desiredCount"] == 3
    scaling.deregister_scalable_target(**of)
    pages = scaling.get_paginator("describe_scaling_policies").paginate(ServiceNamespace="ecs", ResourceId=service)
    assert [policy for page in pages for policy in page["ScalingPolicies"]] == []


def test_errors_are_the_models(scaling: Any) -> None:
    of = {"ServiceNamespace": "ecs", "ResourceId": "service/none/none", "ScalableDimension": DIMENSION}
    with pytest.raises(scaling.exceptions.ValidationException, match="ECS service doesn't exist: service/none/none"):
        scaling.register_scalable_target(**of, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(scaling.exceptions.ObjectNotFoundException, match="No scalable target registered for"):
        scaling.deregister_scalable_target(**of)


def test_the_aws_cli(server: Server, ecs: Any, cluster: str, service: str) -> None:
    of = ("--service-namespace", "ecs", "--resource-id", service)
    on = ("--scalable-dimension", DIMENSION, *of)
    command = "application-autoscaling"
    server.aws(command, "register-scalable-target", *on, "--min-capacity", "0", "--max-capacity", "1")
    server.aws(
        command, "put-scheduled-action", *on, "--scheduled-action-name", "evening", "--timezone", "Europe/Berlin",
        "--schedule", "cron(0 20 ? * MON-FRI *)", "--scalable-target-action", "MaxCapacity=0",
    )  # fmt: skip
    query = "ScheduledActions[].[ScheduledActionName,Timezone,ScalableTargetAction.MaxCapacity]"
    shown = server.aws(command, "describe-scheduled-actions", *of, "--query", query)
    assert shown.split() == ["evening", "Europe/Berlin", "0"]
    server.aws(command, "delete-scheduled-action", *on, "--scheduled-action-name", "evening")
    server.aws(command, "deregister-scalable-target", *on)
