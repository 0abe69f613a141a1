"""How handlers of ECS find what requests name."""

from __future__ import annotations

from collections.abc import Callable

from kecs.aws.model import ecs as m
from kecs.core.records import CapacityProviderRecord, ClusterRecord, ServiceRecord
from kecs.services.context import Context

SERVICE_NOT_FOUND = "Service not found."


def find_cluster(context: Context, cluster: str | None) -> ClusterRecord:
    """The ACTIVE cluster that a request names by short name or ARN; `default` when it names none.

    Raises ClusterNotFoundException for an unknown or inactive one, and for an ARN of another account or region.
    """
    if cluster and cluster.startswith("arn:"):
        record = context.store.clusters.get(cluster if cluster.startswith(context.scope.arn("")) else "")
    else:
        record = context.store.clusters.get(context.scope.cluster(cluster or "default"))
    if record is None or record.cluster.status != "ACTIVE":
        raise m.ClusterNotFoundException("Cluster not found.")
    return record


def find_provider(context: Context) -> Callable[[str], CapacityProviderRecord | None]:
    """Finds a capacity provider that the scope's callers made, by name."""
    return lambda name: context.store.capacity_providers.get(context.scope.capacity_provider(name))


def find_service(context: Context, cluster: ClusterRecord, service: str) -> ServiceRecord | None:
    """The service of the cluster that a request names by name or ARN (with or without the cluster in it)."""
    if service.startswith("arn:"):
        kind = context.scope.arn("service/")
        if not service.startswith(kind):
            return None
        *clusters, service = service.removeprefix(kind).split("/")
        if clusters not in ([], [cluster.name]):
            return None
    return context.store.services.get(context.scope.service(cluster.name, service))


def the_service(context: Context, cluster: ClusterRecord, service: str) -> ServiceRecord:
    """The same, whatever its status. Raises ServiceNotFoundException."""
    record = find_service(context, cluster, service)
    if record is None:
        raise m.ServiceNotFoundException(SERVICE_NOT_FOUND)
    return record
