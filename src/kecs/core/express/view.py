"""An Express service as the API shows it. Called by services.ecs.express.

What a revision is made of is read from its task definition and its deployment, so whatever is changed by UpdateService
shows as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.deployments.revisions import revision_arn
from kecs.core.express.definition import primary_container
from kecs.core.express.resources import ACCESS, configuration_of
from kecs.core.records import DeploymentRecord, ExpressRecord, ServiceRecord

Definitions = Callable[[str], m.TaskDefinition | None]
"""Finds a task definition by its ARN."""

PROVISIONING = "The resources of the service are being provisioned."
REASONS = {"DRAINING": "The service is being deleted.", "INACTIVE": "The service was deleted."}


def express_view(
    record: ExpressRecord, service: ServiceRecord, find: Definitions, *, ongoing: bool, tags: bool
) -> m.ECSExpressGatewayService:
    """`ongoing` says whether the service's newest deployment still goes on."""
    deployments = service.deployments or (record.configurations[0].deployment,)  # it keeps its last when it has ended
    return m.ECSExpressGatewayService(
        cluster=service.cluster_arn,
        service_name=service.name,
        service_arn=service.arn,
        infrastructure_role_arn=record.infrastructure_role_arn,
        status=_status(record, service),
        current_deployment=service.current_deployment if ongoing else None,
        active_configurations=[configuration_view(record, service, d, find) for d in deployments],
        tags=list(service.tags) if tags else None,
        created_at=service.service.created_at,
        updated_at=record.updated_at,
    )


def updated_view(record: ExpressRecord, service: ServiceRecord, find: Definitions) -> m.UpdatedExpressGatewayService:
    return m.UpdatedExpressGatewayService(
        service_arn=service.arn,
        cluster=service.cluster_arn,
        service_name=service.name,
        status=_status(record, service),
        target_configuration=configuration_view(record, service, service.deployments[0], find),
        created_at=service.service.created_at,
        updated_at=record.updated_at,
    )


def configuration_view(
    record: ExpressRecord, service: ServiceRecord, deployment: DeploymentRecord, find: Definitions
) -> m.ExpressGatewayServiceConfiguration:
    definition = find(deployment.task_definition) or m.TaskDefinition()
    configuration = configuration_of(record, deployment.id)
    platform = definition.runtime_platform
    architecture: Any = platform.cpu_architecture if platform else None
    vpc = deployment.network_configuration.awsvpc_configuration if deployment.network_configuration else None
    return m.ExpressGatewayServiceConfiguration(
        service_revision_arn=revision_arn(service, deployment.id),
        execution_role_arn=definition.execution_role_arn,
        task_role_arn=definition.task_role_arn,
        task_definition_arn=deployment.task_definition,
        cpu=definition.cpu,
        memory=definition.memory,
        cpu_architecture=architecture,
        network_configuration=m.ExpressGatewayServiceNetworkConfiguration(
            security_groups=vpc.security_groups, subnets=vpc.subnets
        )
        if vpc
        else None,
        health_check_path=configuration.health_check_path,
        primary_container=primary_container(definition),
        scaling_target=configuration.scaling,
        ingress_paths=[m.IngressPathSummary(access_type=ACCESS, endpoint=record.host)],
        created_at=deployment.created_at,
    )


def _status(record: ExpressRecord, service: ServiceRecord) -> m.ExpressGatewayServiceStatus:
    reason = REASONS.get(service.status)
    if service.status == "ACTIVE" and record.status == "PROVISIONING":
        reason = PROVISIONING
    elif service.status == "ACTIVE" and service.deployments[0].rollout_state == "FAILED":
        reason = service.deployments[0].rollout_state_reason
    return m.ExpressGatewayServiceStatus(status_code=service.status, status_reason=reason)
