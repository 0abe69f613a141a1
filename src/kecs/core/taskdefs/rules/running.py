"""Rules about a container while it runs: health check, time-outs, restarts, Linux parameters, limits."""

from __future__ import annotations

from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, per_container

HEALTH_CHECK_LIMITS = {
    "interval": (5, 300),  # seconds
    "timeout": (2, 60),  # seconds
    "retries": (1, 10),
    "startPeriod": (0, 300),  # seconds
}
RESTART_PERIOD = range(60, 1800 + 1)  # seconds
MOST_IGNORED_EXIT_CODES = 50
LEAST_TIMEOUT = 2  # seconds


def _health_check(container: m.ContainerDefinition) -> Iterator[str]:
    check = container.health_check
    if check is None:
        return
    first, rest = (check.command[0], check.command[1:]) if check.command else ("", [])
    if first not in ("CMD", "CMD-SHELL", "NONE") or (first != "NONE" and not any(rest)):
        yield f"Health check command must start with CMD or CMD-SHELL for container '{container.name}'"
    values = {
        "interval": check.interval,
        "timeout": check.timeout,
        "retries": check.retries,
        "startPeriod": check.start_period,
    }
    for name, (least, most) in HEALTH_CHECK_LIMITS.items():
        value = values[name]
        if value is not None and value < least:
            yield (
                f"Health check {name} must be greater than or equal to the minimum allowed value {least}"
                f" for container '{container.name}'"
            )
        if value is not None and value > most:
            yield (
                f"Health check {name} must be less than or equal to the maximum allowed value {most}"
                f" for container '{container.name}'"
            )


def _timeouts(container: m.ContainerDefinition) -> Iterator[str]:
    for name, seconds in (("start", container.start_timeout), ("stop", container.stop_timeout)):
        if seconds is not None and seconds < LEAST_TIMEOUT:
            yield f"Granular {name} timeout on container '{container.name}' must be at least {LEAST_TIMEOUT} seconds."


def _restart_policy(container: m.ContainerDefinition) -> Iterator[str]:
    policy = container.restart_policy
    if policy is None:
        return
    if policy.restart_attempt_period is not None and policy.restart_attempt_period not in RESTART_PERIOD:
        yield (
            f"The 'restartAttemptPeriod' setting for container '{container.name}' must be between"
            f" {RESTART_PERIOD.start} and {RESTART_PERIOD.stop - 1}."
        )
    if len(policy.ignored_exit_codes or ()) > MOST_IGNORED_EXIT_CODES:
        yield (
            f"The 'ignoredExitCodes' setting for container '{container.name}' can have at most"
            f" {MOST_IGNORED_EXIT_CODES} exit codes."
        )


def _linux_parameters(container: m.ContainerDefinition) -> Iterator[str]:
    linux = container.linux_parameters
    if linux is None:
        return
    if any(tmpfs.size <= 0 for tmpfs in linux.tmpfs or ()):
        yield ("The container has an invalid tmpfs size value specified. It must be a non-zero, non-negative integer.")
    if linux.shared_memory_size is not None and linux.shared_memory_size <= 0:
        yield f"The 'sharedMemorySize' setting for container '{container.name}' must be greater than 0."
    if linux.max_swap is not None and linux.max_swap < 0:
        yield f"The 'maxSwap' setting for container '{container.name}' must be 0 or greater."
    if linux.swappiness is not None and not 0 <= linux.swappiness <= 100:
        yield f"The 'swappiness' setting for container '{container.name}' must be between 0 and 100."


def _ulimits(container: m.ContainerDefinition) -> Iterator[str]:
    for limit in container.ulimits or ():
        if limit.soft_limit > limit.hard_limit != -1:  # -1: no limit
            yield (
                f"The soft limit of ulimit '{limit.name}' for container '{container.name}'"
                " cannot be greater than its hard limit."
            )


RULES: tuple[Rule, ...] = tuple(
    per_container(check) for check in (_health_check, _timeouts, _restart_policy, _linux_parameters, _ulimits)
)
