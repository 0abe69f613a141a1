"""CloudWatch Logs of one KECS: the store and the intake, made for the first task or request that needs them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kecs.control.logs.intake import LogIntake
from kecs.ports.clock import Clock
from kecs.ports.logs import LogStore
from kecs.store.logs import SqliteLogs

if TYPE_CHECKING:
    from kecs.control.logs.live_tail import LiveTails


class StoredLogs:
    """See ports.logs.LogService; `intake` is a ports.logs.Intake."""

    def __init__(self, file: Path | None, clock: Clock) -> None:
        """`file`: None when nothing is kept."""
        self._sqlite = SqliteLogs(file)
        self.store: LogStore = self._sqlite
        self.intake = LogIntake(self._sqlite, clock)
        self._clock = clock

    def read(self) -> LogStore:
        self.intake.collect()
        return self.store

    def tails(self) -> LiveTails:
        return self._tails

    @cached_property
    def _tails(self) -> LiveTails:
        from kecs.control.logs.live_tail import LiveTails  # with the first session

        return LiveTails(self.store, self._clock, self.intake.collect)

    def clear(self) -> None:
        self.intake.clear()
        self._sqlite.clear()

    def close(self) -> None:
        """Whatever has been written and not been kept is read again from where it comes from."""
        if "_tails" in vars(self):
            self._tails.close()
        self.intake.clear()
        self._sqlite.close()
