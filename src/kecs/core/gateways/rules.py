"""What a gateway may be: checks and defaults of CreateGateway and UpdateGateway.

Called by services.ecs.gateways. Every function raises InvalidParameterException unless it says otherwise.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import GatewayRecord

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
PORT = 443
MOST_BALANCERS = 10
MOST_GATEWAYS_OF_A_CLUSTER = 5
UPDATE_SECONDS = 0.05  # AWS takes minutes to change its load balancers; one that is only recorded changes at once

NOT_ONE_TYPE = "Exactly one gateway configuration must be specified."
MUTABLE = ("web_acl_arn", "access_logs", "http_desync", "test_traffic_rules", "max_alb_count")


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise m.InvalidParameterException(
            "Invalid gateway name. Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are "
            "allowed."
        )


def check_role(arn: str) -> None:
    if not ROLE.fullmatch(arn):
        raise m.InvalidParameterException("The infrastructureRoleArn must be the ARN of an IAM role.")


def configured(configuration: m.GatewayConfiguration) -> m.DescribeGatewayConfiguration:
    """The configuration of a new gateway, with AWS's defaults."""
    alb = configuration.host_shared_alb
    if alb is None:
        raise m.InvalidParameterException(NOT_ONE_TYPE)
    if alb.port not in (None, PORT):
        raise m.InvalidParameterException(f"A gateway supports only port {PORT}.")
    if alb.protocol not in (None, "HTTPS"):
        raise m.InvalidParameterException("A gateway supports only the HTTPS protocol.")
    scheme = alb.scheme or "internet-facing"
    shown = m.DescribeGatewayAlbConfiguration(
        network_configuration=_network(alb.network_configuration, scheme),
        scheme=scheme,
        port=PORT,
        protocol="HTTPS",
        max_alb_count=MOST_BALANCERS if alb.max_alb_count is None else alb.max_alb_count,
        http_desync=alb.http_desync or "defensive",
        access_logs=alb.access_logs,
        web_acl_arn=alb.web_acl_arn,
        test_traffic_rules=alb.test_traffic_rules,
    )
    _check(shown, 0)
    return m.DescribeGatewayConfiguration(host_shared_alb=shown)


def updated(record: GatewayRecord, request: m.UpdateGatewayRequest, now: float) -> GatewayRecord:
    """The gateway with what the request changes, in progress; what it leaves out stays."""
    if request.infrastructure_role_arn is not None:
        check_role(request.infrastructure_role_arn)
    given: dict[str, Any] = {
        "infrastructure_role_arn": request.infrastructure_role_arn,
        "deletion_protection": request.deletion_protection,
        "propagate_tags": request.propagate_tags,
        "configuration": None if request.configuration is None else _changed(record, request.configuration),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    gateway = replace(
        record.gateway, status="UPDATE_IN_PROGRESS", status_reason=None, failures=None, updated_at=now, **changes
    )
    return replace(record, gateway=gateway, settles_at=now + UPDATE_SECONDS)


def access_type(configuration: m.DescribeGatewayConfiguration) -> Any:
    alb = configuration.host_shared_alb
    return "PRIVATE" if alb is not None and alb.scheme == "internal" else "PUBLIC"


def _changed(record: GatewayRecord, configuration: m.UpdateGatewayConfiguration) -> m.DescribeGatewayConfiguration:
    asked = configuration.host_shared_alb
    if asked is None:
        raise m.InvalidParameterException(NOT_ONE_TYPE)
    after = replace(record.alb, **{name: value for name in MUTABLE if (value := getattr(asked, name)) is not None})
    if asked.network_configuration is not None and asked.network_configuration.inbound_security_group:
        network = after.network_configuration or m.GatewayElbNetworkConfiguration()
        group = asked.network_configuration.inbound_security_group
        after = replace(after, network_configuration=replace(network, inbound_security_group=group))
    _check(after, len(record.balancers))
    return m.DescribeGatewayConfiguration(host_shared_alb=after)


def _network(given: m.GatewayElbNetworkConfiguration | None, scheme: str) -> m.GatewayElbNetworkConfiguration:
    network = given or m.GatewayElbNetworkConfiguration()
    if network.subnets is not None and not network.subnets:
        raise m.InvalidParameterException("subnets can not be empty.")
    if network.ip_address_type == "dualstack-without-public-ipv4" and scheme != "internet-facing":
        raise m.InvalidParameterException("dualstack-without-public-ipv4 is for internet-facing load balancers.")
    return replace(network, ip_address_type=network.ip_address_type or "dualstack")


def _check(alb: m.DescribeGatewayAlbConfiguration, balancers: int) -> None:
    if (alb.max_alb_count or 0) < max(1, balancers):
        raise m.InvalidParameterException(
            f"maxAlbCount must be at least {max(1, balancers)}, the number of load balancers that are needed."
        )
    if alb.access_logs is not None:
        destination = alb.access_logs.destination
        if destination is None or destination.s3 is None or not destination.s3.bucket:
            raise m.InvalidParameterException("accessLogs must have an Amazon S3 destination with a bucket.")
    header = alb.test_traffic_rules.header if alb.test_traffic_rules else None
    if header is not None and not (header.name and header.values):
        raise m.InvalidParameterException("A header for test traffic must have a name and at least one value.")
