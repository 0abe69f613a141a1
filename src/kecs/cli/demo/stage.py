"""Where the demo takes place: what it needs beside the ECS API, on whichever runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

from kecs.cli.demo import program
from kecs.cli.demo.ecs import Ecs
from kecs.cli.demo.traffic import Target, over_http

SECONDS = 60.0  # how long any step may take before the demo gives up
SHELL_JOB = 'echo "Hello, $WHOM!"; exit $CODE'

_SERVE = """\
if command -v python3 >/dev/null; then exec python3 -c "$PROGRAM" serve; fi
mkdir -p /www; echo "definition=$VERSION" >/www/index.html
trap 'sleep 2; kill $!; exit 0' TERM
httpd -f -p 8080 -h /www & wait $!"""
_CHECK = 'wget -q -O /dev/null http://127.0.0.1:8080/ || python3 -c "$PROGRAM" check'


class DemoImage(NamedTuple):
    """An image and how its containers are told what to do."""

    name: str
    origin: str  # for people: where it comes from
    serve: list[str]  # commands; an empty one is the image's own
    job: list[str]
    check: list[str]  # of the health check
    environment: dict[str, str]


def with_shell(name: str, origin: str) -> DemoImage:
    """An image that has a shell, and Python or busybox's httpd."""
    environment = {"PROGRAM": Path(program.__file__).read_text()}
    return DemoImage(name, origin, ["sh", "-c", _SERVE], ["sh", "-c", SHELL_JOB], ["CMD-SHELL", _CHECK], environment)


class Stage(Protocol):
    """A runtime seen from the demo. Everything raises DemoFailed."""

    seconds: float  # how long any step may take

    def ask(self, target: Target) -> tuple[int, str]:
        """Status and body of what a task answers. Raises OSError and http.client.HTTPException as well."""

    def image(self) -> DemoImage:
        """The image to run, which exists then."""

    def kill(self, ecs: Ecs, cluster: str, task: dict[str, Any]) -> None:
        """Let a task (as DescribeTasks has it) die."""

    def check_nothing_left(self) -> None:
        """KECS has stopped: see that its containers are gone."""


class SimulatedStage:
    """Nothing has to exist: a simulated container answers HTTP by itself, and stays a moment when it is stopped."""

    seconds = SECONDS
    ask = staticmethod(over_http)

    def image(self) -> DemoImage:
        times = {"KECS_SIM_START_SECONDS": "0.5", "KECS_SIM_STOP_SECONDS": "1"}
        return DemoImage("kecs-demo", "simulated", [], ["sh", "-c", SHELL_JOB], ["CMD-SHELL", "true"], times)

    def kill(self, ecs: Ecs, cluster: str, task: dict[str, Any]) -> None:
        """There is no process to kill, so the API does it."""
        ecs.call("StopTask", cluster=cluster, task=task["taskArn"], reason="Killed by the demo")

    def check_nothing_left(self) -> None:
        """Simulated containers are gone with the process."""
