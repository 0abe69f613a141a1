"""What may be asked of the health of targets of a KECS without load balancers; `app` implements it, the admin API calls
it."""

from __future__ import annotations

from typing import Any, Literal, Protocol

GivenHealth = Literal["initial", "healthy", "unhealthy"]
"""The other states of a target follow from the life of its task."""


class TargetHealths(Protocol):
    """Tasks as targets of the load balancers of their services."""

    def all(self) -> list[dict[str, Any]]:
        """Every target of a task that has not stopped: `cluster`, `service` and `task` (ARNs), `targetGroup` (an ARN,
        or the name of a classic load balancer), `container`, `port`, `health` and `reason`."""

    def set(
        self, cluster: str, task: str, health: GivenHealth, *, group: str | None = None, reason: str | None = None
    ) -> None:
        """Have a task be so in one or all of its target groups, until it is told otherwise. Raises NoSuchContainer,
        and ValueError when it is not registered there."""

    def set_group(self, group: str, health: GivenHealth, *, reason: str | None = None) -> None:
        """Have every task be so that is registered in the group, and those that will be."""
