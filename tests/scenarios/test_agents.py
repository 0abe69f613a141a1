"""An agent of the user's own: it registers a machine, finds out what to run there, and tells what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .machines import described, left, machine
from .world import Refused, World

BINDING = {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 32768, "protocol": "tcp"}


class Agent:
    """Does with each task of its instance what a container agent does, one call at a time."""

    def __init__(self, world: World, number: int = 1) -> None:
        self.world = world
        self.arn = machine(world, number)
        world.call("DiscoverPollEndpoint", containerInstance=self.arn)

    def wanted(self, status: str = "RUNNING") -> list[str]:
        """The tasks that are to run on the instance, or to stop."""
        arns: list[str] = self.world.call("ListTasks", containerInstance=self.arn, desiredStatus=status)["taskArns"]
        return arns

    def say(self, task: str, status: str | None = None, **members: Any) -> dict[str, Any]:
        """SubmitTaskStateChange; answers the task after it."""
        given = members if status is None else {"status": status, **members}
        assert self.world.call("SubmitTaskStateChange", task=task, **given) == {"acknowledgment": "ACK"}
        return self.seen(task)

    def say_container(self, task: str, status: str, name: str = "app", **members: Any) -> dict[str, Any]:
        """SubmitContainerStateChange; answers the task after it."""
        given = {"task": task, "containerName": name, "status": status, **members}
        assert self.world.call("SubmitContainerStateChange", **given) == {"acknowledgment": "ACK"}
        return self.seen(task)

    def seen(self, task: str) -> dict[str, Any]:
        self.world.clock.advance(1)
        found: dict[str, Any] = self.world.task(task)
        return found


@pytest.fixture
def agent(world: World) -> Agent:
    app = {"name": "app", "image": "app:1", "memory": 128, "portMappings": [{"containerPort": 80}]}
    world.define_ec2("web", app)
    world.define("vpc", requiresCompatibilities=None)
    return Agent(world)


def start(agent: Agent, definition: str = "web") -> str:
    (task,) = agent.world.call("StartTask", taskDefinition=definition, containerInstances=[agent.arn])["tasks"]
    arn: str = task["taskArn"]
    return arn


def test_the_endpoint_to_poll_is_this_server(world: World) -> None:
    arn = machine(world)
    answer = world.call("DiscoverPollEndpoint", containerInstance=arn)
    assert answer["endpoint"] == answer["telemetryEndpoint"] == "http://127.0.0.1:5373"
    assert world.call("DiscoverPollEndpoint") == answer


def test_a_task_waits_for_its_agent_and_goes_where_the_agent_says(agent: Agent) -> None:
    task = start(agent)
    agent.world.clock.advance(3600)
    assert agent.seen(task)["lastStatus"] == "PENDING"
    assert agent.wanted() == [task]
    assert agent.say_container(task, "PULLED", runtimeId="c1")["lastStatus"] == "PENDING"
    running = agent.say_container(task, "RUNNING", runtimeId="c1", networkBindings=[BINDING])
    assert running["lastStatus"] == "RUNNING"
    (container,) = running["containers"]
    assert (container["runtimeId"], container["networkBindings"]) == ("c1", [BINDING])
    assert described(agent.world, agent.arn)["runningTasksCount"] == 1
    stopped = agent.say_container(task, "STOPPED", exitCode=3, reason="gave up")
    assert (stopped["lastStatus"], stopped["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    (container,) = stopped["containers"]
    assert (container["exitCode"], container["reason"], container["lastStatus"]) == (3, "gave up", "STOPPED")
    assert left(agent.world, agent.arn)["MEMORY"] == 4096


def test_one_submission_can_tell_the_whole_end(agent: Agent) -> None:
    task = start(agent)
    agent.say(task, "RUNNING", pullStartedAt=1_700_000_000, pullStoppedAt=1_700_000_001)
    exited = {"containerName": "app", "status": "STOPPED", "exitCode": 42, "runtimeId": "c1"}
    stopped = agent.say(task, "STOPPED", reason="enough", containers=[exited], executionStoppedAt=1_700_000_009)
    assert (stopped["lastStatus"], stopped["stoppedReason"]) == ("STOPPED", "enough")
    assert stopped["containers"][0]["exitCode"] == 42
    times = ("pullStartedAt", "pullStoppedAt", "executionStoppedAt")
    assert [stopped[name] for name in times] == [1_700_000_000, 1_700_000_001, 1_700_000_009]


def test_what_never_ran_has_failed_to_start(agent: Agent) -> None:
    task = start(agent)
    stopped = agent.say(task, "STOPPED", reason="CannotPullContainerError: no such image")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == (
        "TaskFailedToStart",
        "CannotPullContainerError: no such image",
    )
    assert "exitCode" not in stopped["containers"][0]


def test_an_exit_that_is_told_with_the_start_is_no_failure_to_start(agent: Agent) -> None:
    exited = {"containerName": "app", "status": "STOPPED", "exitCode": 0}
    stopped = agent.say(start(agent), "STOPPED", reason="done", containers=[exited])
    assert (stopped["stopCode"], stopped["containers"][0]["exitCode"]) == ("EssentialContainerExited", 0)


def test_an_agent_is_told_to_stop_a_task_by_its_desired_status(agent: Agent) -> None:
    task = start(agent)
    agent.say(task, "RUNNING")
    agent.world.call("StopTask", task=task, reason="mine")
    agent.world.clock.advance(3600)
    assert agent.seen(task)["lastStatus"] == "STOPPING"
    assert agent.wanted("STOPPED") == [task]
    stopped = agent.say_container(task, "STOPPED", exitCode=143)
    assert (stopped["lastStatus"], stopped["stopCode"], stopped["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "mine",
    )


def test_a_task_with_an_address_waits_for_its_network_interface(agent: Agent) -> None:
    world = agent.world
    launched = world.run("vpc", launchType="EC2")
    task, (interface,) = launched["tasks"][0]["taskArn"], launched["tasks"][0]["attachments"]
    assert agent.seen(task)["lastStatus"] == "PROVISIONING"
    change = {"attachmentArn": f"arn:aws:ecs:us-east-1:000000000000:attachment/{interface['id']}", "status": "ATTACHED"}
    world.call("SubmitAttachmentStateChanges", attachments=[change])
    after = agent.seen(task)
    assert (after["lastStatus"], after["attachments"][0]["status"]) == ("PENDING", "ATTACHED")
    assert agent.say(task, "RUNNING")["lastStatus"] == "RUNNING"
    assert agent.say(task, "STOPPED")["attachments"][0]["status"] == "DELETED"


def test_a_network_interface_that_cannot_be_attached_ends_the_task(agent: Agent) -> None:
    world = agent.world
    launched = world.run("vpc", launchType="EC2")["tasks"][0]
    failed = {"attachmentArn": launched["attachments"][0]["id"], "status": "FAILED"}
    world.call("SubmitAttachmentStateChanges", attachments=[failed])
    assert agent.seen(launched["taskArn"])["desiredStatus"] == "STOPPED"
    stopped = agent.say(launched["taskArn"], "STOPPED")
    assert stopped["stopCode"] == "TaskFailedToStart"


def test_the_tasks_of_a_service_are_driven_and_replaced(agent: Agent) -> None:
    world = agent.world
    world.serve(count=2, launchType="EC2", networkConfiguration=None)
    world.until(lambda: len(agent.wanted()) == 2)
    first, second = agent.wanted()
    agent.say(first, "RUNNING")
    agent.say(second, "RUNNING")
    assert world.service()["runningCount"] == 2
    agent.say(first, "STOPPED", containers=[{"containerName": "app", "status": "STOPPED", "exitCode": 1}])
    world.until(lambda: len(agent.wanted()) == 2)
    (third,) = set(agent.wanted()) - {second}
    agent.say(third, "RUNNING")
    assert (world.service()["runningCount"], world.stable()) == (2, True)


def test_a_task_behind_a_load_balancer_is_deregistered_before_its_agent_stops_it(agent: Agent) -> None:
    world = agent.world
    balancer = {"loadBalancerName": "old", "containerName": "app", "containerPort": 80}
    world.serve(count=1, launchType="EC2", networkConfiguration=None, loadBalancers=[balancer])
    world.until(lambda: len(agent.wanted()) == 1)
    (task,) = agent.wanted()
    agent.say_container(task, "RUNNING", networkBindings=[BINDING])
    agent.say(task, "RUNNING")
    world.until(lambda: world.service()["deployments"][0]["rolloutState"] == "COMPLETED")
    assert [target["health"] for target in world.targets.all()] == ["healthy"]
    world.call("UpdateService", service="s", desiredCount=0)
    assert agent.seen(task)["lastStatus"] == "STOPPING"
    assert [target["health"] for target in world.targets.all()] == ["unused"]
    assert agent.say(task, "STOPPED")["lastStatus"] == "STOPPED"


def test_a_managed_agent_is_as_it_was_said_to_be(agent: Agent) -> None:
    agent.world.define_ec2("exec", taskRoleArn="arn:aws:iam::000000000000:role/task")
    arguments = {"taskDefinition": "exec", "containerInstances": [agent.arn], "enableExecuteCommand": True}
    task = agent.world.call("StartTask", **arguments)["tasks"][0]["taskArn"]
    told = {"containerName": "app", "managedAgentName": "ExecuteCommandAgent", "status": "STOPPED", "reason": "crashed"}
    (shown,) = agent.say(task, "RUNNING", managedAgents=[told])["containers"][0]["managedAgents"]
    assert (shown["lastStatus"], shown["reason"]) == ("STOPPED", "crashed")
    with pytest.raises(Refused, match="TargetNotConnectedException"):
        agent.world.call("ExecuteCommand", task=task, command="sh", interactive=True)


def test_an_agent_that_speaks_of_a_task_takes_it_over(world: World) -> None:
    """Also one that has never asked where to poll: until then KECS has run what is on its instance."""
    world.define_ec2("web")
    arn = machine(world)
    task = world.call("StartTask", taskDefinition="web", containerInstances=[arn])["tasks"][0]["taskArn"]
    world.until(lambda: world.task(task)["lastStatus"] == "RUNNING")
    world.call("SubmitContainerStateChange", task=task, containerName="app", status="RUNNING", runtimeId="mine")
    world.clock.advance(60)
    taken = world.task(task)
    assert (taken["lastStatus"], taken["containers"][0]["runtimeId"]) == ("RUNNING", "mine")
    with pytest.raises(LookupError):  # nothing of it is left there
        world.runtime.exit_container(task, "app", 0)
    change = {"containerName": "app", "status": "STOPPED", "exitCode": 7}
    world.call("SubmitTaskStateChange", task=task, status="STOPPED", containers=[change])
    world.clock.advance(1)
    assert (world.task(task)["lastStatus"], world.task(task)["containers"][0]["exitCode"]) == ("STOPPED", 7)
    later = world.call("StartTask", taskDefinition="web", containerInstances=[arn])["tasks"][0]["taskArn"]
    world.clock.advance(60)
    assert world.task(later)["lastStatus"] == "PENDING"


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.002, 0.01, 0.1, 1.0])
def test_a_task_is_taken_over_wherever_it_is(world: World, seconds: float) -> None:
    world.define("vpc", requiresCompatibilities=None)
    machine(world)
    task = world.run("vpc", launchType="EC2")["tasks"][0]["taskArn"]
    world.clock.advance(seconds)
    world.call("SubmitTaskStateChange", task=task, status="RUNNING")
    world.clock.advance(10)
    assert world.task(task)["lastStatus"] == "RUNNING"
    world.call("SubmitTaskStateChange", task=task, status="STOPPED")
    world.clock.advance(10)
    assert world.task(task)["lastStatus"] == "STOPPED"


def test_nobody_else_speaks_of_what_kecs_runs(world: World) -> None:
    world.define("web")
    world.define_ec2("ec2")
    on_fargate = world.run()["tasks"][0]["taskArn"]
    on_its_own_instance = world.call("RunTask", taskDefinition="ec2")["tasks"][0]["taskArn"]
    for task in (on_fargate, on_its_own_instance):
        with pytest.raises(Refused, match="ClientException: The task is run by KECS itself"):
            world.call("SubmitTaskStateChange", task=task, status="STOPPED")


def test_what_is_said_of_a_stopped_task_changes_nothing(agent: Agent) -> None:
    task = start(agent)
    before = agent.say(task, "STOPPED", reason="over")
    assert agent.say(task, "RUNNING") == before
    assert agent.say_container(task, "STOPPED", exitCode=1) == before


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({}, "Task can not be blank."),
        ({"task": "0" * 32}, "The referenced task was not found."),
        ({"status": "FLYING"}, "The task status FLYING is not one of"),
        ({"containers": [{"containerName": "x", "status": "RUNNING"}]}, "The referenced container x was not found"),
        ({"containers": [{"containerName": "app", "status": "x"}]}, "The container status x is not one of"),
        ({"attachments": [{"attachmentArn": "x", "status": "ATTACHED"}]}, "The referenced attachment x was not found."),
        ({"cluster": "elsewhere"}, "ClusterNotFoundException"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(agent: Agent, members: dict[str, Any], text: str) -> None:
    task = start(agent)
    before = agent.seen(task)
    given = {"task": task, "status": "RUNNING", **members} if members else {}
    with pytest.raises(Refused, match=text):
        agent.world.call("SubmitTaskStateChange", **given)
    assert agent.seen(task) == before


def test_by_force_an_instance_takes_its_tasks_along(agent: Agent) -> None:
    task = start(agent)
    agent.say(task, "RUNNING")
    with pytest.raises(Refused, match="Found running tasks on the instance"):
        agent.world.call("DeregisterContainerInstance", containerInstance=agent.arn)
    agent.world.call("DeregisterContainerInstance", containerInstance=agent.arn, force=True)
    stopped = agent.seen(task)
    assert (stopped["lastStatus"], stopped["stoppedReason"]) == (
        "STOPPED",
        "Container instance deregistration forced by user",
    )


async def test_an_agent_goes_on_after_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define_ec2("web")
    agent = Agent(world)
    task = start(agent)
    agent.say(task, "RUNNING")
    again = World(journal=journal, start=world.clock.now() + 60, seed=2)
    await again.kernel.recover()
    agent.world = again
    assert agent.seen(task)["lastStatus"] == "RUNNING"
    assert left(again, agent.arn)["MEMORY"] == 4096 - 128
    assert agent.say_container(task, "STOPPED", exitCode=0)["lastStatus"] == "STOPPED"
    assert left(again, agent.arn)["MEMORY"] == 4096


@pytest.mark.parametrize("polling", [True, False])
async def test_what_was_submitted_before_a_crash_counts_after_it(polling: bool) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define_ec2("web")
    arn = machine(world)
    if polling:
        world.call("DiscoverPollEndpoint", containerInstance=arn)
    (task,) = world.call("StartTask", taskDefinition="web", containerInstances=[arn])["tasks"]
    change = {"task": task["taskArn"], "containerName": "app", "status": "RUNNING", "runtimeId": "mine"}
    world.call("SubmitContainerStateChange", **change)  # and KECS is killed before its loops have a turn
    again = World(journal=journal, start=world.clock.now() + 1, seed=2)
    await again.kernel.recover()
    again.clock.advance(1)
    after = again.task(task["taskArn"])
    assert (after["lastStatus"], after["containers"][0]["runtimeId"]) == ("RUNNING", "mine")
    again.clock.advance(3600)
    assert again.task(task["taskArn"])["lastStatus"] == "RUNNING"
