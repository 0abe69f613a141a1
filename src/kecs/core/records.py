"""What KECS remembers: one frozen struct per resource, keyed by ARN, replaced as a whole when it changes.

The store keeps these, the journal writes them, every decision in `core` takes them in and gives new ones back. What a
caller configures stays in the generated shapes (`m.NetworkConfiguration`, `m.ContainerDefinition` …); what KECS
itself decides has fields of its own here. Times are seconds since the epoch. The API's answers are views of records:
counts and the like are computed when asked for.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from kecs.aws.model import ecs as m
from kecs.aws.structs import FrozenStructMeta
from kecs.core.arns import Scope, last_part, scope_of

TaskStatus = Literal[
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
]
ContainerPhase = Literal["WAITING", "PULLING", "PULLED", "STARTING", "RUNNING", "STOPPING", "STOPPED"]
Health = Literal["HEALTHY", "UNHEALTHY", "UNKNOWN"]
RolloutState = Literal["IN_PROGRESS", "COMPLETED", "FAILED"]


class Record(msgspec.Struct, metaclass=FrozenStructMeta, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every record."""


class ClusterRecord(Record):
    """A cluster. `cluster` holds what was configured and `status`; its counts are left out and computed."""

    arn: str
    cluster: m.Cluster
    tags: tuple[m.Tag, ...] = ()
    implicit: bool = False  # `default`, made by KECS itself: the first CreateCluster still configures it

    @property
    def name(self) -> str:
        return last_part(self.arn)

    @property
    def scope(self) -> Scope:
        return scope_of(self.arn)


class FamilyRecord(Record):
    """The revision counter of a task definition family; it never goes back, whatever is deregistered or deleted."""

    key: str  # Scope.family(name)
    last_revision: int


class TaskDefinitionRecord(Record):
    """One revision of a task definition, normalised as DescribeTaskDefinition shows it."""

    arn: str
    definition: m.TaskDefinition
    tags: tuple[m.Tag, ...] = ()

    @property
    def family(self) -> str:
        return last_part(self.arn).rsplit(":", 1)[0]

    @property
    def revision(self) -> int:
        return int(self.arn.rsplit(":", 1)[1])

    @property
    def scope(self) -> Scope:
        return scope_of(self.arn)


class ContainerRecord(Record):
    """A container of a task: `phase` is what is known of it, `stop_requested_at` what is wanted."""

    name: str
    arn: str
    image: str
    essential: bool
    phase: ContainerPhase = "WAITING"
    runtime_id: str | None = None
    image_digest: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    health: Health | None = None  # None: the container has no health check
    network_bindings: tuple[m.NetworkBinding, ...] = ()
    started_at: float | None = None
    finished_at: float | None = None
    cpu: str | None = None
    memory: str | None = None
    memory_reservation: str | None = None


class TaskRecord(Record):
    """A task. Its supervisor alone writes `last_status`; everybody else only sets `desired_status`."""

    arn: str
    cluster_arn: str
    definition_arn: str
    group: str
    launch_type: Literal["FARGATE", "EC2", "EXTERNAL", "MANAGED_INSTANCES"]
    created_at: float
    containers: tuple[ContainerRecord, ...]
    last_status: TaskStatus = "PROVISIONING"
    desired_status: Literal["RUNNING", "STOPPED"] = "RUNNING"
    version: int = 1
    service_arn: str | None = None  # who owns the task; never read from group or startedBy
    service_name: str | None = None
    deployment_id: str | None = None
    started_by: str | None = None
    awsvpc: bool = False
    network_configuration: m.NetworkConfiguration | None = None
    attachments: tuple[m.Attachment, ...] = ()
    container_instance_arn: str | None = None
    capacity_provider_name: str | None = None
    platform_version: str | None = None
    platform_family: str | None = None
    availability_zone: str | None = None
    cpu: str | None = None
    memory: str | None = None
    ephemeral_storage: m.EphemeralStorage | None = None
    overrides: m.TaskOverride | None = None
    enable_execute_command: bool = False
    attributes: tuple[m.Attribute, ...] = ()
    provisioning: Literal["NO", "ASKED", "DONE", "RELEASING", "RELEASED"] = "NO"
    address: str | None = None  # where its ports are reached, once known
    connectivity_at: float | None = None  # since when its agent is connected
    reserved_cpu: int = 0  # what it takes of its container instance: CPU units,
    reserved_memory: int = 0  # MiB
    reserved_ports: tuple[str, ...] = ()  # and fixed host ports, as "tcp/8080"
    pull_started_at: float | None = None
    pull_stopped_at: float | None = None
    started_at: float | None = None
    stopping_at: float | None = None
    execution_stopped_at: float | None = None
    stopped_at: float | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    accounted: bool = False  # the service scheduler has counted this stopped task
    tags: tuple[m.Tag, ...] = ()

    @property
    def id(self) -> str:
        return last_part(self.arn)

    @property
    def scope(self) -> Scope:
        return scope_of(self.arn)

    @property
    def family_key(self) -> str:
        """The key of its task definition's family."""
        return self.scope.family(last_part(self.definition_arn).rsplit(":", 1)[0])

    @property
    def health(self) -> Health:
        """The task's health: of its essential containers that have a check, as ECS combines them."""
        checks = [c.health for c in self.containers if c.essential and c.health is not None]
        if not checks:
            return "UNKNOWN"
        if "UNHEALTHY" in checks:
            return "UNHEALTHY"
        return "UNKNOWN" if "UNKNOWN" in checks else "HEALTHY"

    @property
    def has_health_check(self) -> bool:
        return any(c.essential and c.health is not None for c in self.containers)


class DeploymentRecord(Record):
    """One deployment of a service: a revision of its configuration and how far it has rolled out."""

    id: str  # "ecs-svc/" and 19 digits
    status: Literal["PRIMARY", "ACTIVE", "INACTIVE"]
    task_definition: str  # ARN
    desired_count: int
    created_at: float
    updated_at: float
    rollout_state: RolloutState = "IN_PROGRESS"
    rollout_state_reason: str = ""
    failed_tasks: int = 0
    reached_running: bool = False  # a task of it has been RUNNING: failures no longer count as consecutive
    consecutive_failures: int = 0  # drives the back-off, unlike failed_tasks never reset by a rollout's end
    retry_at: float | None = None  # no task is started before this time
    quick_exits: int = 0  # waves of tasks in a row that ended soon after they had reached RUNNING
    quick_exit_at: float | None = None  # when the last of them did
    unplaced: bool = False  # no container instance had room for its last tasks
    launch_type: Literal["FARGATE", "EC2", "EXTERNAL", "MANAGED_INSTANCES"] | None = None
    capacity_provider_strategy: tuple[m.CapacityProviderStrategyItem, ...] = ()
    platform_version: str | None = None
    platform_family: str | None = None
    network_configuration: m.NetworkConfiguration | None = None
    service_connect_configuration: m.ServiceConnectConfiguration | None = None
    volume_configurations: tuple[m.ServiceVolumeConfiguration, ...] = ()
    vpc_lattice_configurations: tuple[m.VpcLatticeConfiguration, ...] = ()


class ServiceRecord(Record):
    """A service. `service` holds what was configured (counts, deployments and events left out); the rest is ours."""

    arn: str
    cluster_arn: str
    service: m.Service
    desired_count: int
    status: Literal["ACTIVE", "DRAINING", "INACTIVE"] = "ACTIVE"
    deployments: tuple[DeploymentRecord, ...] = ()  # newest first; the first is PRIMARY
    events: tuple[m.ServiceEvent, ...] = ()  # newest first, 100 at most
    steady: bool = False  # the steady-state event has been written since the last change
    tags: tuple[m.Tag, ...] = ()

    @property
    def name(self) -> str:
        return last_part(self.arn)

    @property
    def scope(self) -> Scope:
        return scope_of(self.arn)


class InstanceRecord(Record):
    """A container instance: what it registered with; what is left of it is computed from its tasks."""

    arn: str
    cluster_arn: str
    instance: m.ContainerInstance
    local: bool = False  # the built-in one: never stands in the way of DeleteCluster
    tags: tuple[m.Tag, ...] = ()


class TokenRecord(Record):
    """A client token that was used: the same call again answers what it answered then."""

    key: str  # scope, operation and token
    fingerprint: str  # the request without its token; another one with the same token is refused
    arns: tuple[str, ...]
    created_at: float


AnyRecord = (
    ClusterRecord | FamilyRecord | TaskDefinitionRecord | TaskRecord | ServiceRecord | InstanceRecord | TokenRecord
)

Change = tuple[str, str, Any, Any]
"""A committed change: the table's name, the key, the record before (None: it is new) and after (None: it is gone)."""
