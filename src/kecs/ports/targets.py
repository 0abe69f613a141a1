"""The protocol between KECS and what leads requests to tasks as targets of load balancers.

The supervisor of a task calls it, `core.tasks.targets` says when. Calls return at once and may be repeated, also after
a restart, for all that is registered or draining then. Everything happens on the event loop's thread.
"""

from __future__ import annotations

from typing import Protocol

from kecs.core.tasks.commands import Deregister, Register
from kecs.ports.runtime import Sink


class Targets(Protocol):
    """Target groups and classic load balancers, as far as they are there."""

    def open(self, sink: Sink) -> None:
        """Begin to report; comes before anything else."""

    def register(self, task: str, command: Register) -> None:
        """Lead requests to this target of the task with that ARN, and check its health: TargetChanged follows with
        `healthy` or `unhealthy`, and whenever that changes. The target as it is now tells what is known of it."""

    def deregister(self, task: str, command: Deregister) -> None:
        """Lead no more requests to it: TargetChanged with `unused` follows when none is under way any more, also when
        nothing is known of the target. The task's containers are stopped only then."""
