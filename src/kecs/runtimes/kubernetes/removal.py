"""Removing pods, and what may be asked for twice. Called by `gate` and `runtime`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

from lightkube.resources.core_v1 import Pod

from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError
from kecs.runtimes.kubernetes.seeing.observing import TaskPod

GONE_WITHIN = 30.0  # seconds that a pod may take to go; then its node does not answer


async def remove_pod(cluster: Cluster, known: TaskPod, name: str, home: str) -> None:
    """Remove it, and return when it is gone: at once where nothing of it runs. Raises ClusterError."""
    if known.gone:
        return
    if not known.all_over or known.pod is None:
        if not await there(cluster.delete(Pod, name, home, grace=1)):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GONE_WITHIN):
                await known.leaves.wait()
            return
    if await there(cluster.delete(Pod, name, home, grace=0)):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GONE_WITHIN):
                await known.leaves.wait()


async def there(asked: Awaitable[Any]) -> bool:
    """Whether there is such an object. Raises ClusterError."""
    try:
        await asked
    except ClusterError as error:
        if error.status != 404:
            raise
        return False
    return True


async def made(asked: Awaitable[Any]) -> None:
    """Make it, unless it is there already. Raises ClusterError."""
    try:
        await asked
    except ClusterError as error:
        if error.status != 409:
            raise
