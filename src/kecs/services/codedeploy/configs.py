"""CreateDeploymentConfig, GetDeploymentConfig, ListDeploymentConfigs, DeleteDeploymentConfig."""

from __future__ import annotations

from kecs.aws.model import codedeploy as c
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.codedeploy.configs import PREDEFINED, config_arn, config_view, new_config
from kecs.services.codedeploy import finding
from kecs.services.context import Context


def create_deployment_config(
    context: Context, request: c.CreateDeploymentConfigInput
) -> c.CreateDeploymentConfigOutput:
    config = new_config(request, context.scope, context.ids.uuid(), context.now)
    if config.arn in context.store.deployment_configs:
        raise c.DeploymentConfigAlreadyExistsException(f"Deployment Configuration already exists: {config.name}")
    context.store.deployment_configs.put(config)
    return c.CreateDeploymentConfigOutput(deployment_config_id=config.id)


def get_deployment_config(context: Context, request: c.GetDeploymentConfigInput) -> c.GetDeploymentConfigOutput:
    name = request.deployment_config_name
    routing = finding.routing(context, name)
    config = context.store.deployment_configs.get(config_arn(context.scope, name))
    return c.GetDeploymentConfigOutput(deployment_config_info=config_view(name, routing, config))


def list_deployment_configs(context: Context, request: c.ListDeploymentConfigsInput) -> c.ListDeploymentConfigsOutput:
    """The predefined ones of ECS, and the caller's."""
    own = [config.name for config in context.store.deployment_configs.where("scope", scope_key(context.scope))]
    names, token = page([*PREDEFINED, *own], request.next_token, None)
    return c.ListDeploymentConfigsOutput(deployment_configs_list=list(names), next_token=token)


def delete_deployment_config(context: Context, request: c.DeleteDeploymentConfigInput) -> c.Shape:
    name = request.deployment_config_name
    if name in PREDEFINED:
        raise c.InvalidOperationException(f"The deployment configuration {name} is predefined and cannot be deleted")
    for application in context.store.applications.where("scope", scope_key(context.scope)):
        for group in context.store.deployment_groups.where("application", application.id):
            if group.config_name == name:
                raise c.DeploymentConfigInUseException(
                    f"The deployment configuration {name} is in use by the deployment group {group.name}"
                )
    context.store.deployment_configs.delete(config_arn(context.scope, name))
    return c.Shape()
