"""One-off tasks from RunTask to STOPPED."""

from __future__ import annotations

import pytest

from tests.support.journals import MemoryJournal

from .world import NETWORK, Refused, World

COMMAND = {"containerOverrides": [{"name": "app", "command": ["sh", "-c", "exit 3"]}]}


def test_run_task_answers_at_once_and_describe_tasks_finds_it(world: World) -> None:
    world.define()
    answer = world.run(count=10, startedBy="me")
    assert [task["lastStatus"] for task in answer["tasks"]] == ["PROVISIONING"] * 10
    assert {task["desiredStatus"] for task in answer["tasks"]} == {"RUNNING"}
    arns = [task["taskArn"] for task in answer["tasks"]]
    found = world.call("DescribeTasks", tasks=arns)
    assert [task["taskArn"] for task in found["tasks"]] == arns
    assert found["failures"] == []
    assert world.call("ListTasks", startedBy="me")["taskArns"] == arns


def test_a_job_ends_with_its_exit_code(world: World) -> None:
    world.define()
    arn = world.run(overrides=COMMAND)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    task = world.task(arn)
    assert task["containers"][0]["exitCode"] == 3
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert world.statuses(arn) == [
        "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
    ]  # fmt: skip
    times = ["createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt", "executionStoppedAt"]
    moments = [task[name] for name in [*times, "stoppedAt"]]
    assert moments == sorted(moments)


def test_an_overridden_environment_reaches_the_container(world: World) -> None:
    world.define("job", {"name": "app", "image": "job", "command": ["sh", "-c", "exit $CODE"]})
    override = {"containerOverrides": [{"name": "app", "environment": [{"name": "CODE", "value": "7"}]}]}
    arn = world.run("job", overrides=override)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert world.task(arn)["containers"][0]["exitCode"] == 7


def test_stop_task_only_asks(world: World) -> None:
    world.define()
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    stopping = world.call("StopTask", task=arn, reason="enough")["task"]
    assert (stopping["desiredStatus"], stopping["lastStatus"]) == ("STOPPED", "RUNNING")
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    task = world.task(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert world.call("ListTasks")["taskArns"] == []
    assert world.call("ListTasks", desiredStatus="STOPPED")["taskArns"] == [arn]


def test_a_container_that_takes_long_to_start_stops_within_its_stop_timeout(world: World) -> None:
    world.runtime.set_script("slow", {"start_seconds": 3600})
    world.define("slow", {"name": "app", "image": "slow", "stopTimeout": 20})
    arn = world.run("slow")["tasks"][0]["taskArn"]
    world.clock.advance(60)
    assert world.task(arn)["lastStatus"] == "PENDING"
    world.call("StopTask", task=arn)
    world.clock.advance(19)
    assert world.task(arn)["lastStatus"] == "STOPPING"
    world.clock.advance(2)
    task = world.task(arn)
    assert (task["lastStatus"], task["stoppedReason"]) == ("STOPPED", "Task stopped by user")
    assert "exitCode" not in task["containers"][0]


def test_stop_task_without_a_reason(world: World) -> None:
    world.define()
    arn = world.run()["tasks"][0]["taskArn"]
    world.call("StopTask", task=arn)
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert world.task(arn)["stoppedReason"] == "Task stopped by user"


def test_no_sibling_outlives_an_essential_container(world: World) -> None:
    world.define(
        "pair",
        {"name": "app", "image": "app", "command": ["sh", "-c", "sleep 5; exit 4"]},
        {"name": "sidecar", "image": "sidecar", "essential": False},
    )
    arn = world.run("pair")["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    codes = {c["name"]: c["exitCode"] for c in world.task(arn)["containers"]}
    assert codes["app"] == 4
    assert set(codes) == {"app", "sidecar"}


def test_an_image_that_cannot_be_pulled(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("web", {"name": "app", "image": "gone:1"})
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    task = world.task(arn)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "startedAt" not in task


def test_a_stopped_task_is_forgotten_after_an_hour(world: World) -> None:
    world.define()
    arn = world.run(overrides=COMMAND)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    world.clock.advance(3590)
    assert world.task(arn)["lastStatus"] == "STOPPED"
    world.clock.advance(20)
    assert world.call("DescribeTasks", tasks=[arn])["failures"] == [{"arn": arn, "reason": "MISSING"}]


def test_a_client_token_makes_one_task(world: World) -> None:
    world.define()
    first = world.run(clientToken="once")["tasks"]
    again = world.run(clientToken="once")["tasks"]
    assert [t["taskArn"] for t in again] == [t["taskArn"] for t in first]
    with pytest.raises(Refused, match="ConflictException"):
        world.run(clientToken="once", count=2)
    world.clock.advance(24 * 3600)
    assert world.run(clientToken="once")["tasks"][0]["taskArn"] != first[0]["taskArn"]


def test_a_client_token_outlives_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define()
    first = world.run(clientToken="once")["tasks"]
    later = World(journal=journal, start=world.clock.now() + 1, seed=2)
    assert [t["taskArn"] for t in later.run(clientToken="once")["tasks"]] == [t["taskArn"] for t in first]


def test_ec2_tasks_run_on_the_local_instance(world: World) -> None:
    world.define_ec2("job", {"name": "app", "image": "app", "memory": 128, "portMappings": [{"containerPort": 80}]})
    assert "registeredContainerInstancesCount" in world.call("DescribeClusters")["clusters"][0]
    answer = world.run("job", launchType="EC2", networkConfiguration=None)
    assert answer["tasks"][0]["lastStatus"] == "PENDING"
    arn = answer["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    task = world.task(arn)
    assert task["containerInstanceArn"].startswith("arn:aws:ecs:us-east-1:000000000000:container-instance/default/")
    assert task["containers"][0]["networkBindings"][0]["containerPort"] == 80
    assert world.call("DescribeClusters")["clusters"][0]["registeredContainerInstancesCount"] == 1


def test_what_does_not_fit_comes_back_as_failures(world: World) -> None:
    world.define_ec2("big", {"name": "app", "image": "app", "memory": 3000})
    answer = world.run("big", launchType="EC2", networkConfiguration=None, count=4)
    assert len(answer["tasks"]) == 2
    assert [failure["reason"] for failure in answer["failures"]] == ["RESOURCE:MEMORY"] * 2
    port = {"containerPort": 80, "hostPort": 8080}
    world.define_ec2("port", {"name": "app", "image": "app", "memory": 10, "portMappings": [port]})
    answer = world.run("port", launchType="EC2", networkConfiguration=None, count=2)
    assert [failure["reason"] for failure in answer["failures"]] == ["RESOURCE:PORTS"]


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"definition": "nope"}, "ClientException", "TaskDefinition not found."),
        ({"cluster": "nope"}, "ClusterNotFoundException", "Cluster not found."),
        ({"count": 11}, "InvalidParameterException", "between 1 and 10"),
        ({"count": 0}, "InvalidParameterException", "between 1 and 10"),
        ({"networkConfiguration": None}, "InvalidParameterException", "Network Configuration must be provided when"),
        ({"definition": "ec2"}, "InvalidParameterException", "Task definition does not support launch_type FARGATE."),
        ({"platformVersion": "9.9"}, "PlatformUnknownException", "platform version"),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "nope"}]}},
            "InvalidParameterException",
            "nope",
        ),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(
    world: World, members: dict[str, object], code: str, text: str
) -> None:
    world.define()
    world.define_ec2("ec2")
    call = {"definition": "web", **members}
    with pytest.raises(Refused) as refused:
        world.run(**call)  # type: ignore[arg-type]
    assert (refused.value.status, refused.value.code) == (400, code)
    assert text in refused.value.text
    assert len(world.kernel.store.tasks) == 0


def test_stop_and_describe_of_what_is_not_there(world: World) -> None:
    with pytest.raises(Refused, match="The referenced task was not found"):
        world.call("StopTask", task="0" * 32)
    with pytest.raises(Refused, match=r"taskId length should be one of \[32,36\]"):
        world.call("StopTask", task="short")
    with pytest.raises(Refused, match="Tasks cannot be empty"):
        world.call("DescribeTasks", tasks=[])
    missing = world.call("DescribeTasks", tasks=["0" * 32])["failures"]
    assert missing == [{"arn": f"arn:aws:ecs:us-east-1:000000000000:task/default/{'0' * 32}", "reason": "MISSING"}]


def test_accounts_and_regions_do_not_see_each_other(world: World) -> None:
    world.define()
    world.run()
    for elsewhere in ({"region": "eu-west-1"}, {"account": "222222222222"}):
        assert world.call("ListTasks", **elsewhere)["taskArns"] == []
        assert world.call("ListTaskDefinitions", **elsewhere)["taskDefinitionArns"] == []
        with pytest.raises(Refused, match="TaskDefinition not found"):
            world.call("RunTask", taskDefinition="web", networkConfiguration=NETWORK, **elsewhere)


def test_capacity_providers_share_the_tasks(world: World) -> None:
    world.define()
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[],
    )
    strategy = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]
    answer = world.run(launchType=None, capacityProviderStrategy=strategy, count=9)
    providers = [task["capacityProviderName"] for task in answer["tasks"]]
    assert (providers.count("FARGATE"), providers.count("FARGATE_SPOT")) == (3, 6)


def test_a_deleted_definition_is_gone_once_its_last_task_is(world: World) -> None:
    arn = world.define()
    task = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(task)["lastStatus"] == "RUNNING")
    world.call("DeregisterTaskDefinition", taskDefinition=arn)
    with pytest.raises(Refused, match="TaskDefinition is inactive"):
        world.run(arn)
    (deleted,) = world.call("DeleteTaskDefinitions", taskDefinitions=[arn])["taskDefinitions"]
    assert deleted["status"] == "DELETE_IN_PROGRESS"
    world.call("StopTask", task=task)
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    with pytest.raises(Refused, match="Unable to describe task definition"):
        world.call("DescribeTaskDefinition", taskDefinition=arn)
