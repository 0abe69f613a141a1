"""Express Gateway services: made from an image, changed, rolled out, deleted; and what is around their services."""

from __future__ import annotations

import pytest

from kecs.app.console import KernelConsole
from kecs.aws.model.logs import TARGET_PREFIX as LOGS
from tests.support.journals import MemoryJournal

from .express import (
    ARN,
    EXECUTION,
    INFRASTRUCTURE,
    SECRET,
    SUBNETS,
    TASK,
    create,
    definition,
    delete,
    describe,
    managed,
    serving,
    update,
)
from .world import Refused, World


@pytest.fixture
def served(world: World) -> World:
    serving(world)
    return world


def test_a_new_service_shows_every_default(world: World) -> None:
    shown = create(world)
    now = world.clock.now()
    (configuration,) = shown.pop("activeConfigurations")
    deployment = shown.pop("currentDeployment")
    assert shown == {
        "cluster": "arn:aws:ecs:us-east-1:000000000000:cluster/default",
        "serviceName": "web",
        "serviceArn": ARN,
        "infrastructureRoleArn": INFRASTRUCTURE,
        "status": {"statusCode": "ACTIVE", "statusReason": "The resources of the service are being provisioned."},
        "tags": [],
        "createdAt": now,
        "updatedAt": now,
    }
    assert deployment == world.service("web")["currentServiceDeployment"]
    group = configuration["primaryContainer"]["awsLogsConfiguration"].pop("logGroup")
    assert group[:-4] == "/aws/ecs/default/web-"
    network, (ingress,) = configuration.pop("networkConfiguration"), configuration.pop("ingressPaths")
    assert len(network["subnets"]) == 2
    assert network["securityGroups"][0].startswith("sg-")
    assert ingress["accessType"] == "PUBLIC"
    assert ingress["endpoint"].startswith("we-")
    assert ingress["endpoint"].endswith(".ecs.us-east-1.on.aws")
    assert configuration == {
        "serviceRevisionArn": world.service("web")["currentServiceRevisions"][0]["arn"],
        "executionRoleArn": EXECUTION,
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/default-web:1",
        "cpu": "256",
        "memory": "512",
        "cpuArchitecture": "X86_64",
        "healthCheckPath": "/ping",
        "primaryContainer": {
            "image": "shop/web:1",
            "containerPort": 80,
            "awsLogsConfiguration": {"logStreamPrefix": "ecs"},
        },
        "scalingTarget": {
            "minTaskCount": 1, "maxTaskCount": 20, "autoScalingMetric": "AVERAGE_CPU", "autoScalingTargetValue": 60,
        },
        "createdAt": now,
    }  # fmt: skip


def test_what_is_given_is_kept_and_runs(world: World) -> None:
    world.companion.secret(SECRET, '{"username": "u", "password": "p"}')
    container = {
        "image": "shop/web:2",
        "containerPort": 8080,
        "awsLogsConfiguration": {"logGroup": "/shop", "logStreamPrefix": "web"},
        "repositoryCredentials": {"credentialsParameter": SECRET},
        "command": ["serve"],
        "environment": [{"name": "STAGE", "value": "test"}],
        "secrets": [{"name": "KEY", "valueFrom": SECRET}],
    }
    scaling = {
        "minTaskCount": 2, "maxTaskCount": 3, "autoScalingMetric": "REQUEST_COUNT_PER_TARGET",
        "autoScalingTargetValue": 1000,
    }  # fmt: skip
    given = {
        "cpu": "512", "memory": "1024", "cpuArchitecture": "ARM64", "taskRoleArn": TASK, "healthCheckPath": "/health?a",
        "networkConfiguration": SUBNETS, "primaryContainer": container, "scalingTarget": scaling,
    }  # fmt: skip
    world.call("CreateLogGroup", prefix=LOGS, logGroupName="/shop")
    (shown,) = create(world, **given, executionRoleArn=EXECUTION)["activeConfigurations"]
    assert {name: shown[name] for name in given} == given
    made = definition(world, shown["taskDefinitionArn"])
    assert (made["networkMode"], made["requiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    assert made["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    (main,) = made["containerDefinitions"]
    assert (main["name"], main["essential"], main["stopTimeout"]) == ("Main", True, 30)
    assert main["portMappings"] == [
        {"name": "main-8080-tcp", "containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}
    ]
    assert main["logConfiguration"]["options"] == {
        "awslogs-group": "/shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web",
        "mode": "non-blocking", "max-buffer-size": "25m",
    }  # fmt: skip
    world.settle("web")
    assert [task["launchType"] for task in world.tasks("web")] == ["FARGATE", "FARGATE"]


def test_the_service_is_one_of_ecs(served: World) -> None:
    service = served.service("web")
    assert (service["resourceManagementType"], service["desiredCount"], service["runningCount"]) == ("ECS", 1, 1)
    assert service["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "base": 1, "weight": 1}]
    assert "launchType" not in service
    assert (service["propagateTags"], service["enableECSManagedTags"]) == ("SERVICE", True)
    assert (service["healthCheckGracePeriodSeconds"], service["availabilityZoneRebalancing"]) == (300, "ENABLED")
    assert service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED"
    served.define()
    served.serve("plain", 1)
    for kind, name in (("ECS", "web"), ("CUSTOMER", "plain")):
        (arn,) = served.call("ListServices", resourceManagementType=kind)["serviceArns"]
        assert arn.split("/")[-1] == name


def test_the_deployment_is_current_while_it_goes_on(world: World) -> None:
    create(world)
    assert "currentDeployment" in describe(world)
    world.until(lambda: "currentDeployment" not in describe(world), 600)
    assert world.service("web")["deployments"][0]["rolloutState"] == "COMPLETED"
    world.clock.advance(1)
    assert describe(world)["status"] == {"statusCode": "ACTIVE"}


def test_resources_are_provisioned_and_handed_to_the_traffic(world: World) -> None:
    shown = create(world, healthCheckPath="/up", scalingTarget={"minTaskCount": 2, "maxTaskCount": 5})
    world.clock.advance(0)
    revision = shown["activeConfigurations"][0]["serviceRevisionArn"]
    assert managed(world, revision)["ingressPaths"][0]["loadBalancer"]["status"] == "PROVISIONING"
    assert world.kernel.traffic.ingresses == {}
    world.clock.advance(1)
    made = managed(world, revision)
    (path,) = made["ingressPaths"]
    (ingress,) = world.kernel.traffic.ingresses.values()
    assert (ingress.key, ingress.service_arn, ingress.container, ingress.port) == (ARN, ARN, "Main", 80)
    assert (ingress.host, ingress.access, ingress.health_check_path) == (path["endpoint"], "PUBLIC", "/up")
    assert ingress.load_balancer_arn == path["loadBalancer"]["arn"]
    assert (ingress.listener_arn, ingress.rule_arn) == (path["listener"]["arn"], path["rule"]["arn"])
    assert list(ingress.target_group_arns) == [group["arn"] for group in path["targetGroups"]]
    assert ingress.log_group == made["logGroups"][0]["logGroupName"]
    assert path["certificate"]["domainName"] == path["endpoint"]
    assert {group["healthCheckPath"] for group in path["targetGroups"]} == {"/up"}
    scaled = world.kernel.store.scalable_targets.get(ARN)
    assert (scaled.minimum, scaled.maximum) == (2, 5)
    target, (policy,) = made["autoScaling"]["scalableTarget"], made["autoScaling"]["applicationAutoScalingPolicies"]
    assert (target["minCapacity"], target["maxCapacity"], target["status"]) == (2, 5, "ACTIVE")
    assert (policy["metric"], policy["targetValue"]) == ("ECSServiceAverageCPUUtilization", 60.0)


def test_services_share_a_load_balancer_up_to_25(world: World) -> None:
    for number in range(26):
        create(world, serviceName=f"s{number}", scalingTarget={"minTaskCount": 0})
    world.clock.advance(1)
    used = [ingress.load_balancer_arn for ingress in world.kernel.traffic.ingresses.values()]
    assert len(set(used)) == 2
    assert used.count(used[0]) == 25


def test_an_update_rolls_out_a_new_revision(served: World) -> None:
    before = describe(served)["activeConfigurations"][0]
    (old,) = served.tasks("web")
    served.clock.advance(10)
    container = {"image": "shop/web:2", "environment": [{"name": "A", "value": "b"}]}
    shown = update(served, primaryContainer=container, taskRoleArn=TASK, memory="1024", healthCheckPath="/up")
    target = shown["targetConfiguration"]
    assert (shown["serviceArn"], shown["status"]) == (ARN, {"statusCode": "ACTIVE"})
    assert shown["createdAt"] < shown["updatedAt"] == target["createdAt"] == served.clock.now()
    assert target["serviceRevisionArn"] != before["serviceRevisionArn"]
    assert target["taskDefinitionArn"].endswith("default-web:2")
    assert (target["taskRoleArn"], target["executionRoleArn"]) == (TASK, EXECUTION)
    assert (target["cpu"], target["memory"], target["healthCheckPath"]) == ("256", "1024", "/up")
    assert target["primaryContainer"] == {**before["primaryContainer"], **container}
    assert target["networkConfiguration"] == before["networkConfiguration"]
    assert target["ingressPaths"] == before["ingressPaths"]
    assert describe(served)["activeConfigurations"] == [target, before]
    served.settle("web")
    assert describe(served)["activeConfigurations"] == [target]
    (new,) = served.tasks("web")
    assert new["taskArn"] != old["taskArn"]
    assert new["taskDefinitionArn"] == target["taskDefinitionArn"]
    assert served.kernel.traffic.ingresses[ARN].health_check_path == "/up"


def test_an_update_without_a_change_deploys_again(served: World) -> None:
    (old,) = served.tasks("web")
    target = update(served)["targetConfiguration"]
    assert target["taskDefinitionArn"].endswith("default-web:1")
    served.settle("web")
    assert served.tasks("web")[0]["taskArn"] != old["taskArn"]


def test_an_update_leaves_alone_what_it_does_not_name(served: World) -> None:
    update(served, networkConfiguration=SUBNETS, scalingTarget={"maxTaskCount": 4}, cpuArchitecture="ARM64")
    target = update(served, networkConfiguration={"subnets": ["subnet-3"]}, primaryContainer={"image": "shop/web:2"})
    shown = target["targetConfiguration"]
    assert shown["networkConfiguration"] == {"subnets": ["subnet-3"], "securityGroups": ["sg-1"]}
    assert (shown["scalingTarget"]["minTaskCount"], shown["scalingTarget"]["maxTaskCount"]) == (1, 4)
    assert (shown["cpuArchitecture"], shown["primaryContainer"]["containerPort"]) == ("ARM64", 80)


def test_the_desired_count_is_brought_within_new_bounds(served: World) -> None:
    update(served, scalingTarget={"minTaskCount": 3, "maxTaskCount": 5})
    assert served.service("web")["desiredCount"] == 3
    served.call("UpdateService", service="web", desiredCount=5)
    update(served, primaryContainer={"image": "shop/web:2"})
    assert served.service("web")["desiredCount"] == 5
    update(served, scalingTarget={"minTaskCount": 1, "maxTaskCount": 2})
    served.settle("web")
    assert (served.service("web")["desiredCount"], len(served.tasks("web"))) == (2, 2)
    assert served.kernel.store.scalable_targets.get(ARN).maximum == 2


def test_it_is_scaled_by_its_metric(served: World) -> None:
    update(served, scalingTarget={"maxTaskCount": 5, "autoScalingMetric": "AVERAGE_MEMORY"})
    served.settle("web")
    policies = list(served.kernel.store.scaling_policies)
    assert [policy.name for policy in policies] == ["webECSServiceAverageMemoryUtilization"]
    served.kernel.control.autoscaling.say(ARN, "ECSServiceAverageMemoryUtilization", 150.0)
    served.clock.advance(240)
    assert served.service("web")["desiredCount"] == 3  # the target value is 60


def test_the_way_in_follows_the_port(served: World) -> None:
    update(served, primaryContainer={"image": "shop/web:1", "containerPort": 9000})
    served.settle("web")
    assert served.kernel.traffic.ingresses[ARN].port == 9000


def test_tags_are_the_services_and_reach_its_tasks(world: World) -> None:
    create(world, tags=[{"key": "team", "value": "a"}])
    world.call("TagResource", resourceArn=ARN, tags=[{"key": "stage", "value": "b"}])
    tags = [{"key": "team", "value": "a"}, {"key": "stage", "value": "b"}]
    assert describe(world, include=["TAGS"])["tags"] == tags
    assert "tags" not in describe(world)
    assert world.call("ListTagsForResource", resourceArn=ARN)["tags"] == tags
    world.settle("web")
    (task,) = world.call("DescribeTasks", tasks=[world.tasks("web")[0]["taskArn"]], include=["TAGS"])["tasks"]
    found = {tag["key"]: tag["value"] for tag in task["tags"]}
    assert found == {"team": "a", "stage": "b", "aws:ecs:clusterName": "default", "aws:ecs:serviceName": "web"}


def test_deletion_drains_the_tasks_and_then_all_is_gone(served: World) -> None:
    shown = delete(served)
    assert shown["status"] == {"statusCode": "DRAINING", "statusReason": "The service is being deleted."}
    assert shown["updatedAt"] == served.clock.now()
    for change in (delete, update):
        with pytest.raises(Refused, match=r"ServiceNotActiveException: Service is in DRAINING status\."):
            change(served)
    with pytest.raises(Refused, match="Unable to Start a service that is still Draining"):
        create(served)
    served.until(lambda: describe(served)["status"]["statusCode"] == "INACTIVE", 600)
    assert (served.kernel.traffic.ingresses, list(served.kernel.store.scalable_targets)) == ({}, [])
    (last,) = describe(served)["activeConfigurations"]
    with pytest.raises(Refused, match=r"InvalidParameterException: Cannot call DescribeServiceRevisions for a service"):
        managed(served, last["serviceRevisionArn"])
    assert served.tasks("web", desiredStatus="RUNNING") == []
    with pytest.raises(Refused, match=r"ServiceNotActiveException: .* INACTIVE status"):
        delete(served)
    served.clock.advance(2 * 3600)
    with pytest.raises(Refused, match=r"ResourceNotFoundException: Resource not found\."):
        describe(served)
    assert len(served.kernel.store.express_services) == 0


def test_a_name_can_be_used_again(served: World) -> None:
    host = describe(served)["activeConfigurations"][0]["ingressPaths"][0]["endpoint"]
    delete(served)
    served.until(lambda: describe(served)["status"]["statusCode"] == "INACTIVE", 600)
    (again,) = create(served)["activeConfigurations"]
    assert again["ingressPaths"][0]["endpoint"] != host
    assert again["taskDefinitionArn"].endswith("default-web:2")
    served.settle("web")
    served.clock.advance(2 * 3600)
    assert describe(served)["status"] == {"statusCode": "ACTIVE"}
    assert served.kernel.traffic.ingresses[ARN].host == again["ingressPaths"][0]["endpoint"]


def test_what_is_changed_by_hand_shows_and_stays(served: World) -> None:
    made = definition(served, "default-web")
    container = {**made["containerDefinitions"][0], "dockerLabels": {"a": "b"}}
    names = ("family", "networkMode", "requiresCompatibilities", "cpu", "memory", "executionRoleArn")
    kept = {name: made[name] for name in names}
    sidecar = {"name": "log", "image": "log:1"}
    served.call("RegisterTaskDefinition", **kept, containerDefinitions=[container, sidecar])
    served.call("UpdateService", service="web", taskDefinition="default-web")
    assert describe(served)["activeConfigurations"][0]["taskDefinitionArn"].endswith("default-web:2")
    target = update(served, primaryContainer={"image": "shop/web:2"})["targetConfiguration"]
    main, log = definition(served, target["taskDefinitionArn"])["containerDefinitions"]
    assert (main["image"], main["dockerLabels"], log["name"]) == ("shop/web:2", {"a": "b"}, "log")


def test_delete_service_ends_an_express_service_too(served: World) -> None:
    served.call("DeleteService", service="web", force=True)
    served.until(lambda: describe(served)["status"]["statusCode"] == "INACTIVE", 600)
    assert served.kernel.traffic.ingresses == {}


def test_a_rollback_goes_back_to_the_configuration_of_its_revision(served: World) -> None:
    before = describe(served)["activeConfigurations"][0]
    served.runtime.set_script("slow*", {"pull_seconds": 3600})
    update(served, primaryContainer={"image": "slow:1"}, healthCheckPath="/new")
    served.clock.advance(5)
    served.call("StopServiceDeployment", serviceDeploymentArn=describe(served)["currentDeployment"])
    served.until(lambda: "currentDeployment" not in describe(served), 3600)
    assert describe(served)["activeConfigurations"] == [before]
    assert served.kernel.traffic.ingresses[ARN].health_check_path == "/ping"


def test_an_update_whose_tasks_fail_to_start_goes_back_by_itself(served: World) -> None:
    before = describe(served)["activeConfigurations"]
    served.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    update(served, primaryContainer={"image": "gone:1"})
    served.until(lambda: "currentDeployment" not in describe(served), 3600)
    assert describe(served)["activeConfigurations"] == before
    (ended, _) = served.call("ListServiceDeployments", service="web")["serviceDeployments"]
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"


async def test_after_a_restart_what_was_in_progress_goes_on_and_requests_are_led_again() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    host = create(world)["activeConfigurations"][0]["ingressPaths"][0]["endpoint"]
    create(world, serviceName="gone", scalingTarget={"minTaskCount": 0})
    world.clock.advance(1)
    create(world, serviceName="new", scalingTarget={"minTaskCount": 0})
    delete(world, ARN.replace("web", "gone"))
    again = World(journal=journal, start=world.clock.now(), seed=2)
    await again.kernel.recover()
    again.clock.advance(1)
    assert [i.service_arn.split("/")[-1] for i in again.kernel.traffic.ingresses.values()] == ["web", "new"]
    assert again.kernel.traffic.ingresses[ARN].host == host
    assert {t.service_arn for t in again.kernel.store.scalable_targets} == set(again.kernel.traffic.ingresses)


def test_operators_see_it(served: World) -> None:
    state = KernelConsole(served.kernel, "test").state()
    assert state["expressServices"] == [describe(served, include=["TAGS"])]


def test_the_feed_tells_of_the_resources(served: World) -> None:
    delete(served)
    served.clock.advance(600)
    seen = [event.after for event in served.events("express-service")]
    assert seen == ["PROVISIONING", "ACTIVE", "DEPROVISIONING", "DELETED"]
