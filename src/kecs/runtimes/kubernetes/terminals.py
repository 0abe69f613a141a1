"""Commands that ECS Exec runs in containers of pods: an exec of the API server's, on a WebSocket with five channels.

Kubernetes has no way to end such a command, and most engines keep it when the connection closes. So whatever still runs
by then is hung up on from inside the container (`hanging_up`). Nor has it a way to give the command variables or
another user: a shell of the container's gives it variables, and it runs as the user that the container runs as.
https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.20/#execaction-v1-core
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import aiohttp

from kecs.ports.terminal import SessionRefused
from kecs.runtimes.hanging_up import ENVIRONMENT, hang_up, new_mark
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError
from kecs.runtimes.kubernetes.places import Place

PROTOCOL = "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, STATUS, RESIZE = range(5)  # the first byte of a message

_HEARTBEAT = 30.0  # seconds between signs of life, for what stands between and cuts silent connections
_LARGEST = 16 * 1024 * 1024  # bytes of a message
_PATIENCE = 5.0  # seconds that KECS takes for hanging up when it stops, and a container for saying that it has a shell
_LOOKS = 40  # for a command that has shown nothing, and may have yet to begin
_NOT_THERE = 127  # exit code of what could not be run
_LOST = (aiohttp.ClientError, OSError, RuntimeError)  # RuntimeError: aiohttp's for a connection that is closed


class Terminals:
    """The commands that run in the containers of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        """Needs a running event loop."""
        self._cluster = cluster
        self._tls = cluster.tls()
        self._http = aiohttp.ClientSession(trust_env=True)
        self._hanging_up: set[asyncio.Task[None]] = set()

    async def open(self, place: Place, command: Sequence[str]) -> KubernetesTerminal:
        """Run a command at a terminal in the container. Raises SessionRefused."""
        try:
            mark = new_mark() if await self._run(place, ["sh", "-c", ":"]) == 0 else None
            around = _with_variables(ENVIRONMENT | mark) if mark else []
            socket = await self._connected(place, [*around, *command], terminal=True)
        except ClusterError as error:
            raise SessionRefused(error.message) from error
        except (*_LOST, TimeoutError) as error:
            raise SessionRefused(str(error) or type(error).__name__) from error
        return KubernetesTerminal(socket, partial(self._lost, place, mark))

    async def close(self) -> None:
        """Return when everybody knows who has been hung up on, or the cluster takes too long."""
        if self._hanging_up:
            await asyncio.wait(self._hanging_up, timeout=_PATIENCE)
        await self._http.close()

    def _lost(self, place: Place, mark: dict[str, str] | None, begun: bool) -> None:
        """Nobody sits at the terminal of a command that still runs. Where a container has no shell nothing can be
        done."""
        if mark is None:
            return
        work = self._hang_up(place, hang_up(mark, 1 if begun else _LOOKS))
        task = asyncio.get_running_loop().create_task(work)
        self._hanging_up.add(task)
        task.add_done_callback(self._hanging_up.discard)

    async def _hang_up(self, place: Place, command: list[str]) -> None:
        """A container that is gone has done it."""
        with contextlib.suppress(ClusterError, TimeoutError, *_LOST):
            await self._run(place, command)

    async def _run(self, place: Place, command: list[str]) -> int:
        """Run a command that says nothing; its exit code."""
        async with asyncio.timeout(_PATIENCE * 2):
            terminal = KubernetesTerminal(await self._connected(place, command, terminal=False), lambda _: None)
            try:
                while await terminal.read():
                    pass
                return await terminal.exit_code()
            finally:
                await terminal.close()

    async def _connected(self, place: Place, command: list[str], *, terminal: bool) -> aiohttp.ClientWebSocketResponse:
        """Raises ClusterError, aiohttp.ClientError."""
        query = [("container", place.container), *(("command", word) for word in command), ("stdout", "true")]
        query += [("stdin", "true"), ("tty", "true")] if terminal else [("stderr", "true")]
        self._cluster.calls["exec pods"] += 1
        try:
            return await self._http.ws_connect(
                f"{self._cluster.url.rstrip('/')}/api/v1/namespaces/{place.namespace}/pods/{place.pod}/exec",
                params=query,
                protocols=(PROTOCOL,),
                headers=await self._cluster.headers(),
                ssl=self._tls or True,
                heartbeat=_HEARTBEAT,
                max_msg_size=_LARGEST,
            )
        except aiohttp.WSServerHandshakeError as error:
            raise ClusterError(error.status, "", _refusal(place, error.status)) from error


class KubernetesTerminal:
    """See ports.terminal.Terminal."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, lost: Callable[[bool], None]) -> None:
        """`lost` sees to a command that runs on when this is closed; it is told whether anything was shown."""
        self._socket = socket
        self._lost = lost
        self._shown = False
        self._over = False
        self._code: int | None = None  # once it has ended

    async def read(self) -> bytes:
        while not self._over:
            try:
                message = await self._socket.receive()
            except _LOST:
                break
            if message.type is not aiohttp.WSMsgType.BINARY:
                break
            channel, data = message.data[0], message.data[1:]
            if channel == STATUS:
                self._over = True
                self._code, data = outcome(data)
            if data:
                self._shown = True
                return bytes(data)
        self._over = True
        return b""

    async def write(self, data: bytes) -> None:
        await self._send(STDIN, data)

    async def resize(self, columns: int, rows: int) -> None:
        await self._send(RESIZE, json.dumps({"Width": columns, "Height": rows}).encode())

    async def exit_code(self) -> int:
        return _NOT_THERE if self._code is None else self._code

    async def close(self) -> None:
        with contextlib.suppress(*_LOST):
            await self._socket.close()
        if self._code is None:
            self._lost(self._shown)

    async def _send(self, channel: int, data: bytes) -> None:
        with contextlib.suppress(*_LOST):
            await self._socket.send_bytes(bytes([channel]) + data)


def outcome(status: bytes) -> tuple[int, bytes]:
    """How the command ended, by the Status object of the last channel: its exit code, and what is to be shown where it
    could not be run at all."""
    said: dict[str, Any] = json.loads(status)
    if said.get("status") == "Success":
        return 0, b""
    causes = (said.get("details") or {}).get("causes") or []
    codes = [cause.get("message", "") for cause in causes if cause.get("reason") == "ExitCode"]
    if codes and codes[0].isdecimal():
        return int(codes[0]), b""
    return _NOT_THERE, f"{said.get('message') or 'the command could not be run'}\r\n".encode()


def _with_variables(variables: dict[str, str]) -> list[str]:
    """What comes before a command that is to have these variables."""
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return ["sh", "-c", f'export {given}; exec "$@"', "sh"]


def _refusal(place: Place, status: int) -> str:
    reasons = {
        401: "the Kubernetes API server does not know who asks",
        403: "KECS may not run commands in pods: the right to pods/exec is missing",
        404: f"pod {place.pod} is gone",
    }
    return reasons.get(status, f"container {place.container} of pod {place.pod} runs no command (status {status})")
