"""What was asked of the node that a task has been placed on, for runtimes that tell those who look after nodes.

Pure; a supervisor calls it when it makes a task's plan. Whether the node will do has been decided by then.
"""

from __future__ import annotations

from collections.abc import Iterable

from kecs.aws.model import ecs as m
from kecs.core.records import InstanceRecord, TaskRecord
from kecs.core.tasks.plan import Wishes


def wishes_of(
    task: TaskRecord, definition: m.TaskDefinition, instance: InstanceRecord, there: Iterable[TaskRecord]
) -> Wishes | None:
    """The placement constraints of the task's definition and launch; None where it has none, or no node. `there` are
    the tasks of its instance.

    A task that is to stop counts no more for distinctInstance, but is there for a while: then nobody else is told.
    """
    asked = (*(definition.placement_constraints or ()), *task.placement_constraints)
    if instance.node is None or not asked:
        return None
    distinct = any(constraint.type == "distinctInstance" for constraint in asked)
    expressions = tuple(c.expression for c in asked if c.type == "memberOf" and c.expression)
    text = " ".join(expressions)
    return Wishes(
        expressions=expressions,
        distinct=distinct and not any(_beside(task, other) for other in there),
        attributes={a.name: a.value or "" for a in instance.instance.attributes or () if a.name in text},
        labels=instance.node.labels,
    )


def _beside(task: TaskRecord, other: TaskRecord) -> bool:
    return other.arn != task.arn and other.group == task.group and other.last_status != "STOPPED"
