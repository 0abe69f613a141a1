"""Container instances: how they are registered, shown, listed, drained, updated and deregistered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .machines import described, left, machine, register, resources
from .world import NETWORK, Refused, World

UNKNOWN = "0" * 32
GPUS = [{"id": "gpu-0", "type": "GPU"}, {"id": "gpu-1", "type": "GPU"}]


def update(world: World, status: str, *arns: str) -> Any:
    return world.call("UpdateContainerInstancesState", containerInstances=list(arns), status=status)


def listed(world: World, **members: Any) -> list[str]:
    arns: list[str] = world.call("ListContainerInstances", **members)["containerInstanceArns"]
    return arns


# -- registering ------------------------------------------------------------------------------------------------------


def test_an_instance_is_what_its_agent_says_of_it(world: World) -> None:
    tags = [{"key": "team", "value": "a"}]
    attributes = [{"name": "stack", "value": "prod"}, {"name": "ecs.capability.task-eni"}]
    version = {"agentVersion": "1.80.0", "dockerVersion": "DockerVersion: 25.0.3"}
    shown = register(world, 7, "us-east-1c", tags=tags, attributes=attributes, versionInfo=version)
    assert (shown["ec2InstanceId"], shown["status"], shown["agentConnected"]) == ("i-00000000000000007", "ACTIVE", True)
    assert (shown["version"], shown["versionInfo"], shown["tags"]) == (1, version, tags)
    assert (shown["runningTasksCount"], shown["pendingTasksCount"]) == (0, 0)
    assert shown["remainingResources"] == shown["registeredResources"]
    values = {attribute["name"]: attribute.get("value") for attribute in shown["attributes"]}
    assert values["ecs.availability-zone"] == "us-east-1c"
    assert (values["stack"], values["ecs.capability.task-eni"]) == ("prod", None)
    assert described(world, shown["containerInstanceArn"], include=["TAGS"]) == shown
    assert described(world, shown["containerInstanceArn"])["tags"] == []


def test_listed_devices_become_gpus(world: World) -> None:
    assert left(world, machine(world, platformDevices=GPUS))["GPU"] == ["gpu-0", "gpu-1"]


def test_an_agent_that_comes_back_keeps_its_instance(world: World) -> None:
    arn = machine(world, attributes=[{"name": "old", "value": "1"}])
    world.call("PutAttributes", attributes=[{"name": "mine", "value": "yes", "targetId": arn}])
    version = {"agentVersion": "1.90.0"}
    again = register(world, containerInstanceArn=arn, versionInfo=version, totalResources=resources(cpu=512))
    assert (again["containerInstanceArn"], again["versionInfo"]) == (arn, version)
    assert left(world, arn)["CPU"] == 512
    assert {"name": "mine", "value": "yes"} in again["attributes"]
    assert listed(world) == [arn]


def test_a_machine_that_registers_anew_leaves_its_old_self_without_an_agent(world: World) -> None:
    world.define_ec2("web")
    old, new = machine(world), machine(world)
    assert [described(world, arn)["agentConnected"] for arn in (old, new)] == [False, True]
    answer = world.call("StartTask", taskDefinition="web", containerInstances=[old])
    assert answer["failures"] == [{"arn": old, "reason": "AGENT"}]
    assert listed(world, filter="agentConnected == false") == [old]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        *(
            ({"instanceIdentityDocument": text}, "instanceIdentityDocument is not a valid instance identity document.")
            for text in ("{", "[]", '{"instanceId": 5}', '{"x": ' + "[" * 5000 + "]" * 5000 + "}")
        ),
        ({"containerInstanceArn": UNKNOWN}, f"Referenced container instance {UNKNOWN} not found."),
        ({"totalResources": [{"name": "CPU", "type": "FLOAT"}]}, "The type of resource CPU must be one of"),
        ({"totalResources": resources(cpu=-1)}, "The value of resource CPU cannot be less than 0."),
        ({"totalResources": resources() * 2}, "The resource CPU is given more than once."),
        ({"attributes": [{"name": "no spaces"}]}, "The attribute name must contain"),
        ({"attributes": [{"name": f"a{n}"} for n in range(11)]}, "can have at most 10 custom attributes"),
        ({"tags": [{"key": "aws:x", "value": "y"}]}, "Tag key must not start with aws:"),
        ({"cluster": "elsewhere"}, "Cluster not found."),
    ],
)
def test_what_is_no_instance_is_not_registered(world: World, members: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match=text):
        register(world, **members)
    assert listed(world) == []


# -- finding ----------------------------------------------------------------------------------------------------------


def test_instances_are_found_by_id_and_by_arn_each_once(world: World) -> None:
    arn = machine(world)
    short = arn.split("/")[-1]
    world.call("CreateCluster", clusterName="other")
    elsewhere = machine(world, 2, cluster="other")
    answer = world.call("DescribeContainerInstances", containerInstances=[short, arn, UNKNOWN, elsewhere])
    assert [found["containerInstanceArn"] for found in answer["containerInstances"]] == [arn]
    assert answer["failures"] == [
        {"arn": arn.replace(short, UNKNOWN), "reason": "MISSING"},
        {"arn": elsewhere, "reason": "MISSING"},
    ]


def test_the_health_of_an_instance_is_shown_to_who_asks(world: World) -> None:
    arn = machine(world)
    assert "healthStatus" not in described(world, arn)
    health = described(world, arn, include=["CONTAINER_INSTANCE_HEALTH"])["healthStatus"]
    assert (health["overallStatus"], health["details"][0]["type"]) == ("OK", "CONTAINER_RUNTIME")
    machine(world)
    health = described(world, arn, include=["CONTAINER_INSTANCE_HEALTH"])["healthStatus"]
    assert health["overallStatus"] == "INSUFFICIENT_DATA"


def test_instances_are_listed_page_by_page(world: World) -> None:
    arns = [machine(world, number) for number in range(5)]
    seen, token = [], None
    while True:
        page = {"maxResults": 2, **({"nextToken": token} if token else {})}
        answer = world.call("ListContainerInstances", **page)
        seen += answer["containerInstanceArns"]
        token = answer.get("nextToken")
        if token is None:
            break
    assert seen == arns


def test_a_filter_is_the_cluster_query_language(world: World) -> None:
    first = machine(world, 1, size="t2.small", attributes=[{"name": "stack", "value": "prod"}])
    second = machine(world, 2, zone="us-east-1b", versionInfo={"agentVersion": "1.9.0"})
    world.define_ec2("web")
    world.call("StartTask", taskDefinition="web", containerInstances=[second], group="db")
    world.clock.advance(5)
    expressions = {
        "attribute:ecs.instance-type == t2.small": [first],
        "attribute:ecs.availability-zone in [us-east-1b, us-east-1c]": [second],
        "attribute:stack exists": [first],
        "attribute:stack !exists": [second],
        "attribute:stack != dev": [first],
        "attribute:ecs.instance-type =~ t2.* or task:group == db": [first, second],
        "not(task:group == db)": [first],
        "runningTasksCount == 1": [second],
        "agentVersion < 1.10.0": [second],
        "ec2InstanceId in ['i-00000000000000001']": [first],
        "registeredAt < 2018-02-13": [],
    }
    assert {text: listed(world, filter=text) for text in expressions} == expressions
    with pytest.raises(Refused, match="InvalidParameterException: Invalid filter: 'zone' is not a subject"):
        listed(world, filter="zone == a")


# -- states -----------------------------------------------------------------------------------------------------------


def test_an_instance_that_drains_takes_no_task_until_it_is_active_again(world: World) -> None:
    world.define_ec2("web")
    draining, other = machine(world, 1), machine(world, 2)
    answer = update(world, "DRAINING", draining)
    assert [(i["status"], i["version"]) for i in answer["containerInstances"]] == [("DRAINING", 2)]
    assert (listed(world, status="DRAINING"), listed(world, status="ACTIVE")) == ([draining], [other])
    tasks = world.call("RunTask", taskDefinition="web", count=4)["tasks"]
    assert {task["containerInstanceArn"] for task in tasks} == {other}
    update(world, "ACTIVE", draining)
    tasks = world.call("RunTask", taskDefinition="web", count=4)["tasks"]
    assert {task["containerInstanceArn"] for task in tasks} == {draining}


def test_states_are_set_for_each_instance_by_itself(world: World) -> None:
    gone, here = machine(world, 1), machine(world, 2)
    world.call("DeregisterContainerInstance", containerInstance=gone)
    answer = update(world, "DRAINING", gone, here, UNKNOWN)
    assert [i["containerInstanceArn"] for i in answer["containerInstances"]] == [here]
    assert [failure["reason"] for failure in answer["failures"]] == ["INACTIVE", "MISSING"]
    with pytest.raises(Refused, match="should be one of"):
        update(world, "REGISTERING", here)
    with pytest.raises(Refused, match="Container Instances cannot be empty"):
        update(world, "DRAINING")


def test_a_deregistered_instance_is_described_and_nothing_else(world: World) -> None:
    world.define_ec2("web")
    arn = machine(world)
    answer = world.call("DeregisterContainerInstance", containerInstance=arn.split("/")[-1])["containerInstance"]
    assert answer["status"] == described(world, arn)["status"] == "INACTIVE"
    assert listed(world) == []
    failures = world.call("StartTask", taskDefinition="web", containerInstances=[arn])["failures"]
    assert failures == [{"arn": arn, "reason": "INACTIVE"}]
    for operation in ("DeregisterContainerInstance", "UpdateContainerAgent"):
        with pytest.raises(Refused, match="is inactive"):
            world.call(operation, containerInstance=arn)


# -- what is left -----------------------------------------------------------------------------------------------------


def place(world: World, arn: str, definition: str = "web") -> str:
    task = world.call("StartTask", taskDefinition=definition, containerInstances=[arn])["tasks"][0]
    task_arn: str = task["taskArn"]
    return task_arn


@pytest.fixture
def arn(world: World) -> str:
    """An instance with two GPUs; a task of `web` takes something of everything."""
    wants = [{"type": "GPU", "value": "1"}]
    ports = [{"containerPort": 80, "hostPort": 8080}]
    app = {"name": "app", "image": "app:1", "cpu": 256, "memory": 512}
    world.define_ec2("web", {**app, "resourceRequirements": wants, "portMappings": ports})
    return machine(world, totalResources=resources(gpus=("g0", "g1")))


TAKEN = {"CPU": 1792, "MEMORY": 3584, "PORTS": ["22", "8080"], "PORTS_UDP": [], "GPU": ["g1"]}
ALL = {"CPU": 2048, "MEMORY": 4096, "PORTS": ["22"], "PORTS_UDP": [], "GPU": ["g0", "g1"]}


def test_a_task_takes_of_everything_at_once_and_gives_it_back_when_it_stops(world: World, arn: str) -> None:
    task = place(world, arn)
    assert left(world, arn) == TAKEN
    assert (described(world, arn)["pendingTasksCount"], described(world, arn)["runningTasksCount"]) == (1, 0)
    world.until(lambda: world.task(task)["lastStatus"] == "RUNNING")
    assert (described(world, arn)["pendingTasksCount"], described(world, arn)["runningTasksCount"]) == (0, 1)
    assert world.task(task)["containers"][0]["gpuIds"] == ["g0"]
    world.call("StopTask", task=task)
    assert left(world, arn) == TAKEN
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    assert left(world, arn) == ALL


@pytest.mark.parametrize("script", [{"pull_error": "gone"}, {"start_error": "no"}, {"exit_code": 1, "run_seconds": 1}])
def test_what_fails_gives_back_what_it_had(world: World, arn: str, script: dict[str, Any]) -> None:
    world.runtime.set_script("app*", script)
    task = place(world, arn)
    assert left(world, arn) == TAKEN
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    assert left(world, arn) == ALL


def test_what_is_killed_for_its_memory_gives_it_back(world: World, arn: str) -> None:
    task = place(world, arn)
    world.until(lambda: world.task(task)["lastStatus"] == "RUNNING")
    world.runtime.exit_container(task, "app", 137, out_of_memory=True)
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    assert left(world, arn) == ALL


def test_an_instance_that_is_deregistered_by_force_has_everything_left(world: World, arn: str) -> None:
    task = place(world, arn)
    world.call("DeregisterContainerInstance", containerInstance=arn, force=True)
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    assert left(world, arn) == ALL


async def test_what_is_left_is_the_same_after_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define_ec2("web")
    arn = machine(world)
    tasks = [place(world, arn), place(world, arn)]
    world.clock.advance(5)
    world.call("StopTask", task=tasks[0])
    before = described(world, arn)
    assert left(world, arn)["MEMORY"] == 4096 - 2 * 128
    again = World(journal=journal, start=world.clock.now(), seed=2)
    assert described(again, arn) == before
    await again.kernel.recover()  # the simulated containers are gone, and so the tasks stop
    again.until(lambda: all(again.task(task)["lastStatus"] == "STOPPED" for task in tasks))
    assert left(again, arn)["MEMORY"] == 4096


# -- agents -----------------------------------------------------------------------------------------------------------


def test_the_update_of_an_agent_takes_its_steps(world: World) -> None:
    arn = machine(world, versionInfo={"agentVersion": "1.80.0"})
    answer = world.call("UpdateContainerAgent", containerInstance=arn)
    assert answer["containerInstance"]["agentUpdateStatus"] == "PENDING"
    with pytest.raises(Refused, match="UpdateInProgressException"):
        world.call("UpdateContainerAgent", containerInstance=arn)
    world.clock.advance(60)
    after = described(world, arn)
    assert after["agentUpdateStatus"] == "UPDATED"
    assert after["versionInfo"]["agentVersion"] != "1.80.0"
    with pytest.raises(Refused, match="NoUpdateAvailableException"):
        world.call("UpdateContainerAgent", containerInstance=arn)


def test_an_agent_of_no_version_cannot_be_updated(world: World) -> None:
    with pytest.raises(Refused, match="MissingVersionException"):
        world.call("UpdateContainerAgent", containerInstance=machine(world))
    with pytest.raises(Refused, match=f"Referenced container instance {UNKNOWN} not found"):
        world.call("UpdateContainerAgent", containerInstance=UNKNOWN)


# -- network interfaces -----------------------------------------------------------------------------------------------


def test_an_instance_has_only_so_many_network_interfaces(world: World) -> None:
    world.define("vpc", requiresCompatibilities=None)
    arn = machine(world, size="m5.large", totalResources=resources(8192, 16384))
    answer = world.run("vpc", launchType="EC2", count=3)
    assert [task["containerInstanceArn"] for task in answer["tasks"]] == [arn] * 2
    assert answer["failures"] == [{"arn": arn, "reason": "RESOURCE:ENI"}]
    world.call("StopTask", task=answer["tasks"][0]["taskArn"])
    world.clock.advance(60)
    assert world.run("vpc", launchType="EC2")["failures"] == []


def test_with_trunking_an_instance_has_interfaces_for_all(world: World) -> None:
    world.define("vpc", requiresCompatibilities=None)
    world.call("PutAccountSetting", name="awsvpcTrunking", value="enabled")
    machine(world, size="m5.large", totalResources=resources(8192, 16384))
    assert len(world.run("vpc", launchType="EC2", count=10, networkConfiguration=NETWORK)["tasks"]) == 10
