"""What the events of a service say of its tasks as targets of load balancers. `scheduler` calls it for every plan.

A task that came and went between two looks is not mentioned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kecs.core import events
from kecs.core.events import NewId
from kecs.core.records import ServiceRecord
from kecs.core.scheduling.snapshot import ServiceTask


def tell(
    service: ServiceRecord, tasks: Iterable[ServiceTask], now: float, new_id: NewId
) -> tuple[ServiceRecord, tuple[str, ...]]:
    """The service with events about tasks that have been registered and deregistered; and the ARNs of these tasks."""
    told = [task for task in tasks if task.targets and any(t.registered != t.told for t in task.targets)]
    if not told:
        return service, ()
    registered, deregistered, draining = Counter[str](), Counter[str](), Counter[str]()
    for task in told:
        registered.update(target.group for target in task.targets if target.registered and not target.told)
        left = [target.group for target in task.targets if target.told and not target.registered]
        deregistered.update(left)
        draining[task.deployment_id] += bool(left)
    for group, count in registered.items():
        service = events.record(service, events.registered(count, group), now, new_id, task_set="")
    for group, count in deregistered.items():
        service = events.record(service, events.deregistered(count, group), now, new_id, task_set="")
    for deployment, count in draining.items():
        if count:
            service = events.record(service, events.draining(count), now, new_id, task_set=deployment)
    return service, tuple(task.arn for task in told)
