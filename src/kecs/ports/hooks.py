"""The protocol between KECS and what runs the lifecycle hooks of deployments.

`control.services.hooks` calls it once the record that waits for the answer is durable. A call returns at once; what
comes of it is reported later, on the event loop's thread and exactly once. After a restart calls that were not answered
are made again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kecs.core.deployments.hooks import HookAnswer, HookCall

Report = Callable[[HookAnswer], None]


class Hooks(Protocol):
    """Lambda functions, or what stands in for them."""

    def connect(self, report: Report) -> None:
        """Where answers go."""

    def call(self, call: HookCall) -> None:
        """Call the hook. An error and a call that takes too long are answers too."""
