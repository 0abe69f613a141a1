"""CreateDeploymentGroup, GetDeploymentGroup, UpdateDeploymentGroup and the other operations on deployment groups."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kecs.aws.model import codedeploy as c
from kecs.aws.paging import page
from kecs.core.codedeploy import groups as rules
from kecs.core.codedeploy.applications import group_arn, tagged
from kecs.core.codedeploy.configs import ALL_AT_ONCE
from kecs.core.codedeploy.groups import group_view
from kecs.core.records.codedeploy import DeploymentGroupRecord
from kecs.services.codedeploy import finding
from kecs.services.context import Context

MOST_AT_ONCE = 100


def create_deployment_group(context: Context, request: c.CreateDeploymentGroupInput) -> c.CreateDeploymentGroupOutput:
    application, name = finding.application(context, request.application_name), request.deployment_group_name
    _check_free(context, application.name, name)
    balancer, waits = rules.check_new(request)
    rules.check(request)
    service = rules.the_service(request.ecs_services)
    group = DeploymentGroupRecord(
        id=context.ids.uuid(),
        arn=group_arn(context.scope, application.name, name),
        application_id=application.id,
        service=service,
        role_arn=request.service_role_arn,
        load_balancer=balancer,
        blue_green=rules.blue_green(waits),
        rollback=request.auto_rollback_configuration,
        alarms=request.alarm_configuration,
        triggers=tuple(request.trigger_configurations or ()),
        outdated_instances_strategy=request.outdated_instances_strategy or "UPDATE",
        tags=tagged((), request.tags),
        config_name=_config(context, request.deployment_config_name or ALL_AT_ONCE),
        **_deploys(context, service, balancer, None),
    )
    context.store.deployment_groups.put(group)
    return c.CreateDeploymentGroupOutput(deployment_group_id=group.id)


def update_deployment_group(context: Context, request: c.UpdateDeploymentGroupInput) -> c.UpdateDeploymentGroupOutput:
    """What the request leaves out stays. A deployment that is under way goes on as it has begun."""
    group = finding.group(context, request.application_name, request.current_deployment_group_name)
    name = request.new_deployment_group_name or group.name
    if name != group.name:
        _check_free(context, group.application_name, name)
    rules.check(request)
    service = group.service if request.ecs_services is None else rules.the_service(request.ecs_services)
    balancer, options = request.load_balancer_info or group.load_balancer, request.blue_green_deployment_configuration
    after = replace(
        group,
        arn=group_arn(context.scope, group.application_name, name),
        service=service,
        role_arn=request.service_role_arn or group.role_arn,
        load_balancer=balancer,
        blue_green=group.blue_green if options is None else rules.blue_green(options),
        rollback=request.auto_rollback_configuration or group.rollback,
        alarms=request.alarm_configuration or group.alarms,
        triggers=group.triggers if request.trigger_configurations is None else tuple(request.trigger_configurations),
        outdated_instances_strategy=request.outdated_instances_strategy or group.outdated_instances_strategy,
        config_name=_config(context, request.deployment_config_name or group.config_name),
        **_deploys(context, service, balancer, group),
    )
    context.store.deployment_groups.put(after)
    for deployment in context.store.code_deployments.where("group", group.id) if name != group.name else ():
        context.store.code_deployments.put(replace(deployment, group_name=name))
    return c.UpdateDeploymentGroupOutput(hooks_not_cleaned_up=[])


def get_deployment_group(context: Context, request: c.GetDeploymentGroupInput) -> c.GetDeploymentGroupOutput:
    group = finding.group(context, request.application_name, request.deployment_group_name)
    return c.GetDeploymentGroupOutput(deployment_group_info=_view(context, group))


def batch_get_deployment_groups(
    context: Context, request: c.BatchGetDeploymentGroupsInput
) -> c.BatchGetDeploymentGroupsOutput:
    """Groups that are not there are told of in the message."""
    if len(request.deployment_group_names) > MOST_AT_ONCE:
        raise c.BatchLimitExceededException(f"At most {MOST_AT_ONCE} deployment groups can be asked for at once")
    application = finding.application(context, request.application_name)
    by_name = {name: finding.known_group(context, application.name, name) for name in request.deployment_group_names}
    missing = [name for name, group in by_name.items() if group is None]
    return c.BatchGetDeploymentGroupsOutput(
        deployment_groups_info=[_view(context, group) for group in by_name.values() if group is not None],
        error_message=rules.NO_GROUP.format(name=", ".join(missing)) if missing else None,
    )


def list_deployment_groups(context: Context, request: c.ListDeploymentGroupsInput) -> c.ListDeploymentGroupsOutput:
    application = finding.application(context, request.application_name)
    groups = context.store.deployment_groups.where("application", application.id)
    names, token = page([group.name for group in groups], request.next_token, None)
    return c.ListDeploymentGroupsOutput(
        application_name=application.name, deployment_groups=list(names), next_token=token
    )


def delete_deployment_group(context: Context, request: c.DeleteDeploymentGroupInput) -> c.DeleteDeploymentGroupOutput:
    """A deployment that is under way fails; those that have ended can still be asked for."""
    group = finding.known_group(context, request.application_name, request.deployment_group_name)
    if group is not None:
        context.store.deployment_groups.delete(group.id)
    return c.DeleteDeploymentGroupOutput(hooks_not_cleaned_up=[])


def _deploys(
    context: Context, named: c.ECSService, balancer: c.LoadBalancerInfo, before: DeploymentGroupRecord | None
) -> dict[str, Any]:
    """What belongs to the service that is named. Raises modelled errors when CodeDeploy, or this group, cannot deploy
    it."""
    store = context.store
    service = rules.check_service(finding.service(context, named), named)
    for other in store.deployment_groups.where("service", service.arn):
        if before is None or other.id != before.id:
            raise c.ECSServiceMappingLimitExceededException(
                rules.TAKEN.format(service=named.service_name, group=other.name)
            )
    known = (*(before.target_groups if before else ()), *rules.used_arns(store.task_sets.where("service", service.arn)))
    return {
        "service_arn": service.arn,
        "target_groups": rules.target_group_arns(balancer, known, service.arn),
    }


def _config(context: Context, name: str) -> str:
    """The name of a deployment configuration that is there. Raises DeploymentConfigDoesNotExistException."""
    finding.routing(context, name)
    return name


def _check_free(context: Context, application: str, name: str) -> None:
    if finding.known_group(context, application, name) is not None:
        raise c.DeploymentGroupAlreadyExistsException(f"Deployment group {name} already exists.")


def _view(context: Context, group: DeploymentGroupRecord) -> c.DeploymentGroupInfo:
    return group_view(group, context.store.code_deployments.where("group", group.id))
