"""When the health of a simulated container changes: a pure function of its script and its health check.

The runtime sets one timer per change, never one per check.
"""

from __future__ import annotations

import math

from kecs.aws.model import ecs as m
from kecs.core.records import Health
from kecs.runtimes.simulated.scripts import HealthStep

DEFAULT_INTERVAL = 30  # seconds; defaults of the ECS health check
DEFAULT_RETRIES = 3
FIRST_RESULT = 0.001  # seconds after the start


def has_check(check: m.HealthCheck | None) -> bool:
    """Whether the container is checked at all: `NONE` switches off a check that the image brings along."""
    return check is not None and bool(check.command) and check.command[0] != "NONE"


def as_scripted(course: tuple[HealthStep, ...], check: m.HealthCheck, first: float | None) -> tuple[HealthStep, ...]:
    """The changes as a script has them, the first one `first` seconds after the start if it says so.

    Else that is there at once; but that a container is unhealthy from its start on, no check knows before it has failed
    as often as the definition has it.
    """
    if first is not None:
        return at_its_time(course, first)
    begin, *later = course
    if (begin.at, begin.status) == (0.0, "UNHEALTHY"):
        (found,) = by_definition((begin,), check)
        course = tuple(later) if later and later[0].at <= found.at else (found, *later)
    return at_its_time(course, FIRST_RESULT)


def at_its_time(course: tuple[HealthStep, ...], first: float) -> tuple[HealthStep, ...]:
    """The changes when each shows at its time, and nothing before `first` seconds after the start."""
    begun = [step for step in course if step.at <= first]
    later = [step for step in course if step.at > first]
    steps = [HealthStep(first, begun[-1].status), *later] if begun else later
    return _changes(steps)


def by_definition(course: tuple[HealthStep, ...], check: m.HealthCheck) -> tuple[HealthStep, ...]:
    """The changes as Docker finds them: a check each interval, the first one an interval after the start.

    A good check makes HEALTHY at once. Bad ones make UNHEALTHY when `retries` came in a row, where those within the
    start period of a container that has not been healthy yet do not count. An UNKNOWN step gives no result.
    """
    interval = check.interval or DEFAULT_INTERVAL
    retries = check.retries or DEFAULT_RETRIES
    found: list[HealthStep] = []
    failures, started, status = 0, False, ""
    for step, until in zip(course, [*(s.at for s in course[1:]), math.inf], strict=True):
        number = max(1, math.ceil(step.at / interval))
        if step.status == "HEALTHY" and number * interval < until:
            failures, started = 0, True
        while (at := float(number * interval)) < until and step.status not in ("UNKNOWN", status):
            if step.status == "HEALTHY":
                status = "HEALTHY"
                found.append(HealthStep(at, "HEALTHY"))
            elif started or at > (check.start_period or 0):
                failures += 1
                if failures >= retries:
                    status = "UNHEALTHY"
                    found.append(HealthStep(at, "UNHEALTHY"))
            number += 1
    return tuple(found)


def _changes(steps: list[HealthStep]) -> tuple[HealthStep, ...]:
    """Without the steps that change nothing, and without UNKNOWN at the beginning, which every container is."""
    changes: list[HealthStep] = []
    status: Health = "UNKNOWN"
    for step in steps:
        if step.status != status:
            changes.append(step)
            status = step.status
    return tuple(changes)
