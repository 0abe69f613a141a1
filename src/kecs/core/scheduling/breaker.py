"""The deployment circuit breaker: when a deployment whose tasks keep failing has failed itself.

`scheduler` asks it after it has counted failures, `backoff` how to count them, `core.deployments` what to show and
whether to roll back. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records import DeploymentRecord, ServiceRecord

FEWEST_FAILURES, MOST_FAILURES = 3, 200  # of the threshold, unless it is a number or a percentage without bounds
HALF = 50  # percent of the desired count

NAME = "ECS deployment circuit breaker"
TRIPPED = f"{NAME}: tasks failed to start."


def threshold(breaker: m.DeploymentCircuitBreaker, desired: int) -> int:
    """After how many failures the circuit breaker ends a deployment of a service with that desired count."""
    given = breaker.threshold_configuration
    kind, value = (given.type, given.value) if given else ("BOUNDED_PERCENT", HALF)
    if kind == "COUNT":
        return value
    share = -(-desired * value // 100)
    return share if kind == "UNBOUNDED_PERCENT" else min(max(share, FEWEST_FAILURES), MOST_FAILURES)


def breaker_of(service: ServiceRecord) -> m.DeploymentCircuitBreaker | None:
    """The circuit breaker that watches the service's deployments, if it is turned on."""
    configuration = service.service.deployment_configuration
    breaker = configuration.deployment_circuit_breaker if configuration else None
    return breaker if breaker is not None and breaker.enable else None


def counts_on(service: ServiceRecord) -> bool:
    """Whether failures count, and go on counting, after a task of the deployment has become healthy."""
    breaker = breaker_of(service)
    return breaker is not None and breaker.reset_on_healthy_task is False


def trips(service: ServiceRecord, deployment: DeploymentRecord) -> bool:
    """Whether the deployment, which is the service's PRIMARY one, has failed too often."""
    breaker, failed = breaker_of(service), deployment.failed_tasks
    if breaker is None or not failed or deployment.rollout_state != "IN_PROGRESS":
        return False
    return failed >= threshold(breaker, service.desired_count)


def tripped(service: ServiceRecord) -> bool:
    """Whether the circuit breaker has ended the service's PRIMARY deployment."""
    return bool(service.deployments) and service.deployments[0].rollout_state_reason == TRIPPED
