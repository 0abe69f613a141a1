"""How a service's deployments go: the deploymentConfiguration of CreateService and UpdateService.

Pure; called by core.services. Rules: model shape DeploymentConfiguration and what it contains. Every function raises
InvalidParameterException unless it says otherwise.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m

LONGEST_BAKE = 1440  # minutes
DEFAULTS = m.DeploymentConfiguration(
    deployment_circuit_breaker=m.DeploymentCircuitBreaker(enable=False, rollback=False),
    maximum_percent=200,
    minimum_healthy_percent=100,
    strategy="ROLLING",
    bake_time_in_minutes=0,
)
"""Of a REPLICA service."""

DAEMON_DEFAULTS = replace(DEFAULTS, maximum_percent=100, minimum_healthy_percent=0)
"""Of a DAEMON service."""

BLOCKED = "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."
NO_ALARMS = "alarmNames can not be empty when alarms are enabled."
LAMBDA_HOOK = "A lifecycle hook of the type AWS_LAMBDA must specify a hookTargetArn and a roleArn."
PAUSE_HOOK = "A lifecycle hook of the type PAUSE cannot specify a hookTargetArn, a roleArn or hookDetails."
NO_STAGE = "A lifecycle hook must specify lifecycleStages."
LINEAR = "linearConfiguration is only valid with the deployment strategy LINEAR."
CANARY = "canaryConfiguration is only valid with the deployment strategy CANARY."
EARLY = "earlySuccessCriteria must specify healthyPercent and sourceServiceRevisionCleanup when it is enabled."
TOO_EARLY = "The healthyPercent of earlySuccessCriteria must be greater than or equal to minimumHealthyPercent."


def deployment_configuration(
    before: m.DeploymentConfiguration | None, given: m.DeploymentConfiguration | None
) -> m.DeploymentConfiguration:
    """`given` over `before`, or over ECS's defaults for REPLICA. Also raises UnsupportedFeatureException for strategies
    that KECS does not have."""
    after = before or DEFAULTS
    if given is not None:
        named = {f: getattr(given, f) for f in given.__struct_fields__}
        after = replace(after, **{field: value for field, value in named.items() if value is not None})
    _check_strategy(after)
    _check_percents(after)
    _check_breaker(after.deployment_circuit_breaker)
    if after.alarms is not None and after.alarms.enable and not after.alarms.alarm_names:
        raise m.InvalidParameterException(NO_ALARMS)
    if not 0 <= (after.bake_time_in_minutes or 0) <= LONGEST_BAKE:
        raise m.InvalidParameterException(f"bakeTimeInMinutes must be between 0 and {LONGEST_BAKE}.")
    for hook in after.lifecycle_hooks or ():
        _check_hook(hook)
    _check_early(after)
    return after


def _check_strategy(configuration: m.DeploymentConfiguration) -> None:
    strategy = configuration.strategy
    if configuration.linear_configuration is not None and strategy != "LINEAR":
        raise m.InvalidParameterException(LINEAR)
    if configuration.canary_configuration is not None and strategy != "CANARY":
        raise m.InvalidParameterException(CANARY)
    if strategy != "ROLLING":
        raise m.UnsupportedFeatureException(f"The deployment strategy {strategy} is not there yet in KECS.")


def _check_percents(configuration: m.DeploymentConfiguration) -> None:
    most, least = configuration.maximum_percent or 0, configuration.minimum_healthy_percent or 0
    if not 0 <= least <= 100:
        raise m.InvalidParameterException("minimumHealthyPercent must be between 0 and 100.")
    if most < 100:
        raise m.InvalidParameterException("maximumPercent must be at least 100.")
    if most == least == 100:
        raise m.InvalidParameterException(BLOCKED)


def _check_breaker(breaker: m.DeploymentCircuitBreaker | None) -> None:
    threshold = breaker.threshold_configuration if breaker else None
    if threshold is not None and threshold.value < 1:
        raise m.InvalidParameterException("The value of thresholdConfiguration must be at least 1.")


def _check_hook(hook: m.DeploymentLifecycleHook) -> None:
    if hook.target_type == "PAUSE":
        if hook.hook_target_arn or hook.role_arn or hook.hook_details is not None:
            raise m.InvalidParameterException(PAUSE_HOOK)
    elif not hook.hook_target_arn or not hook.role_arn:
        raise m.InvalidParameterException(LAMBDA_HOOK)
    if not hook.lifecycle_stages:
        raise m.InvalidParameterException(NO_STAGE)


def _check_early(configuration: m.DeploymentConfiguration) -> None:
    early = configuration.early_success_criteria
    if early is None or not early.enable:
        return
    if early.healthy_percent is None or early.source_service_revision_cleanup is None:
        raise m.InvalidParameterException(EARLY)
    if early.healthy_percent < (configuration.minimum_healthy_percent or 0):
        raise m.InvalidParameterException(TOO_EARLY)
