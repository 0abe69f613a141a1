"""What KECS remembers: one frozen struct per resource, keyed by ARN, replaced as a whole when it changes.

The store keeps these (`core.tables` says where), the journal writes them, every decision in `core` takes them in and
gives new ones back. What a caller configures stays in the generated shapes (`m.NetworkConfiguration`,
`m.ContainerDefinition` …); what KECS itself decides has fields of its own here. Times are seconds since the epoch. The
API's answers are views of records: counts and the like are computed when asked for.

The records of ECS are found here, those of another API in its module: it is loaded when somebody uses the API.
"""

from __future__ import annotations

from typing import Any

from kecs.core.records.accounts import AccountSettingRecord
from kecs.core.records.base import Record
from kecs.core.records.capacity import CapacityGroupRecord, CapacityProviderRecord
from kecs.core.records.clusters import ClusterRecord
from kecs.core.records.daemons import (
    DaemonDeploymentRecord,
    DaemonRecord,
    DaemonRevisionRecord,
    DaemonTarget,
    DaemonTaskDefinitionRecord,
)
from kecs.core.records.deployments import (
    HookRecord,
    LifecycleStage,
    RevisionRecord,
    ServiceDeploymentRecord,
    ServiceDeploymentStatus,
    StageRecord,
)
from kecs.core.records.express import ExpressConfiguration, ExpressRecord
from kecs.core.records.gateways import (
    GatewayAssociationRecord,
    GatewayBalancer,
    GatewayRecord,
    GatewayRouteRecord,
    GatewayUseRecord,
)
from kecs.core.records.instances import InstanceRecord
from kecs.core.records.nodes import Node, NodeRecord
from kecs.core.records.services import DeploymentRecord, RolloutState, ServiceRecord
from kecs.core.records.sessions import SessionRecord
from kecs.core.records.task_definitions import FamilyRecord, TaskDefinitionRecord
from kecs.core.records.task_sets import TaskSetRecord
from kecs.core.records.tasks import (
    ContainerPhase,
    ContainerRecord,
    Health,
    LaunchVolume,
    Submission,
    TaskRecord,
    TaskStatus,
)
from kecs.core.records.tokens import TokenRecord

Change = tuple[str, str, Any, Any]
"""A committed change: the table's name, the key, the record before (None: it is new) and after (None: it is gone)."""

__all__ = [
    "AccountSettingRecord",
    "CapacityGroupRecord",
    "CapacityProviderRecord",
    "Change",
    "ClusterRecord",
    "ContainerPhase",
    "ContainerRecord",
    "DaemonDeploymentRecord",
    "DaemonRecord",
    "DaemonRevisionRecord",
    "DaemonTarget",
    "DaemonTaskDefinitionRecord",
    "DeploymentRecord",
    "ExpressConfiguration",
    "ExpressRecord",
    "FamilyRecord",
    "GatewayAssociationRecord",
    "GatewayBalancer",
    "GatewayRecord",
    "GatewayRouteRecord",
    "GatewayUseRecord",
    "Health",
    "HookRecord",
    "InstanceRecord",
    "LaunchVolume",
    "LifecycleStage",
    "Node",
    "NodeRecord",
    "Record",
    "RevisionRecord",
    "RolloutState",
    "ServiceDeploymentRecord",
    "ServiceDeploymentStatus",
    "ServiceRecord",
    "SessionRecord",
    "StageRecord",
    "Submission",
    "TaskDefinitionRecord",
    "TaskRecord",
    "TaskSetRecord",
    "TaskStatus",
    "TokenRecord",
]
