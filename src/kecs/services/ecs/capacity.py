"""CreateCapacityProvider, UpdateCapacityProvider, DescribeCapacityProviders, DeleteCapacityProvider.

The rules are in core.capacity; control.instances.providers moves the statuses on, control.instances.capacity sees to
the instances.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.arns import last_part, scope_key
from kecs.core.capacity import FARGATE_PROVIDERS
from kecs.core.capacity import providers as rules
from kecs.core.capacity.association import attach, in_default_strategy, without_use
from kecs.core.capacity.managed import check_managed_tags, new_managed, updated_managed
from kecs.core.clusters import provider_in_use
from kecs.core.records import CapacityProviderRecord, ClusterRecord
from kecs.core.tags import validate_tags
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster, find_provider

MOST_DESCRIBED = 100
MOST_ON_A_PAGE = 10


def create_capacity_provider(
    context: Context, request: m.CreateCapacityProviderRequest
) -> m.CreateCapacityProviderResponse:
    """ACTIVE at once, but for Managed Instances, which are PROVISIONING for a moment."""
    rules.check_name(request.name)
    rules.check_kinds(request.auto_scaling_group_provider, request.managed_instances_provider)
    tags = validate_tags(request.tags)
    arn = context.scope.capacity_provider(request.name)
    _check_new(context, context.store.capacity_providers.get(arn), request.cluster)
    if request.managed_instances_provider is not None:
        record = _new_managed(context, request, request.managed_instances_provider, arn, tags)
    else:
        record = _new_group(context, request, arn, tags)
    context.store.capacity_providers.put(record)
    return m.CreateCapacityProviderResponse(capacity_provider=rules.view(record, tags=True))


def update_capacity_provider(
    context: Context, request: m.UpdateCapacityProviderRequest
) -> m.UpdateCapacityProviderResponse:
    """What changes counts for instances that are launched from now on."""
    if not request.name:
        raise m.ClientException("A name is required when updating a capacity provider")
    record = _find(context, request.name, request.cluster, "updated")
    rules.check_not_busy(record)
    rules.check_kinds(request.auto_scaling_group_provider, request.managed_instances_provider)
    provider, changes = record.provider, dict[str, object]()
    if request.managed_instances_provider is not None:
        if provider.managed_instances_provider is None:
            raise m.ClientException("Capacity provider is not Amazon ECS Managed Instances capacity provider")
        managed = updated_managed(provider.managed_instances_provider, request.managed_instances_provider)
        changes["managed_instances_provider"] = managed
    elif request.auto_scaling_group_provider is not None:
        if provider.auto_scaling_group_provider is None:
            raise m.ClientException("The specified capacity provider does not use an Auto Scaling group.")
        group = rules.updated_group(provider.auto_scaling_group_provider, request.auto_scaling_group_provider)
        changes["auto_scaling_group_provider"] = group
    record = rules.begin(record, "UPDATE_IN_PROGRESS", context.now, **changes)
    context.store.capacity_providers.put(record)
    _reattach(context, record)
    return m.UpdateCapacityProviderResponse(capacity_provider=rules.view(record, tags=True))


def describe_capacity_providers(
    context: Context, request: m.DescribeCapacityProvidersRequest
) -> m.DescribeCapacityProvidersResponse:
    """Those that are named, or all that there are: the caller's own ones, then Fargate's."""
    cluster = find_cluster(context, request.cluster) if request.cluster else None
    tags = "TAGS" in (request.include or ())
    named = request.capacity_providers or []
    if len(named) > MOST_DESCRIBED:
        raise m.InvalidParameterException(f"capacityProviders can have at most {MOST_DESCRIBED} items.")
    everything = named or [
        *(r.name for r in context.store.capacity_providers.where("scope", scope_key(context.scope)) if _alive(r)),
        *FARGATE_PROVIDERS,
    ]
    views = {name: _view(context, name, cluster, tags=tags) for name in everything}
    found = {view.name: view for view in views.values() if view and view.name}
    failures = [
        m.Failure(arn=name if name.startswith("arn:") else context.scope.capacity_provider(name), reason="MISSING")
        for name, view in views.items()
        if named and view is None
    ]
    names, token = page(list(found), request.next_token, request.max_results, most=MOST_ON_A_PAGE)
    return m.DescribeCapacityProvidersResponse(
        capacity_providers=[found[name] for name in names], failures=failures, next_token=token
    )


def delete_capacity_provider(
    context: Context, request: m.DeleteCapacityProviderRequest
) -> m.DeleteCapacityProviderResponse:
    """On its way out; what is still in use stays, and its updateStatus says why."""
    record = _find(context, request.capacity_provider, request.cluster, "deleted")
    if record.provider.update_status != "DELETE_IN_PROGRESS":
        if any(target.provider_arn == record.arn for daemon in context.store.daemons for target in daemon.targets):
            raise m.ClientException(rules.DAEMONS)
        if reason := _reason_to_stay(context, record):
            record = rules.refused_deletion(record, reason)
        elif record.cluster_arn is None:
            record = rules.begin(record, "DELETE_IN_PROGRESS", context.now)
        else:
            record = rules.begin(record, "DELETE_IN_PROGRESS", context.now, status="DEPROVISIONING")
            _retire(context, record)
        context.store.capacity_providers.put(record)
    return m.DeleteCapacityProviderResponse(capacity_provider=rules.view(record, tags=True))


def _new_group(
    context: Context, request: m.CreateCapacityProviderRequest, arn: str, tags: tuple[m.Tag, ...]
) -> CapacityProviderRecord:
    assert request.auto_scaling_group_provider is not None  # check_kinds
    if request.cluster:
        raise m.ClientException("A cluster cannot be specified for a capacity provider using an Auto Scaling group.")
    group = rules.new_group(request.auto_scaling_group_provider)
    rules.check_group_tags(tags)
    for other in context.store.capacity_providers.where("scope", scope_key(context.scope)):
        its = other.provider.auto_scaling_group_provider
        if _alive(other) and its and rules.same_group(its, group):
            raise m.ClientException(rules.GROUP_IN_USE)
    provider = m.CapacityProvider(
        capacity_provider_arn=arn,
        name=request.name,
        status="ACTIVE",
        auto_scaling_group_provider=group,
        type="EC2_AUTOSCALING",
    )
    return CapacityProviderRecord(arn=arn, provider=provider, tags=tags)


def _new_managed(
    context: Context,
    request: m.CreateCapacityProviderRequest,
    asked: m.CreateManagedInstancesProviderConfiguration,
    arn: str,
    tags: tuple[m.Tag, ...],
) -> CapacityProviderRecord:
    if not request.cluster:
        raise m.ClientException(rules.MANAGED_NEEDS_CLUSTER)
    cluster = find_cluster(context, request.cluster)
    check_managed_tags(tags)
    provider = m.CapacityProvider(
        capacity_provider_arn=arn,
        name=request.name,
        cluster=cluster.name,
        status="PROVISIONING",
        managed_instances_provider=new_managed(asked),
        type="MANAGED_INSTANCES",
    )
    context.store.clusters.put(replace(cluster, managed=(*cluster.managed, request.name)))
    record = CapacityProviderRecord(arn=arn, provider=provider, cluster_arn=cluster.arn, tags=tags)
    return rules.begin(record, "CREATE_IN_PROGRESS", context.now)


def _check_new(context: Context, existing: CapacityProviderRecord | None, cluster: str | None) -> None:
    """Raises ClientException when there is one of that name."""
    if existing is None or not _alive(existing):
        return
    if existing.cluster_arn is None:
        raise m.ClientException(rules.WITH_OTHER_SCOPE if cluster else rules.EXISTS)
    if not cluster:
        raise m.ClientException(rules.WITH_CLUSTER_SCOPE)
    same = find_cluster(context, cluster).arn == existing.cluster_arn
    raise m.ClientException(rules.EXISTS if same else rules.WITH_OTHER_SCOPE)


def _find(context: Context, reference: str, cluster: str | None, done: str) -> CapacityProviderRecord:
    """The caller's provider of that name or ARN, in the cluster if one is given. Raises ClientException."""
    name = _name(context, reference)
    if name in FARGATE_PROVIDERS:
        raise m.ClientException(rules.RESERVED.format(done=done))
    record = None if name is None else context.store.capacity_providers.get(context.scope.capacity_provider(name))
    if record is None or not _alive(record):
        raise m.ClientException(rules.UNKNOWN)
    if record.cluster_arn is None:
        if cluster:
            raise m.ClientException(rules.WITH_OTHER_SCOPE)
    elif not cluster:
        raise m.ClientException(rules.WITH_CLUSTER_SCOPE)
    elif find_cluster(context, cluster).arn != record.cluster_arn:
        raise m.ClientException(rules.WITH_OTHER_SCOPE)
    return record


def _name(context: Context, reference: str) -> str | None:
    if not reference.startswith("arn:"):
        return reference
    name = last_part(reference)
    return name if reference == context.scope.capacity_provider(name) else None


def _alive(record: CapacityProviderRecord) -> bool:
    return record.provider.status != "INACTIVE"


def _view(context: Context, reference: str, cluster: ClusterRecord | None, *, tags: bool) -> m.CapacityProvider | None:
    """The provider, if it is there and (where a cluster is given) one of that cluster's."""
    name = _name(context, reference)
    if name is None:
        return None
    if cluster is not None and name not in (*(cluster.cluster.capacity_providers or ()), *cluster.managed):
        return None
    for fargate in FARGATE_PROVIDERS:
        if name == fargate:
            return rules.fargate(context.scope, fargate)
    record = context.store.capacity_providers.get(context.scope.capacity_provider(name))
    return None if record is None else rules.view(record, tags=tags)


def _reason_to_stay(context: Context, record: CapacityProviderRecord) -> str | None:
    """Why the provider cannot be deleted."""
    store = context.store
    if record.cluster_arn is None:
        for cluster in store.clusters.where("scope", scope_key(context.scope)):
            if cluster.cluster.status == "ACTIVE" and record.name in (cluster.cluster.capacity_providers or ()):
                return rules.ATTACHED.format(cluster=cluster.name)
        return None
    arn, own = record.cluster_arn, store.clusters.get(record.cluster_arn)
    tasks, services = store.tasks.where("cluster", arn), store.services.where("cluster", arn)
    used = provider_in_use(record.name, tasks, services, store.task_sets.where("cluster", arn))
    return rules.IN_USE if used or (own is not None and in_default_strategy(own, record.name)) else None


def _retire(context: Context, record: CapacityProviderRecord) -> None:
    cluster = context.store.clusters.get(record.cluster_arn) if record.cluster_arn else None
    if cluster is not None:
        context.store.clusters.put(without_use(cluster, record.name))


def _reattach(context: Context, record: CapacityProviderRecord) -> None:
    """Turning managed scaling or draining on or off changes what the provider's clusters have attached."""
    for cluster in context.store.clusters.where("scope", scope_key(context.scope)):
        if cluster.cluster.status == "ACTIVE" and record.name in (cluster.cluster.capacity_providers or ()):
            changed = attach(cluster, find_provider(context), context.ids.uuid, context.now)
            if changed is not cluster:
                context.store.clusters.put(changed)
