"""What a server logs, kept for `server.logs()` and handed on to whoever wants to read along."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType

MOST_LINES = 10_000  # the newest ones are kept

_LOGGER = logging.getLogger("kecs")
_SETTING = threading.Lock()
_own_level = [logging.NOTSET]  # what this module has set it to

LogConsumer = Callable[[str], object]


class ServerLog:
    """The log of one server, line by line."""

    def __init__(self, consumer: LogConsumer | None) -> None:
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._consumer = consumer
        self.count = 0  # of all lines ever

    def add(self, line: str) -> None:
        self.count += 1
        self._lines.append(line)
        if self._consumer is not None:
            self._consumer(line)

    def lines(self, since: int = 0) -> list[str]:
        """Those that are kept; `since`: without the first ones of all, so many."""
        kept = list(self._lines)
        return kept[max(0, since - (self.count - len(kept))) :]


class OfThread(logging.Handler):
    """Takes what KECS logs in the thread that enters it: each server of this process has one."""

    def __init__(self, log: ServerLog, level: str) -> None:
        super().__init__()
        self._level = level
        self._log = log
        self._thread = threading.get_ident()

    def __enter__(self) -> None:
        from kecs.app.logs import LEVELS, formatter

        self.setFormatter(formatter())
        self.setLevel(LEVELS[self._level])
        with _SETTING:
            _LOGGER.addHandler(self)
            _set_level()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _SETTING:
            _LOGGER.removeHandler(self)
            _set_level()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._log.add(self.format(record))


def _set_level() -> None:
    """Let the logger make what one of the servers wants, and what it would make anyway."""
    if _LOGGER.level not in (logging.NOTSET, _own_level[0]):
        return  # somebody else has set it
    wanted = [handler.level for handler in _LOGGER.handlers if isinstance(handler, OfThread)]
    _own_level[0] = min(wanted, default=logging.NOTSET)
    _LOGGER.setLevel(_own_level[0])
