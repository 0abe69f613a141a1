"""What the supervisor of a task asks of the runtime, and of load balancers; one method of their ports each."""

from __future__ import annotations

from kecs.core.records import Record
from kecs.core.records.targets import TargetRecord


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


class Register(Record):
    """Lead requests to the target."""

    target: TargetRecord
    address: str | None  # IPv4 at which it is reached, as far as that is known
    port: int  # there


class Deregister(Record):
    """Lead no more requests to the target."""

    target: TargetRecord


Command = Provision | Pull | Start | Restart | Stop | Release | Register | Deregister
