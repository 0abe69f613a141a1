"""The protocol between KECS and what measures tasks. Runtimes implement it; `control.autoscaling` asks once a minute,
and only for services that scale by what their tasks use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from kecs.core.autoscaling.usage import Usage

Measured = Callable[[Mapping[str, Usage]], None]
"""Takes what each task uses, by ARN. A task that could not be measured is not there."""


class Metrics(Protocol):
    """Measures running tasks."""

    def measure(self, tasks: Sequence[str], then: Measured) -> None:
        """Call `then` once with what these tasks use, at once or later, on the event loop's thread.

        CPU is the average since they were measured last, so the first time it may not be known.
        """
