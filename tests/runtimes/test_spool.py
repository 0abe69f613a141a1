from __future__ import annotations

from kecs.ports.runtime import LogLine
from kecs.runtimes.spool import CHARACTERS_KEPT, Spool


def line(text: str) -> LogLine:
    return LogLine(at=0.0, stream="stdout", text=text)


def test_the_oldest_output_is_forgotten_first() -> None:
    spool = Spool()
    spool.keep("t", "old", [line("x")])
    spool.keep("t", "big", [line("y" * CHARACTERS_KEPT)])
    assert not list(spool.lines("t", "old", None))
    assert len(list(spool.lines("t", "big", None))) == 1


def test_the_tail() -> None:
    spool = Spool()
    spool.keep("t", "a", [line(str(n)) for n in range(5)])
    assert [kept.text for kept in spool.lines("t", "a", 2)] == ["3", "4"]
    assert [kept.text for kept in spool.lines("t", "a", 9)] == ["0", "1", "2", "3", "4"]
