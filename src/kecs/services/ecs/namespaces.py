"""ListServicesByNamespace, and who else is in a Service Connect namespace.

KECS has no Cloud Map: a namespace is what clusters and services call one, by name or by ARN, and is known from then on.
"""

from __future__ import annotations

from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.records import ClusterRecord, ServiceRecord
from kecs.core.service_connect import namespace_of
from kecs.services.context import Context

LISTED = 10  # on a page, unless asked otherwise


def list_services_by_namespace(
    context: Context, request: m.ListServicesByNamespaceRequest
) -> m.ListServicesByNamespaceResponse:
    """In all clusters. Raises NamespaceNotFoundException for a namespace that nothing has been put in."""
    namespace = request.namespace
    members = list(members_of(context, namespace))
    if not members and not any(_defaults_to(cluster, namespace) for cluster in _clusters(context)):
        raise m.NamespaceNotFoundException(f"Failed to retrieve namespace for {namespace}")
    arns = [service.arn for service in members if service.status == "ACTIVE"]
    found, token = page(arns, request.next_token, LISTED if request.max_results is None else request.max_results)
    return m.ListServicesByNamespaceResponse(service_arns=list(found), next_token=token)


def members_of(context: Context, namespace: str) -> Iterator[ServiceRecord]:
    """The services of the namespace, those that have been deleted included while they are still shown."""
    for cluster in _clusters(context):
        for service in context.store.services.where("cluster", cluster.arn):
            if namespace_of(service) == namespace:
                yield service


def _clusters(context: Context) -> list[ClusterRecord]:
    return context.store.clusters.where("scope", scope_key(context.scope))


def _defaults_to(cluster: ClusterRecord, namespace: str) -> bool:
    defaults = cluster.cluster.service_connect_defaults
    return defaults is not None and defaults.namespace == namespace
