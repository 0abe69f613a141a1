"""What is known of each task's pod, and the reports that come of its changes. The runtime's reflector feeds it.

Invariants:
- nothing is reported of a container before it was to start, or before the inventory has named it;
- each run of a container is reported started at most once, and ended exactly once, by Exited or Failed;
- nothing is reported of a task that is muted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lightkube.resources.core_v1 import Pod

from kecs.aws.model import ecs as m
from kecs.core.records import Health
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Failed, HealthChanged, Report, Started
from kecs.runtimes.kubernetes.manifests.ports import ANY, bindings_of
from kecs.runtimes.kubernetes.seeing import reasons, sights
from kecs.runtimes.kubernetes.seeing.sights import Sight

TOLD_WITHIN = 5.0  # seconds that a kubelet may take to look at a check and tell of it
KILLED = 137  # the exit code of a container that was stopped and has not told another

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watched:
    """A container, in the run that was last asked for."""

    name: str
    number: int = 0
    started: bool = False
    started_at: float = 0.0
    over: bool = False  # its end was reported, or nobody wants to know
    stopping: bool = False
    waited: bool = False  # it was seen on its way to start
    health: Health | None = None
    late: asyncio.TimerHandle | None = None  # to say that it has never been healthy

    @property
    def runs(self) -> bool:
        return self.started and not self.over


@dataclass(slots=True)
class TaskPod:
    """A task, with its pod once there is one."""

    arn: str
    plan: TaskPlan | None = None
    pod: Pod | None = None
    gone: bool = False
    going: bool = False  # somebody else than KECS ends the pod, and that was reported
    muted: bool = False
    containers: dict[str, Watched] = field(default_factory=dict)
    impatient: asyncio.TimerHandle | None = None  # to say that no node takes it
    leaves: asyncio.Event = field(default_factory=asyncio.Event)  # the pod is gone

    @property
    def all_over(self) -> bool:
        """Whether no container of it runs or may come to run."""
        return all(watched.over for watched in self.containers.values())


class Observing:
    """Every task of the instance that has a pod, or is to have one."""

    def __init__(
        self,
        report: Callable[[Report], None],
        *,
        patience: float,
        begun: Callable[[TaskPod, Sight], None] = lambda *_: None,
        unwanted: Callable[[TaskPod, Watched], None] = lambda *_: None,
        stray: Callable[[Pod], None] = lambda _: None,
        lost: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`patience`: seconds that a pod may wait for a node. `begun` hears of each run that has started, `unwanted` of
        containers that failed to start and must not do so later, `stray` of pods that nobody asked for. `lost`: whether
        a node has been given up."""
        self._report = report
        self._patience = patience
        self._begun = begun
        self._unwanted = unwanted
        self._stray = stray
        self._is_lost = lost
        self._tasks: dict[str, TaskPod] = {}
        self.complete = False  # every pod that is not known is a stray one

    def task(self, arn: str) -> TaskPod | None:
        return self._tasks.get(arn)

    def tasks(self) -> list[str]:
        return list(self._tasks)

    def find(self, task: str, container: str) -> Watched | None:
        found = self._tasks.get(task)
        return found.containers.get(container) if found else None

    def take_up(self, plan: TaskPlan) -> TaskPod:
        """The task, known from here on."""
        found = self._tasks.setdefault(plan.arn, TaskPod(plan.arn))
        found.plan = plan
        return found

    def expect(self, task: TaskPod, container: str, number: int = 0) -> Watched:
        """The container is to start: what becomes of that is reported from here on."""
        watched = task.containers[container] = Watched(container, number)
        self._look_later(task)
        return watched

    def adopt(self, pod: Pod) -> TaskPod | None:
        """Take in a pod that was found: what has happened to its containers so far is known, and what follows is
        reported, after the caller is done."""
        arn = sights.task_of(pod)
        if arn is None:
            return None
        task = self._tasks.setdefault(arn, TaskPod(arn))
        task.pod = task.pod or pod
        for sight in sights.current(pod).values():
            if sight.container in task.containers or sights.never_opened(sight):
                continue
            watched = task.containers[sight.container] = Watched(sight.container, sight.number)
            watched.started = sight.state in ("running", "exited")
            watched.over = sight.state in ("exited", "unstartable")
            watched.started_at = sight.started_at or 0.0
            watched.stopping = sight.image_held
            watched.health = self.health(task, sight)
            self._await_health(task, watched)
        self._look_later(task)
        return task

    def changed(self, pod: Pod) -> None:
        """The reflector's news."""
        task = self._tasks.get(sights.task_of(pod) or "")
        if task is not None:
            task.pod = pod
            self._look(task)
        elif self.complete and pod.metadata is not None and pod.metadata.deletionTimestamp is None:
            self._stray(pod)

    def gone(self, pod: Pod) -> None:
        """The reflector's news."""
        task = self._tasks.get(sights.task_of(pod) or "")
        if task is not None:
            task.pod, task.gone = pod, True
            task.leaves.set()
            self._look(task)

    def lost(self, task: TaskPod) -> None:
        """The API server has no such pod."""
        task.gone = True
        task.leaves.set()
        self._look(task)

    def fail(self, task: TaskPod, watched: Watched, reason: str) -> None:
        """It does not start."""
        if not watched.over:
            self._end(watched)
            self._tell(task, Failed(task=task.arn, container=watched.name, reason=reason, at=time.time()))

    def end(self, task: TaskPod, watched: Watched) -> None:
        """Nobody will say any more how it ended."""
        if not watched.over:
            self._exited(task, watched, None)

    def mute(self, arn: str) -> None:
        """Report nothing more of the task."""
        if (task := self._tasks.get(arn)) is not None:
            task.muted = True
            self._settle_down(task)

    def forget(self, arn: str) -> None:
        """Know nothing more of the task."""
        self.mute(arn)
        self._tasks.pop(arn, None)

    def close(self) -> None:
        for arn in self.tasks():
            self.mute(arn)

    def health(self, task: TaskPod, sight: Sight) -> Health | None:
        """What its check says; None when it has none, or nothing yet."""
        if task.pod is None or sight.container not in sights.checks_of(task.pod):
            return None
        before = task.containers.get(sight.container)
        known = before.health if before is not None and before.number == sight.number else None
        if sight.state != "running":
            return known
        return "HEALTHY" if sight.ready else "UNHEALTHY" if known else None

    def bindings(self, task: TaskPod, container: str) -> tuple[m.NetworkBinding, ...]:
        """Where the container's ports are reached."""
        address = (sights.address_of(task.pod) if task.pod else None) or ANY
        return bindings_of(task.plan, task.plan.container(container), address) if task.plan else ()

    def _look_later(self, task: TaskPod) -> None:
        if task.pod is not None:
            asyncio.get_running_loop().call_soon(self._look, task)

    def _look(self, task: TaskPod) -> None:
        """Report what is new about the task."""
        if task.muted or (task.pod is None and not task.gone):
            return
        self._look_at_pod(task)
        found = sights.sights(task.pod) if task.pod is not None else ()
        by_slot = {(sight.container, sight.number): sight for sight in found}
        for watched in list(task.containers.values()):
            if not watched.over:
                self._look_at(task, watched, by_slot.get((watched.name, watched.number)))
        if task.all_over:
            self._settle_down(task)

    def _look_at_pod(self, task: TaskPod) -> None:
        """What concerns all of its containers."""
        if task.pod is None:
            return
        waits = reasons.unschedulable(task.pod)
        if waits is None or task.gone:
            if task.impatient is not None:
                task.impatient.cancel()
                task.impatient = None
        elif task.impatient is None:
            waited = time.time() - waits[1].timestamp() if waits[1] else 0.0
            delay = max(0.0, self._patience - waited)
            task.impatient = asyncio.get_running_loop().call_later(delay, self._give_up, task)
        leaving = task.pod.metadata is not None and task.pod.metadata.deletionTimestamp is not None
        why = reasons.ending(task.pod)
        if why is None and (leaving or task.gone):
            lost = task.pod.spec is not None and self._is_lost(task.pod.spec.nodeName or "")
            why = reasons.Ending(reasons.LOST if lost else reasons.DELETED, "TerminationNotice")
        if why is not None and not task.going and not task.all_over:
            task.going = True
            at = time.time()
            self._tell(task, Failed(task=task.arn, container=None, reason=why.reason, at=at, stop_code=why.stop_code))

    def _look_at(self, task: TaskPod, watched: Watched, sight: Sight | None) -> None:
        dead = task.gone or (task.pod is not None and sights.over(task.pod))
        if sight is not None and sight.state == "waiting" and not sight.image_held:
            watched.waited = True
        failure = reasons.start_failure(sight, task.plan) if sight is not None and not watched.started else None
        if failure is not None and not watched.stopping:
            self.fail(task, watched, failure)
            self._unwanted(task, watched)
        elif sight is not None and sight.state == "running" and not task.gone:
            self._runs(task, watched, sight)
        elif sight is not None and sight.state == "exited":
            if not watched.started:
                self._started(task, watched, sight)
            self._exited(task, watched, sight)
        elif dead and watched.started:
            self._exited(task, watched, None)
        elif dead:
            self.fail(task, watched, self._why_not(task))
        elif (
            watched.stopping and not watched.started and sight is not None and self._held_in_time(task, watched, sight)
        ):
            self.fail(task, watched, reasons.NOT_STARTED)

    def _why_not(self, task: TaskPod) -> str:
        why = reasons.ending(task.pod) if task.pod is not None else None
        return why.reason if why is not None else f"CannotStartContainerError: {reasons.DELETED}"

    def _held_in_time(self, task: TaskPod, watched: Watched, sight: Sight) -> bool:
        """Whether it was stopped on its way to start, and it is certain that it will not run."""
        nowhere = task.pod is not None and task.pod.spec is not None and not task.pod.spec.nodeName
        seen = watched.waited and sight.state == "held" and sight.confirmed
        return watched.stopping and sight.image_held and (nowhere or seen)

    def _runs(self, task: TaskPod, watched: Watched, sight: Sight) -> None:
        if not watched.started:
            self._started(task, watched, sight)
        health = self.health(task, sight)
        if health is not None and health != watched.health and not watched.stopping:
            self._healthy(task, watched, health)

    def _started(self, task: TaskPod, watched: Watched, sight: Sight) -> None:
        watched.started = True
        watched.started_at = sight.started_at or time.time()
        report = Started(
            task=task.arn,
            container=watched.name,
            runtime_id=sight.id,
            at=watched.started_at,
            network_bindings=self.bindings(task, watched.name),
            digest=sight.digest,
            address=sights.address_of(task.pod) if task.pod is not None else None,
        )
        self._tell(task, report)
        self._await_health(task, watched)
        self._begun(task, sight)

    def _exited(self, task: TaskPod, watched: Watched, sight: Sight | None) -> None:
        """With its exit code, or None when nobody knows it any more."""
        now = time.time()
        self._end(watched)
        if sight is None:
            at, code = now, KILLED if watched.stopping else None
        else:
            at, code = min(sight.finished_at or now, now), sight.exit_code
        report = Exited(
            task=task.arn,
            container=watched.name,
            at=max(at, watched.started_at),
            exit_code=code,
            out_of_memory=sight is not None and sight.out_of_memory,
        )
        self._tell(task, report)

    def _await_health(self, task: TaskPod, watched: Watched) -> None:
        """Be there when it should have been healthy once."""
        within = sights.checks_of(task.pod).get(watched.name) if task.pod is not None else None
        if within is None or watched.over or watched.health is not None:
            return
        due = watched.started_at + within + TOLD_WITHIN - time.time()
        watched.late = asyncio.get_running_loop().call_later(max(0.0, due), self._never_healthy, task, watched)

    def _never_healthy(self, task: TaskPod, watched: Watched) -> None:
        if watched.runs and watched.health is None and not watched.stopping:
            self._healthy(task, watched, "UNHEALTHY")

    def _healthy(self, task: TaskPod, watched: Watched, health: Health) -> None:
        watched.health = health
        self._tell(task, HealthChanged(task=task.arn, container=watched.name, status=health, at=time.time()))

    def _give_up(self, task: TaskPod) -> None:
        """No node has taken the task for as long as it may wait."""
        waits = reasons.unschedulable(task.pod) if task.pod is not None else None
        if waits is not None and not task.going:
            task.going = True
            self._tell(task, Failed(task=task.arn, container=None, reason=waits[0], at=time.time()))

    def _end(self, watched: Watched) -> None:
        watched.over = True
        if watched.late is not None:
            watched.late.cancel()
            watched.late = None

    def _settle_down(self, task: TaskPod) -> None:
        if task.impatient is not None:
            task.impatient.cancel()
            task.impatient = None
        for watched in task.containers.values():
            if task.muted or watched.over:
                self._end(watched)

    def _tell(self, task: TaskPod, report: Report) -> None:
        if not task.muted:
            self._report(report)
