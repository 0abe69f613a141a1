"""The store of CloudWatch Logs: kept across restarts, bounded, deleted piece by piece, and not in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kecs.control.clock import VirtualClock
from kecs.control.logs.intake import LogIntake
from kecs.core.arns import Scope
from kecs.core.logs.destinations import Destination
from kecs.core.logs.records import OVERHEAD, LogEvent, LogGroup, LogStream
from kecs.ports.logs import FIRST, LAST, Line, LogStore
from kecs.store import logs
from kecs.store.logs import SqliteLogs

SCOPE = Scope("111111111111", "us-east-1")
NOW = 1_700_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteLogs]:
    store = SqliteLogs(path)
    yield store
    store.close()


def stream(store: LogStore, group: str = "g", name: str = "s") -> LogStream:
    found = store.group(SCOPE, group) or store.create_group(LogGroup(id=0, **SCOPE._asdict(), name=group, created=NOW))
    return store.stream(found, name) or store.create_stream(found, name, NOW)


def texts(store: LogStore, group: str = "g") -> list[str]:
    found = store.group(SCOPE, group)
    assert found is not None
    return [event.text for event in store.events(store.streams(found), FIRST, LAST)]


def numbers(count: int, start: int = 0) -> list[LogEvent]:
    return [LogEvent(NOW + number, str(number)) for number in range(start, start + count)]


def size(store: LogStore, group: str = "g") -> int:
    found = store.group(SCOPE, group)
    assert found is not None
    return found.size


def test_another_process_finds_everything(path: Path, store: SqliteLogs) -> None:
    store.append(stream(store).id, numbers(3), NOW, "container", "mark")
    other = SqliteLogs(path)  # the first one has not been closed, as after a kill
    assert (texts(other), other.mark("container")) == (["0", "1", "2"], "mark")
    other.append(stream(other).id, numbers(1, 3), NOW)
    assert texts(other) == ["0", "1", "2", "3"]
    other.forget("container")
    assert other.mark("container") == ""
    other.close()


def test_events_of_the_same_time_keep_their_order(store: SqliteLogs) -> None:
    found = stream(store)
    for batch in range(3):
        store.append(found.id, [LogEvent(NOW, f"{batch}{index}") for index in range(3)], NOW)
    assert texts(store) == ["00", "01", "02", "10", "11", "12", "20", "21", "22"]


def test_what_cannot_be_kept_leaves_no_mark(store: SqliteLogs) -> None:
    found = stream(store)
    with pytest.raises(UnicodeEncodeError):
        store.append(found.id, [LogEvent(NOW, "\ud800")], NOW, "container", "mark")
    assert (texts(store), store.mark("container")) == ([], "")


def test_a_deleted_stream_takes_nothing_more(store: SqliteLogs) -> None:
    found = stream(store)
    store.delete_stream(found)
    assert not store.append(found.id, numbers(1), NOW)
    assert size(store) == 0


def test_a_large_stream_goes_piece_by_piece_and_is_not_seen_meanwhile(store: SqliteLogs) -> None:
    found = stream(store)
    store.append(found.id, numbers(logs.SWEPT * 3), NOW)
    group = store.group(SCOPE, "g")
    assert group is not None
    store.delete_stream(store.streams(group)[0])
    assert (texts(store), size(store) > 0) == ([], True)
    sizes = []
    while size(store):
        store.sweep(NOW)
        sizes.append(size(store))
    assert len(sizes) == 3
    assert sizes == sorted(sizes, reverse=True)


def test_when_there_is_too_much_the_oldest_goes(path: Path) -> None:
    store = SqliteLogs(path, most=20_000 * (OVERHEAD + 5))
    old, new = stream(store, name="old"), stream(store, name="new")
    for batch in range(40):
        store.append((old if batch < 20 else new).id, numbers(1_000, batch * 1_000), NOW)
    kept = [int(text) for text in texts(store)]
    assert kept == list(range(kept[0], 40_000))
    assert 15_000 < len(kept) < 25_000
    store.close()


def test_expired_events_go_when_something_is_added(store: SqliteLogs) -> None:
    found = stream(store)
    store.append(found.id, [LogEvent(NOW - 3 * logs.DAY, "old"), LogEvent(NOW, "new")], NOW)
    group = store.group(SCOPE, "g")
    assert group is not None
    store.change_group(replace(group, retention=1))
    store.append(found.id, [LogEvent(NOW, "newer")], NOW)
    assert texts(store) == ["new", "newer"]
    assert size(store) == 2 * OVERHEAD + len("newnewer")


def test_a_file_that_is_none_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text("this is no database, however long one makes the text" * 100)
    store = SqliteLogs(path)
    store.append(stream(store).id, numbers(1), NOW)
    store.close()
    assert path.with_suffix(".broken").exists()
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("kept", [True, False], ids=["on disk", "ephemeral"])
def test_memory_stays_flat_over_100_000_lines(path: Path, kept: bool) -> None:
    store = SqliteLogs(path if kept else None)
    clock = VirtualClock(NOW / 1000)
    intake = LogIntake(store, clock)
    to = Destination(**SCOPE._asdict(), group="g", stream="s", create_group=True)
    intake.prepare(to, "container", "FARGATE")
    outlet = intake.outlet(to, "container")
    text = "x" * 200
    resident = []
    for batch in range(110):
        outlet.write([Line(NOW + batch, f"{number} {text}", f"{batch} {number}") for number in range(1_000)])
        clock.advance(1)
        resident.append(memory())
    outlet.end()
    assert size(store) > 110_000 * 200
    assert resident[-1] - resident[9] < 4 * 1024 * 1024  # after the first 10,000; the others alone are 20 MiB of text
    store.close()


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_file_that_cannot_be_opened_is_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = SqliteLogs(tmp_path / "nowhere" / "logs.sqlite")
    store.append(stream(store).id, numbers(1), NOW)
    assert texts(store) == ["0"]
    assert "they go with this process" in caplog.text
    store.close()
