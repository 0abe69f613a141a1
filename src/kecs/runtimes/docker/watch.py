"""What is known of each container that was started or found, and the reports that Docker's events make of it.

Invariants:
- a container is known before it is started, so no event of it can come too early;
- nothing is reported of a container until it is settled (its start was reported, or the inventory has named it); what
  happens before that is kept and reported then;
- a container's exit is reported once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from kecs.core.records import Health
from kecs.core.tasks.reports import Exited, Failed, HealthChanged, Report
from kecs.runtimes.docker.engine import Engine, EngineError, seconds

PAUSE_LOST = "ResourceInitializationError: the container that holds the task's network has stopped"

KILLED = 137  # the exit code of what SIGKILL has ended

log = logging.getLogger(__name__)

_HEALTH: dict[str, Health] = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}


@dataclass(slots=True)
class Watched:
    """One container of a task, or its pause container."""

    id: str
    task: str
    name: str
    pause: bool = False
    settled: bool = False
    over: bool = False  # its exit has been taken in
    died: dict[str, Any] | None = None  # the event, when it came before the container was settled
    out_of_memory: bool = False  # so says Docker
    with_others: bool = False  # and of more containers of the task
    health: Health | None = None
    started_at: float = 0.0
    stopping: bool = False  # a check that its stop cuts short says nothing of its health
    logs: str | None = None  # where its output goes beside, as its label says
    again: bool = False  # it was started once more, so the end that an event tells of may be an earlier one

    @property
    def runs(self) -> bool:
        """As far as is known."""
        return self.settled and not self.over


class Watch:
    """Every container of the instance that may still have something to report."""

    def __init__(self, engine: Engine, report: Callable[[Report], None]) -> None:
        self._engine = engine
        self._report = report
        self._by_id: dict[str, Watched] = {}
        self._by_task: dict[str, dict[str, Watched]] = {}
        self._jobs: set[asyncio.Task[None]] = set()

    def add(self, watched: Watched) -> Watched:
        """Take the container in, instead of another one of its name."""
        before = self.find(watched.task, watched.name)
        if before is not None:
            before.over = True
            self._by_id.pop(before.id, None)
        self._by_id[watched.id] = watched
        self._by_task.setdefault(watched.task, {})[watched.name] = watched
        return watched

    def find(self, task: str, name: str) -> Watched | None:
        return self._by_task.get(task, {}).get(name)

    def of(self, task: str) -> list[Watched]:
        """The containers of a task."""
        return list(self._by_task.get(task, {}).values())

    def tasks(self) -> list[str]:
        return list(self._by_task)

    def known(self, container: str) -> Watched | None:
        return self._by_id.get(container)

    def mute(self, task: str) -> None:
        """Report nothing more of the task's containers."""
        for watched in self._by_task.get(task, {}).values():
            watched.over = True

    def forget(self, task: str) -> None:
        """Know nothing more of the task's containers."""
        for watched in self._by_task.pop(task, {}).values():
            watched.over = True
            self._by_id.pop(watched.id, None)

    def settle(self, watched: Watched) -> None:
        """From here on what happens to the container is reported, beginning with what has already happened."""
        watched.settled = True
        if watched.health is not None:
            self._report_health(watched, time.time())
        if watched.died is not None:
            self._ended(watched, watched.died)

    def on_event(self, event: dict[str, Any]) -> None:
        """One event of Docker's stream."""
        watched = self._by_id.get(event["Actor"]["ID"])
        if watched is None or watched.over:
            return
        action, _, detail = event["Action"].partition(": ")
        match action:
            case "oom":
                self.ran_out_of_memory(watched)
            case "health_status" if not (watched.pause or watched.stopping):
                health = health_of(detail)
                if health != watched.health:
                    watched.health = health
                    if watched.settled:
                        self._report_health(watched, event["timeNano"] / 1e9)
            case "die" if watched.settled:
                self._ended(watched, event)
            case "die":
                watched.died = event

    async def catch_up(self) -> None:
        """Look at every container that is taken to be running: events may have been missed. Raises EngineError."""
        for watched in [w for w in self._by_id.values() if w.settled and not w.over]:
            try:
                state = (await self._engine.call("GET", f"containers/{watched.id}/json"))["State"]
            except EngineError as error:
                if error.status != 404:
                    raise
                state = None
            if watched.over:
                continue
            if state is None or not state["Running"]:
                self._take_exit(watched, state, {})
            elif not watched.stopping and (status := (state.get("Health") or {}).get("Status")) is not None:
                health = health_of(status)
                if health != watched.health:
                    watched.health = health
                    self._report_health(watched, time.time())

    def ran_out_of_memory(self, watched: Watched) -> None:
        """Docker says so of the container."""
        watched.out_of_memory = True
        them = [each for each in self.of(watched.task) if each.out_of_memory and not each.pause]
        for each in them if len(them) > 1 else ():
            each.with_others = True

    def lost(self, watched: Watched) -> None:
        """The container turned out not to exist."""
        if not watched.over:
            self._take_exit(watched, None, {})

    async def close(self) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    def _report_health(self, watched: Watched, at: float) -> None:
        if watched.health is not None:
            self._report(HealthChanged(task=watched.task, container=watched.name, status=watched.health, at=at))

    def _ended(self, watched: Watched, event: dict[str, Any]) -> None:
        self._spawn(self._inspect_exit(watched, event))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        job = asyncio.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _inspect_exit(self, watched: Watched, event: dict[str, Any]) -> None:
        """Read the exit from the container, or from the event when it cannot be read any more."""
        state = None
        if not watched.pause:
            try:
                state = (await self._engine.call("GET", f"containers/{watched.id}/json"))["State"]
            except EngineError as error:
                log.info("how container %s ended could not be looked up: %s", watched.id, error)
        running = state is not None and state["Running"]
        if not watched.over and not (running and watched.again):
            self._take_exit(watched, None if running else state, event)

    def _take_exit(self, watched: Watched, state: dict[str, Any] | None, event: dict[str, Any]) -> None:
        """Report the exit, once: from the container's state, else from the event, else as a container that is gone."""
        watched.over = True
        now = time.time()
        if watched.pause:
            self._report(Failed(task=watched.task, container=None, reason=PAUSE_LOST, at=now))
            return
        exit_code, at = None, event["timeNano"] / 1e9 if event else now
        if state is not None:
            exit_code, at = state["ExitCode"], seconds(state["FinishedAt"]) or at
            if state.get("OOMKilled"):
                self.ran_out_of_memory(watched)
        elif event:
            exit_code = int(event["Actor"]["Attributes"].get("exitCode", KILLED))
        self._report(
            Exited(
                task=watched.task,
                container=watched.name,
                at=max(at, watched.started_at),
                exit_code=exit_code,
                out_of_memory=for_want_of_memory(watched, exit_code),
            )
        )


def for_want_of_memory(watched: Watched, exit_code: int | None) -> bool:
    """Whether that is why the container has ended.

    Where the task as a whole has too little, Docker says so of every container (with version 1 of control groups): then
    it is the one that was killed without having been asked to stop.
    """
    if watched.with_others:
        return exit_code == KILLED and not watched.stopping
    return watched.out_of_memory


def health_of(status: str) -> Health:
    """Docker's health status in ECS's words."""
    return _HEALTH.get(status, "UNKNOWN")
