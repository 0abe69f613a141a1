"""What a request that starts tasks may ask for beyond where they run: texts, placement, volumes, ECS Exec.

Called by RunTask and by the service operations. Every function raises InvalidParameterException.
"""

from __future__ import annotations

from collections.abc import Sequence

from kecs.aws.model import ecs as m
from kecs.core.placement.query import problem_of
from kecs.core.tasks.storage import check_storage

MOST_CONSTRAINTS = 10
MOST_STRATEGIES = 5
LONGEST_EXPRESSION = 2000  # characters
MOST_VOLUMES = 1
BINPACK_FIELDS = ("cpu", "memory")
SPREAD_FIELDS = ("instanceid", "host")
ATTRIBUTE = "attribute:"
NO_MATCHING_VOLUME = "Volume configuration provided but no matching configuredAtLaunch volume found in task definition."


def check_length(name: str, value: str | None, longest: int) -> None:
    if value is not None and len(value) > longest:
        raise m.InvalidParameterException(f"{name} longer than {longest}.")


def check_token(token: str | None, longest: int) -> None:
    """A client token: visible ASCII characters."""
    check_length("clientToken", token, longest)
    if token is not None and not all("!" <= char <= "~" for char in token):
        raise m.InvalidParameterException("clientToken contains invalid characters.")


def check_placement(
    definition: m.TaskDefinition,
    constraints: Sequence[m.PlacementConstraint] | None,
    strategies: Sequence[m.PlacementStrategy] | None,
    *,
    fargate: bool,
) -> None:
    """Placement is for container instances, with so many rules (the definition's included) and only known ones."""
    if constraints and fargate:
        raise m.InvalidParameterException("Placement constraints are not supported with FARGATE launch type.")
    if strategies and fargate:
        raise m.InvalidParameterException("Placement strategies are not supported with FARGATE launch type.")
    if len(constraints or ()) + len(definition.placement_constraints or ()) > MOST_CONSTRAINTS:
        raise m.InvalidParameterException(f"The number of placement constraints must not exceed {MOST_CONSTRAINTS}.")
    if len(strategies or ()) > MOST_STRATEGIES:
        raise m.InvalidParameterException(f"The number of placement strategies must not exceed {MOST_STRATEGIES}.")
    for constraint in constraints or ():
        _check_constraint(constraint)
    for strategy in strategies or ():
        _check_strategy(strategy)


def _check_constraint(constraint: m.PlacementConstraint) -> None:
    expression = constraint.expression
    if not constraint.type:
        raise m.InvalidParameterException("constraint.type should not be null or empty.")
    if constraint.type == "distinctInstance" and expression is not None:
        raise m.InvalidParameterException("distinctInstance expression should not be specified.")
    if constraint.type == "memberOf" and not expression:
        raise m.InvalidParameterException("An expression must be specified for the constraint type memberOf.")
    if len(expression or "") > LONGEST_EXPRESSION:
        raise m.InvalidParameterException(
            f"The expression of a placement constraint must not be longer than {LONGEST_EXPRESSION} characters."
        )
    if expression and (problem := problem_of(expression)):
        raise m.InvalidParameterException(f"The expression of the placement constraint is invalid: {problem}.")


def _check_strategy(strategy: m.PlacementStrategy) -> None:
    if not strategy.type:
        raise m.InvalidParameterException("strategy.type should not be null or empty.")
    field = (strategy.field or "").lower()
    fits = {
        "random": not field,
        "binpack": field in BINPACK_FIELDS,
        "spread": field in SPREAD_FIELDS or field.startswith(ATTRIBUTE),
    }
    if not fits[strategy.type]:
        raise m.InvalidParameterException(
            f"The field '{strategy.field or ''}' is not valid for the placement strategy {strategy.type}."
        )


def check_volumes(
    definition: m.TaskDefinition,
    configurations: Sequence[m.TaskVolumeConfiguration | m.ServiceVolumeConfiguration],
    *,
    fargate: bool = False,
) -> None:
    """Each volume that is configured at launch is, and nothing else.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/configure-ebs-volume.html
    """
    if len(configurations) > MOST_VOLUMES:
        raise m.InvalidParameterException(f"volumeConfigurations can have at most {MOST_VOLUMES} items.")
    open_ones = {volume.name for volume in definition.volumes or () if volume.configured_at_launch}
    for configuration in configurations:
        if configuration.name not in open_ones:
            raise m.InvalidParameterException(NO_MATCHING_VOLUME)
        check_storage(configuration.managed_ebs_volume, fargate=fargate)
    missing = open_ones - {configuration.name for configuration in configurations}
    if missing:
        raise m.InvalidParameterException(
            f"No volume configuration was provided for the volume '{min(str(name) for name in missing)}', which the "
            "task definition leaves to be configured at launch."
        )


def check_task_role(definition: m.TaskDefinition, overrides: m.TaskOverride | None, refusal: str) -> None:
    """ECS Exec works with the permissions of the task role, so there has to be one."""
    if not (definition.task_role_arn or (overrides and overrides.task_role_arn)):
        raise m.InvalidParameterException(refusal)
