"""What CodeDeploy accepts and refuses of deployment configurations, revisions, deployments and tags."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from .codedeploying import APP, DG, WEB, appspec, call, deploy, group_members, ready, revision, serve, shown
from .test_codedeploy_rules import ECS, OF, refusal
from .world import World

# -- configurations ---------------------------------------------------------------------------------------------------

LINEAR = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 20, "linearInterval": 2}}
CANARY = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 20, "canaryInterval": 2}}


def test_configurations(world: World) -> None:
    predefined = call(world, "ListDeploymentConfigs")["deploymentConfigsList"]
    assert len(predefined) == 5
    assert all(name.startswith("CodeDeployDefault.ECS") for name in predefined)
    info = call(world, "GetDeploymentConfig", deploymentConfigName=predefined[0])["deploymentConfigInfo"]
    assert (info["computePlatform"], info["trafficRoutingConfig"]) == ("ECS", {"type": "AllAtOnce"})
    own = {"deploymentConfigName": "own", "trafficRoutingConfig": LINEAR, **ECS}
    made = call(world, "CreateDeploymentConfig", **own)["deploymentConfigId"]
    assert call(world, "GetDeploymentConfig", deploymentConfigName="own")["deploymentConfigInfo"] == {
        "deploymentConfigId": made,
        "createTime": world.clock.now(),
        **own,
    }
    assert refusal(world, "CreateDeploymentConfig", **own)[0] == "DeploymentConfigAlreadyExistsException"
    ready(world, deploymentConfigName="own")
    assert refusal(world, "DeleteDeploymentConfig", deploymentConfigName="own")[0] == "DeploymentConfigInUseException"
    call(world, "DeleteDeploymentGroup", **OF)
    for _ in range(2):
        call(world, "DeleteDeploymentConfig", deploymentConfigName="own")
    assert call(world, "ListDeploymentConfigs")["deploymentConfigsList"] == predefined
    assert (
        refusal(world, "DeleteDeploymentConfig", deploymentConfigName=predefined[0])[0] == "InvalidOperationException"
    )


def routed(**routing: Any) -> dict[str, Any]:
    return {"trafficRoutingConfig": routing}


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"deploymentConfigName": "CodeDeployDefault.Own"}, "InvalidDeploymentConfigNameException"),
        ({"computePlatform": "Server"}, "InvalidComputePlatformException"),
        ({"minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}}, "InvalidMinimumHealthyHostValueException"),
        ({"zonalConfig": {}}, "InvalidZonalDeploymentConfigurationException"),
        ({"trafficRoutingConfig": None}, "InvalidTrafficRoutingConfigurationException"),
        (routed(), "InvalidTrafficRoutingConfigurationException"),
        (routed(type="TimeBasedCanary"), "InvalidTrafficRoutingConfigurationException"),
        (routed(**{**CANARY, "type": "AllAtOnce"}), "InvalidTrafficRoutingConfigurationException"),
        (routed(**LINEAR, timeBasedCanary={}), "InvalidTrafficRoutingConfigurationException"),
        (routed(type="TimeBasedCanary", timeBasedCanary={}), "InvalidTrafficRoutingConfigurationException"),
        (
            routed(type="TimeBasedLinear", timeBasedLinear={"linearPercentage": 100, "linearInterval": 1}),
            "InvalidTrafficRoutingConfigurationException",
        ),
        (
            routed(type="TimeBasedCanary", timeBasedCanary={"canaryPercentage": 5, "canaryInterval": 0}),
            "InvalidTrafficRoutingConfigurationException",
        ),
    ],
)
def test_what_is_refused_about_configurations(world: World, members: dict[str, Any], code: str) -> None:
    told = {"deploymentConfigName": "own", "trafficRoutingConfig": LINEAR, **ECS, **members}
    given = {name: value for name, value in told.items() if value is not None}
    assert refusal(world, "CreateDeploymentConfig", **given)[0] == code
    assert len(world.kernel.store.deployment_configs) == 0


# -- deployments ------------------------------------------------------------------------------------------------------

CONTENT = appspec("web")
S3 = {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "YAML"}}


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"deploymentGroupName": None}, "DeploymentGroupNameRequiredException", "Deployment Group name must be"),
        ({"revision": None}, "RevisionRequiredException", "RevisionLocation must be specified"),
        ({"revision": S3}, "InvalidRevisionException", "KECS reads revisions of the types AppSpecContent and String"),
        ({"revision": revision("")}, "InvalidRevisionException", "The revision of type AppSpecContent has no content"),
        (
            {"revision": {"revisionType": "String", "string": {"content": CONTENT, "sha256": "0" * 64}}},
            "InvalidRevisionException", "The SHA256 hash value",
        ),
        ({"revision": revision("- a\n- b")}, "InvalidRevisionException", "The AppSpec file is not valid"),
        ({"deploymentConfigName": "x"}, "DeploymentConfigDoesNotExistException", "No Deployment Configuration"),
        ({"description": "x" * 1001}, "DescriptionTooLongException", "The description is longer than 1000"),
        ({"targetInstances": {}}, "InvalidTargetInstancesException", "For ECS deployment, targetInstances"),
        ({"updateOutdatedInstancesOnly": True}, "InvalidUpdateOutdatedInstancesOnlyValueException", "For ECS"),
        ({"ignoreApplicationStopFailures": True}, "InvalidIgnoreApplicationStopFailuresValueException", "For ECS"),
        ({"fileExistsBehavior": "OVERWRITE"}, "InvalidFileExistsBehaviorException", "For ECS deployment"),
        ({"deploymentMode": "RESTART"}, "InvalidInputException", "For ECS deployment, the deployment mode must be"),
        ({"ec2DeploymentOptions": {}}, "InvalidInputException", "For ECS deployment, ec2DeploymentOptions"),
        ({"autoRollbackConfiguration": {"enabled": True}}, "InvalidAutoRollbackConfigException", "An automatic"),
        ({"overrideAlarmConfiguration": {"enabled": True}}, "InvalidAlarmConfigException", "An alarm configuration"),
    ],
)  # fmt: skip
def test_what_is_refused_about_deployments(world: World, members: dict[str, Any], code: str, text: str) -> None:
    ready(world)
    told = {**OF, "revision": revision(CONTENT), **members}
    given = {name: value for name, value in told.items() if value is not None}
    refused, said = refusal(world, "CreateDeployment", **given)
    assert (refused, said[: len(text)]) == (code, text)
    assert len(world.kernel.store.code_deployments) == 0


def test_a_service_that_cannot_be_deployed_any_more(world: World) -> None:
    ready(world)
    world.call("UpdateService", service="s", deploymentController={"type": "ECS"})
    told = {**OF, "revision": revision(CONTENT)}
    assert refusal(world, "CreateDeployment", **told)[0] == "InvalidECSServiceException"


def test_the_hash_of_a_revision_is_shown(world: World) -> None:
    ready(world)
    world.define("web", WEB)
    found = shown(world, deploy(world, "web"))["revision"]
    assert found == {
        "revisionType": "AppSpecContent",
        "appSpecContent": {"sha256": sha256(CONTENT.encode()).hexdigest()},
    }


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("GetDeployment", {"deploymentId": "d-0"}, "DeploymentDoesNotExistException"),
        ("GetDeployment", {}, "DeploymentIdRequiredException"),
        ("StopDeployment", {"deploymentId": "d-0"}, "DeploymentDoesNotExistException"),
        ("ContinueDeployment", {}, "DeploymentIdRequiredException"),
        ("BatchGetDeployments", {"deploymentIds": ["d-0"] * 26}, "BatchLimitExceededException"),
        ("ListDeployments", {"applicationName": APP}, "DeploymentGroupNameRequiredException"),
        ("ListDeployments", {"deploymentGroupName": DG}, "ApplicationNameRequiredException"),
        ("ListDeployments", {"externalId": "x"}, "InvalidExternalIdException"),
        ("ListDeployments", {"createTimeRange": {"start": 2, "end": 1}}, "InvalidTimeRangeException"),
        ("ListDeployments", {"includeOnlyStatuses": ["Lost"]}, "InvalidDeploymentStatusException"),
        ("GetDeploymentTarget", {"deploymentId": "d-0", "targetId": "x"}, "DeploymentDoesNotExistException"),
        ("GetDeploymentTarget", {"deploymentId": "", "targetId": "x"}, "DeploymentIdRequiredException"),
    ],
)
def test_what_is_refused_of_deployments(world: World, operation: str, members: dict[str, Any], code: str) -> None:
    ready(world)
    assert refusal(world, operation, **members)[0] == code


def test_targets_that_are_not_there(world: World) -> None:
    ready(world)
    deployment = {"deploymentId": deploy(world, "web")}
    missing = "DeploymentTargetDoesNotExistException"
    assert refusal(world, "GetDeploymentTarget", **deployment, targetId="default:x")[0] == missing
    assert refusal(world, "BatchGetDeploymentTargets", **deployment, targetIds=["x"])[0] == missing
    many = refusal(world, "BatchGetDeploymentTargets", **deployment, targetIds=["x"] * 26)
    assert many[0] == "DeploymentTargetListSizeExceededException"
    labels = {"targetFilters": {"ServerInstanceLabel": ["Blue"]}}
    assert refusal(world, "ListDeploymentTargets", **deployment, **labels)[0] == "InvalidTargetFilterNameException"


# -- tags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", [f"application:{APP}", f"deploymentgroup:{APP}/{DG}"])
def test_tags(world: World, resource: str) -> None:
    serve(world)
    tags = [{"Key": "team", "Value": "a"}]
    call(world, "CreateApplication", applicationName=APP, tags=tags, **ECS)
    call(world, "CreateDeploymentGroup", **group_members(tags=tags))
    arn = f"arn:aws:codedeploy:us-east-1:000000000000:{resource}"
    call(world, "TagResource", ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "tier"}])
    found = call(world, "ListTagsForResource", ResourceArn=arn)["Tags"]
    assert found == [{"Key": "team", "Value": "b"}, {"Key": "tier", "Value": ""}]
    call(world, "UntagResource", ResourceArn=arn, TagKeys=["team", "none"])
    for same in (arn, arn.replace("000000000000", "")):  # Terraform knows no account when it was told not to ask
        assert call(world, "ListTagsForResource", ResourceArn=same)["Tags"] == [{"Key": "tier", "Value": ""}]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("nothing", "InvalidArnException"),
        ("arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x", "ArnNotSupportedException"),
        ("arn:aws:codedeploy:us-east-1:000000000000:application:x", "ApplicationDoesNotExistException"),
        ("arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:x/y", "DeploymentGroupDoesNotExistException"),
    ],
)
def test_tags_of_nothing(world: World, arn: str, code: str) -> None:
    assert refusal(world, "TagResource", ResourceArn=arn, Tags=[])[0] == code
