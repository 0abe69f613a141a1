"""CreateDeployment, GetDeployment, StopDeployment and the other operations on deployments.

They write down what is wanted; control.codedeploy brings it about.
"""

from __future__ import annotations

from collections.abc import Sequence

from kecs.aws.model import codedeploy as c
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.codedeploy.deployments import BUSY, continued, new_deployment, stopped
from kecs.core.codedeploy.endings import deployment_id, with_rollback
from kecs.core.codedeploy.groups import check_service
from kecs.core.codedeploy.lifecycle import callback
from kecs.core.codedeploy.view import deployment_view
from kecs.core.records.codedeploy import CodeDeploymentRecord
from kecs.services.codedeploy import finding
from kecs.services.context import Context

MOST_AT_ONCE = 25
STOPPED = "No more commands will be scheduled for execution in the deployment instances"


def create_deployment(context: Context, request: c.CreateDeploymentInput) -> c.CreateDeploymentOutput:
    group = finding.group(context, request.application_name, request.deployment_group_name)
    routing = finding.routing(context, request.deployment_config_name or group.config_name)
    before = context.store.code_deployments.where("group", group.id)
    previous = next((d.revision for d in reversed(before) if d.status == "Succeeded" and d.revision), None)
    new_id = deployment_id(context.ids.hex32())
    deployment = new_deployment(request, group, routing, previous, new_id, context.now)
    check_service(finding.service(context, group.service), group.service)
    for other in (*before, *context.store.code_deployments.where("ongoing", group.service_arn)):
        if other.ongoing:
            raise c.DeploymentLimitExceededException(BUSY.format(group=other.group_name, id=other.id))
    context.store.code_deployments.put(deployment)
    return c.CreateDeploymentOutput(deployment_id=new_id)


def get_deployment(context: Context, request: c.GetDeploymentInput) -> c.GetDeploymentOutput:
    return c.GetDeploymentOutput(deployment_info=deployment_view(finding.deployment(context, request.deployment_id)))


def batch_get_deployments(context: Context, request: c.BatchGetDeploymentsInput) -> c.BatchGetDeploymentsOutput:
    """Those that are not there are left out."""
    if len(request.deployment_ids) > MOST_AT_ONCE:
        raise c.BatchLimitExceededException(f"At most {MOST_AT_ONCE} deployments can be asked for at once")
    found = (context.store.code_deployments.get(deployment_id) for deployment_id in request.deployment_ids)
    shown = [deployment_view(d) for d in found if d is not None and d.scope == context.scope]
    return c.BatchGetDeploymentsOutput(deployments_info=shown)


def list_deployments(context: Context, request: c.ListDeploymentsInput) -> c.ListDeploymentsOutput:
    """Newest first."""
    span = request.create_time_range or c.TimeRange()
    if span.start is not None and span.end is not None and span.start > span.end:
        raise c.InvalidTimeRangeException("The start of the time range is after its end")
    found = [
        deployment.id
        for deployment in reversed(_listed(context, request))
        if (not request.include_only_statuses or deployment.status in request.include_only_statuses)
        and (span.start is None or deployment.created_at >= span.start)
        and (span.end is None or deployment.created_at <= span.end)
    ]
    ids, token = page(found, request.next_token, None)
    return c.ListDeploymentsOutput(deployments=list(ids), next_token=token)


def stop_deployment(context: Context, request: c.StopDeploymentInput) -> c.StopDeploymentOutput:
    deployment = stopped(finding.deployment(context, request.deployment_id), context.now)
    _put(context, deployment, request.auto_rollback_enabled)
    return c.StopDeploymentOutput(status="Succeeded", status_message=STOPPED)


def continue_deployment(context: Context, request: c.ContinueDeploymentInput) -> c.Shape:
    deployment = finding.deployment(context, request.deployment_id)
    context.store.code_deployments.put(continued(deployment, request.deployment_wait_type, context.now))
    return c.Shape()


def put_lifecycle_event_hook_execution_status(
    context: Context, request: c.PutLifecycleEventHookExecutionStatusInput
) -> c.PutLifecycleEventHookExecutionStatusOutput:
    deployment, execution = (
        finding.deployment(context, request.deployment_id),
        request.lifecycle_event_hook_execution_id,
    )
    if request.status not in ("Succeeded", "Failed"):
        raise c.InvalidLifecycleEventHookExecutionStatusException(
            f"The status of a lifecycle event hook execution is Succeeded or Failed, not {request.status}"
        )
    after = callback(deployment, execution or "", succeeded=request.status == "Succeeded", now=context.now)
    _put(context, after)
    return c.PutLifecycleEventHookExecutionStatusOutput(lifecycle_event_hook_execution_id=execution)


def _put(context: Context, deployment: CodeDeploymentRecord, asked: bool | None = None) -> None:
    for record in with_rollback(deployment, context.ids.hex32, context.now, asked):
        context.store.code_deployments.put(record)


def _listed(context: Context, request: c.ListDeploymentsInput) -> Sequence[CodeDeploymentRecord]:
    """Those of the group that is named, or all."""
    if request.external_id is not None:
        raise c.InvalidExternalIdException("KECS has no deployments that belong to an external resource")
    if request.application_name is None and request.deployment_group_name is None:
        return context.store.code_deployments.where("scope", scope_key(context.scope))
    group = finding.group(context, request.application_name, request.deployment_group_name)
    return context.store.code_deployments.where("group", group.id)
