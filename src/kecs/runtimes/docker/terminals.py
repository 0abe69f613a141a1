"""Commands that ECS Exec runs in containers: an exec of Docker's with a terminal, its connection held open.

Docker has no way to end such a command, and keeps it and its terminal when the connection closes. So whatever still
runs by then is hung up on from inside the container (`hanging_up`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import aiodocker
import aiohttp
from aiodocker.execs import Exec
from aiodocker.stream import Stream

from kecs.ports.terminal import SessionRefused
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.hanging_up import ENVIRONMENT, hang_up, new_mark

# ECS Exec runs commands as root, whoever the container's own process is.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
_SETTINGS = {
    "AttachStdin": True,
    "AttachStdout": True,
    "AttachStderr": True,
    "Tty": True,
    "User": "0",
}
_PATIENCE = 5.0  # seconds that KECS takes for it when it stops
_NOT_THERE = 127  # exit code where Docker does not know one: the program could not be run


class Terminals:
    """The commands that run in the containers of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hanging_up: set[asyncio.Task[None]] = set()

    async def open(self, container: str, command: Sequence[str]) -> DockerTerminal:
        """Run a command at a terminal in the container of this Docker id. Raises SessionRefused."""
        mark = new_mark()
        variables = [f"{name}={value}" for name, value in (ENVIRONMENT | mark).items()]
        settings = {**_SETTINGS, "Cmd": list(command), "Env": variables}
        try:
            process = await self._made(container, settings)
            stream = process.start(detach=False)
            await stream.__aenter__()
        except EngineError as error:
            raise SessionRefused(error.message) from error
        except (aiodocker.DockerError, aiohttp.ClientError, OSError) as error:
            raise SessionRefused(str(error) or type(error).__name__) from error
        return DockerTerminal(process, stream, partial(self._lost, process, container, mark))

    async def close(self) -> None:
        """Return when everybody knows who has been hung up on, or the engine takes too long."""
        if self._hanging_up:
            await asyncio.wait(self._hanging_up, timeout=_PATIENCE)

    def _lost(self, process: Exec, container: str, mark: dict[str, str]) -> None:
        """Nobody sits at the terminal of a command that still runs. No client has to wait until the command knows."""
        task = asyncio.get_running_loop().create_task(self._hang_up(process, container, mark))
        self._hanging_up.add(task)
        task.add_done_callback(self._hanging_up.discard)

    async def _hang_up(self, process: Exec, container: str, mark: dict[str, str]) -> None:
        """Where a container has no shell nobody can do it; a container that is gone has done it."""
        with contextlib.suppress(aiodocker.DockerError, aiohttp.ClientError, OSError):
            await process.resize(h=1, w=1)  # which waits until the command has begun
        with contextlib.suppress(EngineError, aiodocker.DockerError, aiohttp.ClientError, OSError):
            await (await self._made(container, {"Cmd": hang_up(mark), "User": "0"})).start(detach=True)

    async def _made(self, container: str, settings: dict[str, Any]) -> Exec:
        """A process that has yet to be started. Raises EngineError."""
        made = await self._engine.call("POST", f"containers/{container}/exec", body=settings)
        return self._engine.exec(made["Id"], terminal=settings.get("Tty", False))


class DockerTerminal:
    """See ports.terminal.Terminal."""

    def __init__(self, process: Exec, stream: Stream, lost: Callable[[], None]) -> None:
        """`lost` sees to a command that runs on when this is closed."""
        self._process = process
        self._stream = stream
        self._lost = lost
        self._ended = False

    async def read(self) -> bytes:
        try:
            message = await self._stream.read_out()
        except (aiodocker.DockerError, aiohttp.ClientError, OSError):
            return b""
        self._ended = message is None
        return b"" if message is None else message.data

    async def write(self, data: bytes) -> None:
        with contextlib.suppress(aiodocker.DockerError, aiohttp.ClientError, OSError, RuntimeError):
            await self._stream.write_in(data)

    async def resize(self, columns: int, rows: int) -> None:
        with contextlib.suppress(aiodocker.DockerError, aiohttp.ClientError, OSError):
            await self._process.resize(h=rows, w=columns)

    async def exit_code(self) -> int:
        try:
            code = (await self._process.inspect())["ExitCode"]
        except (aiodocker.DockerError, aiohttp.ClientError, OSError, LookupError):
            code = None
        return _NOT_THERE if code is None else int(code)

    async def close(self) -> None:
        with contextlib.suppress(aiodocker.DockerError, aiohttp.ClientError, OSError):
            await self._stream.close()
        if not self._ended:
            self._lost()
