"""What a runtime has to know of a task: its definition with the overrides of this run applied."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records import Record


class TaskPlan(Record):
    """One task to run. `containers` are the definition's, overrides applied, in the order of the definition."""

    arn: str
    id: str
    cluster: str  # the cluster's name
    account: str
    region: str
    definition: m.TaskDefinition
    containers: tuple[m.ContainerDefinition, ...]
    network_mode: str  # awsvpc | bridge | host | none
    launch_type: str
    cpu: str | None = None  # CPU units of the whole task, 1024 a core
    memory: str | None = None  # MiB of the whole task
    service: str | None = None  # the service's name
    group: str = ""

    def container(self, name: str) -> m.ContainerDefinition:
        return next(c for c in self.containers if c.name == name)
