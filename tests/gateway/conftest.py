"""What tests of the gateway share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop
from tests.gateway.connections import Gateway, serving


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    """uvloop is what KECS runs on; asyncio's own loop is what a test or an embedding program may bring."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    before = asyncio.all_tasks()
    async with serving() as gateway:
        yield gateway
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, left
