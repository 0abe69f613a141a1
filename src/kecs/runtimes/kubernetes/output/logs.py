"""What containers of pods write: shown to whoever asks, brought to CloudWatch Logs, and kept when their pods go.

It is read from the API server as long as the pod exists. Kubernetes keeps both streams of a container as one, so all of
it counts as written to stdout; and a node that rotates logs answers with the newest part. Called by `runtime`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from itertools import chain
from typing import TYPE_CHECKING

from lightkube.resources.core_v1 import Pod

from kecs.core.tasks.plan import TaskPlan
from kecs.ports.runtime import GetIntake, LogLine
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.output.outlets import outlet_of, source_of
from kecs.runtimes.kubernetes.places import Place, places_of
from kecs.runtimes.kubernetes.seeing import sights
from kecs.runtimes.kubernetes.seeing.observing import Observing, TaskPod
from kecs.runtimes.kubernetes.seeing.sights import Sight
from kecs.runtimes.launching import sends_to_cloudwatch
from kecs.runtimes.reading import LineReader
from kecs.runtimes.spool import LINES_KEPT, Spool

if TYPE_CHECKING:
    from kecs.ports.logs import Line
    from kecs.runtimes.shipping import Shipping

SAVED_AT_ONCE = 16  # tasks whose output is read because their pods go


class Logs:
    """The output of all tasks of one KECS."""

    def __init__(self, cluster: Cluster, observing: Observing, intake: Callable[[], GetIntake | None]) -> None:
        """`intake`: for output of the log driver awslogs, if there is one by then."""
        self._cluster = cluster
        self._observing = observing
        self._intake = intake
        self._spool = Spool()
        self._saving = asyncio.Semaphore(SAVED_AT_ONCE)
        self._shipping: Shipping | None = None  # made with the first container whose output goes there

    async def lines(self, task: str, container: str, *, follow: bool, tail: int | None) -> AsyncGenerator[LogLine]:
        """See ports.runtime.Runtime.logs."""
        known, silent = self._observing.task(task), True
        if known is not None and known.pod is not None and not known.gone:
            runs = list(places_of(known.pod, container).values())
            with contextlib.suppress(ClusterError):
                async with aclosing(output(self._cluster, runs, follow=follow, tail=tail)) as lines:
                    async for line in lines:
                        silent = False
                        yield line
        if silent:  # it has not started, or its pod is gone
            for line in self._spool.lines(task, container, tail):
                yield line

    def prepare(self, plan: TaskPlan, container: str) -> None:
        """Before the container starts. Raises LaunchError."""
        definition = plan.container(container)
        if not sends_to_cloudwatch(definition) or (shipping := self._ships()) is None:
            return
        if (to := shipping.destination(plan, definition)) is not None:
            shipping.prepare(plan, to, source_of(plan.arn, container))

    def begun(self, task: TaskPod, sight: Sight) -> None:
        """A container has started, for the first time or again."""
        to = outlet_of(task.pod, sight.container) if task.pod is not None else None
        if to is not None and (shipping := self._ships()) is not None:
            shipping.begin(task.arn, source_of(task.arn, sight.container), to)

    def resume(self, tasks: Iterable[str]) -> None:
        """Go on with tasks that were found."""
        for known in filter(None, map(self._observing.task, tasks)):
            pod = known.pod
            for container in sights.containers_of(pod) if pod is not None else ():
                assert pod is not None
                to = outlet_of(pod, container) if places_of(pod, container) else None
                if to is not None and (shipping := self._ships()) is not None:
                    shipping.resume(known.arn, source_of(known.arn, container), to)

    async def finish(self, task: str) -> None:
        """Before the task's pod goes, in which nothing runs any more. Raises ClusterGone."""
        if self._shipping is not None:
            await self._shipping.finish(task)
        known = self._observing.task(task)
        if known is not None and known.pod is not None and not known.gone:
            async with self._saving:
                await save(self._cluster, task, known.pod, self._spool)

    async def give_up(self, tasks: Iterable[str]) -> None:
        """Read nothing more of them."""
        if self._shipping is not None:
            await asyncio.gather(*map(self._shipping.give_up, tasks))

    def clear(self) -> None:
        """Forget what is kept."""
        self._spool.clear()

    async def close(self) -> None:
        if self._shipping is not None:
            await self._shipping.close()

    def _ships(self) -> Shipping | None:
        """What brings output to CloudWatch Logs."""
        if self._shipping is None and (intake := self._intake()) is not None:
            from kecs.runtimes.kubernetes.output.shipping import pod_shipping

            self._shipping = pod_shipping(self._cluster, self._observing.task, intake())
        return self._shipping


async def output(
    cluster: Cluster, runs: Sequence[Place], *, follow: bool = False, tail: int | None = None
) -> AsyncGenerator[LogLine]:
    """The output of a container in all of its runs, oldest first; `follow`: also what the last one writes until it has
    exited. Ends early when the connection or the pod goes. Raises ClusterError."""
    if tail is not None and len(runs) > 1:
        for line in await _tail(cluster, runs, tail, but_last=follow):
            yield line
        if not follow:
            return
    for run in runs[-1:] if tail is not None else runs:
        async with aclosing(_lines(cluster, run, follow=follow and run == runs[-1], tail=tail)) as lines:
            async for line in lines:
                yield line


async def save(cluster: Cluster, task: str, pod: Pod, spool: Spool) -> None:
    """Keep what the containers of the pod have written, which goes with it. Raises ClusterGone."""
    containers = sights.containers_of(pod)
    runs = [list(places_of(pod, container).values()) for container in containers]
    kept = await asyncio.gather(*(_saved(cluster, each) for each in runs))
    for container, lines in zip(containers, kept, strict=True):
        if lines:
            spool.keep(task, container, lines)


async def _saved(cluster: Cluster, runs: Sequence[Place]) -> list[LogLine]:
    try:
        return [line async for line in output(cluster, runs, tail=LINES_KEPT)]
    except ClusterGone:
        raise
    except ClusterError:
        return []  # the pod is gone already, or its node does not answer


async def _tail(cluster: Cluster, runs: Sequence[Place], tail: int, *, but_last: bool) -> list[LogLine]:
    """The last lines of all runs together, or those of them that are not the last run's."""
    found: list[list[LogLine]] = []
    for run in reversed(runs):
        wanted = tail - sum(map(len, found))
        if wanted > 0:
            found.append([line async for line in _lines(cluster, run, follow=False, tail=wanted)])
    return list(chain.from_iterable(reversed(found[1:] if but_last else found)))


async def _lines(cluster: Cluster, run: Place, *, follow: bool, tail: int | None) -> AsyncGenerator[LogLine]:
    reader = LineReader("", framed=False)
    async with aclosing(cluster.log(run.pod, run.namespace, run.container, follow=follow, tail=tail)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            for line in reader.feed(piece):
                yield _of_stdout(line)
    for line in reader.end():
        yield _of_stdout(line)


def _of_stdout(line: Line) -> LogLine:
    return LogLine(at=line.at / 1000, stream="stdout", text=line.text)
