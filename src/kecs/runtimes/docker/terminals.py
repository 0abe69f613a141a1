"""Commands that ECS Exec runs in containers: an exec of Docker's with a terminal, its connection held open."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

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
    "Env": ["TERM=xterm-256color", "LANG=C.UTF-8", "LC_ALL=C.UTF-8"],
}
_NOT_THERE = 127  # exit code where Docker does not know one: the program could not be run


class DockerTerminal:
    """See ports.terminal.Terminal."""

    def __init__(self, process: Exec, stream: Stream) -> None:
        self._process = process
        self._stream = stream

    async def read(self) -> bytes:
        try:
            message = await self._stream.read_out()
        except (aiodocker.DockerError, aiohttp.ClientError, OSError):
            return b""
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


async def open_terminal(engine: Engine, container: str, command: Sequence[str]) -> DockerTerminal:
    """Run a command at a terminal in the container of this Docker id. Raises SessionRefused."""
    try:
        made = await engine.call("POST", f"containers/{container}/exec", body={**_SETTINGS, "Cmd": list(command)})
        process = engine.exec(made["Id"])
        stream = process.start(detach=False)
        await stream.__aenter__()
    except EngineError as error:
        raise SessionRefused(error.message) from error
    except (aiodocker.DockerError, aiohttp.ClientError, OSError) as error:
        raise SessionRefused(str(error) or type(error).__name__) from error
    return DockerTerminal(process, stream)
