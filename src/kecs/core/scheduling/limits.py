"""How few and how many tasks a service may have: deploymentConfiguration's percentages of the desired count.

Rounding as AWS does it: the minimum up, the maximum down. `scheduler` and `rollout` use it, property tests too.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

from __future__ import annotations

from kecs.core.records import Record, ServiceRecord

MINIMUM_HEALTHY_PERCENT = 100  # AWS's default for the REPLICA strategy
MAXIMUM_PERCENT = 200


class Limits(Record):
    """Numbers of tasks, not percentages."""

    desired: int
    minimum: int  # the scheduler stops no healthy task when that would leave fewer
    maximum: int  # the scheduler starts no task when that would make more


def limits(service: ServiceRecord, wanted: int | None = None) -> Limits:
    """The limits that hold now, for all tasks or for those of a revision of which so many are `wanted`. A service that
    is being deleted wants nothing."""
    config = service.service.deployment_configuration
    least = config.minimum_healthy_percent if config else None
    most = config.maximum_percent if config else None
    least = MINIMUM_HEALTHY_PERCENT if least is None else least
    most = MAXIMUM_PERCENT if most is None else most
    desired = service.desired_count if wanted is None else wanted
    return bounds(desired if service.status == "ACTIVE" else 0, least, most)


def bounds(desired: int, least: int, most: int) -> Limits:
    """The limits for so many tasks, by their percentages."""
    # A minimum above the desired count could never be met without exceeding what the user asked for.
    return Limits(desired=desired, minimum=min(desired, -(-desired * least // 100)), maximum=desired * most // 100)
