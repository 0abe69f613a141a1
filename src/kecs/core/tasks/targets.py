"""A task as a target of its service's load balancers: registered while it is RUNNING, deregistered before it stops.

`step` calls it at the two ends, `apply` in between, the supervisor after a restart. What a load balancer makes of it
comes as TargetChanged.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html (DEACTIVATING)
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import TaskRecord
from kecs.core.records.targets import REGISTERED, TargetHealth, TargetRecord
from kecs.core.tasks.commands import Deregister, Register
from kecs.core.tasks.reports import TargetChanged

# Elastic Load Balancing's reasons when there is nothing more to say: of a target group, and of a classic load balancer.
FAILED = "Health checks failed"
FAILED_CLASSIC = "Instance has failed at least the UnhealthyThreshold number of health checks consecutively."


def targets_of(balancers: Iterable[m.LoadBalancer], *, alternate: bool) -> tuple[TargetRecord, ...]:
    """What a task behind these load balancers becomes; `alternate`: in their alternate target groups."""
    targets: dict[tuple[str, str, int], None] = {}
    for balancer in balancers:
        advanced = balancer.advanced_configuration if alternate else None
        group = (advanced and advanced.alternate_target_group_arn) or balancer.target_group_arn
        name = group or balancer.load_balancer_name
        if name and balancer.container_name and balancer.container_port is not None:
            targets[name, balancer.container_name, balancer.container_port] = None
    return tuple(TargetRecord(group=group, container=name, port=port) for group, name, port in targets)


def registered(task: TaskRecord) -> tuple[TaskRecord, tuple[Register, ...]]:
    """The task with all of its targets registered, and how; itself when they are."""
    if all(target.health != "unused" for target in task.targets):
        return task, ()
    task = _with_health(task, {"unused"}, "initial")
    task = replace(task, targets=tuple(replace(t, host_port=_host_port(task, t)) for t in task.targets))
    return task, registrations(task)


def deregistered(task: TaskRecord) -> tuple[TaskRecord, tuple[Deregister, ...]]:
    """The task with none of its targets registered, and how; itself when that is so."""
    if not any(target.registered for target in task.targets):
        return task, ()
    task = _with_health(task, REGISTERED, "draining")
    return task, tuple(Deregister(target=target) for target in task.targets)


def registrations(task: TaskRecord) -> tuple[Register, ...]:
    """How its registered targets are registered, with the address and port at which each is reached."""
    return tuple(_registration(task, target) for target in task.targets if target.registered)


def again(task: TaskRecord) -> tuple[Register | Deregister, ...]:
    """What a load balancer has to be told after a restart."""
    draining = (Deregister(target=target) for target in task.targets if target.health == "draining")
    return (*registrations(task), *draining)


def target_changed(task: TaskRecord, report: TargetChanged) -> TaskRecord:
    """The task after a load balancer's report; itself when that means nothing to the target."""
    return replace(task, targets=targets) if (targets := _changed(task, report)) != task.targets else task


def _changed(task: TaskRecord, report: TargetChanged) -> tuple[TargetRecord, ...]:
    return tuple(_after(target, report) if target.is_same(report.target) else target for target in task.targets)


def _after(target: TargetRecord, report: TargetChanged) -> TargetRecord:
    known = {"draining"} if report.health == "unused" else REGISTERED
    if target.health not in known or report.health == "draining":
        return target
    failed = FAILED if target.group.startswith("arn:") else FAILED_CLASSIC
    reason = (report.reason or failed) if report.health == "unhealthy" else None
    return replace(target, health=report.health, reason=reason, passed=target.passed or report.health == "healthy")


def _with_health(task: TaskRecord, before: Iterable[str], after: TargetHealth) -> TaskRecord:
    targets = (replace(t, health=after, reason=None) if t.health in before else t for t in task.targets)
    return replace(task, targets=tuple(targets))


def _registration(task: TaskRecord, target: TargetRecord) -> Register:
    return Register(target=target, address=task.address, port=_host_port(task, target))


def _host_port(task: TaskRecord, target: TargetRecord) -> int:
    bindings = (b for c in task.containers if c.name == target.container for b in c.network_bindings)
    bound = next((b.host_port for b in bindings if b.container_port == target.port and b.host_port), None)
    return bound or target.port
