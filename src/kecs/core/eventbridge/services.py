"""ECS Service Action and ECS Deployment State Change: what a service has said and how its deployments went.

The service's own events (`core.events`) are where the scheduler says what it did, so a service action is read from
their texts. Deployments are told of as state changes only.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core import events
from kecs.core.arns import last_part
from kecs.core.deployments.history import STOPPED_BY_USER
from kecs.core.eventbridge.event import Detail, Event, milliseconds, seconds
from kecs.core.records import DeploymentRecord, ServiceRecord

SERVICE_ACTION = "ECS Service Action"
DEPLOYMENT_STATE_CHANGE = "ECS Deployment State Change"

STATE_TYPES = {"IN_PROGRESS": "INFO", "COMPLETED": "INFO", "FAILED": "ERROR"}
"""The type of the event by what the rollout of a deployment came to."""

_MESSAGE = re.compile(r"\(service [^\s,)]+(?:, taskSet (?P<task_set>[^\s)]+))?\) (?P<text>.*)", re.DOTALL)
_TASK = re.compile(r"\(task (\w+)\)")
_COMPUTED = re.compile(r"for taskSet (\S+) to (\d+)\.")
_INSTANCE = re.compile(r"\(container-instance ([^)]+)\)")
_OTHER_REASON = re.compile(r'encountered error "(.*)"\.|Reason: ([^.]*\.)', re.DOTALL)


class Said(NamedTuple):
    """One event of a service, taken apart."""

    service: ServiceRecord
    text: str
    task_set: str | None  # the id of the one that it speaks of


class Action(NamedTuple):
    """A service action; `members` are what its detail has beside those of every action."""

    event_type: str  # INFO | WARN | ERROR
    name: str
    cluster: str  # ARN
    created_at: float
    members: dict[str, Any]


Members = Callable[[Said], dict[str, Any]]


def service_events(before: ServiceRecord | None, after: ServiceRecord, now: float) -> Iterator[Event]:
    """The events of this change: of deployments, then what was said, the oldest first."""
    if before is None or before.deployments is not after.deployments:
        yield from _of_deployments(before, after, now)
    if after.events and (before is None or before.events is not after.events):
        known = {event.id for event in before.events} if before else ()
        for said in reversed([event for event in after.events if event.id not in known]):
            for action in actions(after, said):
                kind = SERVICE_ACTION
                yield Event(detail_type=kind, about=after.arn, at=now, detail=action_detail, subject=action)


def actions(service: ServiceRecord, event: m.ServiceEvent) -> Iterator[Action]:
    """The service actions that AWS sends when it writes this event."""
    message = _MESSAGE.fullmatch(event.message or "")
    if message is None:
        return
    said = Said(service, message["text"], message["task_set"])
    for beginning, event_type, name, members in ACTIONS:
        if said.text.startswith(beginning):
            yield Action(event_type, name, service.cluster_arn, event.created_at or 0.0, members(said))
    if events.TO_REBALANCE in said.text and said.text.startswith(events.STARTED.partition("{")[0]):
        yield Action("INFO", "TASKS_STARTED", service.cluster_arn, event.created_at or 0.0, _of_tasks(said))
    if said.text == events.STEADY and (providers := _providers(said)):
        name = "CAPACITY_PROVIDER_STEADY_STATE"
        yield Action("INFO", name, service.cluster_arn, event.created_at or 0.0, providers)


def action_detail(action: Action, _at: float) -> Detail:
    return {
        "eventType": action.event_type,
        "eventName": action.name,
        "clusterArn": action.cluster,
        **action.members,
        "createdAt": milliseconds(action.created_at),
    }


def deployment_detail(deployment: DeploymentRecord, _at: float) -> Detail:
    return {
        "eventType": STATE_TYPES[deployment.rollout_state],
        "eventName": f"SERVICE_DEPLOYMENT_{deployment.rollout_state}",
        "deploymentId": deployment.id,
        "updatedAt": seconds(deployment.updated_at),
        "reason": deployment.rollout_state_reason,
    }


def _of_deployments(before: ServiceRecord | None, after: ServiceRecord, now: float) -> Iterator[Event]:
    """A deployment that somebody has stopped has not failed, as AWS means it."""
    states = {d.id: d.rollout_state for d in before.deployments} if before else {}
    for deployment in after.deployments:
        known = states.get(deployment.id)
        stopped = deployment.rollout_state_reason.startswith(STOPPED_BY_USER)
        if known == deployment.rollout_state or (deployment.rollout_state == "FAILED" and stopped):
            continue
        kind = DEPLOYMENT_STATE_CHANGE
        yield Event(detail_type=kind, about=after.arn, at=now, detail=deployment_detail, subject=deployment)


def _nothing(_: Said) -> dict[str, Any]:
    return {}


def _of_task_set(said: Said) -> dict[str, Any]:
    return {"taskSetArns": [_task_set(said.service, said.task_set)]} if said.task_set else {}


def _of_tasks(said: Said) -> dict[str, Any]:
    cluster = last_part(said.service.cluster_arn)
    tasks = [said.service.scope.task(cluster, task) for task in _TASK.findall(said.text)]
    return {"taskArns": tasks, **_of_task_set(said)}


def _of_count(said: Said) -> dict[str, Any]:
    computed = _COMPUTED.search(said.text)
    if computed is None:
        return {}
    return {"taskSetArns": [_task_set(said.service, computed[1])], "desiredCount": int(computed[2])}


def _of_placement(said: Said) -> dict[str, Any]:
    instance = _INSTANCE.search(said.text)
    cluster = last_part(said.service.cluster_arn)
    instances = [said.service.scope.container_instance(cluster, instance[1])] if instance else []
    members = {"containerInstanceArns": instances} if instances else {}
    return {**members, **_providers(said), **_of_task_set(said), "reason": _reason(said.text)}


def _reason(text: str) -> str:
    """The reason that `events.not_placed` was given."""
    if text.startswith(events.NO_FARGATE_CAPACITY):
        return "RESOURCE:FARGATE"
    for reason, complaint in events.CLOSEST.items():
        if f" {complaint}" in text:
            return reason
    other = _OTHER_REASON.search(text)
    return (other[1] or other[2]) if other else text


def _providers(said: Said) -> dict[str, Any]:
    """The capacity providers that the tasks are spread over."""
    service = said.service
    primary = next(iter(service.deployments), None)
    strategy = primary.capacity_provider_strategy if primary else service.service.capacity_provider_strategy or ()
    arns = [service.scope.capacity_provider(item.capacity_provider) for item in strategy]
    return {"capacityProviderArns": arns} if arns else {}


def _task_set(service: ServiceRecord, task_set: str) -> str:
    return service.scope.task_set(last_part(service.cluster_arn), service.name, task_set)


ACTIONS: tuple[tuple[str, str, str, Members], ...] = (
    (events.STEADY, "INFO", "SERVICE_STEADY_STATE", _nothing),
    (events.TASK_SET_STEADY, "INFO", "TASKSET_STEADY_STATE", _of_task_set),
    (events.COMPUTED.partition("{")[0], "INFO", "SERVICE_DESIRED_COUNT_UPDATED", _of_count),
    (events.STOPPED_RUNNING.partition("{")[0], "INFO", "TASKS_STOPPED", _of_tasks),
    (events.THROTTLED, "WARN", "SERVICE_TASK_START_IMPAIRED", _of_task_set),
    (events.NOT_PLACED, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", _of_placement),
    (events.NO_FARGATE_CAPACITY, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", _of_placement),
    (events.NO_CAPACITY, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", _of_placement),
    (events.NO_ROOM_IN_ZONE, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", _of_placement),
    (events.NOT_BALANCED, "INFO", "SERVICE_REBALANCING_STARTED", _nothing),
    (events.BALANCED, "INFO", "SERVICE_REBALANCING_COMPLETED", _nothing),
    (events.REBALANCING_STOPPED, "INFO", "SERVICE_REBALANCING_STOPPED", _nothing),
    (events.PROTECTED_ZONE, "ERROR", "TASKSET_SCALE_IN_FAILURE_BY_TASK_PROTECTION", _of_task_set),
)
"""By how the text of the service's event begins: type and name of the action, and what else it says."""
