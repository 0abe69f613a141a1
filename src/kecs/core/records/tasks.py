"""Tasks and their containers."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.records.base import Record, Scoped
from kecs.core.records.targets import TargetRecord

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
ContainerPhase = Literal[
    "WAITING",
    "PULLING",
    "PULLED",
    "STARTING",
    "CANCELLING",
    "RUNNING",
    "EXITED",
    "RESTARTING",
    "STOPPING",
    "STOPPED",
]
Health = Literal["HEALTHY", "UNHEALTHY", "UNKNOWN"]


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
    gpu_ids: tuple[str, ...] = ()  # of its container instance
    gpu_sharing: m.SharingStrategy | None = None
    managed_agents: tuple[m.ManagedAgent, ...] = ()
    restart_policy: m.ContainerRestartPolicy | None = None
    restart_count: int = 0


class LaunchVolume(Record):
    """What the launch of a task has said of one of its volumes, an EBS volume of its own."""

    name: str
    size: int | None = None  # GiB; None: that of its snapshot
    type: str | None = None  # gp3, io2, …


class Submission(Record):
    """What the agent of a container instance has said of one of its tasks, in the words of the Submit operations."""

    at: float
    status: str | None = None  # the task's
    reason: str | None = None
    containers: tuple[m.ContainerStateChange, ...] = ()
    attachments: tuple[m.AttachmentStateChange, ...] = ()
    managed_agents: tuple[m.ManagedAgentStateChange, ...] = ()
    pull_started_at: float | None = None
    pull_stopped_at: float | None = None
    execution_stopped_at: float | None = None


class TaskRecord(Scoped):
    """A task. Its supervisor alone writes `last_status`; everybody else only sets `desired_status`."""

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
    daemon_arn: str | None = None  # whose daemon task it is; no service counts it
    daemon_revision_arn: str | None = None
    started_by: str | None = None
    awsvpc: bool = False
    network_configuration: m.NetworkConfiguration | None = None
    attachments: tuple[m.Attachment, ...] = ()
    launch_volumes: tuple[LaunchVolume, ...] = ()
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
    unplaced: bool = False  # its capacity provider has no instance with room for it yet
    placement_strategy: tuple[m.PlacementStrategy, ...] = ()  # for when there is one
    placement_constraints: tuple[m.PlacementConstraint, ...] = ()  # of its launch, beside those of its definition
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
    trusted_execution: m.TrustedExecutionSummary | None = None
    protected_until: float | None = None  # its service stops it neither to scale in nor to deploy before then
    agent_driven: bool = False  # an agent runs it and submits what comes of it; the runtime knows nothing of it
    submitted: tuple[Submission, ...] = ()  # what the agent has said and the supervisor has not looked at yet
    targets: tuple[TargetRecord, ...] = ()  # of its service's load balancers
    tags: tuple[m.Tag, ...] = ()

    @property
    def id(self) -> str:
        return last_part(self.arn)

    @property
    def family_key(self) -> str:
        """The key of its task definition's family."""
        return self.scope.family(last_part(self.definition_arn).rsplit(":", 1)[0])

    @property
    def waiting(self) -> bool:
        """It stays PROVISIONING until its capacity provider has an instance for it."""
        return self.unplaced and self.desired_status == "RUNNING"

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
