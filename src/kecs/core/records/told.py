"""What somebody has said of the world around ECS over the admin API, because there is nothing there to ask."""

from __future__ import annotations

from typing import Literal

from kecs.core.arns import Scope, scope_key
from kecs.core.records.base import Record


class AlarmRecord(Record):
    """A CloudWatch alarm as it was set last."""

    account: str
    region: str
    name: str
    state: Literal["OK", "ALARM"]
    patience: float  # seconds: its period times its evaluation periods

    @property
    def scope(self) -> Scope:
        return Scope(self.account, self.region)

    @property
    def key(self) -> str:
        return alarm_key(self.scope, self.name)


class TargetGroupRecord(Record):
    """A target group, or a classic load balancer, as its health checks were said to go."""

    group: str  # ARN of the target group, or name of the load balancer
    health: Literal["initial", "healthy", "unhealthy"]  # of whatever is registered in it
    reason: str | None = None


def alarm_key(scope: Scope, name: str) -> str:
    return f"{scope_key(scope)}/{name}"
