"""CodeDeploy, as far as it deploys services of ECS: applications, deployment groups, configurations, deployments."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import codedeploy as c
from kecs.aws.model import ecs as m
from kecs.core.arns import Scope, scope_of
from kecs.core.records.base import Record

Tags = tuple[tuple[str, str], ...]
ONGOING = ("Created", "InProgress", "Ready")


class ApplicationRecord(Record):
    """An application; its name is the end of its ARN and can change."""

    id: str
    arn: str
    created_at: float
    tags: Tags = ()

    @property
    def name(self) -> str:
        return self.arn.rsplit(":", 1)[1]


class DeploymentGroupRecord(Record):
    """A deployment group, which deploys one service."""

    id: str
    arn: str  # …:deploymentgroup:application/group
    application_id: str
    service: c.ECSService  # as the caller named it
    service_arn: str
    config_name: str
    role_arn: str
    load_balancer: c.LoadBalancerInfo
    target_groups: tuple[str, str]  # ARNs of the pair
    blue_green: c.BlueGreenDeploymentConfiguration
    rollback: c.AutoRollbackConfiguration | None = None
    alarms: c.AlarmConfiguration | None = None
    triggers: tuple[c.TriggerConfig, ...] = ()
    outdated_instances_strategy: Literal["UPDATE", "IGNORE"] = "UPDATE"
    tags: Tags = ()

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    @property
    def application_name(self) -> str:
        return self.arn.rsplit(":", 1)[1].partition("/")[0]


class DeploymentConfigRecord(Record):
    """A deployment configuration of the caller's."""

    id: str
    arn: str
    created_at: float
    routing: c.TrafficRoutingConfig

    @property
    def name(self) -> str:
        return self.arn.rsplit(":", 1)[1]


class AppSpec(Record):
    """What an AppSpec file says about a service of ECS."""

    task_definition: str
    container_name: str
    container_port: int
    platform_version: str | None = None
    network_configuration: m.NetworkConfiguration | None = None
    capacity_provider_strategy: tuple[m.CapacityProviderStrategyItem, ...] = ()
    hooks: tuple[tuple[str, str], ...] = ()  # functions by lifecycle event


class LifecycleEventRecord(Record):
    """A lifecycle event of a deployment; without a start it is Pending, or Skipped."""

    name: str
    status: Literal["Pending", "InProgress", "Succeeded", "Failed", "Skipped"] = "Pending"
    started_at: float | None = None
    ended_at: float | None = None
    function: str | None = None  # its hook
    execution_id: str | None = None  # of the hook, once that was called
    trouble: Literal["ScriptFailed", "ScriptTimedOut"] | None = None


class CodeDeploymentRecord(Record):
    """A deployment. What it was created with stays, whatever becomes of its group."""

    id: str
    group_id: str
    application_name: str
    group_name: str
    service: c.ECSService
    service_arn: str
    config_name: str
    routing: c.TrafficRoutingConfig
    load_balancer: c.LoadBalancerInfo
    target_groups: tuple[str, str]
    blue_green: c.BlueGreenDeploymentConfiguration
    created_at: float
    events: tuple[LifecycleEventRecord, ...]
    creator: Literal["user", "codeDeployRollback"] = "user"
    revision: c.RevisionLocation | None = None
    previous_revision: c.RevisionLocation | None = None
    spec: AppSpec | None = None  # none when it rolls back
    description: str | None = None
    rollback: c.AutoRollbackConfiguration | None = None
    alarms: c.AlarmConfiguration | None = None
    override_alarms: c.AlarmConfiguration | None = None
    status: Literal["Created", "InProgress", "Ready", "Succeeded", "Failed", "Stopped"] = "Created"
    started_at: float | None = None
    completed_at: float | None = None
    updated_at: float | None = None
    error: c.ErrorInformation | None = None
    blue: str | None = None  # ARN of the task set that was primary
    green: str | None = None  # ARN of its replacement
    production: float = 0.0  # percent of the production traffic that goes to the replacement
    test: bool = False  # the test traffic goes there
    shifted_at: float | None = None  # when production traffic was shifted last
    ready_until: float | None = None  # it waits for ContinueDeployment, or has
    rerouted: bool = False  # it waits no longer
    terminate_at: float | None = None  # when the original task set goes
    rollback_info: c.RollbackInfo | None = None

    @property
    def ongoing(self) -> bool:
        return self.status in ONGOING

    @property
    def scope(self) -> Scope:
        return scope_of(self.service_arn)

    @property
    def cluster_arn(self) -> str:
        return self.scope.cluster(self.service_arn.split("/")[-2])

    @property
    def target_id(self) -> str:
        *_, cluster, service = self.service_arn.split("/")
        return f"{cluster}:{service}"
