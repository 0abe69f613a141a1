"""The kernel: everything of one KECS except HTTP and the process around it.

`app.server` runs it under an event loop. A test drives it with none: a `VirtualClock` without a loop, `answer` for a
request, `clock.advance` for time. The clock's `drain` is the kernel's, so nothing is left undone between two instants.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.control.alarms import SetAlarms
from kecs.control.clock import VirtualClock
from kecs.control.codedeploy import CodeDeploy
from kecs.control.eventbridge import Both, EventBridge, KeptEvents
from kecs.control.feed import Feed
from kecs.control.hooks import NoHooks
from kecs.control.loops import Control
from kecs.control.scheduled import Scheduled
from kecs.control.traffic import RecordedTraffic
from kecs.core.arns import Scope
from kecs.core.settings import Settings
from kecs.gateway.endpoint import Endpoint
from kecs.ports.clock import Clock, Ids
from kecs.ports.ecs import TaskSetRequest
from kecs.ports.hooks import Hooks
from kecs.ports.runtime import Capacity, Runtime
from kecs.services.context import Context
from kecs.services.ecs.clusters import ensure_default_cluster
from kecs.services.ecs.task_sets import call as call_task_sets
from kecs.services.ecs.tasks import run_task
from kecs.store.memory import MemoryStore


class Kernel:
    """Store, control loops, feed and the endpoint of AWS's APIs, on a runtime that is open already."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: MemoryStore,
        clock: Clock,
        ids: Ids,
        runtime: Runtime,
        defer: Callable[[Callable[[], None]], object],
        hooks: Hooks | None = None,
    ) -> None:
        self.traffic = RecordedTraffic()
        self.alarms = SetAlarms()
        self.settings = settings
        self.store = store
        self.clock = clock
        self.ids = ids
        self.runtime = runtime
        self.feed = Feed(clock)
        around = self.traffic, hooks or NoHooks(), self.alarms
        self.control = Control(store, runtime, clock, ids, settings, defer, *around)
        self.scheduled = Scheduled(store, clock, ids, self.control.queue, self._run_task)
        around_code_deploy = self._call_task_sets, self.traffic, self.alarms, self.control.hooks.want
        self.code_deploy = CodeDeploy(store, clock, ids, self.control.queue, *around_code_deploy)
        self.sent = KeptEvents()
        store.subscribe(self.feed.notice)
        store.subscribe(EventBridge(store, clock, Both(self.sent, self.scheduled.rules)).notice)
        self.endpoint = Endpoint(store, clock, ids, settings)
        if isinstance(clock, VirtualClock):
            clock.drain = self.control.queue.drain

    def _run_task(self, scope: Scope, request: m.RunTaskRequest) -> m.RunTaskResponse:
        """See ports.launcher.RunTask."""
        return run_task(self._context(scope), request)

    def _call_task_sets(self, scope: Scope, request: TaskSetRequest) -> m.TaskSet:
        """See ports.ecs.CallEcs."""
        return call_task_sets(self._context(scope), request)

    def _context(self, scope: Scope) -> Context:
        """Of a call of ECS in a caller's name."""
        principal = f"arn:aws:iam::{scope.account}:root"
        context = Context(scope, principal, self.clock.now(), self.ids, self.store, self.settings)
        ensure_default_cluster(context)
        return context

    async def recover(self) -> None:
        """Take up what an earlier process left. The runtime's reports must go to `control.supervisors.report`."""
        await self.control.recover()
        self.scheduled.recover()
        self.code_deploy.recover()

    async def reset(self) -> None:
        """Forget everything and stop every container."""
        self.control.forget()
        self.store.clear()
        self.scheduled.forget()
        self.code_deploy.forget()
        self.control.forget()  # what forgetting itself gave the loops to do
        self.traffic.clear()
        self.alarms.clear()
        await self.runtime.discard()


def with_capacity(settings: Settings, capacity: Capacity) -> Settings:
    """The settings with the built-in instance as big as the runtime says."""
    return replace(
        settings, local_cpu=capacity.cpu, local_memory=capacity.memory, local_architecture=capacity.architecture
    )
