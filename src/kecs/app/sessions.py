"""Sessions of ECS Exec, as their clients connect: the waiting record becomes a command that runs. `app.http` asks."""

from __future__ import annotations

import hmac
import shlex
from typing import TYPE_CHECKING

from kecs.ports.terminal import SessionRefused, Terminal

if TYPE_CHECKING:
    from kecs.app.kernel import Kernel


class StoredTerminals:
    """See ports.terminal.Terminals."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    async def open(self, session: str, token: str) -> Terminal:
        store = self._kernel.store
        record = store.sessions.get(session)
        if record is None or not hmac.compare_digest(record.token.encode(), token.encode()):
            raise SessionRefused("there is no such session, or it has had a client, or the token is another one")
        try:
            command = shlex.split(record.command)
        except ValueError as error:
            raise SessionRefused(f"the command cannot be read: {error}") from error
        with store.transaction():
            store.sessions.delete(session)
        store.flush()
        return await self._kernel.runtime.execute(record.task_arn, record.container, command)
