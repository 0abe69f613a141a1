"""The protocol between KECS and what leads requests to tasks and gives their output a home.

`control` calls it for gateways, Express Gateway services and deployments that shift traffic. Calls return at once, may
be repeated (also after a restart, for everything that is wanted then) and replace what was asked for under the same key
before.
"""

from __future__ import annotations

from typing import Protocol

from kecs.aws.model import ecs as m
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


class RevisionShare(Record):
    """What one revision of a service gets of its traffic."""

    revision_arn: str
    deployment_id: str  # of its tasks
    production: float  # percent
    test: float | None  # percent; None: there is no test traffic
    alternate: bool  # its tasks belong to the load balancers' alternate target groups


class Shares(Record):
    """How the traffic of a service is shared out among its revisions. The shares of each kind add up to 100, unless no
    revision is ready for any yet."""

    service_arn: str
    revisions: tuple[RevisionShare, ...]
    load_balancers: tuple[m.LoadBalancer, ...] = ()  # with the rules by which production and test traffic comes


class Traffic(Protocol):
    """Load balancers and log groups, as far as they are there."""

    def route(self, ingress: Ingress) -> None:
        """Lead requests from now on, with all that it takes: listener rule, target groups, log group."""

    def unroute(self, key: str) -> None:
        """Lead them no more. Unknown keys are let go."""

    def share(self, shares: Shares) -> None:
        """Share the traffic of a service out so from now on."""

    def unshare(self, service_arn: str) -> None:
        """Make no difference between its revisions any more. Unknown services are let go."""

    def clear(self) -> None:
        """Forget everything; for a reset."""
