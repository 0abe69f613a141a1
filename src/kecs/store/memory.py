"""State in memory: tables with indexes, transactions that undo themselves, a feed of what was committed.

Called by handlers and control loops through `ports.store`; put together with a journal by `app`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, KeysView, Mapping
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from kecs.core.arns import scope_key, scope_of
from kecs.core.records import (
    AnyRecord,
    Change,
    ClusterRecord,
    FamilyRecord,
    InstanceRecord,
    ServiceRecord,
    TaskDefinitionRecord,
    TaskRecord,
    TokenRecord,
)

R = TypeVar("R", bound=AnyRecord)
IndexOf = Callable[[R], "str | None"]


class Journal(Protocol):
    """Where committed changes are kept beyond this process."""

    def load(self) -> Iterator[tuple[str, AnyRecord]]: ...

    def write(self, changes: list[Change]) -> None: ...

    def close(self) -> None: ...


class MemoryTable(Generic[R]):
    """One kind of record; see ports.store.Table."""

    def __init__(
        self, name: str, key: Callable[[R], str], indexes: Mapping[str, IndexOf[R]], log: list[Change]
    ) -> None:
        self.name = name
        self.key_of = key
        self._index_of = dict(indexes)
        self._log = log
        self._rows: dict[str, R] = {}
        # Dicts without values: sets that keep the order in which records were made.
        self._indexes: dict[str, dict[str, dict[str, None]]] = {index: {} for index in indexes}

    def get(self, key: str) -> R | None:
        return self._rows.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._rows.values()))

    def keys(self, index: str, value: str) -> KeysView[str]:
        return self._indexes[index].get(value, {}).keys()

    def where(self, index: str, value: str) -> list[R]:
        rows = self._rows
        return [rows[key] for key in self._indexes[index].get(value, ())]

    def put(self, record: R) -> None:
        key = self.key_of(record)
        self._log.append((self.name, key, self._rows.get(key), record))
        self.set(key, record)

    def delete(self, key: str) -> None:
        old = self._rows.get(key)
        if old is not None:
            self._log.append((self.name, key, old, None))
            self.set(key, None)

    def set(self, key: str, record: R | None) -> None:
        """Put or remove without a trace in the log: for loading and for undoing."""
        old = self._rows.get(key)
        for index, index_of in self._index_of.items():
            before = index_of(old) if old is not None else None
            after = index_of(record) if record is not None else None
            if before == after:
                continue
            entries = self._indexes[index]
            if before is not None:
                del entries[before][key]
                if not entries[before]:
                    del entries[before]
            if after is not None:
                entries.setdefault(after, {})[key] = None
        if record is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = record


class Tables:
    """Every table and what it is indexed by; they write what changes into one log."""

    def __init__(self, log: list[Change]) -> None:
        self.clusters: MemoryTable[ClusterRecord] = MemoryTable(
            "clusters", lambda r: r.arn, {"scope": lambda r: scope_key(scope_of(r.arn))}, log
        )
        self.families: MemoryTable[FamilyRecord] = MemoryTable(
            "families", lambda r: r.key, {"scope": lambda r: scope_key(scope_of(r.key))}, log
        )
        self.task_definitions: MemoryTable[TaskDefinitionRecord] = MemoryTable(
            "task_definitions",
            lambda r: r.arn,
            {
                "scope": lambda r: scope_key(scope_of(r.arn)),
                "family": lambda r: r.scope.family(r.family),
            },
            log,
        )
        self.services: MemoryTable[ServiceRecord] = MemoryTable(
            "services", lambda r: r.arn, {"cluster": lambda r: r.cluster_arn}, log
        )
        self.tasks: MemoryTable[TaskRecord] = MemoryTable(
            "tasks",
            lambda r: r.arn,
            {
                "cluster": lambda r: r.cluster_arn,
                "service": lambda r: r.service_arn,
                "unaccounted": lambda r: None if r.accounted else r.service_arn,
                "instance": lambda r: r.container_instance_arn,
                "family": lambda r: r.family_key,
            },
            log,
        )
        self.instances: MemoryTable[InstanceRecord] = MemoryTable(
            "instances", lambda r: r.arn, {"cluster": lambda r: r.cluster_arn}, log
        )
        self.tokens: MemoryTable[TokenRecord] = MemoryTable("tokens", lambda r: r.key, {}, log)
        tables = (
            self.clusters,
            self.families,
            self.task_definitions,
            self.services,
            self.tasks,
            self.instances,
            self.tokens,
        )
        self.tables: dict[str, MemoryTable[AnyRecord]] = {t.name: t for t in tables}  # type: ignore[misc]


class MemoryStore(Tables):
    """All state of one KECS; see ports.store.Store."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._log: list[Change] = []
        self._unwritten: list[Change] = []
        self._open = False
        self._listeners: list[Callable[[list[Change]], None]] = []
        self._journal = journal
        super().__init__(self._log)
        if journal is not None:
            for name, record in journal.load():
                table = self.tables[name]
                table.set(table.key_of(record), record)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._open:  # one inside another belongs to the outer one
            yield
            return
        self._open = True
        try:
            yield
        except BaseException:
            for name, key, old, _ in reversed(self._log):
                self.tables[name].set(key, old)
            self._log.clear()
            raise
        finally:
            self._open = False
        if not self._log:
            return
        changes = list(self._log)
        self._log.clear()
        if self._journal is not None:
            self._unwritten.extend(changes)
        for listener in self._listeners:
            listener(changes)

    def subscribe(self, listener: Callable[[list[Change]], None]) -> None:
        self._listeners.append(listener)

    def flush(self) -> None:
        if self._unwritten and self._journal is not None:
            self._journal.write(self._unwritten)
            self._unwritten.clear()

    def clear(self) -> None:
        """Forget everything, the journal included."""
        with self.transaction():
            for table in self.tables.values():
                for record in table:
                    table.delete(table.key_of(record))
        self.flush()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            if self._journal is not None:
                self._journal.close()
