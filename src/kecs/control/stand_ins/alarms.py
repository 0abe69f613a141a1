"""The alarms of a KECS without CloudWatch: those that somebody has set over the admin API."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kecs.core.arns import Scope
from kecs.core.records.told import AlarmRecord, alarm_key
from kecs.ports.store import Store

PATIENCE = 60.0  # seconds; CloudWatch's shortest common period


class SetAlarms:
    """See ports.alarms.Alarms."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: list[Callable[[Scope, str], None]] = []

    def set(self, alarm: AlarmRecord) -> None:
        """Have the alarm of that name be so, for good when this returns."""
        with self._store.transaction():
            self._store.alarms.put(alarm)
        self._store.flush()
        for listener in self._listeners:
            listener(alarm.scope, alarm.name)

    def ringing(self, scope: Scope, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(alarm.name for alarm in self._known(scope, names) if alarm.state == "ALARM")

    def patience(self, scope: Scope, names: Iterable[str]) -> float:
        return max((alarm.patience for alarm in self._known(scope, names)), default=0.0)

    def subscribe(self, listener: Callable[[Scope, str], None]) -> None:
        self._listeners.append(listener)

    def _known(self, scope: Scope, names: Iterable[str]) -> list[AlarmRecord]:
        found = (self._store.alarms.get(alarm_key(scope, name)) for name in names)
        return [alarm for alarm in found if alarm is not None]
