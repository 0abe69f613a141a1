"""The protocol between a runtime and the listeners through which containers reach KECS; `endpoints` implements it.

KECS listens on the loopback interface of its machine, which is another one inside a container. So a runtime says in
which network a container is, and gets the URL to put into its environment.
"""

from __future__ import annotations

from typing import Protocol

from kecs.core.inside.names import Names


class TaskEndpoint(Protocol):
    """Where containers reach all that KECS answers, and by which names they ask for what is their own."""

    names: Names | None

    @property
    def url(self) -> str:
        """For containers in the machine's own network."""

    async def at(self, host: str) -> str:
        """For containers that see the machine as `host`: the gateway of their network (IPv4), or a name. KECS listens
        on it from then on, if the address is one of this machine's."""

    async def claim(self, host: str) -> str | None:
        """For containers that know the machine by `host`, and look for port 80 if they can: the URL there, with
        another port where somebody else has that or KECS may not have it. None when it is no address of this machine.
        """

    async def resume(self, url: str) -> None:
        """Listen again where containers that run were told that KECS is."""

    async def close(self) -> None:
        """Listen no longer."""
