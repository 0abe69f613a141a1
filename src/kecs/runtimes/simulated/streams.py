"""`print` in a function that stands for an image: sys.stdout and sys.stderr, divided by thread while one is going on.

Whatever a thread writes that belongs to no container goes where it would have gone. Others replace the streams too
(pytest does, from test to test), so they are divided anew whenever a function goes on, and put back when none does.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from kecs.ports.program import Stream

Write = Callable[[Stream, str], None]

_here = threading.local()  # .write: of the container that this thread belongs to
_changing = threading.Lock()
_going = 0


class Divided:
    """A stream that hands on what threads of containers write to it."""

    def __init__(self, name: Stream, whole: Any) -> None:
        self.whole = whole
        self._name = name

    def write(self, text: str) -> int:
        write: Write | None = getattr(_here, "write", None)
        if write is None:
            return self.whole.write(text)  # type: ignore[no-any-return]
        write(self._name, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)


def divide(write: Write) -> None:
    """What this thread writes from now on goes there."""
    global _going  # the streams are the process's
    with _changing:
        _going += 1
        for name in ("stdout", "stderr"):
            if not isinstance(getattr(sys, name), Divided):
                setattr(sys, name, Divided(name, getattr(sys, name)))
    _here.write = write


def unite() -> None:
    """This thread writes nothing for now."""
    global _going  # the streams are the process's
    _here.write = None
    with _changing:
        _going -= 1
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if not _going and isinstance(stream, Divided):
                setattr(sys, name, stream.whole)
