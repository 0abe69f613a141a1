"""The tables of KECS's memory: which record is kept where, under which key, and by what else it is found.

`store` makes its tables from these, the journal knows from them what a row holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from kecs.core.arns import group_key, scope_key, scope_of
from kecs.core.records import (
    AccountSettingRecord,
    CapacityGroupRecord,
    CapacityProviderRecord,
    ClusterRecord,
    DaemonDeploymentRecord,
    DaemonRecord,
    DaemonRevisionRecord,
    DaemonTaskDefinitionRecord,
    ExpressRecord,
    FamilyRecord,
    GatewayAssociationRecord,
    GatewayRecord,
    GatewayRouteRecord,
    GatewayUseRecord,
    InstanceRecord,
    NodeRecord,
    Record,
    RevisionRecord,
    ServiceDeploymentRecord,
    ServiceRecord,
    SessionRecord,
    TaskDefinitionRecord,
    TaskRecord,
    TaskSetRecord,
    TokenRecord,
)

if TYPE_CHECKING:
    from kecs.core.records.autoscaling import (
        ScalableTargetRecord,
        ScalingActivityRecord,
        ScalingPolicyRecord,
        ScheduledActionRecord,
    )
    from kecs.core.records.codedeploy import (
        ApplicationRecord,
        CodeDeploymentRecord,
        DeploymentConfigRecord,
        DeploymentGroupRecord,
    )
    from kecs.core.records.eventbridge import (
        EventBusRecord,
        InvocationRecord,
        RuleRecord,
        ScheduleGroupRecord,
        ScheduleRecord,
    )
    from kecs.core.records.told import AlarmRecord, TargetGroupRecord

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Later(Generic[R]):
    """A record that ECS alone does without, for whoever needs its type to load it."""

    module: str  # of kecs.core.records
    name: str


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """One table. A record for which an index gives None is not in that index."""

    name: str
    record: type[R] | Later[R]
    key: Callable[[R], str]
    indexes: Mapping[str, Callable[[R], str | None]] = field(default_factory=dict)


class _HasArn(Protocol):
    @property
    def arn(self) -> str: ...


def by_arn(record: _HasArn) -> str:
    return record.arn


def in_scope(record: _HasArn) -> str:
    """The `scope` index: account and region of the ARN."""
    return scope_key(scope_of(record.arn))


CLUSTERS = Table(
    "clusters", ClusterRecord, by_arn, {"scope": in_scope, "nodes": lambda r: "taken" if r.takes_nodes else None}
)
FAMILIES = Table("families", FamilyRecord, lambda r: r.key, {"scope": lambda r: scope_key(scope_of(r.key))})
TASK_DEFINITIONS = Table(
    "task_definitions",
    TaskDefinitionRecord,
    by_arn,
    {"scope": in_scope, "family": lambda r: r.scope.family(r.family)},
)
SERVICES = Table(
    "services",
    ServiceRecord,
    by_arn,
    {
        "cluster": lambda r: r.cluster_arn,
        "unplaced": lambda r: r.cluster_arn if any(d.unplaced for d in r.deployments) else None,
        "daemon": lambda r: r.cluster_arn if r.service.scheduling_strategy == "DAEMON" else None,
    },
)
TASKS = Table(
    "tasks",
    TaskRecord,
    by_arn,
    {
        "cluster": lambda r: r.cluster_arn,
        "service": lambda r: r.service_arn,
        "unaccounted": lambda r: None if r.accounted else r.service_arn,
        "daemon": lambda r: r.daemon_arn,
        "instance": lambda r: r.container_instance_arn,
        "family": lambda r: r.family_key,
        "waiting": lambda r: group_key(r.cluster_arn, r.capacity_provider_name or "") if r.waiting else None,
    },
)
SERVICE_DEPLOYMENTS = Table(
    "service_deployments",
    ServiceDeploymentRecord,
    by_arn,
    {"service": lambda r: r.service_arn, "ongoing": lambda r: r.service_arn if r.ongoing else None},
)
SERVICE_REVISIONS = Table("service_revisions", RevisionRecord, by_arn, {"service": lambda r: r.service_arn})
TASK_SETS = Table(
    "task_sets",
    TaskSetRecord,
    by_arn,
    {
        "cluster": lambda r: r.cluster_arn,
        "service": lambda r: r.service_arn,
        "unplaced": lambda r: r.cluster_arn if r.deployment.unplaced else None,
    },
)
INSTANCES = Table(
    "instances",
    InstanceRecord,
    by_arn,
    {
        "cluster": lambda r: r.cluster_arn,
        "group": lambda r: (name := r.instance.capacity_provider_name) and group_key(r.cluster_arn, name),
        "node": lambda r: r.node.name if r.node is not None else None,
    },
)
NODES = Table("nodes", NodeRecord, lambda r: r.name)
CAPACITY_PROVIDERS = Table("capacity_providers", CapacityProviderRecord, by_arn, {"scope": in_scope})
CAPACITY_GROUPS = Table("capacity_groups", CapacityGroupRecord, lambda r: r.key)
GATEWAYS = Table("gateways", GatewayRecord, by_arn, {"scope": in_scope})
GATEWAY_ASSOCIATIONS = Table(
    "gateway_associations",
    GatewayAssociationRecord,
    lambda r: r.key,
    {
        "scope": lambda r: scope_key(scope_of(r.gateway_arn)),
        "gateway": lambda r: r.gateway_arn,
        "cluster": lambda r: r.cluster_arn,
    },
)
GATEWAY_ROUTES = Table(
    "gateway_routes",
    GatewayRouteRecord,
    by_arn,
    {"scope": in_scope, "gateway": lambda r: r.gateway_arn, "service": lambda r: r.service_arn},
)
GATEWAY_USES = Table("gateway_uses", GatewayUseRecord, lambda r: r.service_arn)
EXPRESS_SERVICES = Table("express_services", ExpressRecord, by_arn, {"scope": in_scope})
SESSIONS = Table("sessions", SessionRecord, lambda r: r.id, {"task": lambda r: r.task_arn})
ACCOUNT_SETTINGS = Table("account_settings", AccountSettingRecord, lambda r: r.key)
DAEMON_TASK_DEFINITIONS = Table(
    "daemon_task_definitions",
    DaemonTaskDefinitionRecord,
    by_arn,
    {"scope": in_scope, "family": lambda r: r.scope.daemon_family(r.family)},
)
DAEMONS = Table("daemons", DaemonRecord, by_arn, {"cluster": lambda r: r.cluster_arn})
DAEMON_REVISIONS = Table("daemon_revisions", DaemonRevisionRecord, by_arn, {"daemon": lambda r: r.daemon_arn})
DAEMON_DEPLOYMENTS = Table("daemon_deployments", DaemonDeploymentRecord, by_arn, {"daemon": lambda r: r.daemon_arn})
_OF_SERVICE: dict[str, Callable[[Any], str | None]] = {
    "scope": lambda r: scope_key(scope_of(r.service_arn)),
    "service": lambda r: r.service_arn,
}
SCALABLE_TARGETS: Table[ScalableTargetRecord] = Table(
    "scalable_targets",
    Later("autoscaling", "ScalableTargetRecord"),
    lambda r: r.service_arn,
    {"scope": in_scope, "arn": by_arn},
)
SCALING_POLICIES: Table[ScalingPolicyRecord] = Table(
    "scaling_policies", Later("autoscaling", "ScalingPolicyRecord"), lambda r: r.key, {**_OF_SERVICE, "arn": by_arn}
)
SCHEDULED_ACTIONS: Table[ScheduledActionRecord] = Table(
    "scheduled_actions", Later("autoscaling", "ScheduledActionRecord"), lambda r: r.key, _OF_SERVICE
)
SCALING_ACTIVITIES: Table[ScalingActivityRecord] = Table(
    "scaling_activities",
    Later("autoscaling", "ScalingActivityRecord"),
    lambda r: r.id,
    {**_OF_SERVICE, "ongoing": lambda r: r.service_arn if r.status == "InProgress" else None},
)
EVENT_BUSES: Table[EventBusRecord] = Table(
    "event_buses", Later("eventbridge", "EventBusRecord"), by_arn, {"scope": in_scope}
)
RULES: Table[RuleRecord] = Table(
    "rules",
    Later("eventbridge", "RuleRecord"),
    by_arn,
    {"bus": lambda r: r.bus_arn, "listening": lambda r: r.bus_arn if r.pattern and r.enabled else None},
)
SCHEDULE_GROUPS: Table[ScheduleGroupRecord] = Table(
    "schedule_groups", Later("eventbridge", "ScheduleGroupRecord"), by_arn, {"scope": in_scope}
)
SCHEDULES: Table[ScheduleRecord] = Table(
    "schedules", Later("eventbridge", "ScheduleRecord"), by_arn, {"scope": in_scope, "group": lambda r: r.group_arn}
)
INVOCATIONS: Table[InvocationRecord] = Table(
    "invocations", Later("eventbridge", "InvocationRecord"), lambda r: r.id, {"lane": lambda r: r.lane}
)
APPLICATIONS: Table[ApplicationRecord] = Table(
    "applications", Later("codedeploy", "ApplicationRecord"), lambda r: r.id, {"scope": in_scope, "arn": by_arn}
)
DEPLOYMENT_GROUPS: Table[DeploymentGroupRecord] = Table(
    "deployment_groups",
    Later("codedeploy", "DeploymentGroupRecord"),
    lambda r: r.id,
    {"arn": by_arn, "application": lambda r: r.application_id, "service": lambda r: r.service_arn},
)
DEPLOYMENT_CONFIGS: Table[DeploymentConfigRecord] = Table(
    "deployment_configs", Later("codedeploy", "DeploymentConfigRecord"), by_arn, {"scope": in_scope}
)
CODE_DEPLOYMENTS: Table[CodeDeploymentRecord] = Table(
    "code_deployments",
    Later("codedeploy", "CodeDeploymentRecord"),
    lambda r: r.id,
    {
        "scope": lambda r: scope_key(r.scope),
        "group": lambda r: r.group_id,
        "ongoing": lambda r: r.service_arn if r.ongoing else None,
    },
)
ALARMS: Table[AlarmRecord] = Table("alarms", Later("told", "AlarmRecord"), lambda r: r.key)
TARGET_GROUPS: Table[TargetGroupRecord] = Table("target_groups", Later("told", "TargetGroupRecord"), lambda r: r.group)
TOKENS = Table("tokens", TokenRecord, lambda r: r.key)

TABLES: tuple[Table[Any], ...] = (
    CLUSTERS,
    FAMILIES,
    TASK_DEFINITIONS,
    SERVICES,
    SERVICE_DEPLOYMENTS,
    SERVICE_REVISIONS,
    TASK_SETS,
    TASKS,
    INSTANCES,
    NODES,
    CAPACITY_PROVIDERS,
    CAPACITY_GROUPS,
    TOKENS,
    ACCOUNT_SETTINGS,
    SESSIONS,
    GATEWAYS,
    GATEWAY_ASSOCIATIONS,
    GATEWAY_ROUTES,
    GATEWAY_USES,
    EXPRESS_SERVICES,
    DAEMON_TASK_DEFINITIONS,
    DAEMONS,
    DAEMON_REVISIONS,
    DAEMON_DEPLOYMENTS,
    SCALABLE_TARGETS,
    SCALING_POLICIES,
    SCHEDULED_ACTIONS,
    SCALING_ACTIVITIES,
    EVENT_BUSES,
    RULES,
    SCHEDULE_GROUPS,
    SCHEDULES,
    INVOCATIONS,
    APPLICATIONS,
    DEPLOYMENT_GROUPS,
    DEPLOYMENT_CONFIGS,
    CODE_DEPLOYMENTS,
    ALARMS,
    TARGET_GROUPS,
)
