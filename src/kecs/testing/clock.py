"""The clock of a KECS as a test sees it: `server.clock`, the fixture `kecs_clock`, and what the waiters wait by."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from kecs.testing import admin
from kecs.testing.inside import current
from kecs.testing.tracebacks import told

__tracebackhide__ = told

STEP = 0.01  # seconds from the first look to the second while something is waited for
GROWTH = 0.1  # what the later steps are of the time that has passed: an hour takes about a hundred looks
REAL_STEP = 0.2  # seconds from look to look where the time is everybody's


class ClockNotMovable(Exception):
    """The containers of this KECS are real, and so is their time."""


_REFUSALS: dict[int, type[Exception]] = {408: TimeoutError, 409: ClockNotMovable}


class Clock:
    """The clock of the KECS at `endpoint`. On the simulated runtime it can be moved, and is shared by all its users."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self.was_frozen = False  # by way of this object

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        now: float = self._state()["now"]
        return now

    @property
    def frozen(self) -> bool:
        """Whether time stands still unless it is advanced."""
        return bool(self._state()["frozen"])

    @property
    def movable(self) -> bool:
        """Whether this clock can be moved; one that is no KECS's cannot."""
        try:
            return bool(self._state()["controllable"])
        except (OSError, ValueError, LookupError, admin.Refused):
            return False

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Move time on; returns when all that was due by then has happened. Raises ClockNotMovable and ValueError, and
        TimeoutError when a function that stands for an image neither sleeps nor ends.

        In such a function, whose time others move, it sleeps.
        """
        duration = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        container = current()
        if container is None:
            self._set({"advance": duration})
        else:
            container.sleep(duration)

    def freeze(self) -> None:
        """Let time stand still from now on. Raises ClockNotMovable."""
        self.was_frozen = True
        self._set({"freeze": True})

    def resume(self) -> None:
        """Let time flow again. Raises ClockNotMovable."""
        self._set({"resume": True})
        self.was_frozen = False

    def run_until_stable(self, *, timeout: float = 3600.0) -> None:
        """Let time pass until each service has one deployment and the tasks it wants, and each task the status it is
        meant to have. `timeout` is in seconds of this clock; when they are over, TimeoutError says what is not stable.
        """
        for _ in self.passing(timeout):
            state = admin.call(self._endpoint, "GET", "state")
            restless = _restless(state)
            if not restless:
                return
        why = "\n".join(_why(state, self._endpoint))
        raise TimeoutError(f"Not stable after {timeout:g} s: {'; '.join(restless)}.\n{why}")

    def passing(self, seconds: float) -> Passing:
        """Look, let some time pass, look again: an iteration that ends when `seconds` of this clock are over."""
        return Passing(self, seconds)

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = admin.call(self._endpoint, "GET", "clock")
        return state

    def _set(self, body: dict[str, Any]) -> None:
        if current() is not None:
            raise RuntimeError("A container cannot hold up the time that it lives by.")
        try:
            admin.call(self._endpoint, "POST", "clock", body)
        except admin.Refused as refused:
            raise _REFUSALS.get(refused.status, ValueError)(str(refused)) from None


class Passing:
    """See Clock.passing. Time that can be moved is moved, other time is slept through."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._movable = clock.movable
        self._seconds = seconds
        self._passed: float | None = None  # before the first look no time passes

    def __iter__(self) -> Passing:
        return self

    def __next__(self) -> None:
        if self._passed is None:
            self._passed = 0.0
            return
        step = min(self._step(self._passed), self._seconds - self._passed)
        if step <= 0:
            raise StopIteration
        if self._movable:
            self._clock.advance(seconds=step)
        else:
            time.sleep(step)
        self._passed += step

    def _step(self, passed: float) -> float:
        return max(STEP, passed * GROWTH) if self._movable else REAL_STEP


def _restless(state: dict[str, Any]) -> list[str]:
    """What is not as it is meant to be yet, one text each."""
    services = [
        f"service {service['serviceName']} has {service['runningCount']} of {service['desiredCount']} tasks running "
        f"in {len(service['deployments']) or len(service.get('taskSets', ()))} deployments"
        for service in state["services"]
        if _moves(service)
    ]
    tasks = [
        f"task {task['taskArn'].rsplit('/', 1)[-1]} is {task['lastStatus']} and meant to be {task['desiredStatus']}"
        for task in state["tasks"]
        if task["lastStatus"] != task["desiredStatus"]
    ]
    return services + tasks


def _moves(service: dict[str, Any]) -> bool:
    return service["status"] != "INACTIVE" and not (service["status"] == "ACTIVE" and is_stable(service))


def _why(state: dict[str, Any], endpoint: str) -> Iterator[str]:
    """The services that are not stable, and the tasks that tell why, in ECS's terms."""
    from kecs.testing.describing import service_lines, task_lines, telling
    from kecs.testing.explaining import outputs

    for service in state["services"]:
        if _moves(service):
            yield from service_lines(service)
    for task in telling(state["tasks"]):
        for line in task_lines(task, outputs(endpoint, task["clusterArn"])):
            yield f"  {line}"


def is_stable(service: dict[str, Any]) -> bool:
    """Whether a service has come to rest: one deployment, which is over, and the tasks that are wanted."""
    return (
        len(service["deployments"]) <= 1
        and service["runningCount"] == service["desiredCount"]
        and service["pendingCount"] == 0
        and all(deployment.get("rolloutState") != "IN_PROGRESS" for deployment in service["deployments"])
    )
