"""The service events of DescribeServices: AWS's texts, and how they are kept.

The service scheduler writes them; DescribeServices shows them, the event feed repeats them. Texts:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.records import ServiceRecord
from kecs.core.records.targets import TargetRecord

KEPT = 100  # events of a service; AWS shows the 100 newest
REPEAT_AFTER = 6 * 3600.0  # seconds after which AWS writes the same event again while its cause lasts

NewId = Callable[[], str]
"""Makes the id of an event, a UUID in AWS."""

STEADY = "has reached a steady state."
TASK_SET_STEADY = "updated state to STEADY_STATE."
COMPUTED = "updated computedDesiredCount for taskSet {task_set} to {count}."
STARTED = "has started {count} tasks: {tasks}."
REPLACED = " Amazon ECS replaced {count} tasks due to an unhealthy status."
STOPPED_RUNNING = "has stopped {count} running tasks: {tasks}."
STOPPED_PENDING = "stopped {count} pending tasks."
FAILED_HEALTH_CHECK = "(task {task}) failed container health checks."
UNHEALTHY_TARGET = "{where} is unhealthy in {group} due to (reason {reason})."
REGISTERED = "registered {count} targets in {group}"
DEREGISTERED = "deregistered {count} targets in {group}"
DRAINING = "has begun draining connections on {count} tasks."
DEPLOYMENT_COMPLETED = "(deployment {deployment}) deployment completed."
DEPLOYMENT_FAILED = "(deployment {deployment}) deployment failed: {cause}."
TASKS_FAILED = "tasks failed to start"
ALARM_DETECTED = "alarm detected"
HOOK_FAILURE = "hook execution failure(s) detected"
TIMED_OUT = "lifecycle stage timed out"
ROLLING_BACK = "rolling back to deployment {deployment}."
STUCK = (
    "was unable to stop or start tasks during a deployment because of the service deployment configuration. "
    "Update the minimumHealthyPercent or maximumPercent value and try again."
)
PROTECTED = "was unable to reach steady state because task set"
PROTECTED_SET = (
    f"{PROTECTED} ({{deployment}}) was unable to scale in. "
    "Reason: The number of protected tasks are more than the desired count of tasks."
)
NOT_BALANCED = "is not AZ balanced with"
BALANCED = "is AZ balanced with"
REBALANCING_STOPPED = "stopped AZ Rebalancing."
TO_REBALANCE = "to AZ Rebalance"
STARTED_IN = f"has started {{count}} tasks in {{zone}} {TO_REBALANCE}: {{tasks}}."
STOPPED_IN = "has stopped {count} running tasks in {zone} due to AZ rebalancing: {tasks}."
NO_ROOM_IN_ZONE = "is unable to place a task in"
ZONE_FULL = f"{NO_ROOM_IN_ZONE} {{zone}} because no container instance met all of its requirements."
PROTECTED_ZONE = "was unable to AZ Rebalance because"
PROTECTED_IN_ZONE = f"{PROTECTED_ZONE} {{deployment}} was unable to scale in due to task protection."
GUIDE = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
THROTTLED = "is unable to consistently start tasks successfully." + GUIDE
NOT_PLACED = "was unable to place a task because no container instance met all of its requirements."
NO_CAPACITY = "was unable to reach steady state. Reason: No Container Instances were found in your capacity provider."
UNABLE = "was unable to place a task. Reason:"  # of tasks that are on no instance of the user's
NO_FARGATE_CAPACITY = f"{UNABLE} Capacity is unavailable"
NOT_ALL_LAUNCHED = "could not launch"
NOT_ALL = f"{NOT_ALL_LAUNCHED} {{count}} tasks for deployment {{deployment}}. Reason: {{reason}}"

# How the reasons of tasks begin that AWS says it could not place, when they have only failed to start.
NO_PLACE = ("ResourceInitializationError: ", "CannotPullContainerError: ")

# What AWS says of the closest matching instance, by the reason that RunTask's failures give.
CLOSEST = {
    "RESOURCE:CPU": "has insufficient CPU units available.",
    "RESOURCE:MEMORY": "has insufficient memory available.",
    "RESOURCE:PORTS": "is already using a port required by your task.",
    "ATTRIBUTE": "is missing an attribute required by your task.",
}
CLOSEST_OTHER = 'encountered error "{reason}".'

# An event that would repeat the last of its kind is left out until one of these has been written since.
RESOLVED_BY = {
    STUCK: ("has started", "has stopped", "deployment completed", STEADY, TASK_SET_STEADY),
    PROTECTED: ("has stopped", STEADY, TASK_SET_STEADY),
    THROTTLED: (STEADY, TASK_SET_STEADY),
    NOT_PLACED: ("has started", STEADY, TASK_SET_STEADY),
    UNABLE: ("has started", STEADY, TASK_SET_STEADY),
    NO_CAPACITY: ("has started", STEADY, TASK_SET_STEADY),
    NO_ROOM_IN_ZONE: (TO_REBALANCE, BALANCED),
    PROTECTED_ZONE: (TO_REBALANCE, BALANCED),
    NOT_ALL_LAUNCHED: (STEADY, TASK_SET_STEADY),
}


def started(tasks: Sequence[str], replaced: int = 0) -> str:
    """Tasks were created; `tasks` are ARNs, `replaced` says how many of them stand in for unhealthy ones."""
    text = STARTED.format(count=len(tasks), tasks=_listed(tasks))
    return text + REPLACED.format(count=replaced) if replaced else text


def stopped_running(tasks: Sequence[str]) -> str:
    """The scheduler told running tasks, by ARN, to stop."""
    return STOPPED_RUNNING.format(count=len(tasks), tasks=_listed(tasks))


def started_in(zone: str, tasks: Sequence[str]) -> str:
    """Tasks, by ARN, were created in an Availability Zone that had fewer than others."""
    return STARTED_IN.format(count=len(tasks), zone=zone, tasks=_listed(tasks))


def stopped_in(zone: str, tasks: Sequence[str]) -> str:
    """The scheduler told running tasks, by ARN, to stop in an Availability Zone that had more than others."""
    return STOPPED_IN.format(count=len(tasks), zone=zone, tasks=_listed(tasks))


def not_balanced(tasks: Mapping[str, int]) -> str:
    """Tasks are to be moved; `tasks` says how many each Availability Zone has."""
    return f"{NOT_BALANCED} {_zones(tasks)}. AZ Rebalancing in progress."


def balanced(tasks: Mapping[str, int]) -> str:
    """No more tasks are to be moved."""
    return f"{BALANCED} {_zones(tasks)}."


def zones_held_by_protection(deployment_id: str) -> str:
    """Tasks that should move to another Availability Zone are protected."""
    return PROTECTED_IN_ZONE.format(deployment=deployment_id)


def stopped_pending(count: int) -> str:
    """The scheduler told tasks to stop that had not reached RUNNING."""
    return STOPPED_PENDING.format(count=count)


def failed_health_check(task: str) -> str:
    return FAILED_HEALTH_CHECK.format(task=last_part(task))


def unhealthy_target(task: str, host: str | None, target: TargetRecord) -> str:
    """A target fails the checks of its load balancer. `host` is the id in EC2 of the task's container instance: as such
    it is known to a classic load balancer, which knows no ports.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-unhealthy-event-messages.html
    """
    where = f"(task {last_part(task)})"
    if host:
        where += f" (instance {host})"
    if target.group.startswith("arn:"):
        where += f" (port {target.host_port or target.port})"
    return UNHEALTHY_TARGET.format(where=where, group=group_name(target.group), reason=target.reason)


def registered(count: int, group: str) -> str:
    """Tasks have become targets of the target group of that ARN, or of the classic load balancer of that name."""
    return REGISTERED.format(count=count, group=group_name(group))


def deregistered(count: int, group: str) -> str:
    return DEREGISTERED.format(count=count, group=group_name(group))


def draining(count: int) -> str:
    """Tasks get no new requests and finish those that they have; AWS names their deployment as a task set."""
    return DRAINING.format(count=count)


def group_name(group: str) -> str:
    """A target group, by ARN, or a classic load balancer, as AWS's texts name it."""
    return f"(target-group {group})" if group.startswith("arn:") else f"(elb {group})"


def held_by_protection(deployment_id: str) -> str:
    """Tasks that should stop are protected. `deployment_id` is what AWS calls a task set here too."""
    return PROTECTED_SET.format(deployment=deployment_id)


def deployment_completed(deployment_id: str) -> str:
    return DEPLOYMENT_COMPLETED.format(deployment=deployment_id)


def deployment_failed(deployment_id: str, cause: str = TASKS_FAILED) -> str:
    """The circuit breaker, an alarm, a hook or its own length has ended the deployment."""
    return DEPLOYMENT_FAILED.format(deployment=deployment_id, cause=cause)


def rolling_back(deployment_id: str) -> str:
    """The service goes back to the deployment of that id."""
    return ROLLING_BACK.format(deployment=deployment_id)


def not_placed(reason: str, instance: str | None = None) -> str:
    """No instance took a task. `reason` is a failure reason of RunTask, `instance` the closest one's ARN or id."""
    if reason.startswith("No Container Instances"):
        return NO_CAPACITY if NO_CAPACITY.endswith(reason) else f"{NOT_PLACED} Reason: {reason}{GUIDE}"
    if reason.startswith("Capacity is unavailable"):
        return unable(reason)
    closest = f"(container-instance {last_part(instance)})" if instance else "container-instance"
    complaint = CLOSEST.get(reason) or CLOSEST_OTHER.format(reason=reason)
    return f"{NOT_PLACED} The closest matching {closest} {complaint}{GUIDE}"


def unable(reason: str) -> str:
    """A task found no place, or failed to start, where AWS has the instances."""
    return f"{UNABLE} {reason.removesuffix('.')}."


def not_all_launched(count: int, deployment_id: str, reason: str) -> str:
    """Some of the tasks of a launch were started, and `count` found no place."""
    return NOT_ALL.format(count=count, deployment=deployment_id, reason=reason)


def kind_of(text: str) -> str:
    """The key of RESOLVED_BY that tells events of the text's kind."""
    return next(kind for kind in RESOLVED_BY if text.startswith(kind))


def computed_desired_count(task_set: str, count: int) -> str:
    """The scale of the task set of that id comes to so many tasks now."""
    return COMPUTED.format(task_set=task_set, count=count)


def record(service: ServiceRecord, text: str, now: float, new_id: NewId, task_set: str | None = None) -> ServiceRecord:
    """The service with one more event, the newest first. `task_set`: of which it speaks, "" for none; that of the
    service unless given."""
    event = m.ServiceEvent(id=new_id(), created_at=now, message=_message(service, text, task_set))
    return replace(service, events=(event, *service.events[: KEPT - 1]))


def record_once(service: ServiceRecord, text: str, kind: str, now: float, new_id: NewId) -> ServiceRecord:
    """As `record`, but AWS leaves a duplicate out until its cause is resolved or six hours have passed.

    `kind` is a key of RESOLVED_BY: the start of the text that tells events of this kind.
    """
    prefix = _message(service, kind)
    for event in service.events:
        message = event.message or ""
        if message.startswith(prefix) and now - (event.created_at or 0.0) < REPEAT_AFTER:
            return service
        if any(resolution in message for resolution in RESOLVED_BY[kind]):
            break
    return record(service, text, now, new_id)


def last_steady(service: ServiceRecord) -> float | None:
    """When the service last said that it was steady, as far as its events reach back."""
    steady = _message(service, STEADY)
    return next((event.created_at for event in service.events if event.message == steady), None)


def _message(service: ServiceRecord, text: str, task_set: str | None = None) -> str:
    task_set = service.task_set if task_set is None else task_set
    speaker = f"service {service.name}, taskSet {task_set}" if task_set else f"service {service.name}"
    return f"({speaker}) {text}"


def _zones(tasks: Mapping[str, int]) -> str:
    *others, last = [f"{count} tasks in {zone}" for zone, count in sorted(tasks.items())]
    return f"{', '.join(others)}, and {last}" if len(others) > 1 else " and ".join([*others, last])


def _listed(tasks: Sequence[str]) -> str:
    return " ".join(f"(task {last_part(task)})" for task in tasks)
