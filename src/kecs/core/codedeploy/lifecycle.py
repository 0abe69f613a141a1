"""The lifecycle events of a deployment: their order, what each does, what ends it, and what comes after the last.

`control.codedeploy` calls `step` until nothing comes of it; what a step wants of ECS it carries out in between.
https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from msgspec.structs import replace

from kecs.aws.model import codedeploy as c
from kecs.core.codedeploy.configs import ALL, interval, shares
from kecs.core.codedeploy.endings import error, fail, stop, succeed
from kecs.core.codedeploy.groups import OTHER_CONTROLLER, group_name, has_test_traffic, pair_of
from kecs.core.events import NewId
from kecs.core.records import Record, ServiceRecord, TaskSetRecord
from kecs.core.records.codedeploy import AppSpec, CodeDeploymentRecord, LifecycleEventRecord

LONGEST_INSTALL = 3600.0  # seconds
LONGEST_HOOK = 3600.0

NOT_HEALTHY = (
    "The deployment timed out while waiting for the replacement task set to become healthy. This time out period is "
    "60 minutes."
)
NO_CALLBACK = (
    "The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback within one "
    "hour after a deployment hook is invoked."
)
NOT_CONTINUED = (
    "The deployment timed out while waiting for a notification to continue. This time out period is {minutes} minutes."
)
NOT_BEHIND = (
    "The ELB could not be updated due to the following error: Primary taskset target group must be behind listener"
)
UPDATE_ERROR = "The ECS service cannot be updated due to an unexpected error: {error}. Check your ECS service status."
NO_SERVICE = "The ECS service of the deployment group does not exist or is not active."
NO_PRIMARY = "The ECS service has no primary task set."
NO_GROUP = "The deployment group of the deployment does not exist any more."
SET_GONE = "The replacement task set was deleted"
ALARMED = (
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected "
    "deployments have been stopped. Activated alarms: <{names}>"
)

Wish = Literal["create", "promote", "restore", "retire", "remove"]
"""What is asked of ECS: make the replacement task set; have it, or the original one, be primary; delete the original
one, or the replacement."""


class Look(Record):
    """A deployment and what there is around it."""

    deployment: CodeDeploymentRecord
    group: bool  # it has not been deleted
    service: ServiceRecord | None
    task_sets: tuple[TaskSetRecord, ...]  # of the service
    ringing: tuple[str, ...]  # its alarms that are in ALARM
    now: float  # seconds since the epoch

    def find(self, arn: str | None) -> TaskSetRecord | None:
        return next((s for s in self.task_sets if s.arn == arn and s.status != "DRAINING"), None)

    @property
    def primary(self) -> TaskSetRecord | None:
        return next((s for s in self.task_sets if s.status == "PRIMARY"), None)


class Step(NamedTuple):
    """The deployment after a step, and what ECS has to do before the next one."""

    deployment: CodeDeploymentRecord
    wish: Wish | None = None


Run = Callable[[Look, LifecycleEventRecord, NewId], Step]


def events_of(spec: AppSpec, load_balancer: c.LoadBalancerInfo) -> tuple[LifecycleEventRecord, ...]:
    """The events that a new deployment will go through. Those about test traffic are there with a route for it."""
    hooks = dict(spec.hooks)
    with_test = has_test_traffic(load_balancer)
    return tuple(
        LifecycleEventRecord(name=name, function=hooks.get(name))
        for name in EVENTS
        if with_test or not name.endswith("AllowTestTraffic")
    )


def current(deployment: CodeDeploymentRecord) -> LifecycleEventRecord | None:
    """The first event that has not ended."""
    return next((e for e in deployment.events if e.status in ("Pending", "InProgress")), None)


def step(look: Look, new_id: NewId) -> Step:
    """What comes next. The deployment of the look itself: nothing, before something changes or `next_look`."""
    deployment, now = look.deployment, look.now
    if not deployment.ongoing:
        return Step(deployment)
    if deployment.status == "Created":
        return Step(_started(look))
    if deployment.creator == "codeDeployRollback":
        return _roll_back(look)
    if trouble := _trouble(look):
        return Step(fail(deployment, trouble, now))
    event = current(deployment)
    if look.ringing and (event is None or event.name != EVENT_NAMES[0]):
        return Step(stop(deployment, error("ALARM_ACTIVE", ALARMED.format(names=", ".join(look.ringing))), now))
    if event is None:
        return _after_traffic(look)
    if event.name == "BeforeAllowTraffic" and not deployment.rerouted:
        return Step(_awaited(deployment, now))
    return EVENTS[event.name](look, event, new_id)


def next_look(deployment: CodeDeploymentRecord) -> float | None:
    """When something may come of `step` although nothing has changed."""
    if not deployment.ongoing:
        return None
    event = current(deployment)
    if event is None:
        return deployment.terminate_at
    if deployment.status == "Ready":
        return deployment.ready_until
    if event.status != "InProgress" or event.started_at is None:
        return None
    if event.name == "AllowTraffic":
        return None if deployment.shifted_at is None else deployment.shifted_at + interval(deployment.routing)
    return event.started_at + (LONGEST_INSTALL if event.name == "Install" else LONGEST_HOOK)


def callback(
    deployment: CodeDeploymentRecord, execution_id: str, *, succeeded: bool, now: float
) -> CodeDeploymentRecord:
    """The deployment after its hook's function has said how it went. Raises modelled errors."""
    event = next((e for e in deployment.events if e.execution_id == execution_id), None)
    if event is None:
        raise c.InvalidLifecycleEventHookExecutionIdException(
            f"Deployment {deployment.id} has no lifecycle event hook execution {execution_id}"
        )
    if event.status != "InProgress" or not deployment.ongoing:
        raise c.LifecycleEventAlreadyCompletedException(f"The lifecycle event {event.name} has completed already")
    if succeeded:
        return ended(deployment, event, now)
    return fail(deployment, HOOK_FAILED, now, "ScriptFailed")


def ended(deployment: CodeDeploymentRecord, event: LifecycleEventRecord, now: float) -> CodeDeploymentRecord:
    """The deployment whose event has succeeded."""
    started = now if event.started_at is None else event.started_at
    return _with(deployment, replace(event, status="Succeeded", started_at=started, ended_at=now), now)


HOOK_FAILED = error(
    "HOOK_EXECUTION_FAILURE",
    "The deployment failed because one or more of the lifecycle event validation functions failed.",
)


# -- before and after the events ------------------------------------------------------------------------------------


def _started(look: Look) -> CodeDeploymentRecord:
    deployment = replace(look.deployment, status="InProgress", started_at=look.now, updated_at=look.now)
    if deployment.creator == "codeDeployRollback" or look.primary is None:
        return deployment
    return replace(deployment, blue=look.primary.arn)


def _trouble(look: Look) -> c.ErrorInformation | None:
    """Why the deployment cannot go on."""
    deployment, service = look.deployment, look.service
    if not look.group:
        return error("DEPLOYMENT_GROUP_MISSING", NO_GROUP)
    if service is None or service.status != "ACTIVE":
        return error("INVALID_ECS_SERVICE", NO_SERVICE)
    if not service.has_task_sets:
        return error("INVALID_ECS_SERVICE", OTHER_CONTROLLER)
    if look.primary is None or deployment.blue is None:
        return error("INVALID_ECS_SERVICE", NO_PRIMARY)
    if deployment.green is not None and look.find(deployment.green) is None:
        return error("ECS_UPDATE_ERROR", UPDATE_ERROR.format(error=SET_GONE))
    blue = look.find(deployment.blue)
    groups = {group_name(b.target_group_arn or "") for b in blue.load_balancers} if blue else set()
    if blue is not None and not groups <= set(pair_of(deployment.load_balancer)):
        return error("ELASTIC_LOAD_BALANCING_INVALID", NOT_BEHIND)
    return None


def _awaited(deployment: CodeDeploymentRecord, now: float) -> CodeDeploymentRecord:
    """Between test and production traffic the deployment waits for ContinueDeployment, if that is wanted."""
    option = deployment.blue_green.deployment_ready_option
    if option is None or option.action_on_timeout != "STOP_DEPLOYMENT":
        return replace(deployment, rerouted=True)
    minutes = option.wait_time_in_minutes or 0
    if deployment.ready_until is None:
        return replace(deployment, status="Ready", ready_until=now + 60.0 * minutes, updated_at=now)
    if deployment.ready_until <= now:
        return stop(deployment, error("TIMEOUT", NOT_CONTINUED.format(minutes=minutes)), now)
    return deployment


def _after_traffic(look: Look) -> Step:
    """The original task set goes when its time has come."""
    deployment, now = look.deployment, look.now
    option = deployment.blue_green.terminate_blue_instances_on_deployment_success
    if option is not None and option.action == "KEEP_ALIVE":
        return Step(succeed(deployment, now))
    if deployment.terminate_at is None:
        wait = 60.0 * ((option.termination_wait_time_in_minutes if option else 0) or 0)
        return Step(replace(deployment, terminate_at=now + wait, updated_at=now))
    if deployment.terminate_at > now:
        return Step(deployment)
    if look.find(deployment.blue) is not None:
        return Step(deployment, "retire")
    return Step(succeed(deployment, now))


def _roll_back(look: Look) -> Step:
    """Traffic goes to the original task set again, and the replacement goes."""
    deployment, now = look.deployment, look.now
    blue, green = look.find(deployment.blue), look.find(deployment.green)
    if blue is not None and blue.status != "PRIMARY":
        return Step(deployment, "restore")
    if deployment.production or deployment.test:
        return Step(replace(deployment, production=0.0, test=False, updated_at=now))
    if green is not None and blue is not None:
        return Step(deployment, "remove")
    event = current(deployment)
    if event is not None:
        return Step(ended(deployment, event, now))
    return Step(succeed(deployment, now))


# -- the events -----------------------------------------------------------------------------------------------------


def _hook(look: Look, event: LifecycleEventRecord, new_id: NewId) -> Step:
    """Its function is called, and has an hour to say how it went."""
    deployment, now = look.deployment, look.now
    if event.function is None:
        return Step(ended(deployment, event, now))
    if event.started_at is None:
        begun = replace(event, status="InProgress", started_at=now, execution_id=new_id())
        return Step(_with(deployment, begun, now))
    if event.started_at + LONGEST_HOOK <= now:
        return Step(fail(deployment, error("TIMEOUT", NO_CALLBACK), now, "ScriptTimedOut"))
    return Step(deployment)


def _install(look: Look, event: LifecycleEventRecord, new_id: NewId) -> Step:  # noqa: ARG001  # as every event
    """The replacement task set is made and reaches its steady state."""
    deployment, now = look.deployment, look.now
    if event.started_at is None:
        return Step(_begun(deployment, event, now))
    green = look.find(deployment.green)
    if green is None:
        return Step(deployment, "create")
    if green.stability == "STEADY_STATE":
        return Step(ended(deployment, event, now))
    if event.started_at + LONGEST_INSTALL <= now:
        return Step(fail(deployment, error("TIMEOUT", NOT_HEALTHY), now))
    return Step(deployment)


def _allow_test_traffic(look: Look, event: LifecycleEventRecord, new_id: NewId) -> Step:  # noqa: ARG001  # as every event
    return Step(ended(replace(look.deployment, test=True), event, look.now))


def _allow_traffic(look: Look, event: LifecycleEventRecord, new_id: NewId) -> Step:  # noqa: ARG001  # as every event
    """Production traffic is shifted in one or more steps; with the last of them the replacement becomes primary."""
    deployment, now = look.deployment, look.now
    if event.started_at is None:
        return Step(_begun(deployment, event, now))
    if deployment.production < ALL:
        wait = 0.0 if deployment.shifted_at is None else interval(deployment.routing)
        if (deployment.shifted_at or now) + wait > now:
            return Step(deployment)
        share = next(share for share in shares(deployment.routing) if share > deployment.production)
        return Step(replace(deployment, production=share, shifted_at=now, updated_at=now))
    green = look.find(deployment.green)
    if green is not None and green.status != "PRIMARY":
        return Step(deployment, "promote")
    return Step(ended(deployment, event, now))


def _begun(deployment: CodeDeploymentRecord, event: LifecycleEventRecord, now: float) -> CodeDeploymentRecord:
    return _with(deployment, replace(event, status="InProgress", started_at=now), now)


def _with(deployment: CodeDeploymentRecord, event: LifecycleEventRecord, now: float) -> CodeDeploymentRecord:
    events = tuple(event if e.name == event.name else e for e in deployment.events)
    return replace(deployment, events=events, updated_at=now)


EVENTS: dict[str, Run] = {
    "BeforeInstall": _hook,
    "Install": _install,
    "AfterInstall": _hook,
    "AllowTestTraffic": _allow_test_traffic,
    "AfterAllowTestTraffic": _hook,
    "BeforeAllowTraffic": _hook,
    "AllowTraffic": _allow_traffic,
    "AfterAllowTraffic": _hook,
}
"""The events of a deployment, in their order."""

EVENT_NAMES = tuple(EVENTS)
