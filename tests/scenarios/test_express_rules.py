"""What Express Gateway services may be: task definitions of one's own, refusals, names, repeated requests."""

from __future__ import annotations

from typing import Any

import pytest

from .express import ARN, EXECUTION, PORT, create, definition, delete, describe, managed, serving, update
from .world import Refused, World


@pytest.fixture
def served(world: World) -> World:
    serving(world)
    return world


def test_a_task_definition_of_ones_own_is_used_as_it_is(world: World) -> None:
    own = world.define("own", {"name": "Main", "image": "own:1", "portMappings": [PORT]}, {"name": "log", "image": "l"})
    given = {"executionRoleArn": None, "primaryContainer": None, "taskDefinitionArn": own}
    (shown,) = create(world, **given)["activeConfigurations"]
    assert (shown["taskDefinitionArn"], shown["cpu"], shown["memory"]) == (own, "256", "512")
    assert shown["primaryContainer"] == {"image": "own:1", "containerPort": 8080}
    assert {"cpuArchitecture", "executionRoleArn", "taskRoleArn"} & set(shown) == set()
    world.settle("web")
    (task,) = world.tasks("web")
    assert [container["name"] for container in task["containers"]] == ["Main", "log"]
    assert "logGroups" not in managed(world, shown["serviceRevisionArn"])
    target = update(world, primaryContainer={"image": "own:2"}, executionRoleArn=EXECUTION)["targetConfiguration"]
    made = definition(world, target["taskDefinitionArn"])
    assert target["taskDefinitionArn"].endswith("default-web:1")
    assert [container["image"] for container in made["containerDefinitions"]] == ["own:2", "l"]
    assert update(world, taskDefinitionArn=own)["targetConfiguration"]["taskDefinitionArn"] == own


@pytest.mark.parametrize(
    ("port", "members", "text"),
    [
        ({"containerPort": 80}, {}, "must have a single TCP port mapping"),
        ({**PORT, "protocol": "udp"}, {}, "must have a single TCP port mapping"),
        (PORT, {"name": "main"}, "must have a container named Main"),
    ],
)
def test_a_task_definition_that_will_not_do_is_refused(
    world: World, port: dict[str, Any], members: dict[str, Any], text: str
) -> None:
    own = world.define("own", {"name": "Main", "image": "own:1", "portMappings": [port], **members})
    with pytest.raises(Refused, match=f"InvalidParameterException: .*{text}"):
        create(world, executionRoleArn=None, primaryContainer=None, taskDefinitionArn=own)


def test_only_fargate_will_do(world: World) -> None:
    main = {"name": "Main", "image": "own:1", "memory": 128, "portMappings": [PORT]}
    own = world.define_ec2("own", main)
    with pytest.raises(Refused, match="InvalidParameterException: The task definition must have FARGATE"):
        create(world, executionRoleArn=None, primaryContainer=None, taskDefinitionArn=own)
    with pytest.raises(Refused, match="ClientException: TaskDefinition not found"):
        create(world, executionRoleArn=None, primaryContainer=None, taskDefinitionArn="gone:1")


@pytest.mark.parametrize(
    "members",
    [
        {"serviceName": "a b"},
        {"infrastructureRoleArn": "role"},
        {"executionRoleArn": "role"},
        {"executionRoleArn": None},
        {"taskRoleArn": "role"},
        {"primaryContainer": None},
        {"primaryContainer": {"image": ""}},
        {"primaryContainer": {"image": "a:1", "containerPort": 70_000}},
        {"healthCheckPath": "ping"},
        {"cpu": "256", "memory": "8192"},
        {"cpu": "a lot"},
        {"networkConfiguration": {"subnets": []}},
        {"networkConfiguration": {"securityGroups": [f"sg-{n}" for n in range(6)]}},
        {"scalingTarget": {"minTaskCount": -1}},
        {"scalingTarget": {"minTaskCount": 21}},
        {"scalingTarget": {"minTaskCount": 0, "maxTaskCount": 0}},
        {"scalingTarget": {"maxTaskCount": 5001}},
        {"scalingTarget": {"autoScalingTargetValue": 0}},
        {"scalingTarget": {"autoScalingTargetValue": 101}},
        {"taskDefinitionArn": "own:1"},
        {"tags": [{"key": "aws:x", "value": ""}]},
    ],
)
def test_what_a_service_cannot_be_is_refused(world: World, members: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"InvalidParameterException|ClientException"):
        create(world, **members)
    assert world.call("ListServices")["serviceArns"] == []
    assert world.call("ListTaskDefinitions")["taskDefinitionArns"] == []


@pytest.mark.parametrize(
    "members",
    [
        {"executionRoleArn": "role"},
        {"healthCheckPath": "ping"},
        {"cpu": "512"},
        {"scalingTarget": {"maxTaskCount": 0}},
        {"networkConfiguration": {"subnets": []}},
        {"taskDefinitionArn": "own:1", "cpu": "512"},
    ],
)
def test_a_refused_update_changes_nothing(served: World, members: dict[str, Any]) -> None:
    before = describe(served)
    with pytest.raises(Refused, match=r"InvalidParameterException|ClientException"):
        update(served, **members)
    assert describe(served) == before
    assert served.stable("web")


def test_the_same_request_makes_one_service_and_another_one_none(world: World) -> None:
    tags = [{"key": "team", "value": "a"}]
    made = create(world, tags=tags)
    assert create(world, tags=tags, cluster="default")["serviceArn"] == made["serviceArn"]
    with pytest.raises(Refused, match="InvalidParameterException: Creation of service was not idempotent"):
        create(world)
    world.define()
    with pytest.raises(Refused, match="Creation of service was not idempotent"):
        world.serve("web", 1)
    world.serve("plain", 1)
    with pytest.raises(Refused, match="Creation of service was not idempotent"):
        create(world, serviceName="plain")
    assert len(world.call("ListTaskDefinitions", familyPrefix="default-web")["taskDefinitionArns"]) == 1


def test_a_service_without_a_name_gets_that_of_its_image(world: World) -> None:
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/shop/web.api:1"
    names = {create(world, serviceName=None, primaryContainer={"image": image})["serviceName"] for _ in range(2)}
    assert {name[:-4] for name in names} == {"web-api-"}
    assert len(names) == 2


def test_the_default_cluster_is_made_when_it_is_not_there(world: World) -> None:
    world.call("DeleteCluster", cluster="default")
    with pytest.raises(Refused, match="ClusterNotFoundException"):
        create(world, cluster="other")
    create(world)
    (cluster,) = world.call("DescribeClusters")["clusters"]
    assert (cluster["status"], cluster["capacityProviders"]) == ("ACTIVE", ["FARGATE"])
    world.settle("web")


def test_a_name_can_become_that_of_another_kind_of_service(served: World) -> None:
    delete(served)
    served.until(lambda: describe(served)["status"]["statusCode"] == "INACTIVE", 600)
    served.define()
    served.serve("web", 1)
    for call in (describe, update, delete):
        with pytest.raises(Refused, match=r"InvalidParameterException: .* not an Express Gateway service"):
            call(served)
    served.clock.advance(1)
    assert len(served.kernel.store.express_services) == 0


@pytest.mark.parametrize(
    ("arn", "text"),
    [
        (ARN.replace("/web", "/gone"), "NotFoundException: Resource not found"),
        (ARN.replace("000000000000", "111111111111"), "NotFoundException: Resource not found"),
        (ARN.replace("default", "other"), "ClusterNotFoundException"),
        ("web", "InvalidParameterException: The ARN provided is invalid"),
        ("arn:aws:ecs:service/x:service/default/web", "InvalidParameterException: The ARN provided is invalid"),
    ],
)
def test_what_is_no_express_service_is_not_found(world: World, arn: str, text: str) -> None:
    for call in (describe, update, delete):
        with pytest.raises(Refused, match=text):
            call(world, arn)


def test_a_service_whose_main_container_was_renamed_cannot_change_it(served: World) -> None:
    served.define("other")
    served.call("UpdateService", service="web", taskDefinition="other")
    assert "primaryContainer" not in describe(served)["activeConfigurations"][0]
    with pytest.raises(Refused, match=r"InvalidParameterException: .* container named Main"):
        update(served, primaryContainer={"image": "shop/web:2"})


def test_update_service_leaves_load_balancers_and_strategy_to_express(served: World) -> None:
    with pytest.raises(Refused, match="InvalidParameterException: The load balancers of an Express service"):
        served.call("UpdateService", service="web", loadBalancers=[])
    with pytest.raises(Refused, match="InvalidParameterException: The deployment strategy of an Express service"):
        served.call("UpdateService", service="web", deploymentConfiguration={"strategy": "BLUE_GREEN"})
    served.call("UpdateService", service="web", deploymentConfiguration={"maximumPercent": 150})
    assert served.service("web")["resourceManagementType"] == "ECS"
