"""What CreateService refuses, in AWS's words, and what it fills in."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from .express import create as create_express
from .world import NETWORK, Refused, World

TARGET = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/t/1234567890123456"
LINKED_ROLE = "arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
REGISTRY = {"registryArn": "arn:aws:servicediscovery:us-east-1:000000000000:service/srv-1"}
EC2: dict[str, Any] = {"definition": "ec2", "launchType": "EC2", "networkConfiguration": None}
DAEMON: dict[str, Any] = {**EC2, "schedulingStrategy": "DAEMON", "count": None}
NEEDS_LINKED_ROLE = "You cannot specify an IAM role for services that require a service linked role."


def balancer(**members: Any) -> dict[str, Any]:
    given = {"targetGroupArn": TARGET, "containerName": "app", "containerPort": 80, **members}
    return {name: value for name, value in given.items() if value is not None}


def define(world: World) -> None:
    """`web` for Fargate and `ec2`, whose container `app` has port 80 with a name."""
    container = {"name": "app", "image": "app", "portMappings": [{"containerPort": 80, "name": "http"}]}
    world.define("web", container)
    world.define_ec2("ec2", {**container, "memory": 64})


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"clientToken": "x" * 37}, "clientToken longer than 36."),
        ({"count": None}, "desiredCount can not be blank."),
        ({"healthCheckGracePeriodSeconds": -1}, "healthCheckGracePeriodSeconds must be between 0 and 2147483647."),
        (
            {"placementConstraints": [{"type": "distinctInstance"}]},
            "Placement constraints are not supported with FARGATE launch type.",
        ),
        (
            {"placementStrategy": [{"type": "random"}]},
            "Placement strategies are not supported with FARGATE launch type.",
        ),
        (
            {"enableExecuteCommand": True},
            (
                "The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task "
                "role in your task definition and try again."
            ),
        ),
        (
            {"loadBalancers": [balancer(containerName="nope")]},
            "The container nope does not exist in the task definition.",
        ),
        (
            {"loadBalancers": [balancer(containerPort=81)]},
            "The container app did not have a container port 81 defined.",
        ),
        ({"loadBalancers": [balancer(containerName=None)]}, "Container Name can not be blank."),
        (
            {"serviceRegistries": [{**REGISTRY, "containerName": "nope", "containerPort": 80}]},
            "The container nope does not exist in the task definition.",
        ),
        ({"serviceRegistries": [REGISTRY, REGISTRY]}, "serviceRegistries can have at most 1 items."),
        ({"role": "mine", "loadBalancers": [balancer()]}, NEEDS_LINKED_ROLE),
        ({**EC2, "role": "mine"}, "A role was passed, but no load balancers were present."),
        ({**EC2, "role": "mine", "loadBalancers": [balancer(), balancer()]}, NEEDS_LINKED_ROLE),
        (
            {"volumeConfigurations": [{"name": "v", "managedEBSVolume": {"roleArn": LINKED_ROLE, "sizeInGiB": 1}}]},
            "Volume configuration provided but no matching configuredAtLaunch volume found in task definition.",
        ),
        (
            {**DAEMON, "count": 1},
            (
                "The daemon scheduling strategy does not support a desired count for services. Remove the desired "
                "count value and try again"
            ),
        ),
        (
            {**DAEMON, "placementStrategy": [{"type": "random"}]},
            (
                "The daemon scheduling strategy does not support placement strategies. Remove the placement strategy "
                "and try again"
            ),
        ),
        (
            {**DAEMON, "deploymentConfiguration": {"maximumPercent": 200}},
            (
                "The daemon scheduling strategy does not support values above 100 for maximumPercent on a deployment "
                "configuration. Change the maximumPercent value to 100, and try again"
            ),
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ),
    ],
)
def test_what_cannot_be_a_service_is_refused(world: World, members: dict[str, Any], text: str) -> None:
    define(world)
    with pytest.raises(Refused) as refused:
        world.serve(**{"definition": "web", **members})
    assert (refused.value.code, refused.value.text) == ("InvalidParameterException", text)
    assert len(world.kernel.store.services) == 0


def test_what_a_fargate_service_is_filled_in_with(world: World) -> None:
    arn = world.define()
    service = world.serve(count=1)
    (deployment,) = service.pop("deployments")
    (revision,) = service.pop("currentServiceRevisions")
    assert revision["arn"].endswith(deployment["id"].removeprefix("ecs-svc"))
    assert service.pop("currentServiceDeployment").startswith("arn:aws:ecs:us-east-1:000000000000:service-deployment/")
    when = service.pop("createdAt")
    vpc = {"subnets": ["subnet-1"], "securityGroups": [], "assignPublicIp": "DISABLED"}
    assert service == {
        "serviceArn": "arn:aws:ecs:us-east-1:000000000000:service/default/s",
        "serviceName": "s",
        "clusterArn": "arn:aws:ecs:us-east-1:000000000000:cluster/default",
        "loadBalancers": [],
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": 1,
        "runningCount": 0,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "taskDefinition": arn,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        },
        "roleArn": LINKED_ROLE,
        "events": [],
        "placementConstraints": [],
        "placementStrategy": [],
        "networkConfiguration": {"awsvpcConfiguration": vpc},
        "healthCheckGracePeriodSeconds": 0,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "createdBy": "arn:aws:iam::000000000000:root",
        "enableECSManagedTags": False,
        "propagateTags": "NONE",
        "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "ENABLED",
        "resourceManagementType": "CUSTOMER",
        "tags": [],
    }
    assert deployment == {
        "id": deployment["id"],
        "status": "PRIMARY",
        "taskDefinition": arn,
        "desiredCount": 1,
        "pendingCount": 0,
        "runningCount": 0,
        "failedTasks": 0,
        "createdAt": when,
        "updatedAt": when,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": {"awsvpcConfiguration": vpc},
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {deployment['id']} in progress.",
    }


def test_a_service_on_instances_has_no_platform_and_needs_no_role(world: World) -> None:
    define(world)
    service = world.serve(**EC2)
    assert service["launchType"] == "EC2"
    assert not {"platformVersion", "platformFamily", "roleArn", "networkConfiguration"} & set(service)


def test_a_role_for_a_load_balancer_by_name(world: World) -> None:
    define(world)
    service = world.serve(**EC2, role="/teams/mine", loadBalancers=[balancer()])
    assert service["roleArn"] == "arn:aws:iam::000000000000:role/teams/mine"
    assert service["loadBalancers"] == [balancer()]


def test_placement_is_shown_as_aws_spells_it(world: World) -> None:
    define(world)
    strategies = [{"type": "spread", "field": "host"}, {"type": "binpack", "field": "memory"}, {"type": "random"}]
    constraints = [{"type": "distinctInstance"}, {"type": "memberOf", "expression": "attribute:a == b"}]
    service = world.serve(**EC2, placementStrategy=strategies, placementConstraints=constraints)
    assert service["placementStrategy"] == [
        {"type": "spread", "field": "instanceId"},
        {"type": "binpack", "field": "MEMORY"},
        {"type": "random"},
    ]
    assert service["placementConstraints"] == constraints
    # The same request again is the same service.
    again = world.serve(**EC2, placementStrategy=strategies, placementConstraints=constraints)
    assert again["createdAt"] == service["createdAt"]


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({}, "ENABLED"),
        ({"availabilityZoneRebalancing": "DISABLED"}, "DISABLED"),
        ({"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 0}}, "DISABLED"),
        ({"placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}]}, "ENABLED"),
        ({"placementStrategy": [{"type": "random"}]}, "DISABLED"),
        ({"loadBalancers": [balancer(targetGroupArn=None, loadBalancerName="classic")]}, "DISABLED"),
    ],
)
def test_zones_are_rebalanced_where_that_is_possible(world: World, members: dict[str, Any], state: str) -> None:
    define(world)
    assert world.serve(**EC2, **members)["availabilityZoneRebalancing"] == state


def test_the_default_strategy_of_the_cluster_becomes_the_services(world: World) -> None:
    world.define()
    strategy = {"capacityProvider": "FARGATE_SPOT", "weight": 1}
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[strategy],
    )
    service = world.serve(launchType=None)
    assert "launchType" not in service
    assert service["capacityProviderStrategy"] == [{**strategy, "base": 0}]
    assert service["deployments"][0]["capacityProviderStrategy"] == [{**strategy, "base": 0}]
    world.settle()
    assert {task["capacityProviderName"] for task in world.tasks()} == {"FARGATE_SPOT"}


def test_service_connect_is_shown_with_the_deployment(world: World) -> None:
    define(world)
    connect = {
        "enabled": True,
        "namespace": "shop",
        "services": [{"portName": "http", "clientAliases": [{"port": 80}]}],
    }
    service = world.serve(serviceConnectConfiguration=connect)
    assert service["deployments"][0]["serviceConnectConfiguration"] == connect
    unknown = {**connect, "services": [{"portName": "grpc"}]}
    with pytest.raises(Refused, match="The portName 'grpc' of serviceConnectConfiguration"):
        world.serve("other", serviceConnectConfiguration=unknown)


def test_a_grace_period_needs_no_load_balancer(world: World) -> None:
    world.define()
    assert world.serve(healthCheckGracePeriodSeconds=30)["healthCheckGracePeriodSeconds"] == 30


def test_services_go_by_name_and_by_arn_of_their_own_cluster(world: World) -> None:
    world.define()
    world.call("CreateCluster", clusterName="other")
    arn = world.serve(count=0)["serviceArn"]
    short = "arn:aws:ecs:us-east-1:000000000000:service/s"
    for reference in ("s", arn, short):
        assert world.call("DescribeServices", services=[reference])["services"][0]["serviceArn"] == arn
    abroad = arn.replace("us-east-1", "eu-west-1")
    for members in ({"services": [arn], "cluster": "other"}, {"services": [abroad]}):
        answer = world.call("DescribeServices", **members)
        assert answer["services"] == []
        assert answer["failures"] == [{"arn": members["services"][0], "reason": "MISSING"}]
    for reference in ("nope", abroad):
        with pytest.raises(Refused, match=r"ServiceNotFoundException: Service not found\."):
            world.call("DeleteService", service=reference)


def test_tags_of_a_service_only_when_asked_for(world: World) -> None:
    world.define()
    tags = [{"key": "team", "value": "a"}]
    assert world.serve(count=0, tags=tags, networkConfiguration=NETWORK)["tags"] == tags
    assert "tags" not in world.service()
    (service,) = world.call("DescribeServices", services=["s"], include=["TAGS"])["services"]
    assert service["tags"] == tags


@pytest.mark.parametrize("controller", ["ECS", "EXTERNAL", "CODE_DEPLOY", "EXPRESS"])
def test_a_cluster_has_5000_services_at_most(world: World, controller: str) -> None:
    define(world)
    world.serve("gone", 0)
    world.call("DeleteService", service="gone")
    world.until(lambda: world.service("gone")["status"] == "INACTIVE")
    world.serve("s", 0)
    services = world.kernel.store.services
    (first,) = (service for service in services if service.name == "s")
    with world.kernel.store.transaction():
        for number in range(4_998):
            named = replace(first.service, service_name=f"s{number}")
            services.put(replace(first, arn=f"{first.arn}{number}", service=named))

    def one_more(name: str) -> None:
        if controller == "EXPRESS":
            create_express(world, serviceName=name)
        elif controller == "EXTERNAL":
            world.call("CreateService", serviceName=name, deploymentController={"type": "EXTERNAL"})
        else:
            world.serve(name, 0, deploymentController={"type": controller}, loadBalancers=[balancer()])

    one_more("last")
    with pytest.raises(Refused) as refused:
        one_more("too-many")
    assert (refused.value.code, refused.value.text) == (
        "InvalidParameterException",
        "The maximum number of services per cluster has been exceeded.",
    )
    assert world.serve("s", 0)["serviceName"] == "s", "that is there already"
    world.call("CreateCluster", clusterName="other")
    assert world.serve("s", 0, cluster="other")["status"] == "ACTIVE"
