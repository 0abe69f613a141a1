"""State in memory: transactions are all or nothing, indexes agree with the rows, nothing is lost on the way to disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.store.records import SCOPE, cluster, task
from tests.support.journals import MemoryJournal

from kecs.core.arns import scope_key
from kecs.core.records import TaskRecord
from kecs.store.memory import MemoryStore

SERVICE = SCOPE.service("default", "s")


def content(store: MemoryStore) -> dict[str, Any]:
    """Rows and indexes, in order."""
    return {
        name: (
            dict(table._rows),
            {index: {value: list(keys) for value, keys in rows.items()} for index, rows in table._indexes.items()},
        )
        for name, table in store.tables.items()
    }


@contextmanager
def failing(store: MemoryStore) -> Iterator[None]:
    """A transaction that raises at its end."""
    with suppress(ZeroDivisionError), store.transaction():
        yield
        raise ZeroDivisionError


def test_a_transaction_that_raises_leaves_no_trace() -> None:
    store, seen = MemoryStore(MemoryJournal()), []
    with store.transaction():
        store.tasks.put(task(1))
        store.clusters.put(cluster("a"))
    store.subscribe(seen.append)
    before = content(store)
    with failing(store):
        store.tasks.put(task(2))
        store.tasks.put(replace(task(1), last_status="STOPPED"))
        store.tasks.put(replace(task(1), version=3))
        store.clusters.delete(cluster("a").arn)
    assert content(store) == before
    assert seen == []


def test_listeners_hear_of_each_commit_once_and_in_order() -> None:
    store, seen = MemoryStore(), []
    store.subscribe(seen.append)
    with store.transaction():
        store.clusters.put(cluster("a"))
        store.clusters.put(cluster("a", status="ACTIVE"))
        store.clusters.delete("no such key")
        assert seen == []
    with store.transaction():
        store.clusters.delete(cluster("a").arn)
    with store.transaction():
        pass
    name, arn = "clusters", cluster("a").arn
    assert seen == [
        [(name, arn, None, cluster("a")), (name, arn, cluster("a"), cluster("a", status="ACTIVE"))],
        [(name, arn, cluster("a", status="ACTIVE"), None)],
    ]


def test_a_transaction_inside_another_belongs_to_it() -> None:
    store, seen = MemoryStore(), []
    store.subscribe(seen.append)
    with failing(store), store.transaction():
        store.clusters.put(cluster("a"))
    assert len(store.clusters) == 0
    with store.transaction():
        with store.transaction():
            store.clusters.put(cluster("a"))
        store.clusters.put(cluster("b"))
    assert [len(changes) for changes in seen] == [2]


def test_a_table_may_change_while_it_is_walked() -> None:
    store = MemoryStore()
    with store.transaction():
        for number in range(5):
            store.tasks.put(task(number))
        for one in store.tasks:
            store.tasks.delete(one.arn)
    assert len(store.tasks) == 0


def test_indexes_answer_in_the_order_of_creation() -> None:
    store = MemoryStore()
    with store.transaction():
        for number in (3, 1, 2):
            store.tasks.put(task(number))
        store.tasks.put(task(9, service_arn=None))
        store.tasks.put(replace(task(1), version=2))
    assert [t.created_at for t in store.tasks.where("service", SERVICE)] == [3, 1, 2]
    assert [t.created_at for t in store.tasks.where("cluster", SCOPE.cluster("default"))] == [3, 1, 2, 9]
    assert len(store.tasks.keys("family", SCOPE.family("web"))) == 4
    assert store.tasks.where("service", "nobody's") == []
    assert store.clusters.where("scope", scope_key(SCOPE)) == []


def test_a_task_that_was_accounted_for_leaves_its_index() -> None:
    store = MemoryStore()
    with store.transaction():
        store.tasks.put(task(1))
        store.tasks.put(task(2))
        store.tasks.put(replace(task(1), accounted=True))
    assert store.tasks.where("unaccounted", SERVICE) == [task(2)]
    assert len(store.tasks.where("service", SERVICE)) == 2


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "delete", "commit", "fail"]),
        st.integers(0, 4),
        st.fixed_dictionaries(
            {}, optional={"service_arn": st.sampled_from([None, SERVICE, "other"]), "accounted": st.booleans()}
        ),
    ),
    max_size=40,
)


@given(ACTIONS)
def test_rows_and_indexes_agree_whatever_happens(actions: list[tuple[str, int, dict[str, Any]]]) -> None:
    store = MemoryStore()
    committed: dict[str, TaskRecord] = {}
    replayed: dict[str, Any] = {}
    store.subscribe(lambda changes: replayed.update({key: after for _, key, _, after in changes}))
    batch: list[tuple[str, int, dict[str, Any]]] = []
    for action in [*actions, ("commit", 0, {})]:
        if action[0] in ("put", "delete"):
            batch.append(action)
            continue
        pending = dict(committed)
        try:
            with store.transaction():
                for what, number, fields in batch:
                    record = task(number, **fields)
                    if what == "put":
                        store.tasks.put(record)
                        pending[record.arn] = record
                    else:
                        store.tasks.delete(record.arn)
                        pending.pop(record.arn, None)
                if action[0] == "fail":
                    raise ZeroDivisionError
            committed = pending
        except ZeroDivisionError:
            pass
        batch.clear()
    assert {t.arn: t for t in store.tasks} == committed
    assert {key: record for key, record in replayed.items() if record is not None} == committed
    for service in (SERVICE, "other"):
        of_service = {arn for arn, t in committed.items() if t.service_arn == service}
        assert set(store.tasks.keys("service", service)) == of_service
        open_ones = {arn for arn in of_service if not committed[arn].accounted}
        assert set(store.tasks.keys("unaccounted", service)) == open_ones


# -- on the way to disk -----------------------------------------------------------------------------------------------


def test_what_could_not_be_written_is_written_with_what_comes_next() -> None:
    journal = MemoryJournal()
    store = MemoryStore(journal)
    journal.full = True
    with store.transaction():
        store.clusters.put(cluster("a"))
    for _ in range(2):
        with pytest.raises(OSError, match="no space"):
            store.flush()
    assert cluster("a").arn in store.clusters  # memory is ahead of the disk until the disk takes it
    journal.full = False
    with store.transaction():
        store.clusters.put(cluster("b"))
    store.flush()
    assert [key for _, key, _, _ in journal.written] == [cluster("a").arn, cluster("b").arn]
    store.flush()
    assert len(journal.written) == 2


def test_what_was_rolled_back_is_not_written() -> None:
    journal = MemoryJournal()
    store = MemoryStore(journal)
    with failing(store):
        store.clusters.put(cluster("a"))
    store.flush()
    assert journal.written == []


def test_closing_writes_what_is_left_and_lets_go_of_the_file_whatever_happens() -> None:
    journal = MemoryJournal()
    store = MemoryStore(journal)
    with store.transaction():
        store.clusters.put(cluster("a"))
    journal.full = True
    with pytest.raises(OSError, match="no space"):
        store.close()
    assert journal.closed
    journal.full = False
    store.close()
    assert len(journal.written) == 1


def test_clearing_empties_the_disk_too() -> None:
    journal = MemoryJournal()
    store = MemoryStore(journal)
    with store.transaction():
        store.clusters.put(cluster("a"))
        store.tasks.put(task(1))
    store.clear()
    assert all(len(table) == 0 for table in store.tables.values())
    last = {key: after for _, key, _, after in journal.written}
    assert set(last.values()) == {None}
