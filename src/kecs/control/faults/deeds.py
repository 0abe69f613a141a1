"""Faults that are done at once to what there is: container instances that go, agents that do, Spot capacity that is
taken back. `app.faults` calls them.
"""

from __future__ import annotations

from collections.abc import Callable

from kecs.control.faults.book import FaultBook
from kecs.control.instances.interruptions import NotSpot, interrupt_task
from kecs.control.instances.interruptions import on_spot as is_on_spot
from kecs.control.instances.terminations import terminate
from kecs.core.faults.matching import matches
from kecs.core.faults.records import Fault
from kecs.core.faults.subjects import of_instance, of_record
from kecs.core.instances.changes import with_agent
from kecs.core.records import InstanceRecord
from kecs.ports.clock import Clock
from kecs.ports.store import Store


class Deeds:
    """Each answers how many it was about, or None when there was nobody."""

    def __init__(self, store: Store, clock: Clock, book: FaultBook) -> None:
        self._store = store
        self._clock = clock
        self._book = book
        self._disconnected: dict[str, list[str]] = {}  # by fault: ARNs of instances

    def interrupt(self, key: str, fault: Fault) -> int | None:
        """Take Spot capacity back from tasks. Raises NotSpot when none of those that are meant is on such."""
        wanted = fault.capacity_provider
        about = [
            task
            for task in self._store.tasks
            if task.desired_status == "RUNNING" and task.last_status != "STOPPED" and matches(fault, of_record(task))
            if wanted is None or task.capacity_provider_name == wanted
        ]
        on_spot = [task for task in about if is_on_spot(self._store, task)]
        if about and not on_spot:
            raise NotSpot("None of these tasks runs on Spot capacity, so nothing can take it away.")
        struck = [task for task in on_spot if self._book.draw(key)]
        for task in struck:
            interrupt_task(self._store, self._clock, task)
        return len(struck) if about else None

    def lose(self, key: str, fault: Fault) -> int | None:
        """The EC2 instances are terminated."""
        about = self._instances(fault)
        struck = [instance for instance in about if self._book.draw(key)]
        with self._store.transaction():
            for instance in struck:
                terminate(self._store, instance, self._clock.now())
        return len(struck) if about else None

    def disconnect(self, key: str, fault: Fault, cut_off: Callable[[str], None]) -> int | None:
        """Their agents are gone until `connect`."""
        about = [i for i in self._instances(fault) if i.instance.agent_connected]
        if not about:
            return None
        with self._store.transaction():
            for instance in about:
                self._book.draw(key)
                cut_off(instance.arn)
                self._store.instances.put(with_agent(instance, False, self._clock.now()))
        self._disconnected[key] = [instance.arn for instance in about]
        return len(about)

    def connect(self, key: str, reconnect: Callable[[str], None]) -> None:
        """The agents that this fault has taken are back."""
        for arn in self._disconnected.pop(key, ()):
            instance = self._store.instances.get(arn)
            if instance is not None and instance.instance.status != "INACTIVE":
                with self._store.transaction():
                    self._store.instances.put(with_agent(instance, True, self._clock.now()))
            reconnect(arn)

    def forget(self) -> None:
        """For a reset."""
        self._disconnected.clear()

    def _instances(self, fault: Fault) -> list[InstanceRecord]:
        there = (i for i in self._store.instances if i.instance.status != "INACTIVE")
        return [instance for instance in there if matches(fault, of_instance(instance))]
