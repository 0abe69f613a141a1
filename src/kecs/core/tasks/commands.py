"""What the supervisor of a task asks of the runtime; one method of ports.runtime.Runtime each."""

from __future__ import annotations

from kecs.core.records import Record


class Provision(Record):
    """Make the task's network and volumes."""


class Pull(Record):
    container: str


class Start(Record):
    container: str


class Restart(Record):
    """Start a container that has exited once more."""

    container: str


class Stop(Record):
    container: str
    timeout: float  # seconds between the stop signal and KILL


class Release(Record):
    """Remove everything the task holds."""


Command = Provision | Pull | Start | Restart | Stop | Release
