"""What RunTask refuses, in AWS's words, and what it lets through."""

from __future__ import annotations

from typing import Any

import pytest

from .world import NETWORK, Refused, World

ROLE = "arn:aws:iam::000000000000:role/task"
NO_ROLE = (
    "The execute command failed because a valid task role is not being used. Specify a valid task role in your task "
    "definition or as a task override and try again."
)
EBS = {"name": "data", "managedEBSVolume": {"roleArn": ROLE, "sizeInGiB": 10}}
EC2: dict[str, Any] = {"definition": "ec2", "launchType": "EC2", "networkConfiguration": None}


def vpc(**members: Any) -> dict[str, Any]:
    return {"awsvpcConfiguration": {"subnets": ["subnet-1"], **members}}


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"startedBy": "x" * 129}, "startedBy longer than 128."),
        ({"clientToken": "x" * 65}, "clientToken longer than 64."),
        ({"clientToken": "no spaces"}, "clientToken contains invalid characters."),
        (
            {"networkConfiguration": vpc(subnets=[f"subnet-{n}" for n in range(17)])},
            "subnets can have at most 16 items.",
        ),
        ({"networkConfiguration": vpc(subnets=[])}, "subnets can not be empty."),
        (
            {"networkConfiguration": vpc(securityGroups=[f"sg-{n}" for n in range(6)])},
            "securityGroups can have at most 5 items.",
        ),
        (
            {"launchType": "EC2", "networkConfiguration": vpc(assignPublicIp="ENABLED")},
            "Assign public IP is not supported for this launch type.",
        ),
        (
            {"placementConstraints": [{"type": "distinctInstance"}]},
            "Placement constraints are not supported with FARGATE launch type.",
        ),
        (
            {"placementStrategy": [{"type": "random"}]},
            "Placement strategies are not supported with FARGATE launch type.",
        ),
        ({"enableExecuteCommand": True}, NO_ROLE),
        (
            {"volumeConfigurations": [EBS]},
            "Volume configuration provided but no matching configuredAtLaunch volume found in task definition.",
        ),
        ({"launchType": "EXTERNAL"}, "Task definition does not support launch_type EXTERNAL."),
        ({**EC2, "launchType": "EXTERNAL"}, "No Container Instances were found in your cluster."),
        (
            {**EC2, "platformVersion": "1.4.0"},
            "The platform version must be null when specifying an EC2 launch type.",
        ),
        (
            {**EC2, "placementStrategy": [{"type": "binpack", "field": "disk"}]},
            "The field 'disk' is not valid for the placement strategy binpack.",
        ),
        ({**EC2, "placementStrategy": [{"field": "cpu"}]}, "strategy.type should not be null or empty."),
        (
            {**EC2, "placementConstraints": [{"expression": "attribute:rack == 2"}]},
            "constraint.type should not be null or empty.",
        ),
        (
            {**EC2, "placementConstraints": [{"type": "memberOf"}]},
            "An expression must be specified for the constraint type memberOf.",
        ),
        (
            {**EC2, "placementConstraints": [{"type": "distinctInstance"}] * 11},
            "The number of placement constraints must not exceed 10.",
        ),
    ],
)
def test_what_cannot_run_is_refused(world: World, members: dict[str, Any], text: str) -> None:
    world.define()
    world.define_ec2("ec2")
    with pytest.raises(Refused) as refused:
        world.run(**{"definition": "web", **members})
    assert (refused.value.code, refused.value.text) == ("InvalidParameterException", text)
    assert len(world.kernel.store.tasks) == 0


def test_propagated_tags_count_too(world: World) -> None:
    world.define(tags=[{"key": f"of-the-definition-{number}"} for number in range(30)])
    given = [{"key": str(number)} for number in range(21)]
    with pytest.raises(Refused, match="The number of tags must not exceed 50"):
        world.run(tags=given, propagateTags="TASK_DEFINITION")
    assert world.run(tags=given[:20], propagateTags="TASK_DEFINITION", enableECSManagedTags=True)["tasks"]


def test_ecs_exec_with_the_role_of_the_definition_or_of_the_call(world: World) -> None:
    world.define("with-role", taskRoleArn=ROLE)
    world.define("without")
    for call in ({"definition": "with-role"}, {"definition": "without", "overrides": {"taskRoleArn": ROLE}}):
        (task,) = world.run(enableExecuteCommand=True, **call)["tasks"]
        assert task["enableExecuteCommand"] is True


def test_a_volume_that_is_configured_at_launch_has_to_be(world: World) -> None:
    mount = {"sourceVolume": "data", "containerPath": "/data"}
    container = {"name": "app", "image": "app", "mountPoints": [mount]}
    world.define("web", container, volumes=[{"name": "data", "configuredAtLaunch": True}])
    with pytest.raises(Refused, match="No volume configuration was provided for the volume 'data'"):
        world.run()
    sizeless = {"name": "data", "managedEBSVolume": {"roleArn": ROLE}}
    with pytest.raises(Refused, match="Either a volume size or a snapshot ID must be specified"):
        world.run(volumeConfigurations=[sizeless])
    with pytest.raises(Refused, match=r"volumeConfigurations can have at most 1 items\."):
        world.run(volumeConfigurations=[EBS, EBS])
    assert world.run(volumeConfigurations=[EBS])["tasks"]


@pytest.mark.parametrize(
    ("members", "version", "code"),
    [
        ({}, "1.3.0", None),
        ({}, "LATEST", None),
        ({}, "9.9.9", "PlatformUnknownException"),
        ({"ephemeralStorage": {"sizeInGiB": 30}}, "1.3.0", "PlatformTaskDefinitionIncompatibilityException"),
        ({"ephemeralStorage": {"sizeInGiB": 30}}, "1.4.0", None),
        ({"runtimePlatform": {"cpuArchitecture": "ARM64"}}, "1.3.0", "PlatformTaskDefinitionIncompatibilityException"),
    ],
)
def test_platform_versions(world: World, members: dict[str, Any], version: str, code: str | None) -> None:
    world.define(**members)
    if code is None:
        (task,) = world.run(platformVersion=version)["tasks"]
        assert task["platformVersion"] == ("1.4.0" if version == "LATEST" else version)
        return
    with pytest.raises(Refused) as refused:
        world.run(platformVersion=version)
    assert refused.value.code == code


def test_windows_has_platform_versions_of_its_own(world: World) -> None:
    platform = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64"}
    world.define(runtimePlatform=platform, cpu="1024", memory="2048")
    (task,) = world.run()["tasks"]
    assert (task["platformVersion"], task["platformFamily"]) == ("1.0.0", "Windows_Server_2022_Core")


def provide(world: World, *default: dict[str, Any]) -> None:
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=list(default),
    )


@pytest.mark.parametrize(
    ("strategy", "text"),
    [
        ([{"capacityProvider": "FARGATE"}], "weight value greater than zero defined in the capacity provider strategy"),
        ([{"capacityProvider": "FARGATE", "weight": 1001}], "Member must have value less than or equal to 1000"),
        (
            [{"capacityProvider": "FARGATE", "weight": 1, "base": 100_001}],
            "Member must have value less than or equal to 100000",
        ),
        (
            [
                {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
                {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 1},
            ],
            "multiple capacity providers with a base value defined",
        ),
        ([{"capacityProvider": "mine", "weight": 1}], "'mine' is not associated with the cluster"),
    ],
)
def test_strategies_that_cannot_be_followed(world: World, strategy: list[dict[str, Any]], text: str) -> None:
    world.define()
    provide(world)
    with pytest.raises(Refused, match=text) as refused:
        world.run(launchType=None, capacityProviderStrategy=strategy)
    assert refused.value.code == "InvalidParameterException"


def test_a_default_strategy_without_weight_is_of_no_use(world: World) -> None:
    world.define()
    provide(world, {"capacityProvider": "FARGATE"})
    with pytest.raises(Refused, match="Update the cluster's default capacity provider strategy or specify a valid"):
        world.run(launchType=None)


def test_the_default_strategy_of_the_cluster_places_tasks(world: World) -> None:
    world.define()
    provide(world, {"capacityProvider": "FARGATE_SPOT", "weight": 1})
    (task,) = world.run(launchType=None)["tasks"]
    assert (task["capacityProviderName"], task["launchType"]) == ("FARGATE_SPOT", "FARGATE")


def test_tags_of_a_standalone_task(world: World) -> None:
    world.define(tags=[{"key": "team", "value": "a"}, {"key": "tier", "value": "web"}])
    with pytest.raises(Refused, match="InvalidParameterException"):
        world.run(propagateTags="SERVICE")
    mine = [{"key": "team", "value": "b"}]
    (task,) = world.run(propagateTags="TASK_DEFINITION", enableECSManagedTags=True, tags=mine)["tasks"]
    tags = {tag["key"]: tag["value"] for tag in task["tags"]}
    assert tags == {"team": "b", "tier": "web", "aws:ecs:clusterName": "default"}
    assert world.task(task["taskArn"])["tags"] == []


def test_instances_without_room_are_named_in_the_failures(world: World) -> None:
    world.define_ec2("ec2", {"name": "app", "image": "app", "memory": 3000})
    answer = world.run("ec2", count=3, launchType="EC2", networkConfiguration=None)
    (instance,) = {task["containerInstanceArn"] for task in answer["tasks"]}
    assert len(answer["tasks"]) == 2
    assert answer["failures"] == [{"arn": instance, "reason": "RESOURCE:MEMORY"}]


def test_clusters_and_families_that_are_not_there(world: World) -> None:
    arn = world.define()
    for cluster in ("nope", "arn:aws:ecs:eu-west-1:000000000000:cluster/default"):
        with pytest.raises(Refused, match=r"ClusterNotFoundException: Cluster not found\."):
            world.run(cluster=cluster)
    world.call("DeregisterTaskDefinition", taskDefinition=arn)
    with pytest.raises(Refused, match=r"ClientException: TaskDefinition not found\."):
        world.run("web", networkConfiguration=NETWORK)
