"""Services and their deployments."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import ecs as m
from kecs.core.records.base import Named, Record

RolloutState = Literal["IN_PROGRESS", "COMPLETED", "FAILED"]


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
    gateway_connectors: tuple[m.GatewayConnector, ...] = ()
    monitoring: m.MonitoringConfiguration | None = None
    fargate_ephemeral_storage: m.DeploymentEphemeralStorage | None = None
    production_weight: float | None = None  # percent of the production traffic; None: ECS does not share it out
    test_weight: float | None = None  # percent of the test traffic
    alternate: bool = False  # its tasks belong to the load balancers' alternate target groups


class ServiceRecord(Named):
    """A service. `service` holds what was configured (counts, deployments and events left out); the rest is ours."""

    cluster_arn: str
    service: m.Service
    desired_count: int
    status: Literal["ACTIVE", "DRAINING", "INACTIVE"] = "ACTIVE"
    deployments: tuple[DeploymentRecord, ...] = ()  # newest first; the first is PRIMARY
    events: tuple[m.ServiceEvent, ...] = ()  # newest first, 100 at most
    current_deployment: str | None = None  # ARN of its newest ServiceDeploymentRecord
    steady: bool = False  # the steady-state event has been written since the last change
    rebalancing: int | None = None  # tasks beyond the desired count, while some move to other Availability Zones
    tags: tuple[m.Tag, ...] = ()

    @property
    def has_task_sets(self) -> bool:
        """Its deployments are somebody else's business: the controller is EXTERNAL or CODE_DEPLOY."""
        controller = self.service.deployment_controller
        return controller is not None and controller.type != "ECS"

    @property
    def task_set(self) -> str | None:
        """The id of the one that it stands in for (core.task_sets); only then its events speak of it."""
        return None
