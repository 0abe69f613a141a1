"""The members of CreateService that have rules of their own: deployments, volumes, registries, monitoring."""

from __future__ import annotations

from typing import Any

import pytest

from .world import Refused, World

ROLE = "arn:aws:iam::000000000000:role/ecs"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:check"
TARGET = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/t/1234567890123456"
REGISTRY = {"registryArn": "arn:aws:servicediscovery:us-east-1:000000000000:service/srv-1"}
BALANCER = {"targetGroupArn": TARGET, "containerName": "app", "containerPort": 80}
PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}
HOOK = {"hookTargetArn": LAMBDA, "roleArn": ROLE, "lifecycleStages": ["PRE_SCALE_UP"]}
PORTS = [{"containerPort": 80, "name": "http"}]
CONTAINER = {"name": "app", "image": "app", "portMappings": PORTS}


def refusal(world: World, **members: Any) -> str:
    with pytest.raises(Refused) as refused:
        world.serve(**members)
    assert (refused.value.status, refused.value.code) == (400, "InvalidParameterException")
    assert len(world.kernel.store.services) == 0
    return refused.value.text


def early(**members: Any) -> dict[str, Any]:
    return {"earlySuccessCriteria": {"enable": True, **members}}


def breaker(value: int) -> dict[str, Any]:
    threshold = {"type": "COUNT", "value": value}
    return {"deploymentCircuitBreaker": {"enable": True, "rollback": True, "thresholdConfiguration": threshold}}


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        ({"minimumHealthyPercent": 101}, "minimumHealthyPercent must be between 0 and 100."),
        ({"minimumHealthyPercent": -1}, "minimumHealthyPercent must be between 0 and 100."),
        ({"maximumPercent": 99}, "maximumPercent must be at least 100."),
        ({"bakeTimeInMinutes": 1441}, "bakeTimeInMinutes must be between 0 and 1440."),
        ({"bakeTimeInMinutes": -1}, "bakeTimeInMinutes must be between 0 and 1440."),
        (
            {"alarms": {"alarmNames": [], "enable": True, "rollback": True}},
            "alarmNames can not be empty when alarms are enabled.",
        ),
        (breaker(0), "The value of thresholdConfiguration must be at least 1."),
        (
            {"linearConfiguration": {"stepPercent": 10.0}},
            "linearConfiguration is only valid with the deployment strategy LINEAR.",
        ),
        (
            {"canaryConfiguration": {"canaryPercent": 10.0}},
            "canaryConfiguration is only valid with the deployment strategy CANARY.",
        ),
        (
            {"lifecycleHooks": [{**HOOK, "hookTargetArn": None}]},
            "A lifecycle hook of the type AWS_LAMBDA must specify a hookTargetArn and a roleArn.",
        ),
        (
            {"lifecycleHooks": [{**PAUSE, "hookTargetArn": LAMBDA}]},
            "A lifecycle hook of the type PAUSE cannot specify a hookTargetArn, a roleArn or hookDetails.",
        ),
        ({"lifecycleHooks": [{**PAUSE, "lifecycleStages": []}]}, "A lifecycle hook must specify lifecycleStages."),
        (
            early(healthyPercent=100),
            "earlySuccessCriteria must specify healthyPercent and sourceServiceRevisionCleanup when it is enabled.",
        ),
        (
            early(healthyPercent=99, sourceServiceRevisionCleanup="BLOCKING"),
            "The healthyPercent of earlySuccessCriteria must be greater than or equal to minimumHealthyPercent.",
        ),
    ],
)
def test_deployment_configurations_that_do_not_go(world: World, configuration: dict[str, Any], text: str) -> None:
    world.define()
    assert refusal(world, deploymentConfiguration=configuration) == text


def test_every_member_of_a_deployment_configuration_comes_back(world: World) -> None:
    world.define()
    configuration = {
        **breaker(3),
        **early(healthyPercent=100, sourceServiceRevisionCleanup="DEFERRED"),
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
        "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": False},
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 5,
        "lifecycleHooks": [
            {**HOOK, "hookDetails": {"a": [1]}},
            {**PAUSE, "timeoutConfiguration": {"action": "CONTINUE"}},
        ],
    }
    assert world.serve(count=0, deploymentConfiguration=configuration)["deploymentConfiguration"] == configuration
    changes = {"lifecycleHooks": [], "alarms": {"alarmNames": [], "enable": False, "rollback": False}}
    after = world.call("UpdateService", service="s", deploymentConfiguration=changes)["service"]
    assert after["deploymentConfiguration"] == {**configuration, **changes}
    criteria = {"enable": True, "healthyPercent": 49, "sourceServiceRevisionCleanup": "BLOCKING"}
    with pytest.raises(Refused, match="The healthyPercent of earlySuccessCriteria"):
        world.call("UpdateService", service="s", deploymentConfiguration={"earlySuccessCriteria": criteria})
    assert world.service()["deploymentConfiguration"] == after["deploymentConfiguration"]


def define_with_volume(world: World) -> None:
    container = {"name": "app", "image": "app", "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}]}
    world.define("web", container, volumes=[{"name": "data", "configuredAtLaunch": True}])


def volume(**members: Any) -> list[dict[str, Any]]:
    given = {"roleArn": ROLE, "sizeInGiB": 10, **members}
    return [{"name": "data", "managedEBSVolume": {key: value for key, value in given.items() if value is not None}}]


@pytest.mark.parametrize(
    ("configurations", "text"),
    [
        (volume(sizeInGiB=None), "Either a volume size or a snapshot ID must be specified."),
        (volume(sizeInGiB=16_385), "The size of a volume of the type gp3 must be between 1 and 16384 GiB."),
        (
            volume(volumeType="st1", sizeInGiB=124),
            "The size of a volume of the type st1 must be between 125 and 16384 GiB.",
        ),
        (volume(volumeType="standard"), "The volume type standard is not supported on Fargate."),
        (
            volume(volumeType="gp9"),
            "The volume type gp9 is not valid. Must be one of gp2, gp3, io1, io2, st1, sc1, standard.",
        ),
        (volume(iops=2_999), "The iops of a volume of the type gp3 must be between 3000 and 16000 IOPS."),
        (volume(volumeType="io2"), "The iops of a volume of the type io2 must be specified."),
        (
            volume(volumeType="sc1", sizeInGiB=200, iops=100),
            "The iops of a volume of the type sc1 cannot be specified.",
        ),
        (volume(throughput=1_001), "The throughput of a volume of the type gp3 must be between 1 and 1000 MiB/s."),
        (
            volume(volumeType="gp2", throughput=125),
            "The throughput can only be specified for the volume type gp3.",
        ),
        (
            volume(volumeInitializationRate=100),
            "The volumeInitializationRate can only be specified together with a snapshotId.",
        ),
        (
            volume(tagSpecifications=[{"resourceType": "volume", "tags": [{"key": "AmazonECSManaged"}]}]),
            "The tag AmazonECSManaged is reserved and cannot be used.",
        ),
    ],
)
def test_volumes_that_there_are_not(world: World, configurations: list[dict[str, Any]], text: str) -> None:
    define_with_volume(world)
    assert refusal(world, volumeConfigurations=configurations) == text


def test_a_volume_is_shown_with_its_deployment(world: World) -> None:
    define_with_volume(world)
    tags = [{"resourceType": "volume", "tags": [{"key": "a", "value": "b"}], "propagateTags": "SERVICE"}]
    members = {"volumeType": "io1", "iops": 100, "encrypted": True, "filesystemType": "ext4", "tagSpecifications": tags}
    asked = volume(**members)
    for _ in range(2):  # the second time it is the same service
        assert world.serve(count=0, volumeConfigurations=asked)["deployments"][0]["volumeConfigurations"] == asked


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"loadBalancers": [BALANCER] * 6}, "loadBalancers can have at most 5 items."),
        (
            {"monitoring": {"metricConfigurations": [{"metricNames": ["Latency"], "resolutionSeconds": 20}]}},
            "The metric Latency is not one of CPUUtilization, MemoryUtilization.",
        ),
        (
            {"monitoring": {"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": 30}]}},
            "resolutionSeconds must be 20 or 60.",
        ),
        ({"serviceRegistries": [{"port": 80}]}, "registryArn can not be blank."),
        (
            {"serviceRegistries": [{**REGISTRY, "port": 80, "containerName": "app", "containerPort": 80}]},
            "A service registry cannot have both a port and a combination of containerName and containerPort.",
        ),
        (
            {"vpcLatticeConfigurations": [{"roleArn": ROLE, "targetGroupArn": TARGET, "portName": "grpc"}]},
            (
                "The portName 'grpc' of vpcLatticeConfigurations is not the name of a port mapping in the task "
                "definition."
            ),
        ),
    ],
)
def test_other_members_that_do_not_go(world: World, members: dict[str, Any], text: str) -> None:
    world.define("web", CONTAINER)
    assert refusal(world, **members) == text


def test_a_registry_of_tasks_without_an_interface_of_their_own(world: World) -> None:
    world.define_ec2("web", {**CONTAINER, "memory": 64})
    members = {"count": 0, "launchType": "EC2", "networkConfiguration": None}
    assert "values for 'containerName' and 'containerPort'" in refusal(world, **members, serviceRegistries=[REGISTRY])
    registry = {**REGISTRY, "containerName": "app", "containerPort": 80}
    assert world.serve(**members, serviceRegistries=[registry])["serviceRegistries"] == [registry]


def test_the_key_of_the_cluster_is_shown_with_deployments_on_fargate(world: World) -> None:
    storage = {"managedStorageConfiguration": {"fargateEphemeralStorageKmsKeyId": "key"}}
    world.call("CreateCluster", clusterName="sealed", configuration=storage)
    world.define()
    world.define_ec2("ec2")
    service = world.serve(count=0, cluster="sealed")
    assert service["deployments"][0]["fargateEphemeralStorage"] == {"kmsKeyId": "key"}
    arn = service["currentServiceRevisions"][0]["arn"]
    (revision,) = world.call("DescribeServiceRevisions", serviceRevisionArns=[arn])["serviceRevisions"]
    assert revision["fargateEphemeralStorage"] == {"kmsKeyId": "key"}
    on_instances = world.serve("ec2", 0, "ec2", cluster="sealed", launchType="EC2", networkConfiguration=None)
    assert "fargateEphemeralStorage" not in on_instances["deployments"][0]
    assert "fargateEphemeralStorage" not in world.serve(count=0)["deployments"][0]


def test_the_revision_shows_how_its_service_is_monitored(world: World) -> None:
    world.define()
    configurations = [{"metricNames": ["CPUUtilization", "MemoryUtilization"], "resolutionSeconds": 20}]
    monitoring = {"metricConfigurations": configurations}
    world.serve(count=0, monitoring=monitoring)
    service = world.call("UpdateService", service="s", forceNewDeployment=True)["service"]  # which takes it over
    arn = service["currentServiceRevisions"][0]["arn"]
    (revision,) = world.call("DescribeServiceRevisions", serviceRevisionArns=[arn])["serviceRevisions"]
    assert revision["monitoring"] == monitoring
