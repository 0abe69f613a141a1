"""GetDeploymentTarget, ListDeploymentTargets, BatchGetDeploymentTargets: the one target of a deployment is its service.

Its id is `<cluster>:<service>`.
"""

from __future__ import annotations

from kecs.aws.model import codedeploy as c
from kecs.core.codedeploy.view import TARGET_STATUSES, target_view
from kecs.core.deployments.counts import tally
from kecs.core.records.codedeploy import CodeDeploymentRecord
from kecs.core.scheduling.snapshot import service_task
from kecs.services.codedeploy import finding
from kecs.services.context import Context

MOST_AT_ONCE = 25


def get_deployment_target(context: Context, request: c.GetDeploymentTargetInput) -> c.GetDeploymentTargetOutput:
    deployment = finding.deployment(context, request.deployment_id)
    _check(deployment, request.target_id)
    return c.GetDeploymentTargetOutput(deployment_target=_view(context, deployment))


def batch_get_deployment_targets(
    context: Context, request: c.BatchGetDeploymentTargetsInput
) -> c.BatchGetDeploymentTargetsOutput:
    deployment = finding.deployment(context, request.deployment_id)
    if len(request.target_ids) > MOST_AT_ONCE:
        raise c.DeploymentTargetListSizeExceededException(f"At most {MOST_AT_ONCE} targets can be asked for at once")
    for target_id in request.target_ids:
        _check(deployment, target_id)
    shown = [_view(context, deployment)] if request.target_ids else []
    return c.BatchGetDeploymentTargetsOutput(deployment_targets=shown)


def list_deployment_targets(context: Context, request: c.ListDeploymentTargetsInput) -> c.ListDeploymentTargetsOutput:
    deployment = finding.deployment(context, request.deployment_id)
    filters = request.target_filters or {}
    if "ServerInstanceLabel" in filters:
        raise c.InvalidTargetFilterNameException("An ECS deployment has no instances with labels")
    wanted = filters.get("TargetStatus")
    there = wanted is None or TARGET_STATUSES[deployment.status] in wanted
    return c.ListDeploymentTargetsOutput(target_ids=[deployment.target_id] if there else [])


def _check(deployment: CodeDeploymentRecord, target_id: str) -> None:
    if target_id != deployment.target_id:
        raise c.DeploymentTargetDoesNotExistException(
            f"The deployment {deployment.id} has no target with the ID {target_id}"
        )


def _view(context: Context, deployment: CodeDeploymentRecord) -> c.DeploymentTarget:
    tasks = context.store.tasks.where("unaccounted", deployment.service_arn)
    numbers = tally(service_task(task) for task in tasks)
    return target_view(deployment, context.store.task_sets.where("service", deployment.service_arn), numbers)
