"""The protocol between KECS and what leads requests to tasks and gives their output a home.

`control` calls it for gateways and Express Gateway services. Calls return at once, may be repeated (also after a
restart, for everything that is wanted then) and replace what was asked for under the same key before.
"""

from __future__ import annotations

from typing import Protocol

from kecs.core.records import Record


class Ingress(Record):
    """A way in: requests for a host name that go to a port of a service's tasks."""

    key: str  # ARN of the gateway route, or of the Express Gateway service
    service_arn: str
    host: str
    access: str  # PUBLIC | PRIVATE
    container: str
    port: int  # of the container
    load_balancer_arn: str
    listener_arn: str
    rule_arn: str
    target_group_arns: tuple[str, ...]
    health_check_path: str = "/"
    log_group: str | None = None  # where the container's output belongs


class Traffic(Protocol):
    """Load balancers and log groups, as far as they are there."""

    def route(self, ingress: Ingress) -> None:
        """Lead requests from now on, with all that it takes: listener rule, target groups, log group."""

    def unroute(self, key: str) -> None:
        """Lead them no more. Unknown keys are let go."""

    def clear(self) -> None:
        """Forget everything; for a reset."""
