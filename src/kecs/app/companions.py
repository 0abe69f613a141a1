"""The companions of one KECS: who answers for the services around ECS, made when they are first needed.

`server` makes one of these; connections and control loops ask it for what they need.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from kecs.companions.choice import MOTO, NONE
from kecs.core.inside.names import Names
from kecs.core.settings import Settings
from kecs.ports.companion import Addressed
from kecs.ports.store import Store

if TYPE_CHECKING:
    from kecs.companions.around import Passing
    from kecs.companions.calls import OwnCalls
    from kecs.companions.choice import Choice


class Companions:
    """See ports.companion.Around and Shown; `calls` is a ports.companion.Companion."""

    def __init__(self, choice: Choice, settings: Settings, store: Store, names: Names) -> None:
        self._choice = choice
        self._names = names
        self._store = store
        self._settings = settings

    @cached_property
    def _passing(self) -> Passing:
        from kecs.companions.around import Passing
        from kecs.core.inside.credentials import identity_in
        from kecs.core.tasks.interfaces import interfaces_of

        told = self._settings
        return Passing(
            self._choice,
            told.account,
            told.region,
            told.endpoint,
            interfaces=lambda: interfaces_of(self._store.tasks),
            identify=partial(identity_in, self._names),
        )

    @cached_property
    def calls(self) -> OwnCalls:
        from kecs.companions.calls import OwnCalls

        return OwnCalls(self._settings.endpoint)

    def holds(self, service: str) -> bool:
        """Whether there may be anything of the service's: somebody has asked for one before, or it is elsewhere."""
        known = "_passing" in vars(self) or self._choice.of(service) not in (MOTO, NONE)
        return known and self.has(service) and not self.empty(service)

    def has(self, service: str) -> bool:
        return self._passing.has(service)

    def empty(self, service: str) -> bool:
        return self._passing.empty(service)

    async def pass_on(self, to: Addressed, scope: Any, receive: Any, send: Any) -> None:
        await self._passing.pass_on(to, scope, receive, send)

    def shown(self) -> dict[str, Any]:
        return self._passing.shown()

    async def reset(self) -> None:
        """Have them forget everything."""
        if "_passing" in vars(self):
            await self._passing.reset()

    async def close(self) -> None:
        if "calls" in vars(self):
            self.calls.close()
        if "_passing" in vars(self):
            await self._passing.close()
