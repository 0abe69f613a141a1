"""What AWS makes around an Express service: a way in through a shared load balancer, scaling, a log group.

KECS names them as AWS does and hands them to `ports.traffic`; all of one service's come and go together. Called by
services.ecs.express and control.express.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope, last_part, scope_of
from kecs.core.gateways import resources
from kecs.core.records import ExpressConfiguration, ExpressRecord, GatewayBalancer, ServiceRecord

MOST_ON_A_BALANCER = 25
DEFAULT_SUBNETS = 2  # that the default VPC has at least

SECONDS = 0.1  # until what is in progress is over; why it takes any time, core.gateways.routes says

ACCESS: m.AccessType = "PUBLIC"  # KECS cannot tell a private subnet


def log_group_name(cluster: str, service: str, digits: str) -> str:
    """The name of the log group that is made for a service: its own, and 4 digits."""
    return f"/aws/ecs/{cluster}/{service}-{digits[:4]}"


def provisioned(
    arn: str,
    request: m.CreateExpressGatewayServiceRequest,
    others: Iterable[ExpressRecord],
    log_group: str | None,
    now: float,
    hex32: resources.NewHex,
    uuid: Callable[[], str],
) -> ExpressRecord:
    """The record of a new service, its resources on their way, without a configuration yet. `others` are the Express
    services of its scope."""
    scope = scope_of(arn)
    balancer = _with_room(scope, others, hex32)
    return ExpressRecord(
        arn=arn,
        infrastructure_role_arn=request.infrastructure_role_arn,
        request=digest(request),
        configurations=(),
        updated_at=now,
        host=resources.host_name(scope, last_part(arn), hex32),
        balancer=balancer,
        rule_arn=resources.rule_arn(balancer.listener_arn, hex32),
        # A pair, between which AWS shifts the traffic of a deployment.
        target_group_arns=tuple(resources.target_group_arn(scope, hex32) for _ in range(2)),
        certificate_arn=resources.certificate_arn(scope, uuid()),
        security_group=resources.security_group_id(hex32),
        log_group=log_group,
        scaling_id=uuid(),
        status="PROVISIONING",
        changed_at=now,
        settles_at=now + SECONDS,
    )


def progressed(record: ExpressRecord, service: ServiceRecord, now: float) -> ExpressRecord:
    """The record after what the service's status asks of its resources; itself when that is nothing."""
    settled = record.settles_at is None or record.settles_at <= now
    match service.status, record.status:
        case "ACTIVE", "PROVISIONING" if settled:
            return replace(record, status="ACTIVE", changed_at=now, settles_at=None)
        case "DRAINING" | "INACTIVE", "PROVISIONING" | "ACTIVE":
            return replace(record, status="DEPROVISIONING", changed_at=now, settles_at=now + SECONDS)
        case "INACTIVE", "DEPROVISIONING" if settled:
            return replace(record, status="DELETED", changed_at=now, settles_at=None)
    return record


def rolled_out(
    record: ExpressRecord, configuration: ExpressConfiguration, known: Container[str], now: float
) -> ExpressRecord:
    """The record with its newest configuration; those of deployments that are not `known` any more are forgotten."""
    kept = [c for c in record.configurations if c.deployment.id in known]
    return replace(record, configurations=(configuration, *kept), updated_at=now)


def configuration_of(record: ExpressRecord, deployment_id: str) -> ExpressConfiguration:
    """What the revision of a deployment is made of; of one that was started by other means, what was asked last."""
    return next((c for c in record.configurations if c.deployment.id == deployment_id), record.configurations[0])


def default_subnets(scope: Scope) -> list[str]:
    """The public subnets of the default VPC, which KECS cannot see: made up, and always the same in a scope."""
    digests = (sha256(f"{scope.account}/{scope.region}/{n}".encode()).hexdigest() for n in range(DEFAULT_SUBNETS))
    return [f"subnet-{digest[:17]}" for digest in digests]


def digest(request: m.CreateExpressGatewayServiceRequest) -> str:
    """Tells requests apart without keeping what is in them."""
    return sha256(msgspec.json.encode(request)).hexdigest()


def _with_room(scope: Scope, others: Iterable[ExpressRecord], hex32: resources.NewHex) -> GatewayBalancer:
    """A load balancer for one more service: the first with room, else a new one."""
    balancers = [record.balancer for record in others if record.status != "DELETED"]
    for balancer, used in Counter(balancers).items():
        if used < MOST_ON_A_BALANCER:
            return balancer
    arn = resources.load_balancer_arn(scope, "ecs-express-gateway-alb", hex32)
    return GatewayBalancer(
        arn=arn, listener_arn=resources.listener_arn(arn, hex32), security_group=resources.security_group_id(hex32)
    )
