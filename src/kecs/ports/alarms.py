"""The protocol between KECS and what knows of CloudWatch alarms.

`control.services.staging` asks it about the alarms of deployments. Everything happens on the event loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from kecs.core.arns import Scope


class Alarms(Protocol):
    """The alarms of every account and region, by name."""

    def ringing(self, scope: Scope, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names whose alarms are in ALARM. An alarm that nobody knows is not."""

    def patience(self, scope: Scope, names: Iterable[str]) -> float:
        """Seconds that the slowest of these alarms needs to notice something; 0 when nobody knows them."""

    def subscribe(self, listener: Callable[[Scope, str], None]) -> None:
        """Have it told, from now on, of each alarm that changes its state."""
