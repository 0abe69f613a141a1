"""One task's way through a cluster: what is asked of it, and the one coroutine that brings its pod there.

What is wanted of each container of the pod is the image that it has (`images`): its own, or one that starts nothing.
The coroutine compares that with what was last sent, and sends what differs, again for as long as the API server does
not answer; whatever was asked for meanwhile counts. So containers that are to start in one turn of the loop are started
by one request, and a container that was stopped while the API server was away never starts.

A pod is made once. One that is there under the task's name is the task's, whoever has made it; one that is gone is not
made again. Made and called by `runtime`, one for each task.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from lightkube.resources.core_v1 import PersistentVolumeClaim, Pod, Secret

from kecs.core.tasks.environment import Way
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Failed, Provisioned, Report
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.api.wire import pause_of
from kecs.runtimes.kubernetes.homes import Homes
from kecs.runtimes.kubernetes.manifests.claims import claims_of, missing_claim, required_claims
from kecs.runtimes.kubernetes.manifests.images import HELD, image_of
from kecs.runtimes.kubernetes.manifests.pods import Untranslatable, grace, pod_of
from kecs.runtimes.kubernetes.manifests.problems import problem_of
from kecs.runtimes.kubernetes.manifests.secrets import may_have_secret, secret_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.removal import made, remove_pod, there
from kecs.runtimes.kubernetes.seeing import reasons
from kecs.runtimes.kubernetes.seeing.observing import Observing, TaskPod, Watched
from kecs.runtimes.launching import LaunchError

RETRY = 0.5  # seconds between attempts while the API server does not answer, or the namespace is not ready
UNREADY_FOR = 300.0  # seconds that a namespace may take to go, so that it can be made anew, or to become ready: it is
# there until all of its pods have gone, and Kubernetes looks for that once a minute at last
LOOK = 0.05  # seconds between attempts meanwhile, which become fewer
LOOK_LATE = 2.0
DECIDED_WITHIN = 10.0  # seconds after which a container that was stopped on its way to start is taken not to run
ANSWERED_WITHIN = 2.0  # seconds that a request may take of which nobody wants to know
LATE = 60.0  # seconds beyond its stop timeout after which a container's node is taken not to answer any more

log = logging.getLogger(__name__)


class Around(NamedTuple):
    """What all tasks have in common."""

    cluster: Cluster
    settings: PodSettings
    homes: Homes
    observing: Observing
    report: Callable[[Report], None]
    released: Callable[[TaskPlan], None]
    way: Callable[[TaskPlan], Awaitable[Way | None]]
    prepare: Callable[[TaskPlan, str], None]  # before a container starts; raises LaunchError
    finish: Callable[[TaskPlan], Awaitable[None]]  # before its pod goes


class Gate:
    """One task."""

    def __init__(self, around: Around, plan: TaskPlan, known: TaskPod) -> None:
        self._around = around
        self.plan = plan
        self._known = known
        self._slots = names.slots([container.name or "" for container in plan.containers])
        self._name = names.pod_name(plan)
        self.home = around.homes.of(plan)
        self._wanted: dict[str, str] = {}  # image by container of the pod: of those that have been started or stopped
        self._sent: dict[str, str] = {}
        self._prepared: set[str] = set()
        self._made = False
        self._perhaps = False  # a request to make the pod was sent, and nobody knows what came of it
        self._fresh = False  # the task began here, so an earlier process has made nothing of it
        self._provision = False
        self._release = False
        self._dropped = False
        self._job: asyncio.Task[None] | None = None
        self._settling: asyncio.Future[str] | None = None  # it waits for its namespace
        self._unready_since: float | None = None
        if known.pod is not None:
            self._take_over(known.pod)

    def provision(self) -> None:
        self._provision = self._fresh = True
        self._go_on()

    def start(self, container: str, number: int = 0) -> None:
        """Have the container run, in its slot of that number."""
        self._around.observing.expect(self._known, container, number)
        slot = names.slot_name(container, number)
        before = self._sent.get(slot, HELD)  # another image would end what runs
        self._wanted[slot] = before if before != HELD else image_of(self.plan, container, self._around.settings)
        self._go_on()

    def stop(self, watched: Watched, timeout: float) -> None:
        """Have it run no more: its stop signal, and KILL after the pod's longest stop timeout."""
        watched.stopping = True
        if not self._made and not self._perhaps:
            self._wanted.pop(names.slot_name(watched.name, watched.number), None)
            self._around.observing.fail(self._known, watched, reasons.NOT_STARTED)
            return
        self.hold(watched)
        loop = asyncio.get_running_loop()
        if not watched.started:
            loop.call_later(DECIDED_WITHIN, self._undecided, watched)
        loop.call_later(max(timeout, grace(self.plan)) + LATE, self._unanswered, watched)

    def hold(self, watched: Watched) -> None:
        """Its slot starts nothing from here on."""
        self._wanted[names.slot_name(watched.name, watched.number)] = HELD
        self._go_on()

    def release(self) -> None:
        """Remove everything, then report that."""
        self._release = True
        if self._settling is not None:
            self._settling.cancel()
        self._go_on()

    async def drop(self) -> None:
        """Do nothing more. What is being asked is answered first, so that whoever removes it all finds it there."""
        self._dropped = True
        if (job := self._job) is not None:
            await asyncio.wait([job], timeout=ANSWERED_WITHIN)
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)

    def _go_on(self) -> None:
        if self._job is None:
            self._job = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Do what is to be done until nothing is left."""
        try:
            while True:
                try:
                    if not await self._step():
                        return
                except ClusterGone as gone:
                    await asyncio.sleep(pause_of(RETRY, gone.after))
        finally:
            self._job = None

    async def _step(self) -> bool:
        """The next thing there is to do; false when there is none. Raises ClusterGone."""
        if self._dropped:
            return False
        if self._release:
            await self._remove()
            self._release = False
            self._around.released(self.plan)
        elif self._provision:
            await self._safely([], self._provide)
        elif self._wanted != self._sent:
            await self._bring()
        else:
            return False
        return True

    async def _safely(self, due: list[str], step: Callable[[], Awaitable[None]]) -> None:
        """Do it for the containers of the pod that are due (none: for the task), with whatever it raises made a report.
        Raises ClusterGone."""
        try:
            await step()
        except ClusterGone:
            raise
        except (LaunchError, Untranslatable) as error:
            self._failed(due, str(error))
        except ClusterError as error:
            if not await self._comes_round(error):
                kind = "CannotCreateContainerError" if due else "ResourceInitializationError"
                self._failed(due, f"{kind}: {error.message}")
        except Exception as error:  # a bug here must not leave the task waiting for ever
            log.exception("a step of %s failed", self.plan.arn)
            self._failed(due, f"ResourceInitializationError: {error}")
        else:
            self._unready_since = None

    def _failed(self, due: list[str], reason: str) -> None:
        """It was not done, and will not be."""
        if not due:
            self._provision = False
            self._around.report(Failed(task=self.plan.arn, container=None, reason=reason, at=time.time()))
        for name in due:
            if self._wanted.pop(name, HELD) != HELD:
                watched = self._known.containers[self._slots[name].container]
                self._around.observing.fail(self._known, watched, reason)
            if (sent := self._sent.get(name)) is not None:
                self._wanted[name] = sent

    async def _comes_round(self, error: ClusterError) -> bool:
        """Whether another attempt may help: a conflict, or the namespace is gone, goes, or has just come."""
        missing = error.status == 404 and "namespaces" in error.message
        going = error.status == 403 and "being terminated" in error.message
        coming = error.status == 403 and "serviceaccount" in error.message
        if not (missing or going or coming or error.status == 409):
            return False
        now = asyncio.get_running_loop().time()
        self._unready_since = self._unready_since or now
        waited = now - self._unready_since
        if waited > UNREADY_FOR:
            return False
        if missing or going:
            self._around.homes.forget(self.home)
        await asyncio.sleep(min(max(LOOK, waited / 4), LOOK_LATE))
        return True

    async def _ensure_home(self) -> str:
        """The namespace, for which it may have to wait minutes; a release does not. Raises ClusterError and
        LaunchError."""
        self._settling = asyncio.ensure_future(self._around.homes.ensure(self.plan))
        try:
            return await self._settling
        except asyncio.CancelledError:
            job = asyncio.current_task()
            if job is not None and job.cancelling():
                raise
            raise ClusterGone("the task was given up") from None
        finally:
            self._settling = None

    async def _provide(self) -> None:
        """The namespace, the secret and the claims."""
        plan, settings, cluster = self.plan, self._around.settings, self._around.cluster
        if (problem := problem_of(plan, settings)) is not None:
            raise LaunchError(problem)
        home = await self._ensure_home()
        if (secret := secret_of(plan, settings)) is not None:
            await cluster.apply(Secret, secret, home)
        for claim, volume in required_claims(plan, settings).items():
            if not await there(cluster.get(PersistentVolumeClaim, claim, home)):
                raise LaunchError(missing_claim(volume, claim))
        for manifest in claims_of(plan, settings):
            await made(cluster.create(PersistentVolumeClaim, manifest, home))
        self._provision = False
        self._around.report(Provisioned(task=plan.arn))

    async def _bring(self) -> None:
        """Send what is wanted and was not sent."""
        for name in self._starting():
            if name not in self._prepared:
                await self._safely([name], partial(self._prepare, name))
        due = [name for name, image in self._wanted.items() if self._sent.get(name) != image]
        if self._made:
            await self._safely(due, partial(self._change, due))
        elif self._perhaps and not self._starting():
            await self._safely(due, self._look)
        elif due:
            await self._safely(due, self._create)

    def _starting(self) -> list[str]:
        """The containers of the pod that are to start and were not told to."""
        return [name for name, image in self._wanted.items() if image not in (HELD, self._sent.get(name))]

    async def _prepare(self, name: str) -> None:
        self._around.prepare(self.plan, self._slots[name].container)
        self._prepared.add(name)

    async def _create(self) -> None:
        """Make the pod, with the containers in it that are to start."""
        home = await self._ensure_home()
        way = await self._around.way(self.plan)
        starting = [self._slots[name].container for name in self._starting()]
        if not starting:
            return
        manifest = pod_of(self.plan, started=starting, settings=self._around.settings, way=way)
        self._perhaps = True
        try:
            pod = await self._around.cluster.create(Pod, manifest, home)
        except ClusterGone:
            raise
        except ClusterError as error:
            if error.reason != "AlreadyExists":
                self._perhaps = False
                raise
            pod = await self._around.cluster.get(Pod, self._name, home)
        self._take_over(pod)

    async def _look(self) -> None:
        """Find out whether there is a pod by now."""
        try:
            self._take_over(await self._around.cluster.get(Pod, self._name, self.home))
        except ClusterError as error:
            if error.status != 404:
                raise
            self._perhaps = False
            self._lost()

    def _take_over(self, pod: Pod) -> None:
        """What the pod has counts as sent."""
        self._made, self._perhaps = True, False
        for container in pod.spec.containers if pod.spec else ():
            image = container.image or ""
            if container.name in self._wanted or image != HELD:
                self._sent[container.name] = image
                self._wanted.setdefault(container.name, image)

    async def _change(self, due: list[str]) -> None:
        """Give these containers of the pod the images that are wanted."""
        if self._known.gone:
            self._lost()
            return
        images = {name: self._wanted[name] for name in due}
        spec = {"containers": [{"name": name, "image": image} for name, image in images.items()]}
        try:
            await self._around.cluster.patch(Pod, self._name, {"spec": spec}, self.home)
        except ClusterError as error:
            if error.status != 404:
                raise
            self._lost()
        else:
            self._sent |= images

    def _lost(self) -> None:
        """There is no pod, or no more."""
        self._sent = dict(self._wanted)
        self._around.observing.lost(self._known)

    def _undecided(self, watched: Watched) -> None:
        if not watched.started:
            self._around.observing.fail(self._known, watched, reasons.NOT_STARTED)

    def _unanswered(self, watched: Watched) -> None:
        """The pod's node does not answer; what it still runs, if it runs, nobody can stop."""
        self._around.observing.end(self._known, watched)

    async def _remove(self) -> None:
        """Everything that is the task's alone. Raises ClusterGone."""
        self._around.observing.mute(self.plan.arn)
        try:
            await self._around.finish(self.plan)
            if self._made or self._perhaps or not self._fresh:
                await remove_pod(self._around.cluster, self._known, self._name, self.home)
            await self._remove_rest()
        except ClusterGone:
            raise
        except Exception as error:
            # It keeps its labels, so the next start of KECS finds and discards it.
            log.warning("something of %s is left in the cluster: %s", self.plan.arn, error)

    async def _remove_rest(self) -> None:
        plan, settings, cluster = self.plan, self._around.settings, self._around.cluster
        if may_have_secret(plan):
            await there(cluster.delete(Secret, names.secret_name(plan), self.home))
        for claim in claims_of(plan, settings):
            if claim["metadata"]["labels"].get(names.ROLE) == "volume":
                await there(cluster.delete(PersistentVolumeClaim, claim["metadata"]["name"], self.home))
