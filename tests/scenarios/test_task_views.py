"""Which members a task shows at which point of its life, on Fargate and on an instance."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.core.arns import last_part
from kecs.core.records import LaunchVolume
from kecs.core.tasks.plan import TaskPlan

from .managed import Managed
from .world import Refused, World

AT_ONCE = {
    "attachments", "attributes", "availabilityZone", "clusterArn", "containers", "cpu", "createdAt", "desiredStatus",
    "enableExecuteCommand", "group", "lastStatus", "launchType", "memory", "overrides", "tags", "taskArn",
    "taskDefinitionArn", "version",
}  # fmt: skip
FARGATE = {"platformVersion", "platformFamily", "ephemeralStorage", "fargateEphemeralStorage"}
RUNNING = {"connectivity", "connectivityAt", "healthStatus", "pullStartedAt", "pullStoppedAt", "startedAt"}
STOPPED = {"executionStoppedAt", "stopCode", "stoppedAt", "stoppedReason", "stoppingAt"}


def details(task: Any) -> dict[str, str]:
    return pairs(task["attachments"][0])


def test_a_fargate_task_from_its_first_answer_to_its_end(world: World) -> None:
    world.define()
    (task,) = world.run()["tasks"]
    assert set(task) == AT_ONCE | FARGATE
    assert task["overrides"] == {"containerOverrides": [{"name": "app"}], "inferenceAcceleratorOverrides": []}
    assert set(details(task)) == {"subnetId"}
    (container,) = task["containers"]
    assert set(container) == {
        "containerArn", "taskArn", "name", "image", "lastStatus", "networkInterfaces", "cpu",
    }  # fmt: skip
    arn = task["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    task = world.task(arn)
    assert set(task) == AT_ONCE | FARGATE | RUNNING
    assert task["attachments"][0]["status"] == "ATTACHED"
    interface = details(task)
    assert list(interface) == ["subnetId", "networkInterfaceId", "macAddress", "privateDnsName", "privateIPv4Address"]
    address = interface["privateIPv4Address"]
    assert interface["networkInterfaceId"].startswith("eni-")
    assert interface["privateDnsName"] == f"ip-{address.replace('.', '-')}.ec2.internal"
    (container,) = task["containers"]
    assert container["networkInterfaces"][0]["privateIpv4Address"] == address
    assert (container["healthStatus"], container["networkBindings"]) == ("UNKNOWN", [])
    assert "runtimeId" in container
    world.call("StopTask", task=arn)
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert set(world.task(arn)) == AT_ONCE | FARGATE | RUNNING | STOPPED
    assert "exitCode" in world.task(arn)["containers"][0]


EBS = {"roleArn": "arn:aws:iam::000000000000:role/storage", "sizeInGiB": 10}


@pytest.mark.parametrize(("policy", "deleted"), [(None, "true"), (True, "true"), (False, "false")])
def test_a_volume_configured_at_launch_is_attached(world: World, policy: bool | None, deleted: str) -> None:
    storing(world)
    given = EBS if policy is None else {**EBS, "terminationPolicy": {"deleteOnTermination": policy}}
    (task,) = world.run(volumeConfigurations=[{"name": "data", "managedEBSVolume": given}])["tasks"]
    interface, volume = task["attachments"]
    assert (interface["type"], volume["type"]) == ("ElasticNetworkInterface", "AmazonElasticBlockStorage")
    shown = {"roleArn": EBS["roleArn"], "volumeName": "data", "deleteOnTermination": deleted}
    assert (volume["status"], pairs(volume)) == ("PRECREATED", shown)
    arn = task["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    volume = world.task(arn)["attachments"][1]
    assert volume["status"] == "ATTACHED"
    assert pairs(volume).pop("volumeId").startswith("vol-")
    world.call("StopTask", task=arn)
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert world.task(arn)["attachments"][1]["status"] == "DELETED"


def test_each_task_of_a_service_has_a_volume_of_its_own(world: World) -> None:
    storing(world)
    world.serve(count=2, volumeConfigurations=[{"name": "data", "managedEBSVolume": EBS}])
    world.settle()
    volumes = [pairs(task["attachments"][1])["volumeId"] for task in world.tasks()]
    assert len(set(volumes)) == 2


def test_a_runtime_is_told_what_the_launch_says_of_a_task(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    storing(world)
    plans: list[TaskPlan] = []
    monkeypatch.setattr(world.runtime, "provision", plans.append)
    given = EBS | {"volumeType": "io2", "iops": 100}
    service = world.serve(volumeConfigurations=[{"name": "data", "managedEBSVolume": given}])
    world.until(lambda: bool(plans))
    plan = plans[0]
    assert plan.launch_volumes == (LaunchVolume(name="data", size=10, type="io2"),)
    assert plan.deployment == service["deployments"][0]["id"]
    assert plan.zone == world.task(plan.arn)["availabilityZone"]


def storing(world: World) -> None:
    """A task definition whose volume is configured at launch."""
    mount = {"sourceVolume": "data", "containerPath": "/data"}
    container = {"name": "app", "image": "app", "mountPoints": [mount]}
    world.define("web", container, volumes=[{"name": "data", "configuredAtLaunch": True}])


def pairs(attachment: Any) -> dict[str, str]:
    return {detail["name"]: detail["value"] for detail in attachment["details"]}


def test_a_task_on_an_instance_shows_what_its_containers_ask_for(world: World) -> None:
    world.define_ec2(
        "ec2",
        {"name": "a", "image": "a", "cpu": 10, "memory": 100},
        {"name": "b", "image": "b", "cpu": 20, "memoryReservation": 50},
    )
    (task,) = world.run("ec2", launchType="EC2", networkConfiguration=None)["tasks"]
    assert not FARGATE & set(task)
    assert (task["cpu"], task["memory"]) == ("30", "150")
    assert task["attributes"] == [{"name": "ecs.cpu-architecture", "value": "x86_64"}]
    assert task["attachments"] == []
    assert (task["lastStatus"], task["containerInstanceArn"].split("/")[1]) == ("PENDING", "default")
    sizes = [(c["cpu"], c.get("memory"), c.get("memoryReservation")) for c in task["containers"]]
    assert sizes == [("10", "100", None), ("20", None, "50")]


def test_a_container_that_never_started_has_no_exit_code(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("web", {"name": "app", "image": "gone:1"})
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    task = world.task(arn)
    assert "startedAt" not in task
    (container,) = task["containers"]
    assert container["lastStatus"] == "STOPPED"
    assert "exitCode" not in container
    assert container["reason"].startswith("CannotPullContainerError: ")


def test_overrides_come_back_with_an_entry_for_every_container(world: World) -> None:
    world.define("pair", {"name": "app", "image": "app"}, {"name": "log", "image": "log"})
    overrides = {
        "cpu": "512",
        "memory": "1024",
        "containerOverrides": [{"name": "log", "environment": [{"name": "A", "value": "1"}]}],
    }
    (task,) = world.run("pair", overrides=overrides)["tasks"]
    assert (task["cpu"], task["memory"]) == ("512", "1024")
    shown = {o["name"]: o for o in task["overrides"]["containerOverrides"]}
    assert shown == {"app": {"name": "app"}, "log": overrides["containerOverrides"][0]}


def test_a_stopped_task_can_be_stopped_again(world: World) -> None:
    world.define()
    arn = world.run()["tasks"][0]["taskArn"]
    assert world.call("StopTask", task=arn, reason="first")["task"]["desiredStatus"] == "STOPPED"
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    again = world.call("StopTask", task=arn, reason="second")["task"]
    assert (again["lastStatus"], again["stoppedReason"]) == ("STOPPED", "first")
    with pytest.raises(Refused, match=r"InvalidParameterException: reason longer than 1024\."):
        world.call("StopTask", task=arn, reason="x" * 1025)


def test_describe_tasks_takes_ids_and_arns_of_this_cluster(world: World) -> None:
    world.define()
    world.call("CreateCluster", clusterName="other")
    first, second = (task["taskArn"] for task in world.run(count=2)["tasks"])
    elsewhere = world.run(cluster="other")["tasks"][0]["taskArn"]
    abroad = first.replace("us-east-1", "eu-west-1")
    answer = world.call("DescribeTasks", tasks=[first.rsplit("/", 1)[1], second, elsewhere, abroad])
    assert [task["taskArn"] for task in answer["tasks"]] == [first, second]
    assert answer["failures"] == [{"arn": elsewhere, "reason": "MISSING"}, {"arn": abroad, "reason": "MISSING"}]
    with pytest.raises(Refused, match=r"taskIds can have at most 100 items\."):
        world.call("DescribeTasks", tasks=[first] * 101)
    with pytest.raises(Refused, match="Member must satisfy enum value set"):
        world.call("DescribeTasks", tasks=[first], include=["EVENTS"])


def test_a_task_that_is_named_twice_is_described_once(world: World) -> None:
    world.define()
    arn = world.run()["tasks"][0]["taskArn"]
    unknown = "0" * 32
    answer = world.call("DescribeTasks", tasks=[arn, arn.split("/")[-1], unknown, unknown])
    assert [task["taskArn"] for task in answer["tasks"]] == [arn]
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]


def test_how_a_gpu_is_shared_is_shown_with_its_container(world: World) -> None:
    sharing = {"nvidiaMps": {"memory": 2048, "maxComputePercent": 50}}
    wanted = [{"type": "GPU", "sharingStrategy": sharing}]
    world.define_ec2("ec2", {"name": "app", "image": "app", "memory": 64, "resourceRequirements": wanted})
    (task,) = world.call("RunTask", taskDefinition="ec2")["tasks"]
    assert task["containers"][0]["gpuSharingStrategy"] == sharing


@pytest.mark.parametrize(
    ("configuration", "shown"),
    [
        ({"isolationMode": "ISOLATED_SANDBOX"}, {"isolationMode": "ISOLATED_SANDBOX"}),
        (
            {"isolationMode": "CONFIDENTIAL_SANDBOX", "attestationPolicy": "arn:aws:kms:p"},
            {"isolationMode": "CONFIDENTIAL_SANDBOX", "attestationPolicyStatus": "CONFIGURED"},
        ),
    ],
)
def test_the_isolation_of_a_task_is_summed_up(
    world: World, configuration: dict[str, str], shown: dict[str, str]
) -> None:
    managed = Managed(world)
    definition = {"networkMode": "host", "requiresCompatibilities": ["MANAGED_INSTANCES"]}
    world.define("isolated", trustedExecutionConfiguration=configuration, **definition)
    strategy = [{"capacityProvider": last_part(managed.provider), "weight": 1}]
    (task,) = world.run("isolated", launchType=None, networkConfiguration=None, capacityProviderStrategy=strategy)[
        "tasks"
    ]
    assert task["trustedExecutionSummary"] == shown


def test_the_tags_of_a_task_go_when_it_is_stopped(world: World) -> None:
    world.define()
    arn = world.run(tags=[{"key": "team", "value": "a"}])["tasks"][0]["taskArn"]

    def tags() -> Any:
        return world.call("DescribeTasks", tasks=[arn], include=["TAGS"])["tasks"][0]["tags"]

    assert tags() == [{"key": "team", "value": "a"}]
    world.call("StopTask", task=arn)
    assert tags() == []
