"""KECS's side of moto's process: starts it with the first request, starts it again when it has died, ends it.

`around` asks it for a session of HTTP. The socket between the two is made here and listens before the process runs, so
a request waits in it for as long as moto takes to be imported. A process that dies is noticed at once, by a pipe that
only it holds open; the next request starts another.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import msgspec

from kecs.companions.moto.wire import CONTROL
from kecs.core.arns import Scope
from kecs.core.tasks.interfaces import Interface

if TYPE_CHECKING:
    from aiohttp import ClientSession

log = logging.getLogger(__name__)

EXTRA = "The service {} is played by moto, which needs KECS's extra aws: pip install 'kecs[aws]'."
_BACKLOG = 512  # connections
_END = 5.0  # seconds that it gets to end by itself
_DIES = 2.0  # seconds; it has much to give back
_LAST_WORDS = 4000  # bytes of what it has written


class MotoMissing(Exception):
    """moto is not installed."""


class Death(NamedTuple):
    """A process that has ended by itself."""

    at: float  # seconds since the epoch
    status: int  # what it ended with; below 0, the signal
    said: str  # the end of what it has written


class MotoProcess:
    """At most one process at a time."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint`: where this KECS answers, for what moto itself asks of AWS."""
        self._endpoint = endpoint
        self._starting = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._session: ClientSession | None = None
        self._said: IO[bytes]
        self._directory: Path
        self._alive: int  # a pipe that ends with the process
        self._noticing: asyncio.Task[None] | None = None
        self._deaths = 0
        self._last: Death | None = None
        self._telling = asyncio.Lock()
        self._told: Mapping[Scope, list[Interface]] = {}
        self._closed = False

    @property
    def running(self) -> bool:
        return self._process is not None

    def shown(self) -> dict[str, Any]:
        """`running`, `pid`, `deaths` (how often it has ended by itself) and the `last` of these, for people."""
        process = self._process
        return {
            "running": process is not None,
            "pid": None if process is None else process.pid,
            "deaths": self._deaths,
            "last": None if self._last is None else self._last._asdict(),
        }

    async def session(self) -> ClientSession:
        """Connections to a process that runs. Raises MotoMissing, and OSError when there can be none."""
        async with self._starting:
            if self._closed:
                raise ConnectionAbortedError("KECS is stopping")
            if self._process is not None and self._process.poll() is not None:
                await self._died()
            if self._process is None or self._session is None:
                await self._start()
            assert self._session is not None
            return self._session

    async def ended(self) -> None:
        """Return when a process has ended that has just ceased to listen: `session` then starts another."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # it is another already
                await asyncio.to_thread(self._process.wait, _DIES)

    async def reset(self) -> None:
        """Have it forget everything, if it runs."""
        if self.running:
            await self._control("reset", b"")

    async def tell(self, interfaces: Mapping[Scope, list[Interface]]) -> None:
        """Have its EC2 show these network interfaces; nothing happens where it does already."""
        async with self._telling:
            await self.session()  # a new one knows nothing yet
            changed = {
                scope: interfaces.get(scope, [])
                for scope in {*interfaces, *self._told}
                if interfaces.get(scope, []) != self._told.get(scope, [])
            }
            if changed:
                told = [{**scope._asdict(), "interfaces": there} for scope, there in changed.items()]
                await self._control("interfaces", msgspec.json.encode(told))
                self._told = dict(interfaces)

    async def _control(self, what: str, body: bytes) -> None:
        session = await self.session()
        if what == "reset":
            self._told = {}
        async with session.post("http://moto/", headers={CONTROL: what}, data=body) as answer:
            answer.raise_for_status()

    async def close(self) -> None:
        async with self._starting:
            self._closed = True
            await self._end()
        if self._noticing is not None:
            await self._noticing

    async def _start(self) -> None:
        if importlib.util.find_spec("moto") is None:
            raise MotoMissing
        self._told = {}
        process = self._process = await asyncio.to_thread(self._spawned)
        asyncio.get_running_loop().add_reader(self._alive, self._ceased, process)
        aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(self._directory / "moto"), limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def _spawned(self) -> subprocess.Popen[bytes]:
        self._directory = Path(tempfile.mkdtemp(prefix="kecs-moto-"))  # only this user may enter it
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # open for as long as the process runs
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._directory / "moto"))
            listener.listen(_BACKLOG)
            self._alive, held = os.pipe()
            with os.fdopen(held):
                return subprocess.Popen(
                    [sys.executable, "-P", "-m", "kecs.companions.moto", str(listener.fileno())],
                    env=_environment(self._endpoint),
                    stdin=subprocess.PIPE,  # whose end tells it that KECS has ended
                    stdout=self._said,
                    stderr=self._said,
                    pass_fds=[listener.fileno(), held],
                    start_new_session=True,  # an interrupt at the terminal is for KECS
                )

    def _ceased(self, process: subprocess.Popen[bytes]) -> None:
        """The pipe has ended: the process has, or is about to."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._alive)
        self._noticing = loop.create_task(self._notice(process))

    async def _notice(self, process: subprocess.Popen[bytes]) -> None:
        async with self._starting:
            if self._process is process:
                await self.ended()
                if process.poll() is not None:
                    await self._died()

    async def _died(self) -> None:
        assert self._process is not None
        self._said.seek(0)
        said = self._said.read()[-_LAST_WORDS:].decode(errors="replace")
        status = self._process.returncode
        self._deaths, self._last = self._deaths + 1, Death(time.time(), status, said)
        log.warning("moto has ended with status %s; what it held is lost. It said: %s", status, said)
        await self._end()

    async def _end(self) -> None:
        process, session, self._process, self._session = self._process, self._session, None, None
        if session is not None:
            await session.close()
        if process is None:
            return
        asyncio.get_running_loop().remove_reader(self._alive)
        os.close(self._alive)
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            await asyncio.to_thread(process.wait, _END)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
        self._said.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def _environment(endpoint: str) -> dict[str, str]:
    """This process's, without what would send moto to somebody's real account."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KECS_"))}
    return {
        **inherited,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "kecs",
        "AWS_SECRET_ACCESS_KEY": "kecs",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MOTO_ALLOW_NONEXISTENT_REGION": "true",  # KECS takes any
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",  # AmazonECSTaskExecutionRolePolicy is one
    }
