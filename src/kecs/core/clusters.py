"""Clusters: what a request may ask of one, and how one is shown.

Called by services.ecs.clusters, and for capacity provider strategies by whatever runs tasks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.capacity import launch_type_of
from kecs.core.capacity.association import Find, valid_providers
from kecs.core.records import ClusterRecord, InstanceRecord, ServiceRecord, TaskRecord, TaskSetRecord

NAME_PATTERN = r"^[a-zA-Z0-9\-_]{1,255}$"
INSIGHTS_VALUES = ("enabled", "disabled", "enhanced")
MOST_STRATEGY_ITEMS = 20
HIGHEST_WEIGHT = 1000
HIGHEST_BASE = 100_000
PENDING_STATUSES = ("PROVISIONING", "PENDING", "ACTIVATING")
MIX = (
    "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate "
    "providers. Specify one or the other and try again."
)
MIX_WITH_MANAGED = (
    "A capacity provider strategy cannot contain a mix of Amazon ECS Managed Instances capacity providers and others. "
    "Specify one or the other and try again."
)
CONFIGURABLE = (
    "settings",
    "configuration",
    "capacity_providers",
    "default_capacity_provider_strategy",
    "service_connect_defaults",
)
STATISTICS = (
    ("runningEC2TasksCount", "running", "EC2"),
    ("runningFargateTasksCount", "running", "FARGATE"),
    ("pendingEC2TasksCount", "pending", "EC2"),
    ("pendingFargateTasksCount", "pending", "FARGATE"),
    ("runningExternalTasksCount", "running", "EXTERNAL"),
    ("pendingExternalTasksCount", "pending", "EXTERNAL"),
    ("runningManagedInstancesTasksCount", "running", "MANAGED_INSTANCES"),
    ("pendingManagedInstancesTasksCount", "pending", "MANAGED_INSTANCES"),
    ("activeEC2ServiceCount", "ACTIVE", "EC2"),
    ("activeFargateServiceCount", "ACTIVE", "FARGATE"),
    ("drainingEC2ServiceCount", "DRAINING", "EC2"),
    ("drainingFargateServiceCount", "DRAINING", "FARGATE"),
    ("activeExternalServiceCount", "ACTIVE", "EXTERNAL"),
    ("drainingExternalServiceCount", "DRAINING", "EXTERNAL"),
    ("activeManagedInstancesServiceCount", "ACTIVE", "MANAGED_INSTANCES"),
    ("drainingManagedInstancesServiceCount", "DRAINING", "MANAGED_INSTANCES"),
)
"""A cluster's statistics in AWS's order: name, what is counted, launch type."""


def cluster_name(name: str | None) -> str:
    """The name that CreateCluster gives a cluster. Raises InvalidParameterException."""
    if name is None:
        return "default"
    if not re.fullmatch(NAME_PATTERN.strip("^$"), name):
        raise m.InvalidParameterException(f"Cluster must match {NAME_PATTERN}, but was {name}")
    return name


def new_cluster(arn: str, name: str, insights: str) -> m.Cluster:
    """An ACTIVE cluster for which nothing has been asked; `insights` is the account's setting of that time."""
    return m.Cluster(
        cluster_arn=arn,
        cluster_name=name,
        status="ACTIVE",
        settings=[m.ClusterSetting(name="containerInsights", value=insights)],
        capacity_providers=[],
        default_capacity_provider_strategy=[],
    )


def asked_of_create(request: m.CreateClusterRequest, arn: str, associated: Sequence[str], find: Find) -> m.Cluster:
    """What CreateCluster asks for, checked; members that it leaves out are None.

    `associated` are the capacity providers that the cluster has already, `find` knows those that callers made.
    Raises InvalidParameterException.
    """
    providers = None
    if request.capacity_providers is not None:
        providers = associated = valid_providers(request.capacity_providers, find, arn)
    strategy = request.default_capacity_provider_strategy
    return m.Cluster(
        settings=_valid_settings(request.settings),
        configuration=_valid_configuration(request.configuration),
        capacity_providers=providers,
        default_capacity_provider_strategy=None if strategy is None else valid_strategy(strategy, associated),
        service_connect_defaults=_valid_connect_defaults(request.service_connect_defaults),
    )


def asked_of_update(request: m.UpdateClusterRequest) -> m.Cluster:
    """What UpdateCluster asks for, checked; members that it leaves out are None. Raises InvalidParameterException."""
    return m.Cluster(
        settings=_valid_settings(request.settings),
        configuration=_valid_configuration(request.configuration),
        service_connect_defaults=_valid_connect_defaults(request.service_connect_defaults),
    )


def asked_of_settings(request: m.UpdateClusterSettingsRequest) -> m.Cluster:
    """What UpdateClusterSettings asks for, checked. Raises InvalidParameterException."""
    return m.Cluster(settings=_valid_settings(request.settings))


def configured(cluster: m.Cluster, asked: m.Cluster) -> m.Cluster:
    """The cluster with everything that was asked for put in; an empty namespace takes the default away."""
    given = {name: value for name in CONFIGURABLE if (value := getattr(asked, name)) is not None}
    changed = replace(cluster, **given)
    connect = changed.service_connect_defaults
    return replace(changed, service_connect_defaults=None) if connect and not connect.namespace else changed


def fargate_storage_key(cluster: ClusterRecord) -> str | None:
    """The id of the key that the cluster names for the ephemeral storage of its Fargate tasks."""
    configuration = cluster.cluster.configuration
    storage = configuration.managed_storage_configuration if configuration else None
    return storage.fargate_ephemeral_storage_kms_key_id if storage else None


def contradicts(cluster: m.Cluster, asked: m.Cluster) -> bool:
    """Whether a repeated CreateCluster asks for anything else than what the cluster has."""
    return configured(cluster, asked) != cluster


def valid_strategy(
    strategy: Sequence[m.CapacityProviderStrategyItem], associated: Collection[str], managed: Collection[str] = ()
) -> list[m.CapacityProviderStrategyItem]:
    """The strategy with weights and bases filled in, for a cluster with these `associated` capacity providers, of
    which the `managed` ones are Managed Instances.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    Raises InvalidParameterException.
    """
    if len(strategy) > MOST_STRATEGY_ITEMS:
        raise m.InvalidParameterException(
            f"The specified capacity provider strategy contains more than {MOST_STRATEGY_ITEMS} capacity providers."
        )
    items = [replace(item, weight=item.weight or 0, base=item.base or 0) for item in strategy]
    if any(item.capacity_provider not in associated for item in items):
        raise m.InvalidParameterException(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated "
            "with the cluster."
        )
    if len({item.capacity_provider for item in items}) < len(items):
        raise m.InvalidParameterException(
            "The specified capacity provider strategy contains the same capacity provider more than once."
        )
    for item in items:
        if not 0 <= (item.weight or 0) <= HIGHEST_WEIGHT:
            raise m.InvalidParameterException(f"The weight value must be between 0 and {HIGHEST_WEIGHT}.")
        if not 0 <= (item.base or 0) <= HIGHEST_BASE:
            raise m.InvalidParameterException(f"The base value must be between 0 and {HIGHEST_BASE}.")
    if sum(bool(item.base) for item in items) > 1:
        raise m.InvalidParameterException(
            "The specified capacity provider strategy contains multiple capacity providers with a base value defined."
        )
    if len(kinds := {launch_type_of(item.capacity_provider, managed) for item in items}) > 1:
        raise m.InvalidParameterException(MIX if "MANAGED_INSTANCES" not in kinds else MIX_WITH_MANAGED)
    return items


def provider_in_use(
    provider: str,
    tasks: Sequence[TaskRecord],
    services: Sequence[ServiceRecord],
    task_sets: Sequence[TaskSetRecord],
) -> bool:
    """Whether a task that has not stopped, a service that has not been deleted or a task set relies on the capacity
    provider."""
    strategies = [
        *(s.service.capacity_provider_strategy or () for s in services if s.status != "INACTIVE"),
        *(task_set.deployment.capacity_provider_strategy for task_set in task_sets),
    ]
    return any(task.capacity_provider_name == provider and task.last_status != "STOPPED" for task in tasks) or any(
        item.capacity_provider == provider for strategy in strategies for item in strategy
    )


def check_empty(
    cluster: ClusterRecord,
    tasks: Sequence[TaskRecord],
    services: Sequence[ServiceRecord],
    instances: Sequence[InstanceRecord],
) -> None:
    """Refuse to delete a cluster that is in use; the built-in local instance does not count as a use of it.

    Raises ClusterContainsServicesException, ClusterContainsTasksException, ClusterContainsCapacityProviderException,
    ClusterContainsContainerInstancesException.
    """
    if any(service.status != "INACTIVE" for service in services):
        raise m.ClusterContainsServicesException("The Cluster cannot be deleted while Services are active.")
    if any(task.last_status != "STOPPED" for task in tasks):
        raise m.ClusterContainsTasksException("The Cluster cannot be deleted while Tasks are active.")
    if cluster.managed:
        raise m.ClusterContainsCapacityProviderException(
            "The Cluster cannot be deleted while Cluster Scoped Capacity Providers are attached to the cluster."
        )
    # Neither the built-in one nor those of a simulated Auto Scaling group are the caller's to deregister.
    registered = [i for i in instances if not i.local and not i.instance.capacity_provider_name]
    if any(instance.instance.status != "INACTIVE" for instance in registered):
        raise m.ClusterContainsContainerInstancesException(
            "The Cluster cannot be deleted while Container Instances are active or draining."
        )


def cluster_view(
    record: ClusterRecord,
    tasks: Sequence[TaskRecord],
    services: Sequence[ServiceRecord],
    instances: Sequence[InstanceRecord],
    include: Collection[m.ClusterField],
) -> m.Cluster:
    """The cluster as the API shows it: counts from what runs in it, the rest as far as `include` asks for it."""
    cluster = record.cluster
    attached = "ATTACHMENTS" in include
    return replace(
        cluster,
        registered_container_instances_count=sum(i.instance.status != "INACTIVE" for i in instances),
        running_tasks_count=sum(task.last_status == "RUNNING" for task in tasks),
        pending_tasks_count=sum(task.last_status in PENDING_STATUSES for task in tasks),
        active_services_count=sum(service.status == "ACTIVE" for service in services),
        statistics=_statistics(record, tasks, services) if "STATISTICS" in include else [],
        tags=list(record.tags) if "TAGS" in include else [],
        settings=cluster.settings if "SETTINGS" in include else [],
        configuration=cluster.configuration if "CONFIGURATIONS" in include else None,
        attachments=(cluster.attachments or []) if attached else None,
        # Fargate's capacity providers bring nothing along that would have to be attached first.
        attachments_status=cluster.attachments_status or ("UPDATE_COMPLETE" if cluster.capacity_providers else None)
        if attached
        else None,
    )


def _statistics(
    cluster: ClusterRecord, tasks: Sequence[TaskRecord], services: Sequence[ServiceRecord]
) -> list[m.KeyValuePair]:
    counts = Counter[tuple[str, str]]()
    for task in tasks:
        if task.last_status == "RUNNING":
            counts["running", task.launch_type] += 1
        elif task.last_status in PENDING_STATUSES:
            counts["pending", task.launch_type] += 1
    counts.update((service.status, _launch_type(cluster, service)) for service in services)
    return [m.KeyValuePair(name=name, value=str(counts[what, kind])) for name, what, kind in STATISTICS]


def _launch_type(cluster: ClusterRecord, service: ServiceRecord) -> str:
    if service.service.launch_type is not None:
        return service.service.launch_type
    strategy = service.service.capacity_provider_strategy
    return launch_type_of(strategy[0].capacity_provider, cluster.managed) if strategy else "EC2"


def _valid_settings(settings: Sequence[m.ClusterSetting] | None) -> list[m.ClusterSetting] | None:
    for setting in settings or ():
        if setting.name != "containerInsights":
            raise m.InvalidParameterException("Invalid setting 'name'")
        if setting.value not in INSIGHTS_VALUES:
            raise m.InvalidParameterException("Invalid setting 'value'")
    # There is one setting, so the last one given is the cluster's.
    return [settings[-1]] if settings else None


def _valid_configuration(configuration: m.ClusterConfiguration | None) -> m.ClusterConfiguration | None:
    command = configuration.execute_command_configuration if configuration else None
    if command is not None:
        log = command.log_configuration
        if command.logging == "OVERRIDE":
            if log is None or not (log.cloud_watch_log_group_name or log.s3_bucket_name):
                raise m.InvalidParameterException(
                    "A CloudWatch log group name or S3 bucket name must be specified when overriding the default log "
                    "configuration."
                )
        elif log is not None:
            raise m.InvalidParameterException("You must set logging to 'OVERRIDE' when you supply a log configuration.")
    return configuration


def _valid_connect_defaults(
    defaults: m.ClusterServiceConnectDefaultsRequest | None,
) -> m.ClusterServiceConnectDefaults | None:
    if defaults is None:
        return None
    namespace = defaults.namespace
    named = not namespace.startswith("arn:")
    if len(namespace) > 1024 or (named and any(char in '<>"/' for char in namespace)):
        raise m.InvalidParameterException('The namespace name can include up to 1024 characters, but no <, >, " or /.')
    return m.ClusterServiceConnectDefaults(namespace=namespace)
