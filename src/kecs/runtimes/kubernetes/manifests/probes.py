"""A container's health check as a readiness probe, which its kubelet makes by itself.

Ready is healthy; what has been healthy and is so no more is unhealthy; and what never became healthy is unhealthy from
`deadline` on. Nothing else comes of it on Kubernetes: no probe here restarts a container. Called by `containers` and
`observing`.
"""

from __future__ import annotations

from typing import Any

from kecs.aws.model import ecs as m
from kecs.runtimes.kubernetes.manifests.literals import literals

SHELL = ["/bin/sh", "-c"]
INTERVAL, TIMEOUT, RETRIES = 30, 5, 3  # ECS's defaults; seconds


def probe_of(check: m.HealthCheck | None) -> dict[str, Any] | None:
    """The `readinessProbe` of a container with this check; None when there is nothing to check."""
    command = command_of(check)
    if check is None or command is None:
        return None
    return {
        "exec": {"command": literals(command)},
        "periodSeconds": check.interval or INTERVAL,
        "timeoutSeconds": check.timeout or TIMEOUT,
        "failureThreshold": check.retries or RETRIES,
        "successThreshold": 1,
    }


def command_of(check: m.HealthCheck | None) -> list[str] | None:
    """What is run to check: CMD-SHELL by a shell, CMD as it is; None for no check, and for NONE."""
    kind, rest = (check.command[0], check.command[1:]) if check is not None and check.command else ("NONE", [])
    if kind == "NONE":
        return None
    return [*SHELL, *rest] if kind == "CMD-SHELL" else list(rest)


def deadline(check: m.HealthCheck) -> int:
    """Seconds after its start by which a container has been healthy once, or is unhealthy."""
    return (check.start_period or 0) + (check.retries or RETRIES) * (check.interval or INTERVAL)
