"""Deployment groups: what CreateDeploymentGroup and UpdateDeploymentGroup may say, and how a group is shown.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-groups-create-ecs.html
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any

from kecs.aws.model import codedeploy as c
from kecs.core.codedeploy.appspec import digest
from kecs.core.records import ServiceRecord, TaskSetRecord
from kecs.core.records.codedeploy import CodeDeploymentRecord, DeploymentGroupRecord

STYLE = c.DeploymentStyle(deployment_type="BLUE_GREEN", deployment_option="WITH_TRAFFIC_CONTROL")
LONGEST_WAIT = 2880  # minutes
MOST_ALARMS, MOST_TRIGGERS = 10, 10
LONGEST_ALARM = 255  # characters of a name

WRONG_STYLE = (
    "For ECS deployment, the deployment type must be BLUE_GREEN, and deployment option must be WITH_TRAFFIC_CONTROL."
)
OTHER_CONTROLLER = "Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller."
TAKEN = (
    "The ECS service {service} is associated with the deployment group {group} already. A service can be associated "
    "with one deployment group only."
)
NO_GROUP = "No Deployment Group found for name: {name}"

OF_SERVERS: dict[str, type[Any]] = {
    "ec2_tag_filters": c.InvalidEC2TagException,
    "on_premises_instance_tag_filters": c.InvalidTagException,
    "auto_scaling_groups": c.InvalidAutoScalingGroupException,
    "ec2_tag_set": c.InvalidEC2TagException,
    "on_premises_tag_set": c.InvalidTagException,
    "ec2_deployment_options": c.InvalidInputException,
    "termination_hook_enabled": c.InvalidInputException,
}
"""Members that only groups of instances have, and the errors for them."""

Request = c.CreateDeploymentGroupInput | c.UpdateDeploymentGroupInput


def check(request: Request) -> None:
    """What can be said of either request alone. Raises modelled errors."""
    for member, error in OF_SERVERS.items():
        if getattr(request, member):
            name = "".join(part.title() if n else part for n, part in enumerate(member.split("_")))
            raise error(f"For ECS deployment group, {name} can not be specified")
    style = request.deployment_style
    if style is not None and (style.deployment_type, style.deployment_option) != (
        STYLE.deployment_type,
        STYLE.deployment_option,
    ):
        raise c.InvalidDeploymentStyleException(WRONG_STYLE)
    if request.load_balancer_info is not None:
        _check_balancer(request.load_balancer_info)
    check_rollback(request.auto_rollback_configuration)
    check_alarms(request.alarm_configuration)
    _check_triggers(request.trigger_configurations)


def check_new(
    request: c.CreateDeploymentGroupInput,
) -> tuple[c.LoadBalancerInfo, c.BlueGreenDeploymentConfiguration]:
    """What a new group has to have beside what the model requires: the last two of it. Raises modelled errors."""
    if not request.service_role_arn:
        raise c.RoleRequiredException("Role ARN must be specified")
    if request.deployment_style is None:
        raise c.InvalidDeploymentStyleException(WRONG_STYLE)
    if request.load_balancer_info is None:
        raise c.InvalidLoadBalancerInfoException("For ECS deployment group, loadBalancerInfo must be specified")
    if request.blue_green_deployment_configuration is None:
        raise c.InvalidBlueGreenDeploymentConfigurationException(
            "For ECS deployment group, blueGreenDeploymentConfiguration must be specified"
        )
    return request.load_balancer_info, request.blue_green_deployment_configuration


def the_service(services: Sequence[c.ECSService] | None) -> c.ECSService:
    """The one service of a group. Raises InvalidECSServiceException."""
    if services is None or len(services) != 1:
        raise c.InvalidECSServiceException("For ECS deployment group, ecsServices must contain one service")
    if not services[0].service_name:
        raise c.InvalidECSServiceException("The service name of the ECS service must be specified")
    return services[0]


def check_service(service: ServiceRecord | None, named: c.ECSService) -> ServiceRecord:
    """The service, which CodeDeploy can deploy. Raises InvalidECSServiceException."""
    if service is None or service.status != "ACTIVE":
        raise c.InvalidECSServiceException(
            f"Could not load ECS service information for cluster: {named.cluster_name or 'default'}, service: "
            f"{named.service_name}. Cause: Service not found."
        )
    controller = service.service.deployment_controller
    if controller is None or controller.type != "CODE_DEPLOY":
        raise c.InvalidECSServiceException(OTHER_CONTROLLER)
    return service


def blue_green(given: c.BlueGreenDeploymentConfiguration) -> c.BlueGreenDeploymentConfiguration:
    """The options with AWS's defaults filled in. Raises InvalidBlueGreenDeploymentConfigurationException."""
    error = c.InvalidBlueGreenDeploymentConfigurationException
    if given.green_fleet_provisioning_option is not None:
        raise error("For ECS deployment group, greenFleetProvisioningOption can not be specified")
    end = given.terminate_blue_instances_on_deployment_success or c.BlueInstanceTerminationOption()
    ready = given.deployment_ready_option or c.DeploymentReadyOption()
    end_wait, ready_wait = end.termination_wait_time_in_minutes or 0, ready.wait_time_in_minutes or 0
    if not 0 <= end_wait <= LONGEST_WAIT:
        raise error(f"terminationWaitTimeInMinutes must be between 0 and {LONGEST_WAIT}")
    if not 0 <= ready_wait <= LONGEST_WAIT:
        raise error(f"waitTimeInMinutes must be between 0 and {LONGEST_WAIT}")
    action = ready.action_on_timeout or "CONTINUE_DEPLOYMENT"
    if (action == "STOP_DEPLOYMENT") != (ready_wait > 0):
        raise error("waitTimeInMinutes goes with the action STOP_DEPLOYMENT, and only with that")
    return c.BlueGreenDeploymentConfiguration(
        terminate_blue_instances_on_deployment_success=c.BlueInstanceTerminationOption(
            action=end.action or "TERMINATE", termination_wait_time_in_minutes=end_wait
        ),
        deployment_ready_option=c.DeploymentReadyOption(action_on_timeout=action, wait_time_in_minutes=ready_wait),
    )


def check_rollback(rollback: c.AutoRollbackConfiguration | None) -> None:
    """Raises InvalidAutoRollbackConfigException."""
    if rollback is not None and rollback.enabled and not rollback.events:
        raise c.InvalidAutoRollbackConfigException("An automatic rollback that is enabled must have events")
    if rollback is not None and rollback.events and not rollback.enabled:
        raise c.InvalidAutoRollbackConfigException("An automatic rollback that has events must be enabled")


def check_alarms(alarms: c.AlarmConfiguration | None) -> None:
    """Raises InvalidAlarmConfigException and AlarmsLimitExceededException."""
    names = [alarm.name or "" for alarm in (alarms.alarms if alarms else None) or ()]
    if len(names) > MOST_ALARMS:
        raise c.AlarmsLimitExceededException(f"There can be at most {MOST_ALARMS} alarms")
    if any(not 1 <= len(name) <= LONGEST_ALARM for name in names) or len(set(names)) < len(names):
        raise c.InvalidAlarmConfigException(
            f"Each alarm must have a name of its own, of 1 to {LONGEST_ALARM} characters"
        )
    if alarms is not None and alarms.enabled and not names:
        raise c.InvalidAlarmConfigException("An alarm configuration that is enabled must have alarms")


def target_group_arns(load_balancer: c.LoadBalancerInfo, known: Collection[str], service_arn: str) -> tuple[str, str]:
    """ARNs of the pair, by their names: those that are known, or made up, since no load balancer says them."""
    by_name = {group_name(arn): arn for arn in known}
    *_, region, account, _ = service_arn.split(":", 5)
    prefix = f"arn:aws:elasticloadbalancing:{region}:{account}:targetgroup"
    first, second = (
        by_name.get(name) or f"{prefix}/{name}/{blake2b(name.encode(), digest_size=8).hexdigest()}"
        for name in pair_of(load_balancer)
    )
    return first, second


def group_name(target_group_arn: str) -> str:
    """The name in a target group's ARN."""
    parts = target_group_arn.split("/")
    return parts[1] if len(parts) > 1 else target_group_arn


def pair_of(load_balancer: c.LoadBalancerInfo) -> list[str]:
    """The names of the two target groups."""
    (pair,) = load_balancer.target_group_pair_info_list or []
    return [group.name or "" for group in pair.target_groups or ()]


def has_test_traffic(load_balancer: c.LoadBalancerInfo) -> bool:
    (pair,) = load_balancer.target_group_pair_info_list or []
    return pair.test_traffic_route is not None


def used_arns(task_sets: Collection[TaskSetRecord]) -> list[str]:
    """The target groups that task sets have."""
    return [arn for task_set in task_sets for b in task_set.load_balancers if (arn := b.target_group_arn)]


def group_view(group: DeploymentGroupRecord, deployments: Sequence[CodeDeploymentRecord]) -> c.DeploymentGroupInfo:
    """`deployments` are the group's, oldest first."""
    succeeded = [d for d in deployments if d.status == "Succeeded"]
    return c.DeploymentGroupInfo(
        application_name=group.application_name,
        deployment_group_id=group.id,
        deployment_group_name=group.name,
        deployment_config_name=group.config_name,
        ec2_tag_filters=[],
        on_premises_instance_tag_filters=[],
        auto_scaling_groups=[],
        service_role_arn=group.role_arn,
        target_revision=shown_revision(succeeded[-1].revision) if succeeded else None,
        trigger_configurations=list(group.triggers),
        alarm_configuration=group.alarms,
        auto_rollback_configuration=group.rollback,
        deployment_style=STYLE,
        outdated_instances_strategy=group.outdated_instances_strategy,
        blue_green_deployment_configuration=group.blue_green,
        load_balancer_info=group.load_balancer,
        last_successful_deployment=_last(succeeded),
        last_attempted_deployment=_last(deployments),
        compute_platform="ECS",
        ecs_services=[group.service],
        termination_hook_enabled=False,
    )


def shown_revision(revision: c.RevisionLocation | None) -> c.RevisionLocation | None:
    """The revision without its content, which AWS does not show."""
    if revision is None:
        return None
    if revision.app_spec_content is not None:
        content = c.AppSpecContent(sha256=digest(revision.app_spec_content.content or ""))
        return c.RevisionLocation(revision_type="AppSpecContent", app_spec_content=content)
    content_of_string = revision.string.content if revision.string else None
    return c.RevisionLocation(revision_type="String", string=c.RawString(sha256=digest(content_of_string or "")))


def _last(deployments: Sequence[CodeDeploymentRecord]) -> c.LastDeploymentInfo | None:
    if not deployments:
        return None
    last = deployments[-1]
    return c.LastDeploymentInfo(
        deployment_id=last.id, status=last.status, end_time=last.completed_at, create_time=last.created_at
    )


def _check_balancer(info: c.LoadBalancerInfo) -> None:
    for member, name in (("elb_info_list", "elbInfo"), ("target_group_info_list", "targetGroupInfo")):
        if getattr(info, member):
            raise c.InvalidLoadBalancerInfoException(
                f"For ECS deployment group, loadBalancerInfo must not contain {name} list"
            )
    pairs = info.target_group_pair_info_list or []
    if len(pairs) != 1:
        raise c.InvalidTargetGroupPairException("For ECS deployment group, there must be one target group pair")
    names = [group.name for group in pairs[0].target_groups or ()]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise c.InvalidTargetGroupPairException("A target group pair must have two target groups, each with its name")
    production, test = pairs[0].prod_traffic_route, pairs[0].test_traffic_route
    if production is None or len(production.listener_arns or ()) != 1:
        raise c.InvalidTargetGroupPairException("The route of production traffic must have one listener")
    if test is not None and len(test.listener_arns or ()) != 1:
        raise c.InvalidTargetGroupPairException("The route of test traffic must have one listener")


def _check_triggers(triggers: Sequence[c.TriggerConfig] | None) -> None:
    if triggers is not None and len(triggers) > MOST_TRIGGERS:
        raise c.TriggerTargetsLimitExceededException(f"There can be at most {MOST_TRIGGERS} triggers")
    for trigger in triggers or ():
        if not trigger.trigger_name or not trigger.trigger_target_arn or not trigger.trigger_events:
            raise c.InvalidTriggerConfigException("A trigger must have a name, a target and events")
