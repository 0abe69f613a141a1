"""The protocol between KECS and its memory. `store/` implements it; handlers and control loops use it.

Everything happens on the event loop's thread. `transaction()` is a plain context manager with no `await` inside: it
commits as a whole when its block ends and leaves no trace when the block raises. Records are frozen, so what was read
never changes underneath. Committed changes go to the feed's listeners in order, each batch once; they reach the disk
with `flush()`, which the gateway calls before it answers and the control loops before they tell a runtime anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, TypeVar

from kecs.core.records import (
    AccountSettingRecord,
    CapacityGroupRecord,
    CapacityProviderRecord,
    Change,
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
Listener = Callable[[list[Change]], None]


class Table(Protocol[R]):
    """Records of one kind by key, in the order in which they were made."""

    def get(self, key: str) -> R | None: ...

    def __contains__(self, key: object) -> bool: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[R]: ...

    def keys(self, index: str, value: str) -> Collection[str]:
        """The keys of the records whose index has this value. Costs nothing however many there are."""

    def where(self, index: str, value: str) -> list[R]:
        """The records whose index has this value."""

    def put(self, record: R) -> None:
        """Add or replace; only inside a transaction."""

    def delete(self, key: str) -> None:
        """Remove, if it is there; only inside a transaction."""


class Store(Protocol):
    """All state of one KECS. `scope` indexes take `scope_key(scope)`, the others an ARN."""

    @property
    def clusters(self) -> Table[ClusterRecord]:
        """By ARN. Indexes: scope, nodes ("taken": those that take nodes which are no cluster's own)."""

    @property
    def families(self) -> Table[FamilyRecord]:
        """By FamilyRecord.key. Index: scope."""

    @property
    def task_definitions(self) -> Table[TaskDefinitionRecord]:
        """By ARN. Indexes: scope, family (a FamilyRecord.key)."""

    @property
    def services(self) -> Table[ServiceRecord]:
        """By ARN. Indexes: cluster, unplaced (a cluster: those whose tasks found no room), daemon (a cluster: those of
        the DAEMON strategy)."""

    @property
    def service_deployments(self) -> Table[ServiceDeploymentRecord]:
        """By ARN, oldest first. Indexes: service, ongoing (a service: those that have not ended)."""

    @property
    def service_revisions(self) -> Table[RevisionRecord]:
        """By ARN. Index: service."""

    @property
    def task_sets(self) -> Table[TaskSetRecord]:
        """By ARN. Indexes: cluster, service, unplaced (a cluster: those whose last tasks found no room)."""

    @property
    def tasks(self) -> Table[TaskRecord]:
        """By ARN. Indexes: cluster, service, unaccounted (a service: its tasks but for stopped ones that the scheduler
        has counted), daemon, instance, family (a FamilyRecord.key), waiting (a core.arns.group_key: no
        instance was found yet)."""

    @property
    def instances(self) -> Table[InstanceRecord]:
        """By ARN. Indexes: cluster, group (a core.arns.group_key: of the capacity provider that it belongs to),
        node (its name)."""

    @property
    def nodes(self) -> Table[NodeRecord]:
        """By name. None on a runtime that has no machines of its own."""

    @property
    def capacity_providers(self) -> Table[CapacityProviderRecord]:
        """By ARN. Index: scope."""

    @property
    def capacity_groups(self) -> Table[CapacityGroupRecord]:
        """By CapacityGroupRecord.key. No index."""

    @property
    def tokens(self) -> Table[TokenRecord]:
        """By TokenRecord.key. No index."""

    @property
    def gateways(self) -> Table[GatewayRecord]:
        """By ARN. Index: scope."""

    @property
    def gateway_associations(self) -> Table[GatewayAssociationRecord]:
        """By GatewayAssociationRecord.key. Indexes: scope, gateway, cluster."""

    @property
    def gateway_routes(self) -> Table[GatewayRouteRecord]:
        """By ARN. Indexes: scope, gateway, service."""

    @property
    def gateway_uses(self) -> Table[GatewayUseRecord]:
        """By the service's ARN. No index."""

    @property
    def express_services(self) -> Table[ExpressRecord]:
        """By the service's ARN. Index: scope."""

    @property
    def sessions(self) -> Table[SessionRecord]:
        """By id. Index: task."""

    @property
    def account_settings(self) -> Table[AccountSettingRecord]:
        """By AccountSettingRecord.key. No index."""

    @property
    def daemon_task_definitions(self) -> Table[DaemonTaskDefinitionRecord]:
        """By ARN. Indexes: scope, family (a FamilyRecord.key)."""

    @property
    def daemons(self) -> Table[DaemonRecord]:
        """By ARN. Index: cluster."""

    @property
    def daemon_revisions(self) -> Table[DaemonRevisionRecord]:
        """By ARN. Index: daemon."""

    @property
    def daemon_deployments(self) -> Table[DaemonDeploymentRecord]:
        """By ARN, oldest first. Index: daemon."""

    @property
    def scalable_targets(self) -> Table[ScalableTargetRecord]:
        """By the service's ARN. Indexes: scope, arn."""

    @property
    def scaling_policies(self) -> Table[ScalingPolicyRecord]:
        """By ScalingPolicyRecord.key. Indexes: scope, service, arn."""

    @property
    def scheduled_actions(self) -> Table[ScheduledActionRecord]:
        """By ScheduledActionRecord.key. Indexes: scope, service."""

    @property
    def scaling_activities(self) -> Table[ScalingActivityRecord]:
        """By id, oldest first. Indexes: scope, service, ongoing (a service: the change has not been fulfilled)."""

    @property
    def event_buses(self) -> Table[EventBusRecord]:
        """By ARN; the default bus has a record once there is something to be known of it. Index: scope."""

    @property
    def rules(self) -> Table[RuleRecord]:
        """By ARN. Indexes: bus, listening (a bus: its enabled rules that have a pattern)."""

    @property
    def schedule_groups(self) -> Table[ScheduleGroupRecord]:
        """By ARN; the group `default` has a record once something was done to it. Index: scope."""

    @property
    def schedules(self) -> Table[ScheduleRecord]:
        """By ARN. Indexes: scope, group."""

    @property
    def invocations(self) -> Table[InvocationRecord]:
        """By id, oldest first. Index: lane (an InvocationRecord.lane)."""

    @property
    def applications(self) -> Table[ApplicationRecord]:
        """By id. Indexes: scope, arn."""

    @property
    def deployment_groups(self) -> Table[DeploymentGroupRecord]:
        """By id. Indexes: arn, application (an id), service."""

    @property
    def deployment_configs(self) -> Table[DeploymentConfigRecord]:
        """By ARN; those that callers have made. Index: scope."""

    @property
    def code_deployments(self) -> Table[CodeDeploymentRecord]:
        """By id, oldest first. Indexes: scope, group (an id), ongoing (a service: those that have not ended)."""

    @property
    def alarms(self) -> Table[AlarmRecord]:
        """By AlarmRecord.key. No index."""

    @property
    def target_groups(self) -> Table[TargetGroupRecord]:
        """By ARN, or name of a classic load balancer. No index."""

    def transaction(self) -> AbstractContextManager[None]: ...

    def subscribe(self, listener: Listener) -> None:
        """Call the listener after every commit with what changed."""

    def flush(self) -> None:
        """Make everything that was committed durable."""
