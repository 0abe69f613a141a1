"""Tasks as pods of a Kubernetes cluster. `app` makes one; see `ports.runtime` for the protocol.

A command says what is wanted of a task's pod, and one coroutine for each task brings that about (`gate`). What happens
to pods comes from one watch of all of them (`reflector`, `observing`). Nothing here polls, and what KECS has made is
found again by its labels.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightkube.resources.core_v1 import PersistentVolumeClaim, Pod, Secret

from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Failed, ObservedTask, Pulled, Released, Report
from kecs.ports.endpoint import TaskEndpoint
from kecs.ports.metrics import Measured
from kecs.ports.runtime import Capacity, GetIntake, LogLine, RuntimeUnavailable, Sink
from kecs.ports.terminal import SessionRefused, Terminal
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.api.reflector import Reflector
from kecs.runtimes.kubernetes.api.wire import pause_of
from kecs.runtimes.kubernetes.gate import Around, Gate
from kecs.runtimes.kubernetes.homes import Homes
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.nodes import KubernetesNodes
from kecs.runtimes.kubernetes.output.logs import Logs
from kecs.runtimes.kubernetes.places import places_of
from kecs.runtimes.kubernetes.reach.reach import Reach
from kecs.runtimes.kubernetes.removal import remove_pod, there
from kecs.runtimes.kubernetes.seeing import inventory, sights
from kecs.runtimes.kubernetes.seeing.observing import Observing, TaskPod, Watched
from kecs.runtimes.kubernetes.seeing.sights import Sight

if TYPE_CHECKING:
    from kecs.ports.inside import Insight
    from kecs.runtimes.kubernetes.terminals import Terminals
    from kecs.runtimes.usage import Usages

PATIENCE = 300.0  # seconds that a task waits for a node; a cluster that grows needs some minutes for one more

log = logging.getLogger(__name__)


class KubernetesRuntime:
    """Runs the containers of tasks in pods of one cluster."""

    name = "kubernetes"

    def __init__(
        self,
        settings: PodSettings | None = None,
        *,
        kubeconfig: Path | None = None,
        context: str | None = None,
        endpoint: TaskEndpoint | None = None,
        reached_at: str | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`kubeconfig` and `context` say which cluster, see `Cluster.named`. At `endpoint` containers find KECS, which
        pods reach at the host `reached_at`; None: find out. `patience`: seconds that a task waits for a node."""
        self._settings = settings or PodSettings()
        self._kubeconfig = kubeconfig
        self._context = context
        self._endpoint = endpoint
        self._reached_at = reached_at
        self._patience = patience
        self._gates: dict[str, Gate] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self.intake: GetIntake | None = None  # whoever has CloudWatch Logs sets it
        self._terminals: Terminals | None = None  # made with the first session
        self._usages: Usages | None = None  # made with the first measurement
        self._is_open = False

    async def open(self, sink: Sink) -> Capacity:
        self._sink = sink
        self._cluster = cluster = Cluster.named(self._kubeconfig, self._context)
        self._labels = names.selector(names.of_instance(self._settings.instance))
        self._nodes = KubernetesNodes(cluster, self._settings.instance)
        self._observing = Observing(
            sink,
            patience=self._patience,
            begun=self._begun,
            unwanted=self._unwanted,
            stray=self._stray,
            lost=self._nodes.has_lost,
        )
        seen = self._observing
        self._pods = Reflector(cluster, Pod, labels=self._labels, changed=seen.changed, gone=seen.gone)
        self._reach = Reach(cluster, self._endpoint, self._settings.instance, self._reached_at)
        self._homes = Homes(cluster, self._settings)
        self._logs = Logs(cluster, seen, lambda: self.intake)
        self._around = Around(
            cluster=cluster,
            settings=self._settings,
            homes=self._homes,
            observing=self._observing,
            report=sink,
            released=self._released,
            way=self._reach.way,
            prepare=self._prepare,
            finish=self._finish,
        )
        try:
            await self._pods.open()
            self._sees_nodes = await self._nodes.open()
        except ClusterError as error:
            await self._close()
            raise RuntimeUnavailable(_unusable(cluster, error)) from error
        except BaseException:
            await self._close()
            raise
        self._is_open = True
        return self._nodes.capacity

    async def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._observing.close()
        await asyncio.gather(*(gate.drop() for gate in self._gates.values()))
        await self._logs.close()
        if self._terminals is not None:
            await self._terminals.close()
        if self._usages is not None:
            await self._usages.close()
        if self._endpoint is not None:
            await self._endpoint.close()
        await self._close()

    async def _close(self) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await self._nodes.close()
        await self._pods.close()
        await self._cluster.close()

    @property
    def trouble(self) -> str | None:
        return (self._cluster.trouble or self._pods.trouble or self._nodes.trouble) if self._is_open else None

    async def inventory(self) -> list[ObservedTask]:
        found = inventory.observe(self._pods.objects(), self._observing)
        try:
            await self._reach.resume()
        except ClusterError as error:
            raise RuntimeUnavailable(_unusable(self._cluster, error)) from error
        self._logs.resume(task.task for task in found)
        return found

    async def discard(self, tasks: Iterable[str] | None = None) -> None:
        wanted = {*self._observing.tasks(), *self._gates} if tasks is None else set(tasks)
        for task in wanted:
            self._observing.mute(task)
        await asyncio.gather(*(gate.drop() for task in wanted if (gate := self._gates.pop(task, None)) is not None))
        await self._logs.give_up(wanted)
        if tasks is None:
            await self._persist(self._discard_all)
            await self._persist(self._reach.clear)
            self._logs.clear()
        else:
            await asyncio.gather(*(self._persist(partial(self._discard, task)) for task in wanted))
        for task in {*wanted, *(self._observing.tasks() if tasks is None else ())}:
            self._observing.forget(task)

    def vacate(self, clusters: Sequence[str]) -> None:
        self._begin(partial(self._homes.vacate, clusters, lambda: {gate.home for gate in self._gates.values()}))

    def refuses(self, plan: TaskPlan) -> bool:  # noqa: ARG002  # it has no reason of its own
        return False

    def provision(self, plan: TaskPlan) -> None:
        self._gate(plan).provision()

    def pull(self, plan: TaskPlan, container: str) -> None:
        """Pulling is part of starting: a node does it, and which one is not known yet."""
        self._soon(Pulled(task=plan.arn, container=container))

    def start(self, plan: TaskPlan, container: str) -> None:
        self._gate(plan).start(container)

    def restart(self, plan: TaskPlan, container: str) -> None:
        known = self._observing.task(plan.arn)
        before = known.containers.get(container) if known is not None else None
        if known is None or before is None or known.gone or known.pod is None:
            why = "CannotStartContainerError: the container is gone"
        elif not sights.has_slot(known.pod, container, before.number + 1):
            why = f"CannotStartContainerError: on Kubernetes a container is restarted {before.number} times at most"
        else:
            self._gate(plan).start(container, before.number + 1)
            return
        self._soon(Failed(task=plan.arn, container=container, reason=why, at=time.time()))

    def stop(self, plan: TaskPlan, container: str, timeout: float) -> None:
        watched = self._observing.find(plan.arn, container)
        if watched is not None and not watched.over:
            self._gate(plan).stop(watched, timeout)

    def release(self, plan: TaskPlan) -> None:
        self._gate(plan).release()

    def measure(self, tasks: Sequence[str], then: Measured) -> None:
        if self._usages is None:
            from kecs.runtimes.kubernetes.measuring.usage import measuring  # with the first who asks

            self._usages = measuring(self._cluster, self._labels, self.pod, self._observing.tasks)
        self._usages.ask(tasks, then)

    def insight(self) -> Insight:
        from kecs.runtimes.kubernetes.measuring.insight import KubernetesInsight  # with the first who looks

        return KubernetesInsight(self._cluster, self.pod)

    async def execute(self, task: str, container: str, command: Sequence[str]) -> Terminal:
        from kecs.runtimes.kubernetes.terminals import Terminals

        found, watched = self.pod(task), self._observing.find(task, container)
        place = places_of(found, container).get(watched.number) if found is not None and watched is not None else None
        if watched is None or not watched.runs or place is None:
            raise SessionRefused(f"container {container} of task {task} is not running")
        self._terminals = self._terminals or Terminals(self._cluster)
        return await self._terminals.open(place, command)

    def logs(
        self, task: str, container: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        return self._logs.lines(task, container, follow=follow, tail=tail)

    @property
    def nodes(self) -> KubernetesNodes | None:
        """What runs the pods; None where KECS may not see that."""
        return self._nodes if self._sees_nodes else None

    def pod(self, task: str) -> Pod | None:
        """The pod of a task, as it was last seen."""
        known = self._observing.task(task)
        return known.pod if known is not None and not known.gone else None

    def _gate(self, plan: TaskPlan) -> Gate:
        gate = self._gates.get(plan.arn)
        if gate is None:
            gate = self._gates[plan.arn] = Gate(self._around, plan, self._observing.take_up(plan))
        gate.plan = plan  # secrets are in the plan only while a task starts
        return gate

    def _released(self, plan: TaskPlan) -> None:
        self._gates.pop(plan.arn, None)
        self._observing.forget(plan.arn)
        self._sink(Released(task=plan.arn))

    def _soon(self, report: Report) -> None:
        """A command returns before its outcome is reported."""
        asyncio.get_running_loop().call_soon(self._sink, report)

    def _begun(self, task: TaskPod, sight: Sight) -> None:
        """A container has started."""
        self._logs.begun(task, sight)

    def _unwanted(self, task: TaskPod, watched: Watched) -> None:
        """A container that could not be started must not start later."""
        if (gate := self._gates.get(task.arn)) is not None:
            gate.hold(watched)

    def _stray(self, pod: Any) -> None:
        """A pod that an earlier process had asked for when it was killed, and that came about only now."""
        name, home, uid = pod.metadata.name, pod.metadata.namespace, pod.metadata.uid
        log.warning("pod %s of no task is removed", name)
        self._begin(lambda: there(self._cluster.delete(Pod, name, home, uid=uid)))

    def _prepare(self, plan: TaskPlan, container: str) -> None:
        """Before a container starts. Raises LaunchError."""
        self._logs.prepare(plan, container)

    async def _finish(self, plan: TaskPlan) -> None:
        """Before a pod goes. Raises ClusterGone."""
        await self._logs.finish(plan.arn)

    async def _discard(self, task: str) -> None:
        """Everything of one task. Raises ClusterError."""
        for pod in self._pods.objects():
            if sights.task_of(pod) == task and pod.metadata is not None:
                await self._remove(pod)
                home, one = pod.metadata.namespace, pod.metadata.labels[names.TASK]
                labels = names.selector(names.of_task(self._settings.instance, one))
                claims = f"{labels},{names.ROLE}=volume"
                await self._cluster.delete_collection(Secret, home, labels=labels)
                await self._cluster.delete_collection(PersistentVolumeClaim, home, labels=claims)

    async def _discard_all(self) -> None:
        """Everything of the instance. Raises ClusterError."""
        for home in await self._homes.all():
            await self._cluster.delete_collection(Pod, home, labels=self._labels, grace=1)
        await asyncio.gather(*(self._remove(pod) for pod in self._pods.objects()))
        await self._homes.remove()

    async def _remove(self, pod: Any) -> None:
        known = self._observing.adopt(pod)
        if known is not None:
            self._observing.mute(known.arn)
            await remove_pod(self._cluster, known, pod.metadata.name, pod.metadata.namespace)

    def _begin(self, step: Callable[[], Awaitable[Any]]) -> None:
        job = asyncio.create_task(self._persist(step))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _persist(self, step: Callable[[], Awaitable[Any]]) -> None:
        """Do it, again and again while the API server does not answer: it can be asked for twice."""
        while True:
            try:
                await step()
                return
            except ClusterGone as gone:
                await asyncio.sleep(pause_of(1.0, gone.after))


def _unusable(cluster: Cluster, error: ClusterError) -> str:
    reason = " ".join(error.message.split())
    return (
        reason if isinstance(error, ClusterGone) else f"the Kubernetes cluster at {cluster.url} refuses KECS: {reason}"
    )
