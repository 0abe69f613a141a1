"""What the API server knows of one kind of object, followed without polling: listed once, then watched.

A watch that is cut goes on from the last version that was seen; one whose version is forgotten (410) starts with a new
list, and what has changed or gone meanwhile is told then. Used for pods and nodes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any

import msgspec
from lightkube.core.resource import Resource

from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone, Event
from kecs.runtimes.kubernetes.api.wire import pause_of

FIRST_PAUSE = 0.1  # seconds before a watch is taken up again; doubled each time that it failed
LONGEST_PAUSE = 5.0  # seconds; it bounds for how long KECS does not notice that the API server is back

log = logging.getLogger(__name__)

Told = Callable[[Any], None]
Key = tuple[str, str]


class Known:
    """The objects as they last were, by namespace and name. Answers what is news, as `(is there, object)`."""

    def __init__(self) -> None:
        self.objects: dict[Key, Any] = {}

    def take(self, event: Event) -> Iterator[tuple[bool, Any]]:
        """One event of a watch."""
        if event.type == "DELETED":
            if self.objects.pop(_key(event.object), None) is not None:
                yield False, event.object
        elif event.object is not None:
            yield from self._put(event.object)

    def replace(self, listed: Iterable[Any]) -> Iterator[tuple[bool, Any]]:
        """A new list: everything that there is."""
        found = {_key(item): item for item in listed}
        for key in [key for key in self.objects if key not in found]:
            yield False, self.objects.pop(key)
        for item in found.values():
            yield from self._put(item)

    def _put(self, item: Any) -> Iterator[tuple[bool, Any]]:
        key = _key(item)
        before = self.objects.get(key)
        if before is not None and before.metadata.resourceVersion == item.metadata.resourceVersion:
            return
        self.objects[key] = item
        if before is not None and before.metadata.uid != item.metadata.uid:
            yield False, before  # it has gone, and another one has its name
        yield True, item


class Reflector:
    """Tells of every change to the objects of a kind that a label selector matches, in every namespace."""

    def __init__(
        self, cluster: Cluster, kind: type[Resource], *, labels: str | None, changed: Told, gone: Told
    ) -> None:
        self._cluster = cluster
        self._kind = kind
        self._labels = labels
        self._changed = changed
        self._gone = gone
        self._known = Known()
        self._version = ""
        self._job: asyncio.Task[None] | None = None
        self.trouble: str | None = None  # why it does not see what happens; an API server that is gone says that itself

    async def open(self) -> None:
        """List, tell of what is there, and watch from then on. Raises ClusterError."""
        await self._list()
        self._job = asyncio.create_task(self._follow())

    async def close(self) -> None:
        if self._job is not None:
            self._job.cancel()
            await asyncio.gather(self._job, return_exceptions=True)

    def objects(self) -> list[Any]:
        """Everything there is, as far as it is known."""
        return list(self._known.objects.values())

    def get(self, namespace: str, name: str) -> Any | None:
        return self._known.objects.get((namespace, name))

    async def _list(self) -> None:
        listing = await self._cluster.list(self._kind, labels=self._labels)
        self._version = listing.version
        self._tell(self._known.replace(listing.items))

    async def _follow(self) -> None:
        pause = FIRST_PAUSE
        now = asyncio.get_running_loop().time
        while True:
            before, began, after = self._version, now(), 0.0
            try:
                await self._watch()
                self.trouble = None
            except ClusterError as error:
                if isinstance(error, ClusterGone):
                    after = error.after
                else:
                    log.log(logging.INFO if error.status == 410 else logging.WARNING, "watch: %s", error)
                    self.trouble = None if error.status == 410 else f"Kubernetes does not let KECS watch: {error}"
                if error.status == 410:
                    await self._list_again()
                    continue
            except Exception:  # a bug here must not leave KECS blind
                log.exception("watching %s failed", self._kind.__name__)
                await self._list_again()
            worked = self._version != before or now() - began > LONGEST_PAUSE
            pause = FIRST_PAUSE if worked else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause_of(pause, after))

    async def _watch(self) -> None:
        events = self._cluster.watch(self._kind, self._version, labels=self._labels)
        async with aclosing(events) as stream:  # type: ignore[type-var]
            async for event in stream:
                self._version = event.version
                self._tell(self._known.take(event))

    async def _list_again(self) -> None:
        """List as soon as the API server answers."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._list()
                return
            except (ClusterError, msgspec.MsgspecError) as error:
                log.info("list: %s", error)
                after = error.after if isinstance(error, ClusterGone) else 0.0
            await asyncio.sleep(pause_of(pause, after))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _tell(self, news: Iterable[tuple[bool, Any]]) -> None:
        for there, item in news:
            try:
                (self._changed if there else self._gone)(item)
            except Exception:  # the others are still told of
                log.exception("news of %s could not be taken in", _key(item))


def _key(item: Any) -> Key:
    return item.metadata.namespace or "", item.metadata.name
