"""The whole kernel under whatever users, containers, time and a `kill -9` do to it; in the end everything is at rest.

Invariants are checked after every step, what a commit may do at every commit, and at the end the world is mended and
left alone until nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.properties.commits import Watch
from tests.properties.watching import Errors, content
from tests.scenarios.machines import machine
from tests.scenarios.world import START, Refused, World

from kecs.app.console import KernelConsole
from kecs.core.records import ServiceRecord, TaskRecord
from kecs.core.scheduling.counts import STARTING
from kecs.core.scheduling.daemon import is_daemon
from kecs.core.scheduling.replay import decisions_of, replay
from kecs.store.journal import SqliteJournal

SERVICES = st.sampled_from(["a", "b"])
FAMILIES = st.sampled_from(["web", "job"])
COUNT = st.sampled_from([3, 2, 4, 1, 0])
WHICH = st.integers(0, 10)
PERCENTAGES = st.sampled_from([(100, 200), (50, 100), (100, 150), (0, 100), (50, 200), (0, 200)])
SECONDS = st.sampled_from([31.0, 0.001, 0.0025, 0.01, 1.0, 0.0, 200.0, 3600.0, 7 * 3600.0])

AFTER_INIT = [{"containerName": "init", "condition": "SUCCESS"}]
AFTER_CHECK = [{"containerName": "app", "condition": "HEALTHY"}]
CHECK = {"command": ["CMD-SHELL", "true"], "retries": 1}
APP: dict[str, Any] = {"name": "app", "image": "app", "memory": 64, "portMappings": [{"containerPort": 80}]}
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/one/1"
BALANCERS = [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}]
KINDS: dict[str, list[dict[str, Any]]] = {
    "plain": [APP],
    "init": [
        {"name": "init", "image": "init", "memory": 64, "essential": False, "command": ["true"]},
        {**APP, "dependsOn": AFTER_INIT},
    ],
    "init that fails": [
        {"name": "init", "image": "init", "memory": 64, "essential": False, "command": ["false"]},
        {**APP, "dependsOn": AFTER_INIT},
    ],
    "checked": [{**APP, "healthCheck": CHECK}],
    "sidecar": [
        {**APP, "healthCheck": CHECK, "stopTimeout": 2},
        {"name": "log", "image": "slow", "memory": 64, "essential": False, "dependsOn": AFTER_CHECK},
    ],
    "job": [{**APP, "command": ["sleep", "40"]}],
    "unpullable": [{**APP, "image": "gone"}],
    "unstartable": [{**APP, "image": "broken"}],
    "crashing": [{**APP, "image": "crash"}],
    "deaf": [{**APP, "image": "deaf"}],
    "restarting": [{**APP, "command": ["sleep", "70"], "restartPolicy": {"enabled": True, "restartAttemptPeriod": 60}}],
    "huge": [{**APP, "memory": 3000}],
}
SCRIPTS: dict[str, dict[str, Any]] = {
    "gone": {"pull_error": "manifest unknown"},
    "broken": {"start_error": "no such file"},
    "crash": {"run_seconds": 0.5, "exit_code": 1},
    "slow": {"pull_seconds": 5, "start_seconds": 1},
    "deaf": {"ignore_sigterm": True},
}


def task_is(condition: Callable[[TaskRecord], bool]) -> Callable[[KernelMachine], bool]:
    return lambda machine: bool(machine.tasks(condition))


def runs(task: TaskRecord) -> bool:
    return any(container.phase == "RUNNING" for container in task.containers)


def is_registered(task: TaskRecord) -> bool:
    return any(target.registered for target in task.targets)


class KernelMachine(RuleBasedStateMachine):
    @initialize(count=COUNT, percentages=PERCENTAGES, seconds=SECONDS)
    def begin(self, count: int, percentages: tuple[int, int], seconds: float) -> None:
        self.folder = TemporaryDirectory()
        self.errors = Errors()
        self.errors.__enter__()
        self.worlds = 0
        self.world = self.enter(START)
        for family in ("web", "job"):
            self.register(family, "plain", ec2=family == "job")
        self.create("a", "web", count, percentages, BALANCERS)
        self.world.clock.advance(seconds)

    def enter(self, now: float) -> World:
        self.worlds += 1
        self.journal = SqliteJournal(Path(self.folder.name) / "state.sqlite")
        world = World(journal=self.journal, start=now, seed=self.worlds)
        for image, script in SCRIPTS.items():
            world.runtime.set_script(image, script)
        Watch(world)
        return world

    def tasks(self, condition: Callable[[TaskRecord], bool]) -> list[TaskRecord]:
        return [task for task in self.world.kernel.store.tasks if condition(task)]

    def pick(self, which: int, condition: Callable[[TaskRecord], bool]) -> TaskRecord:
        found = self.tasks(condition)
        return found[which % len(found)]

    def services(self, status: str) -> list[ServiceRecord]:
        return [service for service in self.world.kernel.store.services if service.status == status]

    def pick_service(self, which: int) -> ServiceRecord:
        found = self.services("ACTIVE")
        return found[which % len(found)]

    def update(self, which: int, **members: Any) -> None:
        service = self.pick_service(which)
        call = self.ask if is_daemon(service) else self.world.call
        call("UpdateService", service=service.name, **members)

    def ask(self, operation: str, **members: Any) -> None:
        """A call that may be refused; never with a 500."""
        try:
            self.world.call(operation, **members)
        except Refused as refused:
            if refused.status != 400:
                raise

    # -- users --------------------------------------------------------------------------------------------------------

    @rule(family=FAMILIES, kind=st.sampled_from(list(KINDS)), ec2=st.booleans())
    def register(self, family: str, kind: str, ec2: bool) -> None:
        (self.world.define_ec2 if ec2 else self.world.define)(
            family, *KINDS[kind], memory=None if ec2 else "4096", cpu=None if ec2 else "512"
        )

    @precondition(lambda machine: len(machine.services("ACTIVE")) < 2)
    @rule(
        name=SERVICES,
        family=FAMILIES,
        count=COUNT,
        percentages=PERCENTAGES,
        balancers=st.sampled_from([[], BALANCERS]),
    )
    def create(self, name: str, family: str, count: int, percentages: tuple[int, int], balancers: list[Any]) -> None:
        members = {**self.where(family), **self.configured(percentages), "loadBalancers": balancers}
        with suppress(Refused):
            self.world.serve(name, count, family, **members)

    @precondition(lambda machine: len(machine.services("ACTIVE")) < 2)
    @rule(name=SERVICES, least=st.sampled_from([0, 50]))
    def create_daemon(self, name: str, least: int) -> None:
        with suppress(Refused):
            members = {"launchType": "EC2", "networkConfiguration": None, "schedulingStrategy": "DAEMON"}
            self.world.serve(name, None, "job", **members, **self.configured((least, 100)))

    @precondition(lambda machine: machine.services("ACTIVE"))
    @rule(which=WHICH, count=COUNT)
    def scale(self, which: int, count: int) -> None:
        self.update(which, desiredCount=count)

    @precondition(lambda machine: machine.services("ACTIVE"))
    @rule(which=WHICH, kind=st.sampled_from(list(KINDS)))
    def deploy(self, which: int, kind: str) -> None:
        service = self.pick_service(which)
        family = "job" if service.service.launch_type == "EC2" else "web"
        self.register(family, kind, ec2=family == "job")
        self.update(which, taskDefinition=family)

    @precondition(lambda machine: machine.services("ACTIVE"))
    @rule(which=WHICH)
    def deploy_again(self, which: int) -> None:
        self.update(which, forceNewDeployment=True)

    @precondition(lambda machine: machine.services("ACTIVE"))
    @rule(which=WHICH, percentages=PERCENTAGES)
    def change_the_percentages(self, which: int, percentages: tuple[int, int]) -> None:
        self.update(which, **self.configured(percentages))

    @precondition(lambda machine: machine.services("ACTIVE"))
    @rule(which=WHICH, sure=st.sampled_from([False, False, True]))
    def delete(self, which: int, sure: bool) -> None:
        self.ask("DeleteService", service=self.pick_service(which).name, force=sure)

    @rule(family=FAMILIES, count=st.integers(1, 3))
    def run(self, family: str, count: int) -> None:
        with suppress(Refused):
            self.world.run(family, count=count, **self.where(family))

    @precondition(task_is(lambda task: True))
    @rule(which=WHICH)
    def stop(self, which: int) -> None:
        self.ask("StopTask", task=self.pick(which, lambda task: True).arn)

    def where(self, family: str) -> dict[str, Any]:
        """Where the family's newest revision can be launched."""
        definition = self.world.call("DescribeTaskDefinition", taskDefinition=family)["taskDefinition"]
        fargate = "FARGATE" in definition.get("requiresCompatibilities", ())
        return {} if fargate else {"launchType": "EC2", "networkConfiguration": None}

    def configured(self, percentages: tuple[int, int]) -> dict[str, Any]:
        least, most = percentages
        return {"deploymentConfiguration": {"minimumHealthyPercent": least, "maximumPercent": most}}

    # -- instances ----------------------------------------------------------------------------------------------------

    @rule(number=st.integers(1, 3), zone=st.sampled_from(["us-east-1a", "us-east-1b"]))
    def an_instance_registers(self, number: int, zone: str) -> None:
        machine(self.world, number, zone)

    @precondition(lambda kernel: kernel.open_instances())
    @rule(which=WHICH, status=st.sampled_from(["DRAINING", "ACTIVE"]))
    def an_instance_drains_or_is_active_again(self, which: int, status: str) -> None:
        self.change_state(which, status)

    @precondition(lambda kernel: kernel.open_instances())
    @rule(which=WHICH)
    def an_instance_is_deregistered(self, which: int) -> None:
        found = self.open_instances()
        self.world.call("DeregisterContainerInstance", containerInstance=found[which % len(found)], force=True)

    def open_instances(self) -> list[str]:
        return [i.arn for i in self.world.kernel.store.instances if i.instance.status != "INACTIVE"]

    def change_state(self, which: int, status: str) -> None:
        found = self.open_instances()
        instance = found[which % len(found)]
        self.world.call("UpdateContainerInstancesState", containerInstances=[instance], status=status)

    # -- containers, time, and the end of the process -----------------------------------------------------------------

    @precondition(task_is(runs))
    @rule(which=WHICH, code=st.sampled_from([0, 1, 137]))
    def a_container_exits(self, which: int, code: int) -> None:
        task = self.pick(which, runs)
        container = next(c for c in task.containers if c.phase == "RUNNING")
        with suppress(LookupError):  # it has, and the report of it is still to be read
            self.world.runtime.exit_container(task.arn, container.name, code, out_of_memory=code == 137)

    @precondition(task_is(lambda task: runs(task) and task.has_health_check))
    @rule(which=WHICH, health=st.sampled_from(["HEALTHY", "UNHEALTHY"]))
    def a_check_decides(self, which: int, health: Any) -> None:
        task = self.pick(which, lambda task: runs(task) and task.has_health_check)
        with suppress(LookupError):
            self.world.runtime.set_health(task.arn, "app", health)

    @precondition(task_is(is_registered))
    @rule(which=WHICH, health=st.sampled_from(["healthy", "unhealthy", "initial"]))
    def a_load_balancer_decides(self, which: int, health: Any) -> None:
        self.world.targets.set("default", self.pick(which, is_registered).arn, health)

    @rule(health=st.sampled_from(["healthy", "unhealthy", "initial"]))
    def health_checks_of_the_target_group_change(self, health: Any) -> None:
        self.world.targets.set_group(GROUP, health)

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(seconds=SECONDS)
    def the_process_is_killed_and_started_again(self, seconds: float) -> None:
        acknowledged = content(self.world)
        self.journal.close()
        self.world = self.enter(self.world.clock.now() + seconds)
        assert content(self.world) == acknowledged
        try:
            self.world.kernel.recover().send(None)
        except StopIteration:
            return
        raise AssertionError("recovering waits for something")

    # -- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def nothing_failed(self) -> None:
        assert self.errors.texts == []

    @invariant()
    def counts_are_those_of_the_tasks(self) -> None:
        for service in self.world.call("DescribeServices", services=["a", "b"])["services"]:
            tasks = self.tasks(lambda t, arn=service["serviceArn"]: t.service_arn == arn)  # type: ignore[misc]
            statuses = [task.last_status for task in tasks]
            assert service["runningCount"] == statuses.count("RUNNING")
            assert service["pendingCount"] == sum(status in STARTING for status in statuses)
            assert [d["status"] for d in service["deployments"][:1]] in ([], ["PRIMARY"])

    @invariant()
    def what_has_stopped_runs_nowhere(self) -> None:
        for arn, simulated in self.world.runtime._tasks.items():
            record = self.world.kernel.store.tasks.get(arn)
            assert record is not None
            if record.last_status == "STOPPED":
                assert not any(c.state in ("starting", "running") for c in simulated.containers.values())

    @invariant()
    def every_task_can_be_described(self) -> None:
        arns = [task.arn for task in self.tasks(lambda task: True)][-100:]
        if arns:
            described = self.world.call("DescribeTasks", tasks=arns)
            assert [task["taskArn"] for task in described["tasks"]] == arns

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.come_to_rest()
        finally:
            self.errors.texts, left = [], self.errors.texts
            self.errors.__exit__()
            self.journal.close()
            self.folder.cleanup()
        assert left == []

    def come_to_rest(self) -> None:
        """The world is mended and left alone."""
        for image in SCRIPTS:
            self.world.runtime.set_script(image, {})
        self.world.targets.set_group(GROUP, "healthy")
        self.register("web", "plain", ec2=False)
        self.register("job", "plain", ec2=True)
        for which in range(len(self.open_instances())):
            self.change_state(which, "ACTIVE")
        for number, service in enumerate(self.services("ACTIVE")):
            family = "job" if service.service.launch_type == "EC2" else "web"
            most = 100 if is_daemon(service) else 200
            self.update(number, taskDefinition=family, **self.configured((0, most)))
        assert self.world.clock.advance_until(self.at_rest, 48 * 3600.0), self.world.kernel.store.services
        self.world.clock.advance(8 * 3600.0)
        assert self.at_rest()
        assert not self.world.kernel.control.queue.busy
        for task in self.tasks(lambda task: True):
            assert task.last_status == "RUNNING", task  # what had stopped is forgotten by now
            assert all(target.health == "healthy" and target.told for target in task.targets)
        assert replay(decisions_of(KernelConsole(self.world.kernel, "test").state(history=True))) == []

    def at_rest(self) -> bool:
        services = list(self.world.kernel.store.services)
        return all(self.is_steady(service) for service in services) and all(
            task.last_status in ("RUNNING", "STOPPED") for task in self.world.kernel.store.tasks
        )

    def is_steady(self, service: ServiceRecord) -> bool:
        tasks = self.tasks(lambda t: t.service_arn == service.arn and t.last_status != "STOPPED")
        if service.status != "ACTIVE":
            return service.status == "INACTIVE" and not tasks
        return (
            service.steady
            and [d.rollout_state for d in service.deployments] == ["COMPLETED"]
            and [t.last_status for t in tasks] == ["RUNNING"] * service.desired_count
        )


TestKernel = KernelMachine.TestCase
TestKernel.settings = settings(max_examples=50, stateful_step_count=30)
