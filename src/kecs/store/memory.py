"""State in memory: tables with indexes, transactions that undo themselves, a feed of what was committed.

Called by handlers and control loops through `ports.store`; put together with a journal by `app`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, KeysView
from typing import Any, Generic, Protocol, Self, TypeVar

from kecs.core import tables
from kecs.core.records import Change, Record

R = TypeVar("R", bound=Record)


class Journal(Protocol):
    """Where committed changes are kept beyond this process."""

    def load(self) -> Iterator[tuple[str, Record]]: ...

    def write(self, changes: list[Change]) -> None: ...

    def close(self) -> None: ...


class MemoryTable(Generic[R]):
    """One kind of record; see ports.store.Table."""

    def __init__(self, table: tables.Table[R], log: list[Change]) -> None:
        self.name = table.name
        self.key_of = table.key
        self._index_of = dict(table.indexes)
        self._log = log
        self._rows: dict[str, R] = {}
        # Dicts without values: sets that keep the order in which records were made.
        self._indexes: dict[str, dict[str, dict[str, None]]] = {index: {} for index in table.indexes}

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


class MemoryTables:
    """Every table of `core.tables`; they write what changes into one log."""

    def __init__(self, log: list[Change]) -> None:
        self.clusters = MemoryTable(tables.CLUSTERS, log)
        self.families = MemoryTable(tables.FAMILIES, log)
        self.task_definitions = MemoryTable(tables.TASK_DEFINITIONS, log)
        self.services = MemoryTable(tables.SERVICES, log)
        self.service_deployments = MemoryTable(tables.SERVICE_DEPLOYMENTS, log)
        self.service_revisions = MemoryTable(tables.SERVICE_REVISIONS, log)
        self.task_sets = MemoryTable(tables.TASK_SETS, log)
        self.tasks = MemoryTable(tables.TASKS, log)
        self.instances = MemoryTable(tables.INSTANCES, log)
        self.nodes = MemoryTable(tables.NODES, log)
        self.capacity_providers = MemoryTable(tables.CAPACITY_PROVIDERS, log)
        self.capacity_groups = MemoryTable(tables.CAPACITY_GROUPS, log)
        self.tokens = MemoryTable(tables.TOKENS, log)
        self.gateways = MemoryTable(tables.GATEWAYS, log)
        self.gateway_associations = MemoryTable(tables.GATEWAY_ASSOCIATIONS, log)
        self.gateway_routes = MemoryTable(tables.GATEWAY_ROUTES, log)
        self.gateway_uses = MemoryTable(tables.GATEWAY_USES, log)
        self.express_services = MemoryTable(tables.EXPRESS_SERVICES, log)
        self.sessions = MemoryTable(tables.SESSIONS, log)
        self.account_settings = MemoryTable(tables.ACCOUNT_SETTINGS, log)
        self.daemon_task_definitions = MemoryTable(tables.DAEMON_TASK_DEFINITIONS, log)
        self.daemons = MemoryTable(tables.DAEMONS, log)
        self.daemon_revisions = MemoryTable(tables.DAEMON_REVISIONS, log)
        self.daemon_deployments = MemoryTable(tables.DAEMON_DEPLOYMENTS, log)
        self.scalable_targets = MemoryTable(tables.SCALABLE_TARGETS, log)
        self.scaling_policies = MemoryTable(tables.SCALING_POLICIES, log)
        self.scheduled_actions = MemoryTable(tables.SCHEDULED_ACTIONS, log)
        self.scaling_activities = MemoryTable(tables.SCALING_ACTIVITIES, log)
        self.event_buses = MemoryTable(tables.EVENT_BUSES, log)
        self.rules = MemoryTable(tables.RULES, log)
        self.schedule_groups = MemoryTable(tables.SCHEDULE_GROUPS, log)
        self.schedules = MemoryTable(tables.SCHEDULES, log)
        self.invocations = MemoryTable(tables.INVOCATIONS, log)
        self.applications = MemoryTable(tables.APPLICATIONS, log)
        self.deployment_groups = MemoryTable(tables.DEPLOYMENT_GROUPS, log)
        self.deployment_configs = MemoryTable(tables.DEPLOYMENT_CONFIGS, log)
        self.code_deployments = MemoryTable(tables.CODE_DEPLOYMENTS, log)
        self.alarms = MemoryTable(tables.ALARMS, log)
        self.target_groups = MemoryTable(tables.TARGET_GROUPS, log)
        self.tables: dict[str, MemoryTable[Any]] = {
            table.name: table for table in vars(self).values() if isinstance(table, MemoryTable)
        }


class MemoryStore(MemoryTables):
    """All state of one KECS; see ports.store.Store."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._log: list[Change] = []
        self._unwritten: list[Change] = []
        self._depth = 0  # of transactions inside one another
        self._listeners: list[Callable[[list[Change]], None]] = []
        self._journal = journal
        self.before_writing: Callable[[], None] | None = None  # adds what is to become durable with the rest
        self.trouble: str | None = None  # why nothing can be made durable at the moment, in one line
        super().__init__(self._log)
        if journal is not None:
            for name, record in journal.load():
                table = self.tables[name]
                table.set(table.key_of(record), record)

    def transaction(self) -> Self:
        return self

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._depth -= 1
        if self._depth or not self._log:  # one inside another belongs to the outer one
            return
        if kind is not None:
            for name, key, old, _ in reversed(self._log):
                self.tables[name].set(key, old)
            self._log.clear()
            return
        changes = list(self._log)
        self._log.clear()
        if self._journal is not None:
            self._unwritten.extend(changes)
        for listener in self._listeners:
            listener(changes)

    def subscribe(self, listener: Callable[[list[Change]], None]) -> None:
        """Who is subscribed by another listener hears of the changes that this one was told of, too."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[list[Change]], None]) -> None:
        self._listeners.remove(listener)

    def flush(self) -> None:
        if self._unwritten and self._journal is not None:
            if self.before_writing is not None:
                self.before_writing()
            try:
                self._journal.write(self._unwritten)
            except Exception as error:
                self.trouble = f"what happens cannot be written to disk: {error}"
                raise
            self._unwritten.clear()
            self.trouble = None

    def clear(self) -> None:
        """Forget everything, the journal included."""
        with self.transaction():
            for table in self.tables.values():
                for record in table:
                    table.delete(table.key_of(record))
        self.flush()

    def load(self, records: Iterable[tuple[str, Record]]) -> None:
        """Hold these records, each with its table's name, and no others; durable once flushed.

        No listener hears of it.
        """
        for table in self.tables.values():
            for old in table:
                key = table.key_of(old)
                self._unwritten.append((table.name, key, old, None))
                table.set(key, None)
        for name, record in records:
            table = self.tables[name]
            key = table.key_of(record)
            self._unwritten.append((name, key, None, record))
            table.set(key, record)
        if self._journal is None:
            self._unwritten.clear()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            if self._journal is not None:
                self._journal.close()
