"""How handlers find what requests name. Every function raises the model's error for what is not there."""

from __future__ import annotations

from kecs.aws.model import codedeploy as c
from kecs.core.arns import last_part
from kecs.core.codedeploy.applications import NO_APPLICATION, application_arn, group_arn
from kecs.core.codedeploy.configs import PREDEFINED, config_arn
from kecs.core.codedeploy.groups import NO_GROUP
from kecs.core.records import ServiceRecord
from kecs.core.records.codedeploy import ApplicationRecord, CodeDeploymentRecord, DeploymentGroupRecord
from kecs.services.context import Context


def application(context: Context, name: str | None) -> ApplicationRecord:
    if not name:
        raise c.ApplicationNameRequiredException("Application name must be specified")
    found = known_application(context, name)
    if found is None:
        raise c.ApplicationDoesNotExistException(NO_APPLICATION.format(name=name))
    return found


def known_application(context: Context, name: str) -> ApplicationRecord | None:
    found = context.store.applications.where("arn", application_arn(context.scope, name))
    return found[0] if found else None


def group(context: Context, application_name: str | None, name: str | None) -> DeploymentGroupRecord:
    of = application(context, application_name)
    if not name:
        raise c.DeploymentGroupNameRequiredException("Deployment Group name must be specified")
    found = known_group(context, of.name, name)
    if found is None:
        raise c.DeploymentGroupDoesNotExistException(NO_GROUP.format(name=name))
    return found


def known_group(context: Context, application_name: str, name: str) -> DeploymentGroupRecord | None:
    found = context.store.deployment_groups.where("arn", group_arn(context.scope, application_name, name))
    return found[0] if found else None


def routing(context: Context, config: str) -> c.TrafficRoutingConfig:
    """How the deployment configuration of that name shifts traffic."""
    if config in PREDEFINED:
        return PREDEFINED[config]
    found = context.store.deployment_configs.get(config_arn(context.scope, config))
    if found is None:
        raise c.DeploymentConfigDoesNotExistException(f"No Deployment Configuration found for name: {config}")
    return found.routing


def deployment(context: Context, deployment_id: str | None) -> CodeDeploymentRecord:
    if not deployment_id:
        raise c.DeploymentIdRequiredException("Deployment ID must be specified")
    found = context.store.code_deployments.get(deployment_id)
    if found is None or found.scope != context.scope:
        raise c.DeploymentDoesNotExistException(f"The deployment {deployment_id} could not be found")
    return found


def service(context: Context, named: c.ECSService) -> ServiceRecord | None:
    """The service that is named by cluster and service, each by name or ARN."""
    cluster = last_part(named.cluster_name or "default")
    name = last_part(named.service_name or "")
    return context.store.services.get(context.scope.service(cluster, name))
