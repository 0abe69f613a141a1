"""Clusters: create, describe, list, update, delete; and the `default` cluster that is there from the start.

The rules are in core.clusters; here they meet the store.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core import clusters as rules
from kecs.core.accounts import effective
from kecs.core.arns import scope_key
from kecs.core.capacity.association import attach, check_settled, valid_providers, with_own
from kecs.core.records import ClusterRecord
from kecs.core.tags import validate_tags
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster, find_provider

MOST_DESCRIBED = 100
SHOWN_AFTER_CREATE: Final[tuple[m.ClusterField, ...]] = ("SETTINGS", "CONFIGURATIONS", "ATTACHMENTS", "TAGS")
SHOWN_AFTER_CHANGE: Final[tuple[m.ClusterField, ...]] = ("SETTINGS", "CONFIGURATIONS", "ATTACHMENTS")


def ensure_default_cluster(context: Context) -> None:
    """Make the scope's `default` cluster when it has never been there. Once deleted, it stays deleted."""
    arn = context.scope.cluster("default")
    if arn not in context.store.clusters and context.settings.default_cluster:
        context.store.clusters.put(ClusterRecord(arn=arn, cluster=_new(context, arn, "default"), implicit=True))


def create_cluster(context: Context, request: m.CreateClusterRequest) -> m.CreateClusterResponse:
    name = rules.cluster_name(request.cluster_name)
    arn = context.scope.cluster(name)
    tags = validate_tags(request.tags)
    found = context.store.clusters.get(arn)
    active = found if found is not None and found.cluster.status == "ACTIVE" else None
    asked = rules.asked_of_create(
        request, arn, active.cluster.capacity_providers or () if active else (), find_provider(context)
    )
    if active is None:
        record = ClusterRecord(arn=arn, cluster=rules.configured(_new(context, arn, name), asked), tags=tags)
    elif active.implicit:
        record = replace(
            active, cluster=rules.configured(active.cluster, asked), tags=tags or active.tags, implicit=False
        )
    elif rules.contradicts(active.cluster, asked):
        raise m.InvalidParameterException(
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
        )
    else:
        record = active
    if record is not found:
        record = attach(record, find_provider(context), context.ids.uuid, context.now)
        context.store.clusters.put(record)
    return m.CreateClusterResponse(cluster=_view(context, record, SHOWN_AFTER_CREATE))


def describe_clusters(context: Context, request: m.DescribeClustersRequest) -> m.DescribeClustersResponse:
    identifiers = request.clusters or ["default"]
    if len(identifiers) > MOST_DESCRIBED:
        raise m.InvalidParameterException(f"clusters can have at most {MOST_DESCRIBED} items.")
    described, failures = [], []
    for arn in dict.fromkeys(_arn(context, identifier) for identifier in identifiers):
        record = _known(context, arn)
        if record is None:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
        else:
            described.append(_view(context, record, request.include or ()))
    return m.DescribeClustersResponse(clusters=described, failures=failures)


def list_clusters(context: Context, request: m.ListClustersRequest) -> m.ListClustersResponse:
    records = context.store.clusters.where("scope", scope_key(context.scope))
    active = [record.arn for record in records if record.cluster.status == "ACTIVE"]
    arns, token = page(active, request.next_token, request.max_results)
    return m.ListClustersResponse(cluster_arns=list(arns), next_token=token)


def update_cluster(context: Context, request: m.UpdateClusterRequest) -> m.UpdateClusterResponse:
    record = find_cluster(context, request.cluster)
    return m.UpdateClusterResponse(cluster=_configure(context, record, rules.asked_of_update(request)))


def update_cluster_settings(
    context: Context, request: m.UpdateClusterSettingsRequest
) -> m.UpdateClusterSettingsResponse:
    record = find_cluster(context, request.cluster)
    return m.UpdateClusterSettingsResponse(cluster=_configure(context, record, rules.asked_of_settings(request)))


def put_cluster_capacity_providers(
    context: Context, request: m.PutClusterCapacityProvidersRequest
) -> m.PutClusterCapacityProvidersResponse:
    record = find_cluster(context, request.cluster)
    check_settled(record)
    providers = valid_providers(request.capacity_providers, find_provider(context), record.arn)
    providers = with_own(record, providers)
    strategy = rules.valid_strategy(request.default_capacity_provider_strategy, providers, record.managed)
    tasks = context.store.tasks.where("cluster", record.arn)
    services = context.store.services.where("cluster", record.arn)
    task_sets = context.store.task_sets.where("cluster", record.arn)
    for provider in record.cluster.capacity_providers or ():
        if provider not in providers and rules.provider_in_use(provider, tasks, services, task_sets):
            raise m.ResourceInUseException("The specified capacity provider is in use and cannot be removed.")
    asked = m.Cluster(capacity_providers=providers, default_capacity_provider_strategy=strategy)
    return m.PutClusterCapacityProvidersResponse(cluster=_configure(context, record, asked))


def delete_cluster(context: Context, request: m.DeleteClusterRequest) -> m.DeleteClusterResponse:
    store = context.store
    record = _known(context, _arn(context, request.cluster))
    if record is None:
        raise m.ClusterNotFoundException("Cluster not found.")
    instances = store.instances.where("cluster", record.arn)
    tasks, services = store.tasks.where("cluster", record.arn), store.services.where("cluster", record.arn)
    rules.check_empty(record, tasks, services, instances)
    check_settled(record)
    for instance in instances:
        store.instances.delete(instance.arn)
    record = replace(record, cluster=replace(record.cluster, status="INACTIVE"), tags=())
    store.clusters.put(record)
    return m.DeleteClusterResponse(cluster=_view(context, record, SHOWN_AFTER_CHANGE))


def _new(context: Context, arn: str, name: str) -> m.Cluster:
    find = context.store.account_settings.get
    return rules.new_cluster(arn, name, effective(find, context.scope, "containerInsights", context.principal))


def _configure(context: Context, record: ClusterRecord, asked: m.Cluster) -> m.Cluster:
    """Put in what was asked for, and the answer that shows it."""
    record = replace(record, cluster=rules.configured(record.cluster, asked))
    record = attach(record, find_provider(context), context.ids.uuid, context.now)
    context.store.clusters.put(record)
    return _view(context, record, SHOWN_AFTER_CHANGE)


def _view(context: Context, record: ClusterRecord, include: Collection[m.ClusterField]) -> m.Cluster:
    store = context.store
    return rules.cluster_view(
        record,
        store.tasks.where("cluster", record.arn),
        store.services.where("cluster", record.arn),
        store.instances.where("cluster", record.arn),
        include,
    )


def _known(context: Context, arn: str) -> ClusterRecord | None:
    """The cluster with this ARN, INACTIVE ones included, if it is one of the caller's scope."""
    record = context.store.clusters.get(arn)
    return record if record is not None and record.scope == context.scope else None


def _arn(context: Context, identifier: str) -> str:
    """The ARN of the cluster that a request names by short name or ARN. Raises InvalidParameterException."""
    is_arn = identifier.startswith("arn:")
    if identifier.count("/") != int(is_arn):
        raise m.InvalidParameterException("Invalid identifier: Unexpected number of separators")
    return identifier if is_arn else context.scope.cluster(identifier or "default")
