"""The protocols between a session of ECS Exec and the command that it runs in a container.

`endpoints.sessions` asks for a terminal with a session's id and token; `app` finds the container and has the runtime
run the command there.
"""

from __future__ import annotations

from typing import Protocol


class SessionRefused(Exception):
    """There is no such session, its token is another one, it has a client already, or its container is gone."""


class Terminal(Protocol):
    """A command that runs in a container, at a pseudo terminal."""

    async def read(self) -> bytes:
        """What it shows next, as it comes; b"" when the command has ended."""

    async def write(self, data: bytes) -> None:
        """Type this; returns when there is room for more. Let go of when the command has ended."""

    async def resize(self, columns: int, rows: int) -> None:
        """The window has this size from now on."""

    async def exit_code(self) -> int:
        """How the command ended; only after `read` has given b""."""

    async def close(self) -> None:
        """Hang up: a command that still runs loses its terminal."""


class Terminals(Protocol):
    """Sessions that wait for their clients."""

    async def open(self, session: str, token: str) -> Terminal:
        """Begin the session, which can be done once. Raises SessionRefused."""
