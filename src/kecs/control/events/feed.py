"""The feed: what changed, one event a change of status, remembered for a while and streamed to whoever listens.

A listener of the store; `app` offers it as Console.events. What is committed is only put aside: it becomes events when
somebody looks, or when so much has piled up that the records in it would be more than the events.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from kecs.control.events.calls import describe_call
from kecs.control.events.details import details
from kecs.control.events.recent import Recent
from kecs.core.arns import last_part
from kecs.core.lifecycle import CONTAINER_STATUS
from kecs.core.records import Change, ContainerRecord, ServiceDeploymentRecord, ServiceRecord, TaskRecord
from kecs.core.scheduling.limits import limits
from kecs.ports.clock import Clock
from kecs.ports.console import FeedEvent

log = logging.getLogger(__name__)

REMEMBERED = 20_000  # events; a few megabytes
PUT_ASIDE = 2_000  # changes that have not become events yet; a few megabytes of records

# What happened: kind, ARN, cluster, status before, status after, a line for people.
Seen = tuple[str, str, "str | None", "str | None", "str | None", str]


class Feed(Recent[FeedEvent]):
    """State changes in the order in which they were committed."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(REMEMBERED)
        self._clock = clock
        self._logged = log.isEnabledFor(logging.DEBUG)
        self._aside: deque[tuple[float, list[Change]]] = deque()
        self._changes = 0  # in all that is put aside

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        self._aside.append((self._clock.now(), changes))
        self._changes += len(changes)
        while self._changes > PUT_ASIDE:
            self._describe()
        if self._logged:
            for event in self.recent(self._last):
                log.debug("%s", event.message)
        if self._news:
            self._tell()

    def replaced(self, message: str) -> None:
        """Tell that everything is another from now on; of what is there then nothing is told."""
        self._catch_up()
        number, at = self._last + 1, self._clock.now()
        about: dict[str, Any] = dict.fromkeys(("cluster", "before", "after"))
        self._keep(FeedEvent(id=number, at=at, kind="snapshot", arn="", message=message, **about))
        self._tell()

    def _catch_up(self) -> None:
        while self._aside:
            self._describe()

    def _describe(self) -> None:
        """Make events of the oldest changes that are put aside."""
        at, changes = self._aside.popleft()
        self._changes -= len(changes)
        for table, _, old, new in changes:
            describe = _DESCRIBE.get(table)
            if describe is None:
                continue
            record = new or old
            for kind, arn, cluster, before, after, message in describe(old, new):
                self._keep(
                    FeedEvent(
                        id=self._last + 1,
                        at=at,
                        kind=kind,
                        arn=arn,
                        cluster=cluster,
                        before=before,
                        after=after,
                        message=message,
                        **details(table, kind, arn, record),
                    )
                )


def _moved(kind: str, arn: str, cluster: str | None, before: str | None, after: str | None, note: str = "") -> Seen:
    message = f"{kind} {last_part(arn)} {before or 'new'} -> {after or 'gone'}{note}"
    return kind, arn, cluster, before, after, message


def _of_cluster(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.cluster.status if r else None for r in (old, new))
    if before != after:
        arn = (new or old).arn
        yield _moved("cluster", arn, arn, before, after)


def _of_definition(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.definition.status if r else None for r in (old, new))
    if before != after:
        yield _moved("task-definition", (new or old).arn, None, before, after)


def _of_task(old: TaskRecord | None, new: TaskRecord | None) -> Iterator[Seen]:
    record = new or old
    if record is None:
        return
    before, after = (task.last_status if task else None for task in (old, new))
    if before != after:
        note = f" ({new.stopped_reason})" if new and after == "STOPPED" and new.stopped_reason else ""
        yield _moved("task", record.arn, record.cluster_arn, before, after, note)
    if new is not None and old is not None and new.targets != old.targets:
        yield from _of_targets(old, new)
    if new is None or old is None or new.containers is old.containers:
        return
    earlier = {container.name: container for container in old.containers}
    for container in new.containers:
        yield from _of_container(earlier[container.name], container, new)


def _of_targets(old: TaskRecord, new: TaskRecord) -> Iterator[Seen]:
    earlier = {(target.group, target.container, target.port): target.health for target in old.targets}
    for target in new.targets:
        before = earlier.get((target.group, target.container, target.port))
        if before != target.health:
            group = target.group.split("/")[1] if "/" in target.group else target.group  # its name
            message = f"task {new.id} as a target of {group} is {target.health}"
            yield "target-health", target.group, new.cluster_arn, before, target.health, message


def _of_container(old: ContainerRecord, new: ContainerRecord, task: TaskRecord) -> Iterator[Seen]:
    before, after = CONTAINER_STATUS[old.phase], CONTAINER_STATUS[new.phase]
    named = f"container {new.name} of task {task.id}"
    if before != after:
        note = "" if new.exit_code is None else f" (exit code {new.exit_code})"
        yield "container", new.arn, task.cluster_arn, before, after, f"{named} {before} -> {after}{note}"
    elif new.restart_count > old.restart_count:
        message = f"{named} restarts (exit code {new.exit_code})"
        yield "container", new.arn, task.cluster_arn, after, after, message
    if old.health != new.health:
        yield "health", new.arn, task.cluster_arn, old.health, new.health, f"{named} is {new.health}"


def _of_service(old: ServiceRecord | None, new: ServiceRecord | None) -> Iterator[Seen]:
    record = new or old
    if record is None:
        return
    before, after = (service.status if service else None for service in (old, new))
    if before != after:
        yield _moved("service", record.arn, record.cluster_arn, before, after)
    if new is None:
        return
    if old is not None and before == after and (wanted := limits(new)) != limits(old):
        message = f"service {new.name} wants {wanted.desired} tasks, {wanted.minimum} to {wanted.maximum} as it deploys"
        yield "limits", new.arn, new.cluster_arn, str(old.desired_count), str(new.desired_count), message
    states = {d.id: d.rollout_state for d in old.deployments} if old else {}
    for deployment in new.deployments:
        if states.get(deployment.id) != deployment.rollout_state:
            yield _moved(
                "deployment",
                f"{new.arn}/{last_part(deployment.id)}",
                new.cluster_arn,
                states.get(deployment.id),
                deployment.rollout_state,
            )
    known = {event.id for event in old.events} if old else set()
    if new.events and (old is None or new.events != old.events):
        for event in reversed([e for e in new.events if e.id not in known]):
            yield "service-event", new.arn, new.cluster_arn, None, None, event.message or ""


def _of_daemon(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.status if r else None for r in (old, new))
    if before != after:
        record = new or old
        yield _moved("daemon", record.arn, record.cluster_arn, before, after)


def _of_daemon_deployment(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.status if r else None for r in (old, new))
    if before != after and new is not None:
        note = f" ({new.status_reason})" if new.status_reason else ""
        yield _moved("daemon-deployment", new.arn, new.cluster_arn, before, after, note)


def _of_daemon_definition(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.definition.status if r else None for r in (old, new))
    if before != after:
        yield _moved("daemon-task-definition", (new or old).arn, None, before, after)


def _of_service_deployment(old: ServiceDeploymentRecord | None, new: ServiceDeploymentRecord | None) -> Iterator[Seen]:
    record = new or old
    if record is None:
        return
    before, after = (r.status if r else None for r in (old, new))
    if before != after:
        yield _moved("service-deployment", record.arn, record.cluster_arn, before, after)
    known = len(old.stages) if old else 0
    for entered in new.stages[known:] if new else ():
        message = f"service-deployment {last_part(record.arn)} enters {entered.name}"
        yield "lifecycle-stage", record.arn, record.cluster_arn, None, entered.name, message


def _of_code_deployment(old: Any, new: Any) -> Iterator[Seen]:
    if new is None:
        return
    before = old.status if old else None
    if before != new.status:
        note = f" ({new.error.message})" if new.error else ""
        yield _moved("code-deployment", new.id, new.cluster_arn, before, new.status, note)
    if old is not None and old.ongoing and old.production != new.production:
        message = f"code-deployment {new.id} has the replacement get {new.production:g} percent of the traffic"
        yield "code-deployment", new.id, new.cluster_arn, None, None, message
    known = {event.name: event.status for event in old.events} if old else {}
    for event in new.events:
        if old is not None and known.get(event.name) != event.status:
            message = f"code-deployment {new.id} {event.name} {known.get(event.name)} -> {event.status}"
            yield "lifecycle-event", new.id, new.cluster_arn, known.get(event.name), event.status, message


def _of_task_set(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.status if r else None for r in (old, new))
    if before != after:
        record = new or old
        yield _moved("task-set", record.arn, record.cluster_arn, before, after)


def _of_gateway(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.gateway.status if r else None for r in (old, new))
    if before != after:
        yield _moved("gateway", (new or old).arn, None, before, after)


def _of_gateway_route(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.status if r else None for r in (old, new))
    if before != after:
        yield _moved("gateway-route", (new or old).arn, (new or old).cluster_arn, before, after)


def _of_express(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.status if r else None for r in (old, new))
    if before != after:
        record = new or old
        yield _moved("express-service", record.arn, record.cluster_arn, before, after)


def _of_instance(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.instance.status if r else None for r in (old, new))
    if before != after:
        record = new or old
        yield _moved("instance", record.arn, record.cluster_arn, before, after)


def _of_provider(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.provider.update_status or r.provider.status if r else None for r in (old, new))
    if before != after:
        yield _moved("capacity-provider", (new or old).arn, (new or old).cluster_arn, before, after)


def _of_rule(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.state if r else None for r in (old, new))
    if before != after:
        yield _moved("rule", (new or old).arn, None, before, after)


def _of_schedule(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.given.state if r else None for r in (old, new))
    if before != after:
        yield _moved("schedule", (new or old).arn, None, before, after)


def _of_invocation(old: Any, new: Any) -> Iterator[Seen]:
    if old is not None and new is not None and old.attempts != new.attempts:
        note = f" ({new.reason})" if new.reason else ""
        message = f"invocation of {new.target} by {new.source} {old.status} -> {new.status}{note}"
        cluster = new.target_arn if new.run else None
        yield "invocation", new.source_arn, cluster, old.status, new.status, message


def _of_scaling_activity(old: Any, new: Any) -> Iterator[Seen]:
    before, after = (r.status if r else None for r in (old, new))
    if new is not None and before != after:
        message = f"scaling of {last_part(new.service_arn)}: {new.description.rstrip('.')} {after} ({new.cause})"
        yield "scaling", new.service_arn, new.cluster_arn, before, after, message


_DESCRIBE: dict[str, Callable[[Any, Any], Iterator[Seen]]] = {
    "calls": describe_call,
    "clusters": _of_cluster,
    "capacity_providers": _of_provider,
    "task_definitions": _of_definition,
    "tasks": _of_task,
    "services": _of_service,
    "service_deployments": _of_service_deployment,
    "code_deployments": _of_code_deployment,
    "task_sets": _of_task_set,
    "instances": _of_instance,
    "gateways": _of_gateway,
    "gateway_routes": _of_gateway_route,
    "express_services": _of_express,
    "daemons": _of_daemon,
    "rules": _of_rule,
    "schedules": _of_schedule,
    "scaling_activities": _of_scaling_activity,
    "invocations": _of_invocation,
    "daemon_deployments": _of_daemon_deployment,
    "daemon_task_definitions": _of_daemon_definition,
}
