"""Deployments and their targets as CodeDeploy shows them. `services.codedeploy` calls it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kecs.aws.model import codedeploy as c
from kecs.core.codedeploy.configs import ALL
from kecs.core.codedeploy.groups import STYLE, group_name, shown_revision
from kecs.core.deployments.counts import Numbers
from kecs.core.records import TaskSetRecord
from kecs.core.records.codedeploy import CodeDeploymentRecord, LifecycleEventRecord

TARGET_STATUSES: dict[str, c.TargetStatus] = {
    "Created": "Pending",
    "InProgress": "InProgress",
    "Ready": "Ready",
    "Succeeded": "Succeeded",
    "Failed": "Failed",
    "Stopped": "Failed",
}
"""The status of a deployment's target, by its own."""

TROUBLES = {
    "ScriptFailed": "The validation function has said that it failed.",
    "ScriptTimedOut": "The validation function has not said within an hour how it went.",
}


def deployment_view(deployment: CodeDeploymentRecord) -> c.DeploymentInfo:
    """The content of its revision is not shown, as by AWS."""
    return c.DeploymentInfo(
        application_name=deployment.application_name,
        deployment_group_name=deployment.group_name,
        deployment_config_name=deployment.config_name,
        deployment_id=deployment.id,
        previous_revision=shown_revision(deployment.previous_revision),
        revision=shown_revision(deployment.revision),
        status=deployment.status,
        error_information=deployment.error,
        create_time=deployment.created_at,
        start_time=deployment.started_at,
        complete_time=deployment.completed_at,
        description=deployment.description,
        creator=deployment.creator,
        ignore_application_stop_failures=False,
        auto_rollback_configuration=deployment.rollback,
        update_outdated_instances_only=False,
        rollback_info=deployment.rollback_info,
        deployment_style=STYLE,
        instance_termination_wait_time_started=deployment.terminate_at is not None,
        blue_green_deployment_configuration=deployment.blue_green,
        load_balancer_info=deployment.load_balancer,
        file_exists_behavior="DISALLOW",
        deployment_status_messages=[],
        compute_platform="ECS",
        override_alarm_configuration=deployment.override_alarms,
    )


def target_view(
    deployment: CodeDeploymentRecord, task_sets: Iterable[TaskSetRecord], numbers: Mapping[str, Numbers]
) -> c.DeploymentTarget:
    """`numbers` by the ids of task sets."""
    by_arn = {task_set.arn: task_set for task_set in task_sets}
    labels: tuple[tuple[str | None, c.TargetLabel, float], ...] = (
        (deployment.blue, "Blue", ALL - deployment.production),
        (deployment.green, "Green", deployment.production),
    )
    shown = [
        _task_set(task_set, numbers.get(task_set.id, Numbers()), label, weight)
        for arn, label, weight in labels
        if (task_set := by_arn.get(arn or "")) is not None
    ]
    target = c.ECSTarget(
        deployment_id=deployment.id,
        target_id=deployment.target_id,
        target_arn=deployment.service_arn,
        last_updated_at=deployment.updated_at or deployment.created_at,
        lifecycle_events=[_event(event) for event in deployment.events],
        status=TARGET_STATUSES[deployment.status],
        task_sets_info=shown,
    )
    return c.DeploymentTarget(deployment_target_type="ECSTarget", ecs_target=target)


def _task_set(task_set: TaskSetRecord, numbers: Numbers, label: c.TargetLabel, weight: float) -> c.ECSTaskSet:
    arn = next((balancer.target_group_arn for balancer in task_set.load_balancers), None)
    return c.ECSTaskSet(
        identifer=task_set.id,
        desired_count=task_set.deployment.desired_count,
        pending_count=numbers.pending,
        running_count=numbers.running,
        status=task_set.status,
        traffic_weight=weight,
        target_group=c.TargetGroupInfo(name=group_name(arn)) if arn else None,
        task_set_label=label,
    )


def _event(event: LifecycleEventRecord) -> c.LifecycleEvent:
    return c.LifecycleEvent(
        lifecycle_event_name=event.name,
        diagnostics=c.Diagnostics(
            error_code=event.trouble, script_name=event.function, message=TROUBLES[event.trouble], log_tail=""
        )
        if event.trouble
        else None,
        start_time=event.started_at,
        end_time=event.ended_at,
        status=event.status,
    )
