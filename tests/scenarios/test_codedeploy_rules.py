"""What CodeDeploy accepts and refuses of applications and deployment groups."""

from __future__ import annotations

from typing import Any

import pytest

from .codedeploying import (
    APP,
    DG,
    balancer,
    call,
    deploy,
    group_members,
    options,
    over,
    ready,
    serve,
    shown,
)
from .world import Refused, World

ECS = {"computePlatform": "ECS"}
OF = {"applicationName": APP, "deploymentGroupName": DG}


def refusal(world: World, operation: str, **members: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        call(world, operation, **members)
    assert refused.value.status == 400
    return refused.value.code, refused.value.text


# -- applications -----------------------------------------------------------------------------------------------------


def test_applications_come_and_go(world: World) -> None:
    made = call(world, "CreateApplication", applicationName=APP, **ECS)["applicationId"]
    application = call(world, "GetApplication", applicationName=APP)["application"]
    assert application["createTime"] == world.clock.now()
    del application["createTime"]
    assert application == {"applicationId": made, "applicationName": APP, "linkedToGitHub": False, **ECS}
    call(world, "CreateApplication", applicationName="other", **ECS)
    assert call(world, "ListApplications")["applications"] == [APP, "other"]
    both = call(world, "BatchGetApplications", applicationNames=["other", APP])["applicationsInfo"]
    assert [found["applicationName"] for found in both] == ["other", APP]
    for _ in range(2):  # the second time there is none
        call(world, "DeleteApplication", applicationName=APP)
    assert call(world, "ListApplications")["applications"] == ["other"]
    assert call(world, "ListApplications", region="eu-west-1")["applications"] == []


def test_an_application_gets_another_name(world: World) -> None:
    ready(world)
    deployment = deploy(world, "web")
    over(world, deployment)
    call(world, "UpdateApplication", applicationName=APP, newApplicationName="new")
    assert refusal(world, "GetApplication", applicationName=APP)[0] == "ApplicationDoesNotExistException"
    group = call(world, "GetDeploymentGroup", applicationName="new", deploymentGroupName=DG)["deploymentGroupInfo"]
    assert (group["applicationName"], group["lastSuccessfulDeployment"]["deploymentId"]) == ("new", deployment)
    assert shown(world, deployment)["applicationName"] == "new"


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("CreateApplication", {"applicationName": APP, **ECS}, "ApplicationAlreadyExistsException"),
        ("CreateApplication", {"applicationName": "x"}, "InvalidComputePlatformException"),
        ("CreateApplication", {"applicationName": "x", "computePlatform": "Lambda"}, "InvalidComputePlatformException"),
        ("CreateApplication", {"applicationName": "x", "computePlatform": "Cloud"}, "InvalidComputePlatformException"),
        ("CreateApplication", {**ECS}, "ApplicationNameRequiredException"),
        ("CreateApplication", {"applicationName": "a b", **ECS}, "InvalidApplicationNameException"),
        ("CreateApplication", {"applicationName": "x" * 101, **ECS}, "InvalidApplicationNameException"),
        ("CreateApplication", {"applicationName": "x", **ECS, "tags": [{"Value": "v"}]}, "InvalidTagsToAddException"),
        ("GetApplication", {"applicationName": "x"}, "ApplicationDoesNotExistException"),
        ("UpdateApplication", {}, "ApplicationNameRequiredException"),
        ("UpdateApplication", {"applicationName": APP, "newApplicationName": "b"}, "ApplicationAlreadyExistsException"),
        ("BatchGetApplications", {"applicationNames": ["x"]}, "ApplicationDoesNotExistException"),
        ("BatchGetApplications", {"applicationNames": ["x"] * 101}, "BatchLimitExceededException"),
        ("ListApplications", {"nextToken": "made up"}, "InvalidNextTokenException"),
        ("ListDeploymentGroups", {"applicationName": "x"}, "ApplicationDoesNotExistException"),
        ("GetDeploymentGroup", {**OF, "deploymentGroupName": "x"}, "DeploymentGroupDoesNotExistException"),
        ("DeleteResourcesByExternalId", {}, "ValidationException"),
        ("ListGitHubAccountTokenNames", {}, "InvalidNextTokenException"),
    ],
)  # fmt: skip
def test_what_is_refused_about_applications(world: World, operation: str, members: Any, code: str) -> None:
    for name in (APP, "b"):
        call(world, "CreateApplication", applicationName=name, **ECS)
    assert refusal(world, operation, **members)[0] == code


def test_applications_are_listed_in_pages(world: World) -> None:
    names = [f"app-{number}" for number in range(105)]
    for name in names:
        call(world, "CreateApplication", applicationName=name, **ECS)
    first = call(world, "ListApplications")
    second = call(world, "ListApplications", nextToken=first["nextToken"])
    assert first["applications"] + second["applications"] == names
    assert "nextToken" not in second


# -- deployment groups ------------------------------------------------------------------------------------------------


def test_a_group_is_shown_as_it_was_made(world: World) -> None:
    triggers = [
        {"triggerName": "t", "triggerTargetArn": "arn:aws:sns:us-east-1:0:t", "triggerEvents": ["DeploymentStart"]}
    ]
    alarms = {"enabled": True, "ignorePollAlarmFailure": True, "alarms": [{"name": "errors"}]}
    rollback = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
    given = {"triggerConfigurations": triggers, "alarmConfiguration": alarms, "autoRollbackConfiguration": rollback}
    ready(world, **given, blueGreenDeploymentConfiguration={})
    group = call(world, "GetDeploymentGroup", **OF)["deploymentGroupInfo"]
    wanted = group_members(**given, blueGreenDeploymentConfiguration=options())
    assert {name: group[name] for name in wanted} == wanted
    assert (group["computePlatform"], group["deploymentConfigName"]) == ("ECS", "CodeDeployDefault.ECSAllAtOnce")
    listed = call(world, "ListDeploymentGroups", applicationName=APP)
    assert listed == {"applicationName": APP, "deploymentGroups": [DG]}
    batch = call(world, "BatchGetDeploymentGroups", applicationName=APP, deploymentGroupNames=[DG, "x"])
    assert batch["deploymentGroupsInfo"] == [group]
    assert "x" in batch["errorMessage"]


def test_a_group_is_changed_in_part(world: World) -> None:
    ready(world)
    deployment = deploy(world, "web")
    over(world, deployment)
    before = call(world, "GetDeploymentGroup", **OF)["deploymentGroupInfo"]
    changes = {
        "newDeploymentGroupName": "new",
        "deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    }
    call(world, "UpdateDeploymentGroup", applicationName=APP, currentDeploymentGroupName=DG, **changes)
    after = call(world, "GetDeploymentGroup", applicationName=APP, deploymentGroupName="new")["deploymentGroupInfo"]
    changed = {"deploymentGroupName": "new", "deploymentConfigName": changes["deploymentConfigName"]}
    assert after == {**before, **changed}
    assert shown(world, deployment)["deploymentGroupName"] == "new"


def test_a_group_that_is_gone_leaves_its_deployments(world: World) -> None:
    ready(world)
    deployment = deploy(world, "web")
    over(world, deployment)
    for _ in range(2):
        assert call(world, "DeleteDeploymentGroup", **OF) == {"hooksNotCleanedUp": []}
    assert call(world, "ListDeploymentGroups", applicationName=APP)["deploymentGroups"] == []
    assert shown(world, deployment)["status"] == "Succeeded"
    call(world, "CreateDeploymentGroup", **group_members())
    call(world, "DeleteApplication", applicationName=APP)
    assert shown(world, deployment)["status"] == "Succeeded"  # it was not the application's any more


TAG_FILTER = [{"Key": "a", "Value": "b", "Type": "KEY_AND_VALUE"}]
IN_PLACE = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
ONE = {"targetGroups": [{"name": "blue"}], "prodTrafficRoute": {"listenerArns": ["arn"]}}
NO_ROUTE = {"targetGroups": [{"name": "blue"}, {"name": "green"}]}
TWO_LISTENERS = {**NO_ROUTE, "prodTrafficRoute": {"listenerArns": ["a", "b"]}}


def pair(value: Any) -> dict[str, Any]:
    return {"loadBalancerInfo": {"targetGroupPairInfoList": [value]}}


def waits(**ready_option: Any) -> dict[str, Any]:
    return {"blueGreenDeploymentConfiguration": {"deploymentReadyOption": ready_option}}


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"applicationName": "x"}, "ApplicationDoesNotExistException", "No application found for name: x"),
        ({"deploymentGroupName": DG}, "DeploymentGroupAlreadyExistsException", "Deployment group group already"),
        ({"deploymentGroupName": "a b"}, "InvalidDeploymentGroupNameException", "1 validation error detected"),
        ({"serviceRoleArn": None}, "RoleRequiredException", "1 validation error detected"),
        ({"serviceRoleArn": ""}, "RoleRequiredException", "Role ARN must be specified"),
        ({"deploymentConfigName": "x"}, "DeploymentConfigDoesNotExistException", "No Deployment Configuration found"),
        ({"deploymentStyle": None}, "InvalidDeploymentStyleException", "For ECS deployment, the deployment type must"),
        ({"deploymentStyle": IN_PLACE}, "InvalidDeploymentStyleException", "For ECS deployment, the deployment type"),
        ({"loadBalancerInfo": None}, "InvalidLoadBalancerInfoException", "For ECS deployment group, loadBalancerInfo"),
        ({"loadBalancerInfo": {"elbInfoList": [{"name": "x"}]}}, "InvalidLoadBalancerInfoException", "For ECS"),
        ({"loadBalancerInfo": {"targetGroupInfoList": [{"name": "x"}]}}, "InvalidLoadBalancerInfoException", "For ECS"),
        ({"loadBalancerInfo": {}}, "InvalidTargetGroupPairException", "For ECS deployment group, there must be one"),
        (pair(ONE), "InvalidTargetGroupPairException", "A target group pair must have two target groups"),
        (pair(NO_ROUTE), "InvalidTargetGroupPairException", "The route of production traffic must have one listener"),
        (pair(TWO_LISTENERS), "InvalidTargetGroupPairException", "The route of production traffic must have one"),
        ({"loadBalancerInfo": balancer(names=("a", "a"))}, "InvalidTargetGroupPairException", "A target group pair"),
        ({"blueGreenDeploymentConfiguration": None}, "InvalidBlueGreenDeploymentConfigurationException", "For ECS"),
        ({"blueGreenDeploymentConfiguration": options(2881)}, "InvalidBlueGreenDeploymentConfigurationException", "te"),
        (waits(waitTimeInMinutes=5), "InvalidBlueGreenDeploymentConfigurationException", "waitTimeInMinutes goes with"),
        (waits(actionOnTimeout="STOP_DEPLOYMENT"), "InvalidBlueGreenDeploymentConfigurationException", "waitTimeIn"),
        ({"ecsServices": None}, "InvalidECSServiceException", "For ECS deployment group, ecsServices must contain"),
        ({"ecsServices": [{}]}, "InvalidECSServiceException", "The service name of the ECS service must be specified"),
        ({"ecsServices": [{"serviceName": "x"}]}, "InvalidECSServiceException", "Could not load ECS service"),
        ({"ecsServices": [{"serviceName": "rolling"}]}, "InvalidECSServiceException", "Deployment group's ECS service"),
        ({}, "ECSServiceMappingLimitExceededException", "The ECS service s is associated with the deployment group"),
        ({"ec2TagFilters": TAG_FILTER}, "InvalidEC2TagException", "For ECS deployment group, ec2TagFilters can not be"),
        ({"autoScalingGroups": ["x"]}, "InvalidAutoScalingGroupException", "For ECS deployment group, autoScalingG"),
        ({"terminationHookEnabled": True}, "InvalidInputException", "For ECS deployment group, terminationHookEnabled"),
        ({"autoRollbackConfiguration": {"enabled": True}}, "InvalidAutoRollbackConfigException", "An automatic"),
        (
            {"autoRollbackConfiguration": {"enabled": False, "events": ["DEPLOYMENT_FAILURE"]}},
            "InvalidAutoRollbackConfigException", "An automatic rollback that has events must be enabled",
        ),
        ({"alarmConfiguration": {"enabled": True}}, "InvalidAlarmConfigException", "An alarm configuration that is"),
        ({"alarmConfiguration": {"alarms": [{}]}}, "InvalidAlarmConfigException", "Each alarm must have"),
        ({"alarmConfiguration": {"alarms": [{"name": "a"}] * 11}}, "AlarmsLimitExceededException", "There can be at"),
        ({"triggerConfigurations": [{}]}, "InvalidTriggerConfigException", "A trigger must have a name, a target and"),
        ({"triggerConfigurations": [{}] * 11}, "TriggerTargetsLimitExceededException", "There can be at most 10"),
        ({"tags": [{"Key": "aws:x", "Value": "y"}]}, "InvalidTagsToAddException", "Tag keys must not start with aws:"),
    ],
)  # fmt: skip
def test_what_is_refused_about_groups(world: World, members: dict[str, Any], code: str, text: str) -> None:
    ready(world)
    world.serve("rolling", 1)
    serve(world, 1, "free")
    kept = [{"serviceName": "s"}] if code.startswith("ECSServiceMapping") else [{"serviceName": "free"}]
    given = {"deploymentGroupName": "another", "ecsServices": kept, **members}
    refused, said = refusal(world, "CreateDeploymentGroup", **group_members(**given))
    assert (refused, said[: len(text)]) == (code, text)
    assert len(world.kernel.store.deployment_groups) == 1


def test_the_service_of_a_group_by_its_arn(world: World) -> None:
    service = serve(world)
    call(world, "CreateApplication", applicationName=APP, **ECS)
    named = [{"serviceName": service["serviceArn"], "clusterName": service["clusterArn"]}]
    call(world, "CreateDeploymentGroup", **group_members(ecsServices=named))
    assert call(world, "GetDeploymentGroup", **OF)["deploymentGroupInfo"]["ecsServices"] == named
    assert over(world, deploy(world, "web"))["status"] == "Succeeded"
