"""Gateways: they lead requests to services of the clusters that they are associated with."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import ecs as m
from kecs.core.records.base import Named, Record


class GatewayBalancer(Record):
    """A load balancer that a gateway manages."""

    arn: str
    listener_arn: str
    security_group: str  # its id


class GatewayRecord(Named):
    """A gateway. `gateway` holds what was configured and its status; tags and counts are left out."""

    gateway: m.Gateway
    balancers: tuple[GatewayBalancer, ...] = ()  # from when the first service uses it
    settles_at: float | None = None  # when what is in progress is over
    tags: tuple[m.Tag, ...] = ()

    @property
    def alb(self) -> m.DescribeGatewayAlbConfiguration:
        """The configuration of the one type of gateway that there is."""
        configuration = self.gateway.configuration
        alb = configuration.host_shared_alb if configuration else None
        return alb or m.DescribeGatewayAlbConfiguration()


class GatewayAssociationRecord(Record):
    """That services of a cluster may use a gateway."""

    gateway_arn: str
    cluster_arn: str
    status: Literal["ACTIVE", "DISASSOCIATING"] = "ACTIVE"

    @property
    def key(self) -> str:
        return association_key(self.gateway_arn, self.cluster_arn)


class GatewayRouteRecord(Record):
    """What leads from a gateway to a named port of a service."""

    arn: str
    gateway_arn: str
    cluster_arn: str
    service_arn: str
    connector: m.GatewayConnector
    host: str  # the name that requests ask for
    status: m.GatewayRouteStatus
    settles_at: float | None = None  # when what is in progress is over
    resources: m.GatewayRouteAlbResources | None = None  # None: there was no room for them
    target_group_arn: str | None = None


class GatewayUseRecord(Record):
    """Which deployment of a service its routes were made for: only a new one looks at associations again."""

    service_arn: str
    deployment_id: str


def association_key(gateway: str, cluster: str) -> str:
    return f"{gateway}|{cluster}"
