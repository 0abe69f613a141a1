"""Service Connect in a service: its namespace, and what CreateService and UpdateService refuse of the rest.

Pure; called by services.ecs.services and services.ecs.namespaces. Rules: model shapes ServiceConnectConfiguration,
ServiceConnectService and ServiceConnectClientAlias. Every function raises InvalidParameterException.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import ClusterRecord, ServiceRecord
from kecs.core.taskdefs.ports import no_such_port

DISCOVERY_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,63}")
DNS_NAME = re.compile(r"[a-z0-9_.][a-z0-9_.-]{0,126}")
HTTP = ("http", "http2", "grpc")

T = TypeVar("T")

NO_NAMESPACE = (
    "A namespace must be specified in the serviceConnectConfiguration, since the cluster has no default Service "
    "Connect namespace."
)
HOST_MODE = "Service Connect is not supported for task definitions with the network mode host."
ONE_ALIAS = "clientAliases must have 1 element."
LOGS_FIRST = "An accessLogConfiguration needs a logConfiguration in the serviceConnectConfiguration."
ONE_SETTING = "Each of the containerConfigurations must set exactly one setting, and each setting can appear only once."


def with_namespace(
    connect: m.ServiceConnectConfiguration | None, cluster: ClusterRecord
) -> m.ServiceConnectConfiguration | None:
    """What was asked for, in the cluster's default namespace where it names none."""
    if connect is None or not connect.enabled or connect.namespace:
        return connect
    defaults = cluster.cluster.service_connect_defaults
    if defaults is None:
        raise m.InvalidParameterException(NO_NAMESPACE)
    return replace(connect, namespace=defaults.namespace)


def namespace_of(service: ServiceRecord) -> str | None:
    """The namespace that the service is in, as its request or its cluster named it: by name or by ARN."""
    connect = service.deployments[0].service_connect_configuration if service.deployments else None
    return connect.namespace if connect and connect.enabled else None


def discovery_names(connect: m.ServiceConnectConfiguration | None) -> list[str]:
    """What the services that it offers are called in the namespace."""
    offered = (connect.services or ()) if connect and connect.enabled else ()
    return [service.discovery_name or service.port_name for service in offered]


def check_connect(
    connect: m.ServiceConnectConfiguration | None, definition: m.TaskDefinition, taken: Iterable[str]
) -> None:
    """Whether tasks of the definition can be connected so. `taken`: discovery names of others in the namespace."""
    if connect is None or not connect.enabled:
        return
    if definition.network_mode == "host":
        raise m.InvalidParameterException(HOST_MODE)
    ports = {p.name: p for c in definition.container_definitions or () for p in c.port_mappings or () if p.name}
    for service in connect.services or ():
        _check_service(service, ports)
    for name in _more_than_once([*set(taken), *discovery_names(connect)]):
        raise m.InvalidParameterException(f"The discoveryName '{name}' is not unique within the namespace.")
    aliases = [(a.dns_name, a.port) for s in connect.services or () for a in s.client_aliases or () if a.dns_name]
    for name, port in _more_than_once(aliases):
        raise m.InvalidParameterException(f"The client alias '{name}:{port}' is not unique within the namespace.")
    if connect.access_log_configuration and not connect.log_configuration:
        raise m.InvalidParameterException(LOGS_FIRST)
    settings = connect.container_configurations or ()
    if len(settings) > 1 or any(setting.log_level is None for setting in settings):  # there is but one setting yet
        raise m.InvalidParameterException(ONE_SETTING)


def _check_service(service: m.ServiceConnectService, ports: dict[str, m.PortMapping]) -> None:
    if service.port_name not in ports:
        raise no_such_port(service.port_name, "serviceConnectConfiguration")
    if service.discovery_name is not None and not DISCOVERY_NAME.fullmatch(service.discovery_name):
        raise m.InvalidParameterException(
            f"The discoveryName '{service.discovery_name}' is invalid. Up to 64 lowercase letters, numbers, "
            "underscores, and hyphens are allowed. It can't start with a hyphen."
        )
    if len(service.client_aliases or ()) != 1:
        raise m.InvalidParameterException(ONE_ALIAS)
    for alias in service.client_aliases or ():
        if alias.dns_name is not None and not DNS_NAME.fullmatch(alias.dns_name):
            raise m.InvalidParameterException(
                f"The dnsName '{alias.dns_name}' is invalid. Up to 127 lowercase letters, numbers, underscores, "
                "hyphens, and periods are allowed. It can't start with a hyphen."
            )
    patience = service.timeout and service.timeout.per_request_timeout_seconds
    if patience is not None and ports[service.port_name].app_protocol not in HTTP:
        raise m.InvalidParameterException("perRequestTimeoutSeconds can only be set for HTTP, HTTP2 and GRPC.")


def _more_than_once(values: Iterable[T]) -> Iterator[T]:
    return (value for value, count in Counter(values).items() if count > 1)
