"""Tasks as targets of load balancers."""

from __future__ import annotations

from typing import Literal

from kecs.core.records.base import Record

TargetHealth = Literal["unused", "initial", "healthy", "unhealthy", "draining"]
"""Elastic Load Balancing's states: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"""

REGISTERED = frozenset({"initial", "healthy", "unhealthy"})


class TargetRecord(Record):
    """A port of one of a task's containers, as a target of a load balancer of its service."""

    group: str  # ARN of the target group, or name of a classic load balancer
    container: str
    port: int  # of the container
    host_port: int | None = None  # where the load balancer reaches it, once it is registered
    health: TargetHealth = "unused"
    reason: str | None = None  # why it is unhealthy
    passed: bool = False  # it has been healthy
    told: bool = False  # the events of its service say that it is registered

    @property
    def registered(self) -> bool:
        return self.health in REGISTERED

    def is_same(self, other: TargetRecord) -> bool:
        """Whatever their health."""
        return (self.group, self.container, self.port) == (other.group, other.container, other.port)
