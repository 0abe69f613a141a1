"""The journal: what was acknowledged is there again, in order, whatever happens to the process or the file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.records import cluster, instances_of, task

from kecs.core.records import Change
from kecs.store.journal import KINDS, JournalBroken, SqliteJournal, record_type
from kecs.store.memory import MemoryStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(path)
    yield journal
    journal.close()


def reloaded(journal: SqliteJournal, path: Path) -> list[tuple[str, object]]:
    """What a process that starts after this one finds."""
    journal.close()
    other = SqliteJournal(path)
    try:
        return list(other.load())
    finally:
        other.close()


def put(*records: object) -> list[Change]:
    return [("clusters", record.arn, None, record) for record in records]  # type: ignore[attr-defined]


# -- what is kept -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_kind_of_record_comes_back_as_it_was(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "state.sqlite"
    records = data.draw(st.lists(instances_of(record_type(kind)), max_size=3))
    journal = SqliteJournal(path)
    journal.write([(kind, str(number), None, record) for number, record in enumerate(records)])
    assert reloaded(journal, path) == [(kind, record) for record in records]


def test_every_table_of_the_store_has_its_record_type() -> None:
    assert set(MemoryStore().tables) == set(KINDS)


def test_records_come_back_in_the_order_in_which_they_were_made(journal: SqliteJournal, path: Path) -> None:
    a, b, c = cluster("a"), cluster("b"), cluster("c")
    journal.write(put(b, a))
    journal.write([("tasks", "t", None, task(1))])
    journal.write(put(c))
    journal.write(put(cluster("b", status="INACTIVE")))  # a change leaves it where it is
    assert reloaded(journal, path) == [
        ("clusters", cluster("b", status="INACTIVE")), ("clusters", a), ("tasks", task(1)), ("clusters", c),
    ]  # fmt: skip


def test_what_is_deleted_is_gone_and_what_is_made_again_is_new(journal: SqliteJournal, path: Path) -> None:
    a, b, c = cluster("a"), cluster("b"), cluster("c")
    journal.write(put(a, b, c))
    again = cluster("a", status="ACTIVE")
    journal.write([("clusters", a.arn, a, None), ("clusters", b.arn, b, None), *put(again)])
    assert reloaded(journal, path) == [("clusters", c), ("clusters", again)]


def test_what_comes_and_goes_between_two_writes_leaves_no_trace(journal: SqliteJournal, path: Path) -> None:
    a = cluster("a")
    journal.write([*put(a), ("clusters", a.arn, a, None)])
    assert reloaded(journal, path) == []


def test_a_write_that_fails_half_way_leaves_no_trace(journal: SqliteJournal, path: Path) -> None:
    a, b = cluster("a"), cluster("b")
    journal.write(put(a))
    bad: list[Change] = [("clusters", a.arn, a, None), *put(b), (None, "x", None, b)]  # type: ignore[list-item]
    with pytest.raises(sqlite3.IntegrityError):
        journal.write(bad)
    journal.write(put(cluster("c")))
    assert reloaded(journal, path) == [("clusters", a), ("clusters", cluster("c"))]


WRITER = """
import sys
from pathlib import Path
from tests.store.records import cluster
from kecs.store.journal import SqliteJournal
from kecs.store.memory import MemoryStore
store = MemoryStore(SqliteJournal(Path(sys.argv[1])))
for number in range(10**9):
    with store.transaction():
        store.clusters.put(cluster(f"c{number}"))
        store.clusters.put(cluster("last", status=str(number)))
        if number >= 5:
            store.clusters.delete(cluster(f"c{number - 5}").arn)
    store.flush()
    print(number, flush=True)
"""


def test_a_process_that_is_killed_loses_nothing_that_it_acknowledged(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(300)]
        writer.kill()
        lines += writer.stdout.readlines()
    acknowledged = int([line for line in lines if line.endswith("\n")][-1])
    journal = SqliteJournal(path)
    store = MemoryStore(journal)
    last = store.clusters.get(cluster("last").arn)
    assert last is not None
    reached = int(last.cluster.status or "")
    assert reached in (acknowledged, acknowledged + 1)  # the last one may be durable and not yet acknowledged
    assert [record.name for record in store.clusters if record.name != "last"] == [
        f"c{number}" for number in range(reached - 4, reached + 1)
    ]
    store.close()


# -- what cannot be used ----------------------------------------------------------------------------------------------


def test_a_file_that_another_process_uses(journal: SqliteJournal, path: Path) -> None:
    with pytest.raises(JournalBroken, match=f"another KECS uses {path}; stop it or choose another"):
        SqliteJournal(path)


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"notes to myself\n" * 100)
    with pytest.raises(JournalBroken, match="cannot be used: file is not a database"):
        SqliteJournal(path)
    assert path.read_bytes().startswith(b"notes to myself")


def test_a_database_of_another_program(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(JournalBroken, match="is the database of another program"):
        SqliteJournal(path)
    assert path.read_bytes() == before


def test_a_file_of_another_version(journal: SqliteJournal, path: Path) -> None:
    journal.close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(JournalBroken, match="was written by another version of KECS; remove it or use that version"):
        SqliteJournal(path)


@pytest.mark.parametrize(
    ("kind", "body"),
    [("clusters", b"{}"), ("clusters", b"{"), ("clusters", b"\xff"), ("volumes", b"{}"), ("tasks", b'{"arn": 1}')],
)
def test_a_record_that_this_version_cannot_read(journal: SqliteJournal, path: Path, kind: str, body: bytes) -> None:
    journal.close()
    other = sqlite3.connect(path)
    other.execute("INSERT INTO records (kind, key, body) VALUES (?, 'x', ?)", (kind, body))
    other.commit()
    other.close()
    journal = SqliteJournal(path)
    with pytest.raises(JournalBroken, match="holds what this version of KECS cannot read"):
        list(journal.load())
    journal.close()


def test_a_file_that_is_cut_off(journal: SqliteJournal, path: Path) -> None:
    journal.write(put(*(cluster(f"c{number}") for number in range(1000))))
    journal.close()
    path.write_bytes(path.read_bytes()[: 3 * 4096])
    with pytest.raises(JournalBroken, match="cannot be used: database disk image is malformed"):
        SqliteJournal(path)


def test_a_folder_in_place_of_the_file(path: Path) -> None:
    path.mkdir()
    with pytest.raises(JournalBroken, match="unable to open database file"):
        SqliteJournal(path)


def test_a_file_whose_making_was_interrupted_is_new(path: Path) -> None:
    path.touch()
    journal = SqliteJournal(path)
    assert list(journal.load()) == []
    journal.close()
