"""The protocol between KECS and what runs containers; `runtimes/` implements it, `control` calls it.

Commands in, reports out: a command returns at once and its outcome arrives as a report through the sink, on the event
loop's thread. So a runtime on a simulated clock needs no coroutine, and a slow daemon holds up nothing. Each command
is sent once; after a restart KECS first asks for the inventory and then sends only what is still missing.

The order in which containers start, dependencies, time-outs and what an exit means for the task are decided in
`core`, never here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from kecs.core.records import Record
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import ObservedTask, Report
from kecs.ports.metrics import Metrics
from kecs.ports.terminal import Terminal

if TYPE_CHECKING:
    from kecs.ports.inside import Insight
    from kecs.ports.logs import Intake

Sink = Callable[[Report], None]
GetIntake = Callable[[], "Intake"]


class RuntimeUnavailable(Exception):
    """The runtime cannot be used; the text says why and what to do, in one line."""


class RuntimeForbidden(RuntimeUnavailable):
    """It is there, but this user may not use it: whoever arranged for it wants to know, whatever else would do."""


class LogLine(Record):
    """A line of a container's output, without its line end."""

    at: float
    stream: str  # stdout | stderr
    text: str


class Capacity(Record):
    """What the machine behind a runtime offers to tasks of the EC2 launch type."""

    cpu: int  # CPU units, 1024 a core
    memory: int  # MiB
    architecture: str  # x86_64 | arm64


class Commands(Protocol):
    """What a runtime is asked to do for a task."""

    def refuses(self, plan: TaskPlan) -> bool:
        """Whether the task's secrets cannot be had here, whatever AWS says: `provision` fails, and nobody is asked."""

    def provision(self, plan: TaskPlan) -> None:
        """Make the task's network and volumes: Provisioned or Failed follows."""

    def pull(self, plan: TaskPlan, container: str) -> None:
        """Make the container's image available: Pulled or Failed follows."""

    def start(self, plan: TaskPlan, container: str) -> None:
        """Create and start the container: Started (then in time Exited) or Failed follows."""

    def restart(self, plan: TaskPlan, container: str) -> None:
        """Start the same container once more after it has exited: Started (then in time Exited) or Failed follows."""

    def stop(self, plan: TaskPlan, container: str, timeout: float) -> None:
        """Send the stop signal, after `timeout` seconds KILL: Exited follows. During a start also Failed may follow,
        for that; whether the container comes to run is the runtime's affair. Unknown containers are ignored."""

    def release(self, plan: TaskPlan) -> None:
        """Remove what is left of the task: Released follows, also when nothing was there."""


class Runtime(Commands, Metrics, Protocol):
    """Runs the containers of tasks, and measures them."""

    name: str  # simulated | docker | kubernetes
    intake: GetIntake | None  # for output of the log driver awslogs, which otherwise stays where it is

    async def open(self, sink: Sink) -> Capacity:
        """Connect, begin to send reports, and say what there is. Raises RuntimeUnavailable."""

    async def close(self) -> None:
        """Let go of everything held in this process; containers go on."""

    @property
    def trouble(self) -> str | None:
        """Why containers can be neither run nor watched at the moment, in one line; None when all is well."""

    async def inventory(self) -> list[ObservedTask]:
        """The tasks of this KECS instance that exist now. From here on their exits are reported too."""

    async def discard(self, tasks: Iterable[str] | None = None) -> None:
        """Remove these tasks' containers, networks and volumes, or those of every task of this instance."""

    def vacate(self, clusters: Sequence[str]) -> None:
        """These clusters (ARNs) are deleted and all their tasks are released: remove what those had in common, but for
        data, unless tasks of a new cluster of that name have it by then. After a restart it is told again of every one
        that there was. Nothing is reported."""

    def insight(self) -> Insight:
        """What it sees of its tasks, for whoever asks from inside; once for each KECS."""

    async def execute(self, task: str, container: str, command: Sequence[str]) -> Terminal:
        """Run one more command in a container, as root and at a terminal, whatever becomes of it. Raises
        SessionRefused."""

    def logs(
        self, task: str, container: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        """The container's output so far, oldest first; with `follow` also what comes, until it has exited."""
