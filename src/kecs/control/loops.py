"""The control plane: the loops together, and which of them looks at what when something changes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from kecs.control.autoscaling import Autoscaling
from kecs.control.cleanup import Cleanup
from kecs.control.daemon_definitions import DaemonDefinitions
from kecs.control.daemons import Daemons
from kecs.control.deletion import Deletion
from kecs.control.express import Express
from kecs.control.gateways import Gateways
from kecs.control.instances.agents import Agents
from kecs.control.instances.capacity import Capacity
from kecs.control.instances.providers import Providers
from kecs.control.instances.versions import Rooms
from kecs.control.queue import WorkQueue
from kecs.control.services.hooks import HookCalls
from kecs.control.services.loop import Services
from kecs.control.services.traffic_shares import TrafficShares
from kecs.control.sessions import Sessions
from kecs.control.supervisor import KIND as TASK
from kecs.control.supervisor import Supervisors
from kecs.control.vacated import Vacated
from kecs.core.deployments.hooks import awaits_answer
from kecs.core.records import Change, TaskRecord
from kecs.core.settings import Settings
from kecs.core.tasks.reports import ObservedTask
from kecs.ports.alarms import Alarms
from kecs.ports.clock import Clock, Ids
from kecs.ports.hooks import Hooks
from kecs.ports.lookups import Lookups
from kecs.ports.nodes import Nodes
from kecs.ports.runtime import Runtime
from kecs.ports.store import Store
from kecs.ports.targets import Targets
from kecs.ports.traffic import Traffic

if TYPE_CHECKING:
    from kecs.control.instances.nodes import NodeInstances


class Control:
    """All control loops of one KECS, driven by the store's changes, the runtime's reports and alarms."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        clock: Clock,
        ids: Ids,
        settings: Settings,
        defer: Callable[[Callable[[], None]], object],
        traffic: Traffic,
        hooks: Hooks,
        alarms: Alarms,
        lookups: Lookups,
        targets: Targets,
        nodes: Nodes | None = None,
    ) -> None:
        """`defer` has the event loop call a function soon; without a loop it may do nothing, `drain` does it all."""
        self._store = store
        self._runtime = runtime
        self.queue = WorkQueue(clock, defer, self._finish)
        # First: tasks before services.
        self.supervisors = Supervisors(store, runtime, clock, self.queue, lookups, targets)
        self.nodes: NodeInstances | None = None
        if nodes is not None:
            from kecs.control.instances.nodes import NodeInstances  # few runtimes have any

            self.nodes = NodeInstances(store, clock, ids, self.queue, nodes, settings.node_patience)
        self._daemons = Daemons(store, clock, ids, self.queue)  # and daemons before whatever else runs on an instance
        self._daemon_definitions = DaemonDefinitions(store, clock, self.queue)
        self.hooks = HookCalls(store, clock, self.queue, hooks)
        # DAEMON services before what waits for an instance
        self.services = Services(store, clock, ids, self.queue, self.hooks, alarms)
        self._providers = Providers(store, clock, self.queue)
        self.capacity = Capacity(store, clock, ids, self.queue)
        self.cleanup = Cleanup(store, clock, self.queue, settings.stopped_task_retention)
        self._deletion = Deletion(store, self.queue)
        self._vacated = Vacated(store, self.queue, runtime)
        self._sessions = Sessions(store, self.queue)
        self._gateways = Gateways(store, clock, ids, self.queue, traffic)
        self._express = Express(store, clock, self.queue, traffic)
        self._shares = TrafficShares(store, self.queue, traffic)
        self._agents = Agents(store, clock, self.queue)
        self.autoscaling = Autoscaling(store, clock, ids, self.queue, runtime)
        self._rooms = Rooms(store, self.queue)
        self.decisions = self.services.decisions
        first = (self.services, self._daemons, self._daemon_definitions, self._providers, self.capacity, self.cleanup)
        then = (self._deletion, self._vacated, self._sessions, self._gateways, self._express, self._shares)
        nodes_too = () if self.nodes is None else (self.nodes,)
        store.subscribe(self._notice)
        for loop in (*first, *then, self._agents, self.autoscaling, self._rooms, *nodes_too):
            store.subscribe(loop.notice)

    async def recover(self) -> None:
        """Take up what an earlier process left: adopt what runs, remove what no record wants."""
        unwanted = self.supervisors.recover(await self._runtime.inventory())
        if unwanted:
            await self._runtime.discard(unwanted)
        self._daemons.recover()
        self._daemon_definitions.recover()
        self._providers.recover()
        self.capacity.recover()
        self.services.recover()
        self.cleanup.recover()
        self._deletion.recover()
        self._vacated.recover()
        self._sessions.recover()
        self._gateways.recover()
        self._express.recover()
        self._shares.recover()
        self._agents.recover()
        self.autoscaling.recover()

    def go_on(self, observed: list[ObservedTask], whole: Collection[str]) -> None:
        """Take up a snapshot whose alarms are set: the tasks that are not `whole` in the runtime as after a restart,
        and of the rest what concerns the world outside."""
        self.supervisors.recover(observed, whole)
        for deployment in self._store.service_deployments:
            if any(map(awaits_answer, deployment.hooks)):  # its answer went to whoever asked
                self.services.add(deployment.service_arn)
        self._gateways.recover()
        self._express.recover()
        self._shares.recover()

    def forget(self) -> None:
        """Drop everything that is under way; for a reset."""
        self.queue.clear()
        self.supervisors.forget()
        self._vacated.forget()
        if self.nodes is not None:
            self.nodes.forget()
        self.hooks.forget()
        self.cleanup.forget()
        self.autoscaling.forget()
        self.decisions.clear()

    def _finish(self) -> None:
        self._store.flush()
        if self.nodes is not None:
            self.nodes.dispatch()
        self.supervisors.dispatch()
        self._vacated.dispatch()
        self.hooks.dispatch()

    def _notice(self, changes: list[Change]) -> None:
        for table, key, before, after in changes:
            if table == "tasks":
                if key != self.supervisors.working and after is not None and after.last_status != "STOPPED":
                    self.queue.add(TASK, key)
                self._notice_service_of(before, after)
            elif table == "services" and key != self.services.working:
                self.services.add(key)
            elif table in ("service_deployments", "task_sets"):
                service: str = (after or before).service_arn
                if service != self.services.working:
                    self.services.add(service)

    def _notice_service_of(self, before: TaskRecord | None, after: TaskRecord | None) -> None:
        task = after or before
        if task is None or task.service_arn is None or task.service_arn == self.services.working:
            return
        if after is None and task.accounted:
            return  # forgotten long after the scheduler has counted it
        if before is None or after is None or _counts(before) != _counts(after):
            self.services.add(task.service_arn)


def _counts(task: TaskRecord) -> tuple[object, ...]:
    """What the service scheduler decides on."""
    return task.last_status, task.desired_status, task.health, task.protected_until, task.targets
