"""UpdateService member by member: what rolls out new tasks, what is left alone, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from .world import Refused, World

TARGET = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/t/1234567890123456"
BALANCERS = [{"targetGroupArn": TARGET, "containerName": "app", "containerPort": 80}]
REGISTRIES = [{"registryArn": "arn:aws:servicediscovery:us-east-1:000000000000:service/srv-1"}]
CONNECT = {"enabled": True, "namespace": "shop"}
LATTICE = [{"roleArn": "arn:aws:iam::000000000000:role/l", "targetGroupArn": TARGET, "portName": "http"}]
MONITORING = {"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": 20}]}
ROLE = "arn:aws:iam::000000000000:role/task"
CONTAINER = {"name": "app", "image": "app", "portMappings": [{"containerPort": 80, "name": "http"}]}
MUST_FORCE = (
    "When switching from launch type to capacity provider strategy on an existing service, or making a change to a "
    "capacity provider strategy on a service that is already using one, you must force a new deployment."
)
SPOT = {"capacityProvider": "FARGATE_SPOT", "weight": 1}
FARGATE = {"capacityProvider": "FARGATE", "weight": 1}


@pytest.fixture
def served(world: World) -> World:
    """A world with a Fargate service `s` of one task in its steady state, and both Fargate capacity providers."""
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[],
    )
    world.define("web", CONTAINER, taskRoleArn=ROLE)
    world.serve(count=1)
    world.settle()
    return world


def update(world: World, **members: Any) -> Any:
    return world.call("UpdateService", service="s", **members)["service"]


def vpc(**members: Any) -> dict[str, Any]:
    return {"awsvpcConfiguration": {"subnets": ["subnet-1"], **members}}


@pytest.mark.parametrize(
    ("members", "rolls"),
    [
        ({}, False),
        ({"desiredCount": 2}, False),
        ({"taskDefinition": "web"}, False),
        ({"deploymentConfiguration": {"maximumPercent": 150}}, False),
        ({"availabilityZoneRebalancing": "DISABLED"}, False),
        ({"healthCheckGracePeriodSeconds": 10}, False),
        ({"enableExecuteCommand": True}, False),
        ({"enableECSManagedTags": True}, False),
        ({"propagateTags": "SERVICE"}, False),
        ({"networkConfiguration": vpc()}, False),
        ({"loadBalancers": []}, False),
        ({"platformVersion": "LATEST"}, False),
        ({"volumeConfigurations": []}, False),
        ({"capacityProviderStrategy": []}, False),
        ({"networkConfiguration": vpc(securityGroups=["sg-1"])}, True),
        ({"platformVersion": "1.3.0"}, True),
        ({"loadBalancers": BALANCERS}, True),
        ({"serviceRegistries": REGISTRIES}, True),
        ({"serviceConnectConfiguration": CONNECT}, True),
        ({"vpcLatticeConfigurations": LATTICE}, True),
        ({"monitoring": MONITORING}, True),
        ({"forceNewDeployment": True}, True),
        ({"capacityProviderStrategy": [SPOT], "forceNewDeployment": True}, True),
    ],
)
def test_what_starts_a_new_deployment(served: World, members: dict[str, Any], rolls: bool) -> None:
    (before,) = served.service()["deployments"]
    deployments = update(served, **members)["deployments"]
    assert (deployments[0]["id"] != before["id"]) is rolls
    assert len(deployments) == 1 + rolls
    # The same update again changes nothing more, unless it is forced.
    if not members.get("forceNewDeployment"):
        assert update(served, **members)["deployments"][0]["id"] == deployments[0]["id"]
    served.settle()


def test_a_new_revision_of_the_family(served: World) -> None:
    new = served.define("web", CONTAINER, taskRoleArn=ROLE)
    assert update(served, taskDefinition="web")["taskDefinition"] == new
    served.settle()
    assert [task["taskDefinitionArn"] for task in served.tasks()] == [new]


def test_what_is_left_out_stays_and_an_empty_list_removes(served: World) -> None:
    update(served, loadBalancers=BALANCERS, serviceRegistries=REGISTRIES, serviceConnectConfiguration=CONNECT)
    after = update(served, desiredCount=0)
    assert (after["loadBalancers"], after["serviceRegistries"]) == (BALANCERS, REGISTRIES)
    assert after["desiredCount"] == 0
    after = update(served, loadBalancers=[], serviceRegistries=[])
    assert (after["loadBalancers"], after["serviceRegistries"]) == ([], [])
    assert after["deployments"][0]["serviceConnectConfiguration"] == CONNECT


def test_a_null_member_is_one_that_is_left_out(served: World) -> None:
    update(served, enableExecuteCommand=True, desiredCount=2)
    after = update(served, enableExecuteCommand=None, desiredCount=None, volumeConfigurations=None)
    assert (after["enableExecuteCommand"], after["desiredCount"], len(after["deployments"])) == (True, 2, 1)


def test_part_of_the_deployment_configuration(served: World) -> None:
    breaker = {"enable": True, "rollback": True}
    update(served, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    after = update(served, deploymentConfiguration={"minimumHealthyPercent": 50})["deploymentConfiguration"]
    assert after["deploymentCircuitBreaker"] == breaker
    assert (after["minimumHealthyPercent"], after["maximumPercent"]) == (50, 200)


def test_from_a_launch_type_to_a_strategy_and_back(served: World) -> None:
    with pytest.raises(Refused) as refused:
        update(served, capacityProviderStrategy=[SPOT])
    assert (refused.value.code, refused.value.text) == ("InvalidParameterException", MUST_FORCE)
    after = update(served, capacityProviderStrategy=[SPOT], forceNewDeployment=True)
    assert "launchType" not in after
    assert after["capacityProviderStrategy"] == [{**SPOT, "base": 0}]
    served.settle()
    assert [task["capacityProviderName"] for task in served.tasks()] == ["FARGATE_SPOT"]
    update(served, capacityProviderStrategy=[SPOT])  # it is that one already
    for other in ([FARGATE], []):
        with pytest.raises(Refused, match="you must force a new deployment"):
            update(served, capacityProviderStrategy=other)
    after = update(served, capacityProviderStrategy=[], forceNewDeployment=True)
    assert (after["launchType"], after["platformVersion"]) == ("FARGATE", "LATEST")
    assert "capacityProviderStrategy" not in after
    served.settle()
    assert "capacityProviderName" not in served.tasks()[0]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"desiredCount": -1}, "desiredCount cannot be less than 0."),
        (
            {"placementStrategy": [{"type": "random"}]},
            "Placement strategies are not supported with FARGATE launch type.",
        ),
        ({"taskDefinition": "other"}, "The container app does not exist in the task definition."),
        (
            {"taskDefinition": "other", "loadBalancers": [], "enableExecuteCommand": True},
            (
                "The service couldn't be updated because a valid taskRoleArn is not being used. Specify a valid task "
                "role in your task definition and try again."
            ),
        ),
        (
            {"loadBalancers": [{**BALANCERS[0], "containerPort": 81}]},
            "The container app did not have a container port 81 defined.",
        ),
        ({"networkConfiguration": vpc(subnets=[])}, "subnets can not be empty."),
    ],
)
def test_an_update_that_cannot_be_changes_nothing(served: World, members: dict[str, Any], text: str) -> None:
    served.define("other", {"name": "else", "image": "app"})
    update(served, loadBalancers=BALANCERS)
    served.settle()
    before = served.service()
    with pytest.raises(Refused) as refused:
        update(served, **members)
    assert (refused.value.code, refused.value.text) == ("InvalidParameterException", text)
    assert served.service() == before


def test_services_on_instances_take_placement_and_lose_it(world: World) -> None:
    world.define_ec2("ec2")
    world.serve(count=1, definition="ec2", launchType="EC2", networkConfiguration=None)
    world.settle()
    (before,) = world.service()["deployments"]
    after = update(world, placementStrategy=[{"type": "spread", "field": "host"}])
    assert after["placementStrategy"] == [{"type": "spread", "field": "instanceId"}]
    after = update(world, placementStrategy=[], placementConstraints=[{"type": "distinctInstance"}])
    assert (after["placementStrategy"], after["placementConstraints"]) == ([], [{"type": "distinctInstance"}])
    assert [d["id"] for d in after["deployments"]] == [before["id"]]
