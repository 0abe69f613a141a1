"""Functions that stand for images: what the simulated runtime gives such a function, and what it expects of it.

`testing` makes a `Program` of a test's function and hands it to `app.functions`; `runtimes.simulated.functions` calls
it, once for each run of a container, in a thread of that run's own.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

from kecs.aws.model import ecs as m
from kecs.core.records import Health
from kecs.core.tasks.plan import TaskPlan

Stream = Literal["stdout", "stderr"]


class Killed(SystemExit):
    """The container is over, whatever its function still does. Passes `except Exception`, as a signal would."""


class NotAtRest(Exception):
    """Time cannot move on: a function neither waits on KECS's clock nor ends. The text says which."""


class Process(Protocol):
    """One run of a container. Its methods may be called in the threads that the runtime made for the run: the one in
    which its `Program` was called, and those of its connections. All of them raise Killed once the container is over.
    """

    plan: TaskPlan
    definition: m.ContainerDefinition
    environment: Mapping[str, str]
    address: str | None  # of the task

    def now(self) -> float:
        """Seconds since the epoch, on KECS's clock."""

    def sleep(self, seconds: float | None) -> bool:
        """Let time pass: so many seconds of KECS's clock, None: for ever. SIGTERM ends the sleep of the program's own
        thread; True, once, when that is so or SIGTERM came before and nobody has asked for it."""

    def terminated(self) -> bool:
        """Whether SIGTERM has come."""

    def write(self, stream: Stream, text: str) -> None:
        """Add to the container's output; it is kept line by line."""

    def set_health(self, status: Health) -> None:
        """What its health check, if it has one, finds from now on."""

    def listen(self, port: int, connected: Callable[[socket.socket], None]) -> Callable[[], None]:
        """Call `connected` with each connection to the container's port, in a thread of its own; how to end that.

        Raises OSError when the port cannot be had.
        """

    def answering(self) -> AbstractContextManager[None]:
        """Around the answer to a request, in the thread of its connection. Whoever is waited for here may be waiting
        for this answer, so its turn comes at once."""


Program = Callable[[Process], Any]
"""What it returns is the exit code, None is 0; SystemExit is as for a Python program, any other exception is 1."""
