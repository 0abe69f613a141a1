"""The simulated runtime without an event loop: a test moves the clock and looks at what was reported when."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from kecs.control.clock import VirtualClock
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Provisioned, Pulled, Released, Report
from kecs.runtimes.simulated import SimulatedRuntime

R = TypeVar("R", bound=Report)
START = 1_000.0


class Simulation:
    """A runtime on a clock of its own; every report with the time at which it came."""

    def __init__(self, scripts: dict[str, dict[str, Any]] | None = None) -> None:
        self.clock = VirtualClock(START)
        self.runtime = SimulatedRuntime(self.clock, scripts=scripts)
        self.reports: list[tuple[float, Report]] = []
        self.runtime.connect(lambda report: self.reports.append((self.clock.now() - START, report)))

    def seen(self, kind: type[R], container: str | None = None) -> list[R]:
        return [
            report
            for _, report in self.reports
            if isinstance(report, kind) and (container is None or getattr(report, "container", None) == container)
        ]

    def history(self) -> list[tuple[float, str]]:
        """When what kind of report came, to the millisecond."""
        return [(round(at, 3), type(report).__name__) for at, report in self.reports]

    def run(self, plan: TaskPlan) -> None:
        """Provision the task and start its containers; what each does then is up to the clock."""
        self.runtime.provision(plan)
        self.until(Provisioned)
        for container in plan.containers:
            name = container.name or ""
            self.runtime.pull(plan, name)
            self.until(Pulled, name)
            self.runtime.start(plan, name)
        self.clock.advance(0.001)

    def until(self, kind: type[R], container: str | None = None, limit: float = 3600.0) -> R:
        """The first such report, after as much time as it takes."""
        self.clock.advance_until(lambda: bool(self.seen(kind, container)), limit)
        found = self.seen(kind, container)
        assert found, f"no {kind.__name__} within {limit} s: {self.reports}"
        return found[0]

    def release(self, plan: TaskPlan) -> None:
        self.runtime.release(plan)
        self.until(Released)


def environment(**variables: str) -> list[dict[str, str]]:
    return [{"name": f"KECS_SIM_{name}", "value": value} for name, value in variables.items()]


def output(simulation: Simulation, plan: TaskPlan, container: str = "app", **options: Any) -> list[str]:
    async def read() -> list[str]:
        return [line.text async for line in simulation.runtime.logs(plan.arn, container, **options)]

    return asyncio.run(read())
