"""A new deployment, and what callers do to one that is under way. `services.codedeploy.deployments` calls it.

Every function raises modelled errors.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import codedeploy as c
from kecs.core.codedeploy.appspec import content_of, parse
from kecs.core.codedeploy.endings import STOPPED, error, stop
from kecs.core.codedeploy.groups import check_alarms, check_rollback
from kecs.core.codedeploy.lifecycle import current, events_of
from kecs.core.records.codedeploy import CodeDeploymentRecord, DeploymentGroupRecord

LONGEST_DESCRIPTION = 1000  # characters
BUSY = "The Deployment Group '{group}' already has an active Deployment '{id}'"


def new_deployment(
    request: c.CreateDeploymentInput,
    group: DeploymentGroupRecord,
    routing: c.TrafficRoutingConfig,
    previous: c.RevisionLocation | None,
    deployment_id: str,
    now: float,
) -> CodeDeploymentRecord:
    """`routing` is that of the deployment configuration, `previous` what was deployed last with success."""
    _check(request)
    spec = parse(content_of(request.revision))
    return CodeDeploymentRecord(
        id=deployment_id,
        group_id=group.id,
        application_name=group.application_name,
        group_name=group.name,
        service=group.service,
        service_arn=group.service_arn,
        config_name=request.deployment_config_name or group.config_name,
        routing=routing,
        load_balancer=group.load_balancer,
        target_groups=group.target_groups,
        blue_green=group.blue_green,
        created_at=now,
        events=events_of(spec, group.load_balancer),
        revision=request.revision,
        previous_revision=previous,
        spec=spec,
        description=request.description,
        rollback=request.auto_rollback_configuration or group.rollback,
        alarms=request.override_alarm_configuration or group.alarms,
        override_alarms=request.override_alarm_configuration,
    )


def continued(deployment: CodeDeploymentRecord, wait: str | None, now: float) -> CodeDeploymentRecord:
    """The deployment that waits no longer: READY_WAIT to shift traffic, TERMINATION_WAIT to delete the original."""
    check_ongoing(deployment)
    if wait == "TERMINATION_WAIT":
        if deployment.terminate_at is None or current(deployment) is not None:
            raise c.InvalidDeploymentStatusException(
                f"Deployment {deployment.id} does not wait for the termination of the original task set"
            )
        return replace(deployment, terminate_at=min(now, deployment.terminate_at), updated_at=now)
    if deployment.status != "Ready":
        raise c.DeploymentIsNotInReadyStateException(f"Deployment {deployment.id} is not in the Ready state")
    return replace(deployment, status="InProgress", rerouted=True, updated_at=now)


def stopped(deployment: CodeDeploymentRecord, now: float) -> CodeDeploymentRecord:
    """The deployment after StopDeployment."""
    check_ongoing(deployment)
    return stop(deployment, error("MANUAL_STOP", STOPPED), now)


def check_ongoing(deployment: CodeDeploymentRecord) -> None:
    if not deployment.ongoing:
        raise c.DeploymentAlreadyCompletedException(f"The deployment {deployment.id} has already completed")


def _check(request: c.CreateDeploymentInput) -> None:
    if request.description is not None and len(request.description) > LONGEST_DESCRIPTION:
        raise c.DescriptionTooLongException(f"The description is longer than {LONGEST_DESCRIPTION} characters")
    if request.target_instances is not None:
        raise c.InvalidTargetInstancesException("For ECS deployment, targetInstances can not be specified")
    if request.update_outdated_instances_only:
        raise c.InvalidUpdateOutdatedInstancesOnlyValueException(
            "For ECS deployment, updateOutdatedInstancesOnly can not be specified"
        )
    if request.ignore_application_stop_failures:
        raise c.InvalidIgnoreApplicationStopFailuresValueException(
            "For ECS deployment, ignoreApplicationStopFailures can not be specified"
        )
    if request.file_exists_behavior not in (None, "DISALLOW"):
        raise c.InvalidFileExistsBehaviorException("For ECS deployment, fileExistsBehavior can not be specified")
    if request.deployment_mode not in (None, "STANDARD"):
        raise c.InvalidInputException("For ECS deployment, the deployment mode must be STANDARD")
    if request.ec2_deployment_options is not None:
        raise c.InvalidInputException("For ECS deployment, ec2DeploymentOptions can not be specified")
    check_rollback(request.auto_rollback_configuration)
    check_alarms(request.override_alarm_configuration)
