"""Output of a real pod while the connections to the API server are cut again and again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from tests.runtimes.conformance.harness import PATIENCE, RealHarness
from tests.runtimes.conformance.test_logs import connect, container, kept, lines
from tests.runtimes.plans import SCOPE, make_plan

from kecs.core.logs.records import LogGroup
from kecs.core.tasks.reports import Exited
from kecs.store.logs import SqliteLogs

pytestmark = pytest.mark.kubernetes

COMMAND = "for number in $(seq 300); do echo $number; usleep 10000; done; exec sleep 600"


class Wire:
    """What lies between KECS and the API server."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._ends: set[asyncio.StreamWriter] = set()
        self.cuts = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(*self._to)
            self._ends |= {writer, back}
            await asyncio.gather(_copy(reader, back), _copy(there, writer))

    def cut(self) -> None:
        self.cuts += len(self._ends)
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _config() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(os.environ["KECS_TEST_KUBECONFIG"]).read_text()))


@pytest.fixture
async def wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """The only way from here to the cluster for tests."""
    config = _config()
    (cluster,) = config["clusters"]
    url = urlsplit(cluster["cluster"]["server"])
    wire = Wire(url.hostname or "", url.port or 443)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    cluster["cluster"]["server"] = f"{url.scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KECS_TEST_KUBECONFIG", str(kubeconfig))
    yield wire
    server.close()
    wire.cut()


async def test_each_line_comes_once_however_often_connections_are_cut(wire: Wire) -> None:
    store = SqliteLogs(None)
    store.create_group(LogGroup(id=0, **SCOPE._asdict(), name="/shop", created=0))
    plan = make_plan(container(COMMAND) | {"stopTimeout": 1})
    async with RealHarness("kubernetes", f"cut-{secrets.token_hex(4)}") as harness, asyncio.timeout(PATIENCE * 2):
        connect(harness, store)
        await harness.run(plan)
        while (read := len(lines(store, plan))) < 250:
            wire.cut()
            await kept(store, plan, read + 20)
        await kept(store, plan, 300)
        harness.runtime.stop(plan, "app", 1)
        await harness.until(Exited, plan)
        await harness.release(plan)
        assert lines(store, plan) == [str(number) for number in range(1, 301)]
        assert wire.cuts > 10
    store.close()
