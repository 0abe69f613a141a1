"""A store as it was a while ago, for reads that are to be stale. It costs something only while there is one."""

from __future__ import annotations

from collections import deque

from kecs.core.records import Change
from kecs.ports.clock import Clock
from kecs.store.memory import MemoryStore


class LaggingStore:
    """Follows a store `age` seconds behind. It knows nothing from before it began, so until then it shows that."""

    def __init__(self, store: MemoryStore, clock: Clock, age: float) -> None:
        self._store = store
        self._clock = clock
        self._age = age
        self._to_come: deque[tuple[float, list[Change]]] = deque()  # what has not happened yet here
        self._behind = MemoryStore()
        for name, table in store.tables.items():
            for record in table:
                self._behind.tables[name].set(table.key_of(record), record)
        store.subscribe(self._notice)

    def look(self) -> MemoryStore:
        """The store as it was then. What is changed in it changes nothing else."""
        then = self._clock.now() - self._age
        while self._to_come and self._to_come[0][0] <= then:
            for name, key, _, after in self._to_come.popleft()[1]:
                self._behind.tables[name].set(key, after)
        return self._behind

    def close(self) -> None:
        """Follow it no longer."""
        self._store.unsubscribe(self._notice)

    def _notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        self._to_come.append((self._clock.now(), changes))
        self.look()  # what nobody reads must not pile up
