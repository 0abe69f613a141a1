"""Where the demo takes place: what it needs beside the ECS API, on whichever runtime."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from kecs.cli.demo.ecs import Ecs

SHELL_JOB = 'echo "Hello, $WHOM!"; exit $CODE'


class DemoImage(NamedTuple):
    """An image and how its containers are told what to do."""

    name: str
    origin: str  # for people: where it comes from
    serve: list[str]  # commands; an empty one is the image's own
    job: list[str]
    check: list[str]  # of the health check
    environment: dict[str, str]


class Stage(Protocol):
    """A runtime seen from the demo. Everything raises DemoFailed."""

    def image(self) -> DemoImage:
        """The image to run, which exists then."""

    def kill(self, ecs: Ecs, cluster: str, task: dict[str, Any]) -> None:
        """Let a task (as DescribeTasks has it) die."""

    def check_nothing_left(self) -> None:
        """KECS has stopped: see that its containers are gone."""


class SimulatedStage:
    """Nothing has to exist: a simulated container answers HTTP by itself, and stays a moment when it is stopped."""

    def image(self) -> DemoImage:
        times = {"KECS_SIM_START_SECONDS": "0.5", "KECS_SIM_STOP_SECONDS": "1"}
        return DemoImage("kecs-demo", "simulated", [], ["sh", "-c", SHELL_JOB], ["CMD-SHELL", "true"], times)

    def kill(self, ecs: Ecs, cluster: str, task: dict[str, Any]) -> None:
        """There is no process to kill, so the API does it."""
        ecs.call("StopTask", cluster=cluster, task=task["taskArn"], reason="Killed by the demo")

    def check_nothing_left(self) -> None:
        """Simulated containers are gone with the process."""
