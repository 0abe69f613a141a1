"""Output of simulated containers on its way to CloudWatch Logs. Loaded with the first container that has such."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.clock import Clock
from kecs.ports.logs import Intake, NoOutlet, Outlet
from kecs.runtimes.simulated.output import Output


def opened(
    intake: Intake, plan: TaskPlan, definition: m.ContainerDefinition, source: str, output: Output, clock: Clock
) -> tuple[Outlet | None, str | None]:
    """The way of the container's output, or why there is none. Lines are taken up when somebody reads or the container
    ends, as everywhere in this runtime."""
    try:
        to = intake.wanted(plan, definition)
        if to is None:
            return None, None
        intake.prepare(to, source, plan.launch_type)
        return intake.outlet(to, source, lambda: output.take_up(clock.now())), None
    except NoOutlet as error:
        return None, str(error)
