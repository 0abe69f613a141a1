"""Commands that ECS Exec runs in containers: an exec of Docker's with a terminal, its connection held open.

Docker has no way to end such a command, and keeps it and its terminal when the connection closes. So whatever still
runs by then is hung up on from inside the container, where a variable of its own tells it from others.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from typing import Any

import aiodocker
import aiohttp
from aiodocker.execs import Exec
from aiodocker.stream import Stream

from kecs.ports.terminal import SessionRefused
from kecs.runtimes.docker.engine import Engine, EngineError

# ECS Exec runs commands as root, whoever the container's own process is.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
_SETTINGS = {
    "AttachStdin": True,
    "AttachStdout": True,
    "AttachStderr": True,
    "Tty": True,
    "User": "0",
}
_ENVIRONMENT = ("TERM=xterm-256color", "LANG=C.UTF-8", "LC_ALL=C.UTF-8")
_MARK = "KECS_EXEC"  # the variable
# To whoever leads a session at a terminal; as it ends, the kernel tells those in its foreground. $5 is the session that
# the process belongs to, $6 its terminal: see proc(5) for what stands behind the name in brackets.
_HANG_UP = """
for process in /proc/[0-9]*; do
    grep -q "$1" "$process/environ" 2>/dev/null && read -r stat <"$process/stat" || continue
    set -- "$1" ${stat##*) }
    test "$5" = "${process#/proc/}" && test "$6" != 0 && kill -HUP "$5"
done
"""
_NOT_THERE = 127  # exit code where Docker does not know one: the program could not be run


class DockerTerminal:
    """See ports.terminal.Terminal."""

    def __init__(self, engine: Engine, container: str, mark: str, process: Exec, stream: Stream) -> None:
        """`mark`: the variable that the command has, with its value."""
        self._engine = engine
        self._container = container
        self._mark = mark
        self._process = process
        self._stream = stream
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
            await self._hang_up()

    async def _hang_up(self) -> None:
        """Where a container has no shell nobody can do it; a container that is gone has done it."""
        command = ["sh", "-c", _HANG_UP, "sh", self._mark]
        with contextlib.suppress(EngineError, aiodocker.DockerError, aiohttp.ClientError, OSError):
            made = await _made(self._engine, self._container, {"Cmd": command, "User": "0"})
            await made.start(detach=True)


async def open_terminal(engine: Engine, container: str, command: Sequence[str]) -> DockerTerminal:
    """Run a command at a terminal in the container of this Docker id. Raises SessionRefused."""
    mark = f"{_MARK}={uuid.uuid4().hex}"
    try:
        process = await _made(engine, container, {**_SETTINGS, "Cmd": list(command), "Env": [*_ENVIRONMENT, mark]})
        stream = process.start(detach=False)
        await stream.__aenter__()
    except EngineError as error:
        raise SessionRefused(error.message) from error
    except (aiodocker.DockerError, aiohttp.ClientError, OSError) as error:
        raise SessionRefused(str(error) or type(error).__name__) from error
    return DockerTerminal(engine, container, mark, process, stream)


async def _made(engine: Engine, container: str, settings: dict[str, Any]) -> Exec:
    """A process that has yet to be started. Raises EngineError."""
    made = await engine.call("POST", f"containers/{container}/exec", body=settings)
    return engine.exec(made["Id"], terminal=settings.get("Tty", False))
