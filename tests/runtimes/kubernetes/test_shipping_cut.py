"""Output of a real pod while the connections to the API server are cut again and again."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtimes.conformance.harness import RealHarness
from tests.runtimes.conformance.test_logs import connect, container, kept, lines
from tests.runtimes.kubernetes.proxy import Proxy, proxied
from tests.runtimes.plans import SCOPE, make_plan
from tests.support.patience import PATIENCE

from kecs.core.logs.records import LogGroup
from kecs.core.tasks.reports import Exited
from kecs.store.logs import SqliteLogs

pytestmark = pytest.mark.kubernetes

COMMAND = "for number in $(seq 300); do echo $number; usleep 10000; done; exec sleep 600"


@pytest.fixture
async def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The only way from here to the cluster for tests."""
    async with proxied(Path(os.environ["KECS_TEST_KUBECONFIG"]), tmp_path / "kubeconfig") as proxy:
        monkeypatch.setenv("KECS_TEST_KUBECONFIG", str(tmp_path / "kubeconfig"))
        yield proxy


async def test_each_line_comes_once_however_often_connections_are_cut(proxy: Proxy) -> None:
    store = SqliteLogs(None)
    store.create_group(LogGroup(id=0, **SCOPE._asdict(), name="/shop", created=0))
    plan = make_plan(container(COMMAND) | {"stopTimeout": 1})
    async with RealHarness("kubernetes", f"cut-{secrets.token_hex(4)}") as harness, asyncio.timeout(PATIENCE):
        connect(harness, store)
        await harness.run(plan)
        while (read := len(lines(store, plan))) < 250:
            proxy.cut()
            await kept(store, plan, read + 20)
        await kept(store, plan, 300)
        harness.runtime.stop(plan, "app", 1)
        await harness.until(Exited, plan)
        await harness.release(plan)
        assert lines(store, plan) == [str(number) for number in range(1, 301)]
    store.close()
