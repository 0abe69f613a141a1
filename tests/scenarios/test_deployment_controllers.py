"""The deployment controllers EXTERNAL and CODE_DEPLOY: what their services may have, and what may be changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .test_task_set_places import EC2
from .test_task_sets import GROUP, add, described, messages, promote, refusal, serve, settle, started
from .world import NETWORK, Refused, World

WEB = {"name": "app", "image": "app:1", "portMappings": [{"containerPort": 80}]}
BALANCER = {"targetGroupArn": GROUP.format("blue"), "containerName": "app", "containerPort": 80}
CLASSIC = {"loadBalancerName": "old", "containerName": "app", "containerPort": 80}
STRATEGY = [{"capacityProvider": "FARGATE", "weight": 1}]
INVALID = "InvalidParameterException"
CODE_DEPLOY_INSTEAD = "a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
EXTERNAL_INSTEAD = "an EXTERNAL deployment controller. Create a new task set."


def deploy(world: World, count: int = 2, **members: Any) -> Any:
    """A service with the CODE_DEPLOY controller."""
    given = {"deploymentController": {"type": "CODE_DEPLOY"}, "loadBalancers": [BALANCER], **members}
    return world.serve(count=count, **given)


@pytest.mark.parametrize(
    ("member", "value", "text"),
    [
        ("taskDefinition", "web", "TaskDefinition must be blank."),
        ("loadBalancers", [BALANCER], "LoadBalancers must be empty or null."),
        ("serviceRegistries", [{"registryArn": "arn"}], "ServiceRegistries must be empty or null."),
        ("networkConfiguration", NETWORK, "NetworkConfiguration must be null."),
        ("launchType", "FARGATE", "LaunchType must be null."),
        ("capacityProviderStrategy", STRATEGY, "CapacityProviderStrategy must be empty or null."),
        ("platformVersion", "LATEST", "PlatformVersion must be null."),
        ("role", "mine", "You cannot specify an IAM role for services that require a service linked role."),
        ("gatewayConnectors", [{"portName": "http"}], "gatewayConnectors is not supported by the EXTERNAL"),
        (
            "serviceConnectConfiguration",
            {"enabled": True},
            "serviceConnectConfiguration is not supported by the EXTERNAL",
        ),
        ("schedulingStrategy", "DAEMON", "The daemon scheduling strategy does not support the EXTERNAL"),
        ("desiredCount", -1, "desiredCount cannot be less than 0."),
        ("placementStrategy", [{"type": "spread", "field": "x"}], "The field 'x' is not valid"),
        (
            "deploymentConfiguration",
            {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
            "Only maximumPercent",
        ),
        ("deploymentConfiguration", {"strategy": "BLUE_GREEN"}, "Only maximumPercent and minimumHealthyPercent"),
        ("deploymentConfiguration", {"maximumPercent": 50}, "maximumPercent must be at least 100."),
    ],
)
def test_a_service_for_task_sets_has_nothing_that_belongs_to_them(
    world: World, member: str, value: object, text: str
) -> None:
    world.define("web", WEB)
    told = {"serviceName": "s", "deploymentController": {"type": "EXTERNAL"}, member: value}
    code, said = refusal(world, "CreateService", **told)
    assert (code, said[: len(text)]) == (INVALID, text)
    assert len(world.kernel.store.services) == 0


def test_a_service_for_task_sets_keeps_what_is_its_own(world: World) -> None:
    own = {
        "placementConstraints": [{"type": "distinctInstance"}],
        "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
        "healthCheckGracePeriodSeconds": 30,
        "propagateTags": "SERVICE",
        "enableECSManagedTags": True,
        "deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 0},
        "tags": [{"key": "team", "value": "a"}],
    }
    service = serve(world, 1, **own)
    assert {name: service[name] for name in own} == own
    assert serve(world, 1, **own)["serviceArn"] == service["serviceArn"]
    other = {"serviceName": "s", "desiredCount": 2, "deploymentController": {"type": "EXTERNAL"}, **own}
    assert refusal(world, "CreateService", **other) == (INVALID, "Creation of service was not idempotent.")


def test_a_service_for_task_sets_is_the_same_one_with_a_primary_task_set(world: World) -> None:
    world.define()
    serve(world)
    promote(world, add(world))
    assert len(serve(world)["taskSets"]) == 1


def test_a_code_deploy_service_starts_with_a_primary_task_set(world: World) -> None:
    arn = world.define("web", WEB)
    service = deploy(world)
    assert service["deployments"] == []
    (task_set,) = service["taskSets"]
    assert (task_set["status"], task_set["scale"]["value"]) == ("PRIMARY", 100)
    assert task_set["id"].startswith("ecs-svc/")
    assert "startedBy" not in task_set
    shown = ("taskDefinition", "loadBalancers", "launchType", "platformVersion", "networkConfiguration")
    assert {name: service[name] for name in shown} == {name: task_set[name] for name in shown}
    assert task_set["taskDefinition"] == arn
    settle(world, task_set)
    assert len(started(world, task_set)) == 2
    assert messages(world)[-1] == "(service s) has reached a steady state."
    assert deploy(world)["taskSets"][0]["id"] == task_set["id"]
    assert refusal(
        world,
        "CreateService",
        serviceName="s",
        taskDefinition="web",
        desiredCount=3,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        loadBalancers=[BALANCER],
        deploymentController={"type": "CODE_DEPLOY"},
    ) == (INVALID, "Creation of service was not idempotent.")


def test_a_deployment_as_code_deploy_does_it(world: World) -> None:
    world.define("web", WEB)
    (blue,) = deploy(world)["taskSets"]
    settle(world, blue)
    new = world.define("web", {**WEB, "image": "app:2"})
    green = add(world, 100, loadBalancers=[{**BALANCER, "targetGroupArn": GROUP.format("green")}], externalId="d-1")
    assert (green["startedBy"], green["externalId"]) == ("CODE_DEPLOY", "d-1")
    settle(world, green)
    assert world.service()["runningCount"] == 4
    promote(world, green)
    world.call("DeleteTaskSet", cluster="default", service="s", taskSet=blue["id"], force=True)
    world.until(lambda: len(world.service()["taskSets"]) == 1)
    service = world.service()
    assert (service["taskDefinition"], service["runningCount"]) == (new, 2)
    assert service["loadBalancers"] == green["loadBalancers"]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"loadBalancers": None}, "A service with the CODE_DEPLOY deployment controller must have a load balancer."),
        ({"loadBalancers": [BALANCER, BALANCER]}, "Multiple target groups are not supported"),
        ({"loadBalancers": [CLASSIC]}, "Classic Load Balancers are not supported"),
        ({"count": None, "schedulingStrategy": "DAEMON"}, "The daemon scheduling strategy does not support"),
        ({"count": None}, "desiredCount can not be blank."),
        ({"definition": ""}, "TaskDefinition can not be blank."),
        (
            {"definition": "job", **EC2, "deploymentConfiguration": {"maximumPercent": 150}},
            "Custom values of maximumPercent",
        ),
        ({"networkConfiguration": None}, "Network Configuration must be provided"),
    ],
)
def test_a_code_deploy_service_that_cannot_be(world: World, members: dict[str, Any], text: str) -> None:
    world.define("web", WEB)
    world.define_ec2("job", {**WEB, "memory": 128})
    count = members.pop("count", 2)
    with pytest.raises(Refused, match=text) as refused:
        deploy(world, count, **members)
    assert refused.value.code == INVALID
    assert len(world.kernel.store.services) == len(world.kernel.store.task_sets) == 0


FIXED = [
    ({"taskDefinition": "web"}, "Unable to update task definition on services with "),
    ({"networkConfiguration": NETWORK}, "Unable to update network parameters on services with "),
    ({"loadBalancers": [BALANCER]}, "Unable to update load balancers on services with "),
    ({"platformVersion": "LATEST"}, "Unable to update platform version on services with "),
    ({"forceNewDeployment": True}, "Cannot force a new deployment on services with "),
]


@pytest.mark.parametrize(("members", "text"), FIXED)
def test_what_task_sets_decide_on_cannot_be_updated(world: World, members: dict[str, Any], text: str) -> None:
    world.define("web", WEB)
    serve(world)
    deploy(world, name="d")
    before = [world.service("s"), world.service("d")]
    assert refusal(world, "UpdateService", service="s", **members) == (INVALID, text + EXTERNAL_INSTEAD)
    assert refusal(world, "UpdateService", service="d", **members) == (INVALID, text + CODE_DEPLOY_INSTEAD)
    assert [world.service("s"), world.service("d")] == before


def test_what_can_be_updated(world: World) -> None:
    world.define_ec2("job")
    serve(world, 2)
    task_set = add(world, 100, "job", **EC2)
    changes = {
        "desiredCount": 3,
        "healthCheckGracePeriodSeconds": 60,
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}],
        "placementStrategy": [{"type": "random"}],
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
    }
    service = world.call("UpdateService", service="s", **changes, deploymentController={"type": "EXTERNAL"})["service"]
    assert {name: service[name] for name in changes} == changes
    settle(world, task_set)
    assert len(started(world, task_set)) == 3
    percents = {"deploymentConfiguration": {"maximumPercent": 150}}
    assert refusal(world, "UpdateService", service="s", **percents)[0] == INVALID


def test_the_percentages_of_a_code_deploy_service_can_be_updated(world: World) -> None:
    world.define("web", WEB)
    deploy(world)
    service = world.call("UpdateService", service="s", deploymentConfiguration={"maximumPercent": 150})["service"]
    assert service["deploymentConfiguration"] == {"maximumPercent": 150, "minimumHealthyPercent": 100}


def test_placement_that_does_not_fit_the_task_sets_is_refused(world: World) -> None:
    world.define()
    serve(world)
    add(world)
    told = {"service": "s", "placementStrategy": [{"type": "random"}]}
    refused = refusal(world, "UpdateService", **told)
    assert refused == (INVALID, "Placement strategies are not supported with FARGATE launch type.")


def test_a_service_leaves_its_task_sets_for_the_ecs_controller(world: World) -> None:
    world.define("web", WEB)
    (blue,) = deploy(world)["taskSets"]
    settle(world, blue)
    new = world.define("web", {**WEB, "image": "app:2"})
    moved = world.call("UpdateService", service="s", taskDefinition="web", deploymentController={"type": "ECS"})[
        "service"
    ]
    assert (moved["deploymentController"], moved["taskDefinition"]) == ({"type": "ECS"}, new)
    assert "taskSets" not in moved
    assert moved["deploymentConfiguration"]["strategy"] == "ROLLING"
    assert [d["status"] for d in moved["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert (moved["deployments"][1]["id"], moved["deployments"][1]["runningCount"]) == (blue["id"], 2)
    while not world.stable():
        world.until_news()
        assert world.service()["runningCount"] >= 2
    assert {task["taskDefinitionArn"] for task in world.tasks()} == {new}
    assert messages(world)[-1] == "(service s) has reached a steady state."
    refused = refusal(world, "CreateTaskSet", cluster="default", service="s", taskDefinition="web")
    assert refused[0] == INVALID


def test_a_service_without_a_primary_task_set_stays_as_it_is(world: World) -> None:
    world.define()
    serve(world)
    add(world)
    told = {"service": "s", "deploymentController": {"type": "ECS"}}
    assert refusal(world, "UpdateService", **told)[0] == INVALID
    assert len(world.service()["taskSets"]) == 1


@pytest.mark.parametrize("kind", ["EXTERNAL", "CODE_DEPLOY"])
def test_no_service_gets_another_controller_than_ecs(world: World, kind: str) -> None:
    world.define()
    world.serve()
    code, text = refusal(world, "UpdateService", service="s", deploymentController={"type": kind})
    assert (code, kind in text) == (INVALID, True)


TASK_SET_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("CreateTaskSet", {"taskDefinition": "web"}),
    ("UpdateTaskSet", {"taskSet": "ecs-svc/1", "scale": {"value": 1, "unit": "PERCENT"}}),
    ("DescribeTaskSets", {"taskSets": ["ecs-svc/1"]}),
    ("DeleteTaskSet", {"taskSet": "ecs-svc/1"}),
    ("UpdateServicePrimaryTaskSet", {"primaryTaskSet": "ecs-svc/1"}),
]


@pytest.mark.parametrize(("operation", "members"), TASK_SET_CALLS)
def test_a_service_that_deploys_by_itself_has_no_task_sets(
    world: World, operation: str, members: dict[str, Any]
) -> None:
    world.define()
    world.serve()
    assert refusal(world, operation, cluster="default", service="s", **members) == (
        INVALID,
        "Amazon ECS only supports task set management on services configured to use external deployment controllers.",
    )


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"scale": {"value": 101, "unit": "PERCENT"}}, INVALID, "The scale value must be between 0 and 100."),
        ({"scale": {"value": -1, "unit": "PERCENT"}}, INVALID, "The scale value must be between 0 and 100."),
        ({"taskDefinition": "nothing"}, "ClientException", "TaskDefinition not found."),
        ({"networkConfiguration": None}, INVALID, "Network Configuration must be provided"),
        ({"capacityProviderStrategy": STRATEGY}, INVALID, "Specifying both a launch type and capacity provider"),
        ({"loadBalancers": [BALANCER, BALANCER]}, INVALID, "Multiple target groups are not supported"),
        ({"loadBalancers": [CLASSIC]}, INVALID, "Classic Load Balancers are not supported"),
        (
            {"loadBalancers": [{**BALANCER, "containerPort": 81}]},
            INVALID,
            "The container app did not have a container port",
        ),
        (
            {"serviceRegistries": [{"registryArn": "arn", "containerName": "x"}]},
            INVALID,
            "The container x does not exist",
        ),
        ({"platformVersion": "0.1"}, "PlatformUnknownException", ""),
        ({"clientToken": "not valid"}, INVALID, "clientToken contains invalid characters."),
        ({"tags": [{"key": "aws:x", "value": ""}]}, INVALID, "Tag key must not start with aws:"),
        ({"service": "nothing"}, "ServiceNotFoundException", "Service not found."),
        ({"cluster": "nothing"}, "ClusterNotFoundException", "Cluster not found."),
    ],
)
def test_a_task_set_that_cannot_be(world: World, members: dict[str, Any], code: str, text: str) -> None:
    world.define("web", WEB)
    serve(world)
    usual = {"launchType": "FARGATE", "networkConfiguration": NETWORK, "taskDefinition": "web"}
    told = {"cluster": "default", "service": "s", **usual, **members}
    given = {key: value for key, value in told.items() if value is not None}
    refused, said = refusal(world, "CreateTaskSet", **given)
    assert (refused, said[: len(text)]) == (code, text)
    assert len(world.kernel.store.task_sets) == 0


def test_references_to_task_sets(world: World) -> None:
    world.define()
    serve(world)
    serve(world, name="other")
    task_set = add(world)
    told = {"cluster": "default", "service": "s"}
    assert described(world, {"id": task_set["taskSetArn"]})[0]["id"] == task_set["id"]
    unknown = "arn:aws:ecs:us-east-1:000000000000:task-set/default/s/ecs-svc/1"
    answer = world.call("DescribeTaskSets", **told, taskSets=["ecs-svc/1", task_set["id"]])
    assert answer["failures"] == [{"arn": unknown, "reason": "MISSING"}]
    assert len(answer["taskSets"]) == 1
    assert refusal(world, "DescribeTaskSets", **told) == (INVALID, "TaskSets cannot be empty.")
    for wrong in ("nothing", "arn:aws:ecs:us-east-1:000000000000:task/default/0"):
        assert refusal(world, "DescribeTaskSets", **told, taskSets=[wrong]) == (
            INVALID,
            "Task Set Identifier is invalid.",
        )
    foreign = {"cluster": "default", "service": "other", "taskSet": task_set["taskSetArn"]}
    assert refusal(world, "DeleteTaskSet", **foreign)[0] == "TaskSetNotFoundException"


async def test_a_service_that_has_left_its_task_sets_outlives_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define("web", WEB)
    (blue,) = deploy(world)["taskSets"]
    settle(world, blue)
    world.call("UpdateService", service="s", deploymentController={"type": "ECS"})
    again = World(journal=journal, start=world.clock.now(), seed=2)
    await again.kernel.recover()
    again.settle()
    assert len(again.tasks()) == 2
    assert len(again.kernel.store.task_sets) == 0
