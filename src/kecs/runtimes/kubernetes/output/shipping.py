"""What containers write, read from the API server for `runtimes.shipping`. `runtime` makes one with the first such.

Kubernetes keeps it in a file for each run of a container, until its pod is gone. A mark is the number of a run, and
that of what has been read of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from lightkube.resources.core_v1 import Pod

from kecs.ports.logs import Intake, Line, Outlet
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.api.wire import pause_of
from kecs.runtimes.kubernetes.places import Place, places_of
from kecs.runtimes.kubernetes.seeing import sights
from kecs.runtimes.kubernetes.seeing.observing import TaskPod
from kecs.runtimes.reading import LineReader
from kecs.runtimes.shipping import PAUSE, RETRY, OutputLost, Shipping, Source

AT_ONCE = 0.001  # seconds within which a piece comes that was there already
AGAIN = 0.2  # seconds until a pod tells that a container has exited whose stream has ended
SILENT = 600.0  # seconds after which a connection is taken to be dead, and made anew
NODE_AWAY = 5.0  # seconds between attempts while a node does not answer

Known = Callable[[str], TaskPod | None]
"""The pod of the task of an ARN."""


def pod_shipping(cluster: Cluster, known: Known, intake: Intake) -> Shipping:
    return Shipping(PodOutput(cluster, known), intake)


class PodOutput:
    """See runtimes.shipping.Engine; a container is called as `outlets.source_of` says."""

    def __init__(self, cluster: Cluster, known: Known) -> None:
        self._cluster = cluster
        self._known = known

    async def runs(self, source: Source) -> bool:
        pod = self._pod(source)
        sight = sights.current(pod).get(_container(source)) if pod is not None else None
        return sight is not None and sight.state == "running"

    async def follow(self, source: Source, to: Outlet, mark: str) -> str | None:
        begun, _, read = mark.partition(":")
        number = int(begun or 0)
        reader = LineReader(read, framed=False)
        pod = self._pod(source)
        place = places_of(pod, _container(source)).get(number) if pod is not None else None
        if pod is None or place is None:
            return None
        ended = _has_ended(pod, place)
        try:
            await self._read(place, reader, number, to, follow=not ended)
        except ClusterGone as gone:
            await asyncio.sleep(pause_of(RETRY, gone.after))
            return _mark(number, reader.mark)
        except ClusterError as error:
            if error.status != 404 and ended:
                raise OutputLost(error.message) from error
            if error.status != 404:  # its node does not answer
                await asyncio.sleep(NODE_AWAY)
                return _mark(number, reader.mark)
            ended = True
        if not ended:
            await asyncio.sleep(AGAIN)
            return _mark(number, reader.mark)
        to.write(_marked(reader.end(), number))
        return _mark(number + 1, "") if self._has_run(source, number + 1) else None

    async def _read(self, place: Place, reader: LineReader, number: int, to: Outlet, *, follow: bool) -> None:
        """Raises ClusterError."""
        since = f"{reader.since[:19]}Z" if reader.since else None
        asked = self._cluster.log(
            place.pod, place.namespace, place.container, follow=follow, since=since, silent=SILENT
        )
        async with aclosing(asked) as pieces:  # type: ignore[type-var]
            async for piece in _in_batches(pieces) if follow else pieces:
                to.write(_marked(reader.feed(piece), number))

    def _has_run(self, source: Source, number: int) -> bool:
        pod = self._pod(source)
        return pod is not None and number in places_of(pod, _container(source))

    def _pod(self, source: Source) -> Pod | None:
        known = self._known(source.task)
        return known.pod if known is not None else None


async def _in_batches(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, which are lines, with a pause after each that had to be waited for: more come meanwhile, and many at
    once cost less."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    async for piece in pieces:
        yield piece
        await asyncio.sleep(0 if loop.time() - before < AT_ONCE else PAUSE)
        before = loop.time()


def _container(source: Source) -> str:
    return source.id.partition("/")[0]


def _has_ended(pod: Pod, place: Place) -> bool:
    """As far as the pod has told."""
    return sights.over(pod) or any(
        sight.name == place.container and sight.state == "exited" for sight in sights.sights(pod)
    )


def _mark(number: int, read: str) -> str:
    return f"{number}:{read}"


def _marked(lines: list[Line], number: int) -> list[Line]:
    return [Line(line.at, line.text, _mark(number, line.mark)) for line in lines]
