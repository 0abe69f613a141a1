"""All of a kernel that moves by itself: control loops, feed, events. `kernel` loads it when something is to move."""

from __future__ import annotations

from collections.abc import Callable, Collection

from kecs.aws.model import ecs as m
from kecs.control.clock import VirtualClock
from kecs.control.codedeploy import CodeDeploy
from kecs.control.events.eventbridge import Both, EventBridge, KeptEvents
from kecs.control.events.feed import Feed
from kecs.control.inputs import NoLookups
from kecs.control.invoking.scheduled import Scheduled
from kecs.control.loops import Control
from kecs.control.services.hooks import NoHooks
from kecs.control.stand_ins.alarms import SetAlarms
from kecs.control.stand_ins.targets import SetTargets
from kecs.control.stand_ins.traffic import RecordedTraffic
from kecs.core.arns import Scope
from kecs.core.settings import Settings
from kecs.core.tasks.launch import Refuse
from kecs.core.tasks.reports import ObservedTask
from kecs.ports.clock import Clock, Ids
from kecs.ports.ecs import TaskSetRequest
from kecs.ports.hooks import Hooks
from kecs.ports.lookups import Lookups
from kecs.ports.nodes import Nodes
from kecs.ports.runtime import Runtime
from kecs.services.context import Context
from kecs.services.ecs.clusters import ensure_default_cluster
from kecs.services.ecs.task_sets import call as call_task_sets
from kecs.services.ecs.tasks import run_task
from kecs.store.memory import MemoryStore


class Machinery:
    """It listens to the store from when it is made. The runtime's reports must go to `control.supervisors.report`."""

    def __init__(
        self,
        store: MemoryStore,
        runtime: Runtime,
        clock: Clock,
        ids: Ids,
        settings: Settings,
        defer: Callable[[Callable[[], None]], object],
        hooks: Hooks | None,
        lookups: Lookups | None,
        nodes: Nodes | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self.refuse: Refuse | None = None  # asked before a task is placed
        self.traffic = RecordedTraffic()
        self.alarms = SetAlarms(store)
        self.targets = SetTargets(store, clock)
        self.feed = Feed(clock)
        lookups = lookups or NoLookups()
        around = self.traffic, hooks or NoHooks(), self.alarms, lookups, self.targets
        self.control = Control(store, runtime, clock, ids, settings, defer, *around, nodes)
        self.targets.open(self.control.supervisors.hear)
        self.scheduled = Scheduled(store, clock, ids, self.control.queue, self._run_task, lookups)
        around_code_deploy = self._call_task_sets, self.traffic, self.alarms, self.control.hooks.want
        self.code_deploy = CodeDeploy(store, clock, ids, self.control.queue, *around_code_deploy)
        self.sent = KeptEvents()
        store.subscribe(self.feed.notice)
        store.subscribe(EventBridge(store, clock, Both(self.sent, self.scheduled.rules)).notice)
        store.before_writing = self.scheduled.rules.deliver
        if isinstance(clock, VirtualClock):
            clock.drain = self.control.queue.drain

    async def recover(self) -> None:
        """Take up what an earlier process left."""
        await self.control.recover()
        self.scheduled.recover()
        self.code_deploy.recover()

    def forget(self) -> None:
        """Forget everything, the store's records included."""
        self.control.forget()
        self._store.clear()
        self.scheduled.forget()
        self.code_deploy.forget()
        self.control.forget()  # what forgetting itself gave the loops to do
        self.traffic.clear()
        self.hear_of_nodes()

    def hear_of_nodes(self) -> None:
        """Where the runtime has nodes: from the beginning."""
        if self.control.nodes is not None:
            self.control.nodes.begin()

    def drop(self) -> None:
        """Know nothing any more but the records, and ask the runtime for nothing more."""
        self.control.forget()
        self.scheduled.forget()
        self.code_deploy.forget()
        self.traffic.clear()

    def go_on(self, observed: list[ObservedTask], whole: Collection[str]) -> None:
        """Take up a snapshot; see Control.go_on."""
        self.control.go_on(observed, whole)
        self.scheduled.go_on()
        self.code_deploy.recover()

    def _run_task(self, scope: Scope, request: m.RunTaskRequest) -> m.RunTaskResponse:
        """See ports.launcher.RunTask."""
        return run_task(self._context(scope), request)

    def _call_task_sets(self, scope: Scope, request: TaskSetRequest) -> m.TaskSet:
        """See ports.ecs.CallEcs."""
        return call_task_sets(self._context(scope), request)

    def _context(self, scope: Scope) -> Context:
        """Of a call of ECS in a caller's name."""
        principal = f"arn:aws:iam::{scope.account}:root"
        context = Context(scope, principal, self._clock.now(), self._ids, self._store, self._settings, self.refuse)
        ensure_default_cluster(context)
        return context
