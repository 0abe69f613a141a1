"""The protocol behind the fault injection endpoints of a task: what a runtime can do to the task's own network.

`endpoints.inside.fault_injection` asks, each runtime that can do it implements it (see `ports.inside.Insight`).
"""

from __future__ import annotations

from typing import Protocol

from kecs.core.inside.network_faults import Fault


class Unsupported(Exception):
    """Such a fault cannot be had here; the text says why, in one line."""


class InjectionFailed(Exception):
    """It should have been possible; the text says what has been in the way."""


class Injector(Protocol):
    """Faults of the networks of tasks. What runs is known to the network alone, so it outlives KECS and ends with the
    task. Everything may raise Unsupported and InjectionFailed."""

    async def running(self, task: str) -> frozenset[str]:
        """The names of the faults that run in the task's network."""

    async def start(self, task: str, fault: Fault, unless: frozenset[str]) -> frozenset[str]:
        """Bring the fault about, unless one of these names runs; gives the names that ran before. Whatever it strikes,
        the task still reaches KECS."""

    async def stop(self, task: str, name: str) -> None:
        """End the fault of this name, if it runs."""
