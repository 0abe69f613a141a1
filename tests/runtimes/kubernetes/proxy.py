"""A way to the API server that can be closed, for tests of what happens while it is away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import yaml


class Proxy:
    """Leads connections on to the API server that a kubeconfig names."""

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port
        self._pairs: set[asyncio.Task[None]] = set()
        self._open = True

    def cut(self) -> None:
        """Close every connection; new ones are led on."""
        for pair in self._pairs:
            pair.cancel()

    def close(self) -> None:
        """From here on nobody answers."""
        self._open = False
        self.cut()

    def reopen(self) -> None:
        self._open = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pairs.add(task)
        try:
            if self._open:
                there, back = await asyncio.open_connection(*self._there)
                with contextlib.closing(back):
                    await asyncio.gather(_pump(reader, back), _pump(there, writer))
        except (asyncio.CancelledError, OSError):
            pass
        finally:
            self._pairs.discard(task)
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def proxied(kubeconfig: Path, copy: Path) -> AsyncIterator[Proxy]:
    """A proxy, and in `copy` the kubeconfig by which it is used."""
    proxy = Proxy(*_server(kubeconfig))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    _write(kubeconfig, copy, server.sockets[0].getsockname()[1])
    yield proxy
    server.close()
    proxy.close()


def _server(kubeconfig: Path) -> tuple[str, int]:
    url = urlsplit(yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"])
    return url.hostname or "", url.port or 443


def _write(kubeconfig: Path, copy: Path, port: int) -> None:
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    copy.write_text(yaml.safe_dump(config))
