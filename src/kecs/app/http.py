"""The HTTP server: GatewayProtocol in front, uvicorn behind it for what is handed over."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from kecs.gateway.endpoint import Endpoint
from kecs.gateway.outbox import Outbox
from kecs.gateway.protocol import MALFORMED, GatewayProtocol, on_the_wire

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState

    from kecs.gateway.http import App
    from kecs.ports.companion import Around

GRACE = 1.0  # seconds that open answers get when KECS stops; streams would never end by themselves
BACKLOG = 2048  # connections
MOST_MESSAGE = 1024 * 1024  # bytes of a WebSocket's message; those of clients of ECS Exec have about one KiB


class HttpServer:
    """Everything that listens on KECS's port."""

    def __init__(
        self,
        endpoint: Endpoint,
        admin: Callable[[], App],
        request_id: Callable[[], str],
        host: str | None = None,
        around: Around | None = None,
        sessions: Callable[[], App] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._around = around
        self._sessions = sessions
        self._request_id = request_id
        self._host = host
        self._admin = admin
        self.inside: dict[str, Callable[[], App]] = {}  # see gateway.http.Inside; to be filled by whoever has some
        self._open: set[GatewayProtocol] = set()
        self._outbox: Outbox
        self._uvicorn: tuple[Config, ServerState] | None = None  # imported with the first connection it gets
        self._is_over = False

    @contextlib.asynccontextmanager
    async def listening(self, listener: socket.socket) -> AsyncIterator[None]:
        """Answer on the listener for as long as the context lasts."""
        loop = asyncio.get_running_loop()
        self._outbox = Outbox(loop.call_soon)
        server = await loop.create_server(self.connection, sock=listener, backlog=BACKLOG)
        try:
            yield
        finally:
            server.close()
            await self._close()

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._open) + (len(self._uvicorn[1].connections) if self._uvicorn else 0)

    def connection(self) -> asyncio.Protocol:
        """The protocol of one more connection, wherever it comes in. Containers may still come while KECS stops."""
        if self._is_over:
            return _TooLate()
        return GatewayProtocol(
            self._endpoint,
            self._request_id,
            self._hand_over,
            self._outbox,
            self._open,
            self._host,
            accompanied=self._around is not None,
        )

    def _hand_over(self, transport: asyncio.Transport, data: bytes) -> None:
        """Let uvicorn go on with this connection."""
        config, state = self._uvicorn or self._load_uvicorn()
        protocol = config.http_protocol_class(config=config, server_state=state, app_state={})  # type: ignore[call-arg]
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(data)

    def _load_uvicorn(self) -> tuple[Config, ServerState]:
        import uvicorn
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
        from uvicorn.server import ServerState

        from kecs.gateway.http import TRANSPORT, HttpApp

        malformed = functools.partial(on_the_wire, MALFORMED, keep_alive=False)
        request_id = self._request_id

        class HandedOver(HttpToolsProtocol):
            """uvicorn's protocol, which answers what is no HTTP as GatewayProtocol does."""

            def on_message_begin(self) -> None:
                super().on_message_begin()
                self.scope["extensions"] = {TRANSPORT: {"of": self.transport}}

            def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's signature
                self.transport.write(malformed(request_id()))
                self.transport.close()

        config = uvicorn.Config(
            HttpApp(
                self._endpoint,
                self._admin,
                self._request_id,
                self._host,
                self._around,
                self._sessions,
                self.inside,
            ),
            http=HandedOver,
            loop="none",
            ws="none",
            ws_max_size=MOST_MESSAGE,
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        config.load()
        config.ws_protocol_class = _websocket  # type: ignore[assignment]  # it is called like the class
        self._uvicorn = (config, ServerState())
        return self._uvicorn

    async def _close(self) -> None:
        self._is_over = True
        for connection in list(self._open):
            connection.close()
        if self._uvicorn is None:
            return
        state = self._uvicorn[1]
        for handed_over in list(state.connections):
            handed_over.shutdown()  # once its answer is complete
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=GRACE)
        for streaming in list(state.connections):
            streaming.transport.abort()  # which ends the stream, as a reader that goes away does
        if state.tasks:
            _, late = await asyncio.wait(state.tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class _TooLate(asyncio.Protocol):
    """Of a connection that nobody would close any more."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.abort()  # type: ignore[attr-defined]  # of a socket


def _websocket(**arguments: Any) -> asyncio.Protocol:
    """uvicorn's protocol of WebSockets, imported with the first of them."""
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

    return WSProtocol(**arguments)
