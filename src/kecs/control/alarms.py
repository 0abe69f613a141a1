"""The alarms of a KECS without CloudWatch: those that somebody has set over the admin API."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kecs.core.arns import Scope
from kecs.core.records import Record

PATIENCE = 60.0  # seconds; CloudWatch's shortest common period


class Alarm(Record):
    """An alarm as it was set last."""

    name: str
    state: str  # OK | ALARM
    patience: float = PATIENCE  # seconds: its period times its evaluation periods


class SetAlarms:
    """See ports.alarms.Alarms. A restart forgets them."""

    def __init__(self) -> None:
        self._alarms: dict[tuple[Scope, str], Alarm] = {}  # by scope and name
        self._listeners: list[Callable[[Scope, str], None]] = []

    def set(self, scope: Scope, alarm: Alarm) -> None:
        """Have the alarm of that name be so."""
        self._alarms[scope, alarm.name] = alarm
        for listener in self._listeners:
            listener(scope, alarm.name)

    def all(self) -> list[tuple[Scope, Alarm]]:
        return [(scope, alarm) for (scope, _), alarm in self._alarms.items()]

    def ringing(self, scope: Scope, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(alarm.name for alarm in self._known(scope, names) if alarm.state == "ALARM")

    def patience(self, scope: Scope, names: Iterable[str]) -> float:
        return max((alarm.patience for alarm in self._known(scope, names)), default=0.0)

    def subscribe(self, listener: Callable[[Scope, str], None]) -> None:
        self._listeners.append(listener)

    def clear(self) -> None:
        self._alarms.clear()

    def _known(self, scope: Scope, names: Iterable[str]) -> list[Alarm]:
        found = (self._alarms.get((scope, name)) for name in names)
        return [alarm for alarm in found if alarm is not None]
