"""Capacity providers in a cluster: which ones may be associated, and what they bring along as attachments.

Called by services.ecs.clusters; control.instances.providers finishes what is under way.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.capacity.strategy import FARGATE_PROVIDERS
from kecs.core.records import CapacityProviderRecord, ClusterRecord

MOST_PROVIDERS = 20
"""Of a cluster; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""

NOT_FOUND = "The specified capacity provider '{name}' was not found. Specify a valid capacity provider and try again."
NOT_ACTIVE = (
    "The specified capacity provider '{name}' is not in an ACTIVE state. Specify a valid capacity provider and try "
    "again."
)
BUSY = (
    "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED state "
    "before they can be updated."
)
ATTACHING = 0.2
"""Seconds until what providers bring along is attached: long enough to be seen. AWS takes some seconds."""

Find = Callable[[str], CapacityProviderRecord | None]


def valid_providers(names: Sequence[str], find: Find, cluster_arn: str) -> list[str]:
    """The capacity providers to associate with the cluster, each once. Raises InvalidParameterException."""
    for name in names:
        if name in FARGATE_PROVIDERS:
            continue
        record = find(name)
        if record is None or record.provider.status == "INACTIVE" or record.cluster_arn not in (None, cluster_arn):
            raise m.InvalidParameterException(NOT_FOUND.format(name=name))
        if record.provider.status != "ACTIVE" or record.provider.update_status == "DELETE_IN_PROGRESS":
            raise m.InvalidParameterException(NOT_ACTIVE.format(name=name))
    if len(set(names)) > MOST_PROVIDERS:
        raise m.InvalidParameterException("The maximum number of capacity providers per cluster has been exceeded.")
    return list(dict.fromkeys(names))


def check_settled(cluster: ClusterRecord) -> None:
    """Raises UpdateInProgressException while a cluster's attachments are on their way."""
    if cluster.attached_at is not None:
        raise m.UpdateInProgressException(BUSY)


def attach(cluster: ClusterRecord, find: Find, uuid: Callable[[], str], now: float) -> ClusterRecord:
    """The cluster with the attachments that its Auto Scaling groups call for; what changes is on its way."""
    had = {_identity(attachment): attachment for attachment in cluster.cluster.attachments or ()}
    wanted = [
        (name, kind, detail)
        for name in cluster.cluster.capacity_providers or ()
        if (record := find(name)) is not None
        for kind, detail in _brings(record, uuid)
    ]
    kept = {(name, kind) for name, kind, _ in wanted}
    if had.keys() == kept:
        return cluster
    attachments = [a if key in kept else replace(a, status="DELETING") for key, a in had.items()]
    attachments += [_new(uuid(), *each) for each in wanted if each[:2] not in had]
    changed = replace(cluster.cluster, attachments=attachments, attachments_status="UPDATE_IN_PROGRESS")
    return replace(cluster, cluster=changed, attached_at=now + ATTACHING)


def attached(cluster: ClusterRecord) -> ClusterRecord:
    """The cluster once everything is attached, or gone."""
    attachments = [replace(a, status="CREATED") for a in cluster.cluster.attachments or () if a.status != "DELETING"]
    changed = replace(cluster.cluster, attachments=attachments, attachments_status="UPDATE_COMPLETE")
    return replace(cluster, cluster=changed, attached_at=None)


def with_managed(cluster: ClusterRecord, provider: str) -> ClusterRecord:
    """The cluster once a Managed Instances provider of it is ACTIVE: it needs no association by the caller."""
    names = [*(cluster.cluster.capacity_providers or ()), provider]
    return replace(cluster, cluster=replace(cluster.cluster, capacity_providers=names))


def with_own(cluster: ClusterRecord, names: Sequence[str]) -> list[str]:
    """The providers that a caller associates, and the cluster's Managed Instances ones, which are always there."""
    own = [name for name in cluster.cluster.capacity_providers or () if name in cluster.managed]
    return list(dict.fromkeys([*names, *own]))


def without_use(cluster: ClusterRecord, provider: str) -> ClusterRecord:
    """The cluster once the deletion of a Managed Instances provider of it has begun: no strategy may name it."""
    names = [name for name in cluster.cluster.capacity_providers or () if name != provider]
    return replace(cluster, cluster=replace(cluster.cluster, capacity_providers=names))


def without(cluster: ClusterRecord, provider: str) -> ClusterRecord:
    """The cluster once a Managed Instances provider of it has been deleted."""
    cluster = without_use(cluster, provider)
    return replace(cluster, managed=tuple(name for name in cluster.managed if name != provider))


def in_default_strategy(cluster: ClusterRecord, provider: str) -> bool:
    strategy: Collection[m.CapacityProviderStrategyItem] = cluster.cluster.default_capacity_provider_strategy or ()
    return any(item.capacity_provider == provider for item in strategy)


def _brings(record: CapacityProviderRecord, uuid: Callable[[], str]) -> list[tuple[str, m.KeyValuePair]]:
    group = record.provider.auto_scaling_group_provider
    if group is None:
        return []
    brings = []
    if group.managed_scaling and group.managed_scaling.status == "ENABLED":
        policy = f"ECSManagedAutoScalingPolicy-{uuid()}"
        brings.append(("as_policy", m.KeyValuePair(name="scalingPolicyName", value=policy)))
    if group.managed_draining == "ENABLED":
        hook = m.KeyValuePair(name="autoScalingLifecycleHookName", value="ecs-managed-draining-termination-hook")
        brings.append(("managed_draining", hook))
    return brings


def _new(attachment_id: str, provider: str, kind: str, detail: m.KeyValuePair) -> m.Attachment:
    details = [m.KeyValuePair(name="capacityProviderName", value=provider), detail]
    return m.Attachment(id=attachment_id, type=kind, status="PRECREATED", details=details)


def _identity(attachment: m.Attachment) -> tuple[str, str]:
    """Whose it is and what it is."""
    names = {detail.name: detail.value for detail in attachment.details or ()}
    return names.get("capacityProviderName") or "", attachment.type or ""
