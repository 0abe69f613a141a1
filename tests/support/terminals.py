"""What commands of ECS Exec show, whichever runtime runs them."""

from __future__ import annotations

import asyncio

from kecs.ports.terminal import Terminal
from tests.support.patience import PATIENCE


async def shows(terminal: Terminal, text: str) -> None:
    """Wait until the terminal has shown this."""
    shown = b""
    async with asyncio.timeout(PATIENCE):
        while text not in shown.decode(errors="replace"):
            piece = await terminal.read()
            assert piece, shown
            shown += piece


async def is_gone(looking: Terminal) -> None:
    """Wait until no process in the container has been told what `until_gone` was."""
    await shows(looking, "it is gone")
    await looking.close()


def until_gone(name: str) -> tuple[str, ...]:
    """A command for `is_gone` that looks for this, in brackets so that the one that looks is none."""
    return "sh", "-c", f"while grep -q {name} /proc/[0-9]*/cmdline; do usleep 20000; done; echo it is gone"
