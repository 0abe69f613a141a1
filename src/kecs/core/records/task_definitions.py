"""Task definitions and their families."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.records.base import Record, Scoped


class FamilyRecord(Record):
    """The revision counter of a task definition family; it never goes back, whatever is deregistered or deleted."""

    key: str  # Scope.family(name)
    last_revision: int


class OfFamily(Scoped):
    """One revision of a family, which its ARN tells."""

    @property
    def family(self) -> str:
        return last_part(self.arn).rsplit(":", 1)[0]

    @property
    def revision(self) -> int:
        return int(self.arn.rsplit(":", 1)[1])


class TaskDefinitionRecord(OfFamily):
    """One revision of a task definition, normalised as DescribeTaskDefinition shows it."""

    definition: m.TaskDefinition
    tags: tuple[m.Tag, ...] = ()
