"""Application Auto Scaling for services of ECS: scalable targets and what hangs on them."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import application_autoscaling as a
from kecs.core.arns import Scope, scope_of
from kecs.core.records.base import Record


class Cooldown(Record):
    """A wait after a scaling activity: until when, and the count before it."""

    until: float
    before: int


class OfService(Record):
    """Whatever belongs to a scalable target, which is a service."""

    service_arn: str

    @property
    def resource_id(self) -> str:
        return self.service_arn.split(":", 5)[-1]

    @property
    def cluster_arn(self) -> str:
        return scope_of(self.service_arn).cluster(self.service_arn.split("/")[1])


class ScalableTargetRecord(OfService):
    """A service whose desired count may be scaled. There is one a service, under the service's ARN."""

    arn: str
    minimum: int
    maximum: int
    role_arn: str
    created_at: float
    suspended: a.SuspendedState
    bounds_changed: bool = False  # the service has not been brought within them since
    out: Cooldown | None = None  # after the last activity of a policy that scaled out
    into: Cooldown | None = None  # and in
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def scope(self) -> Scope:
        return scope_of(self.arn)


class ScalingPolicyRecord(OfService):
    """A scaling policy of a scalable target: of one of the two types, with its configuration."""

    arn: str
    name: str
    created_at: float
    tracking: a.TargetTrackingScalingPolicyConfiguration | None = None
    steps: a.StepScalingPolicyConfiguration | None = None
    alarm_id: str = ""  # in the names of the alarms of target tracking

    @property
    def key(self) -> str:
        return named(self.service_arn, self.name)


class ScheduledActionRecord(OfService):
    """A scheduled action of a scalable target."""

    arn: str
    name: str
    schedule: str
    created_at: float
    action: a.ScalableTargetAction
    timezone: str | None = None
    start: float | None = None
    end: float | None = None
    next_at: float | None = None  # None: never again

    @property
    def key(self) -> str:
        return named(self.service_arn, self.name)


class ScalingActivityRecord(OfService):
    """One thing that was done, or not done, to a scalable target or its service."""

    id: str
    description: str
    cause: str
    started_at: float
    status: Literal["InProgress", "Successful", "Overridden", "Unfulfilled", "Failed"]
    message: str
    ended_at: float | None = None
    count: int | None = None  # the desired count that was set
    reasons: tuple[a.NotScaledReason, ...] = ()  # why nothing was scaled


def named(service_arn: str, name: str) -> str:
    """The key of what has a name on a scalable target."""
    return f"{service_arn}|{name}"
