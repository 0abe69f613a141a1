"""How a service's deployments go: the deploymentConfiguration of CreateService and UpdateService.

Pure; called by core.services. Rules: model shape DeploymentConfiguration and what it contains. Every function raises
InvalidParameterException unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.deployments.hooks import LONGEST
from kecs.core.deployments.weights import CANARY, CANARY_BAKE, STEP, STEP_BAKE

LONGEST_BAKE = 1440  # minutes
BAKE = 15  # minutes, of a strategy that shifts traffic
MOST_HOOKS = 10  # of each type
NO_PAUSE = ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")  # also on the way back, where nobody is to be waited for
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
PAUSED_SHIFT = f"A lifecycle hook of the type PAUSE cannot be configured at the stages {' and '.join(NO_PAUSE)}."
TARGET = "A lifecycle hook of the type AWS_LAMBDA must specify the ARN of a Lambda function as its hookTargetArn."
NO_STAGE = "A lifecycle hook must specify lifecycleStages."
ONLY_LINEAR = "linearConfiguration is only valid with the deployment strategy LINEAR."
ONLY_CANARY = "canaryConfiguration is only valid with the deployment strategy CANARY."
ONLY_ROLLING = "earlySuccessCriteria is only valid with the deployment strategy ROLLING."
EARLY = "earlySuccessCriteria must specify healthyPercent and sourceServiceRevisionCleanup when it is enabled."
TOO_EARLY = "The healthyPercent of earlySuccessCriteria must be greater than or equal to minimumHealthyPercent."


def deployment_configuration(
    before: m.DeploymentConfiguration | None, given: m.DeploymentConfiguration | None
) -> m.DeploymentConfiguration:
    """`given` over `before`, or over ECS's defaults for REPLICA."""
    after = _of_strategy(before or DEFAULTS, given)
    if given is not None:
        named = {f: getattr(given, f) for f in given.__struct_fields__}
        after = replace(after, **{field: value for field, value in named.items() if value is not None})
    after = _with_steps(after)
    _check_percents(after)
    _check_breaker(after.deployment_circuit_breaker)
    if after.alarms is not None and after.alarms.enable and not after.alarms.alarm_names:
        raise m.InvalidParameterException(NO_ALARMS)
    if not 0 <= (after.bake_time_in_minutes or 0) <= LONGEST_BAKE:
        raise m.InvalidParameterException(f"bakeTimeInMinutes must be between 0 and {LONGEST_BAKE}.")
    _check_hooks(after.lifecycle_hooks or ())
    _check_early(after)
    return after


def _of_strategy(
    before: m.DeploymentConfiguration, given: m.DeploymentConfiguration | None
) -> m.DeploymentConfiguration:
    """What stays of `before` under the strategy that is given: each has members and a bake time of its own."""
    strategy = given.strategy if given else None
    if strategy is None or strategy == before.strategy:
        return before
    shifted_before, shifted = before.strategy not in (None, "ROLLING"), strategy != "ROLLING"
    bake = before.bake_time_in_minutes
    return replace(
        before,
        linear_configuration=None,
        canary_configuration=None,
        early_success_criteria=None if shifted else before.early_success_criteria,
        bake_time_in_minutes=bake if shifted == shifted_before else BAKE if shifted else 0,
    )


def _with_steps(configuration: m.DeploymentConfiguration) -> m.DeploymentConfiguration:
    """With ECS's defaults for the steps in which traffic is shifted."""
    strategy, linear, canary = (
        configuration.strategy,
        configuration.linear_configuration,
        configuration.canary_configuration,
    )
    if linear is not None and strategy != "LINEAR":
        raise m.InvalidParameterException(ONLY_LINEAR)
    if canary is not None and strategy != "CANARY":
        raise m.InvalidParameterException(ONLY_CANARY)
    if strategy == "LINEAR":
        linear = linear or m.LinearConfiguration()
        percent = STEP if linear.step_percent is None else linear.step_percent
        bake = STEP_BAKE if linear.step_bake_time_in_minutes is None else linear.step_bake_time_in_minutes
        _check_steps("stepPercent", percent, 3.0, "stepBakeTimeInMinutes", bake)
        linear = m.LinearConfiguration(step_percent=percent, step_bake_time_in_minutes=bake)
    elif strategy == "CANARY":
        canary = canary or m.CanaryConfiguration()
        percent = CANARY if canary.canary_percent is None else canary.canary_percent
        bake = CANARY_BAKE if canary.canary_bake_time_in_minutes is None else canary.canary_bake_time_in_minutes
        _check_steps("canaryPercent", percent, 0.1, "canaryBakeTimeInMinutes", bake)
        canary = m.CanaryConfiguration(canary_percent=percent, canary_bake_time_in_minutes=bake)
    return replace(configuration, linear_configuration=linear, canary_configuration=canary)


def _check_steps(share: str, percent: float, least: float, bake: str, minutes: int) -> None:
    if not least <= percent <= 100.0 or abs(percent * 10 - round(percent * 10)) > 1e-6:
        raise m.InvalidParameterException(f"{share} must be a multiple of 0.1 between {least} and 100.0.")
    if not 0 <= minutes <= LONGEST_BAKE:
        raise m.InvalidParameterException(f"{bake} must be between 0 and {LONGEST_BAKE}.")


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


def _check_hooks(hooks: Sequence[m.DeploymentLifecycleHook]) -> None:
    for hook in hooks:
        _check_hook(hook)
    pauses = sum(hook.target_type == "PAUSE" for hook in hooks)
    if max(pauses, len(hooks) - pauses) > MOST_HOOKS:
        raise m.InvalidParameterException(f"lifecycleHooks can have at most {MOST_HOOKS} items of each targetType.")


def _check_hook(hook: m.DeploymentLifecycleHook) -> None:
    if hook.target_type == "PAUSE":
        if hook.hook_target_arn or hook.role_arn or hook.hook_details is not None:
            raise m.InvalidParameterException(PAUSE_HOOK)
        if any(stage in NO_PAUSE for stage in hook.lifecycle_stages or ()):
            raise m.InvalidParameterException(PAUSED_SHIFT)
    elif not hook.hook_target_arn or not hook.role_arn:
        raise m.InvalidParameterException(LAMBDA_HOOK)
    elif not hook.hook_target_arn.startswith(("arn:", "http://", "https://")):
        raise m.InvalidParameterException(TARGET)
    elif hook.timeout_configuration and (hook.timeout_configuration.timeout_in_minutes or 0) > LONGEST:
        raise m.InvalidParameterException(f"The timeoutInMinutes of a Lambda hook must be between 1 and {LONGEST}.")
    if not hook.lifecycle_stages:
        raise m.InvalidParameterException(NO_STAGE)


def _check_early(configuration: m.DeploymentConfiguration) -> None:
    early = configuration.early_success_criteria
    if early is None or not early.enable:
        return
    if configuration.strategy != "ROLLING":
        raise m.InvalidParameterException(ONLY_ROLLING)
    if early.healthy_percent is None or early.source_service_revision_cleanup is None:
        raise m.InvalidParameterException(EARLY)
    if early.healthy_percent < (configuration.minimum_healthy_percent or 0):
        raise m.InvalidParameterException(TOO_EARLY)
