"""Tasks for the tests of this folder: a definition in a line, and a runtime that obeys at once."""

from __future__ import annotations

from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.records import ClusterRecord, TaskDefinitionRecord, TaskRecord
from kecs.core.records.targets import TargetRecord
from kecs.core.taskdefs.overrides import task_plan
from kecs.core.tasks.apply import apply
from kecs.core.tasks.commands import Command, Deregister, Provision, Pull, Register, Release, Restart, Start, Stop
from kecs.core.tasks.create import TaskSpec, needs_of, new_task
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Provisioned, Pulled, Released, Report, Started, TargetChanged
from kecs.core.tasks.step import step

SCOPE = Scope("111111111111", "us-east-1")


def container(name: str, **fields: Any) -> m.ContainerDefinition:
    return m.ContainerDefinition(**{"name": name, "image": "app:1", "essential": True, **fields})


def after(name: str, condition: Any) -> list[m.ContainerDependency]:
    return [m.ContainerDependency(container_name=name, condition=condition)]


class World:
    """One task, stepped by hand; `obey` lists what the runtime carries out by itself."""

    def __init__(
        self, *containers: m.ContainerDefinition, network_mode: Any = "awsvpc", targets: tuple[TargetRecord, ...] = ()
    ) -> None:
        definition = TaskDefinitionRecord(
            arn=SCOPE.task_definition("app", 1),
            definition=m.TaskDefinition(
                family="app", revision=1, network_mode=network_mode, container_definitions=list(containers)
            ),
        )
        cluster = ClusterRecord(arn=SCOPE.cluster("default"), cluster=m.Cluster(status="ACTIVE"))
        spec = TaskSpec(
            cluster=cluster, definition=definition, launch_type="FARGATE", group="family:app", targets=targets
        )
        self.now = 1000.0
        self.task: TaskRecord = new_task(spec, None, needs_of(spec), self.now, lambda: "a" * 32, lambda: "uuid")
        self.plan: TaskPlan = task_plan(self.task, definition.definition, None)
        self.commands: list[Command] = []
        self.statuses: list[str] = [self.task.last_status]
        self.wake_at: float | None = None
        self.settle()

    def settle(self) -> None:
        """Take every step that can be taken."""
        self.wake_at = None
        while True:
            taken = step(self.task, self.plan, self.now)
            self.commands += taken.commands
            self.wake_at = taken.wake_at or self.wake_at
            if taken.task is self.task:
                return
            if taken.task.last_status != self.task.last_status:
                self.statuses.append(taken.task.last_status)
            self.task = taken.task

    def report(self, report: Report) -> None:
        self.task = apply(self.task, report)
        self.settle()

    def obey(self) -> None:
        """Carry out every command until none is left; containers stay up until they are stopped."""
        while self.commands:
            self.report(self._outcome(self.commands.pop(0)))

    def exited(self, name: str, code: int = 0, **fields: Any) -> None:
        self.report(Exited(task=self.task.arn, container=name, at=self.now, exit_code=code, **fields))

    def phase(self, name: str) -> str:
        return next(c.phase for c in self.task.containers if c.name == name)

    def _outcome(self, command: Command) -> Report:
        arn = self.task.arn
        match command:
            case Provision():
                return Provisioned(task=arn, address="10.0.0.5", mac_address="0a:58:0a:00:00:05")
            case Pull():
                return Pulled(task=arn, container=command.container, digest="sha256:1")
            case Start() | Restart():
                return Started(task=arn, container=command.container, runtime_id="r1", at=self.now)
            case Stop():
                return Exited(task=arn, container=command.container, at=self.now, exit_code=143)
            case Release():
                return Released(task=arn)
            case Register():
                return TargetChanged(task=arn, target=command.target, health="healthy")
            case Deregister():
                return TargetChanged(task=arn, target=command.target, health="unused")
