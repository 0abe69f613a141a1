"""CloudWatch Logs' groups, streams and events in a SQLite file of its own, apart from the journal; see ports.logs.

Nothing of it is in memory but SQLite's pages. A batch of events and how far its source has been read are one
transaction, so after a crash no line is missing and none is there twice. WAL without waiting for the disk survives the
death of the process at any point; a machine that loses power may leave a broken file, which is then set aside.

Deleting is done in small pieces beside the appending, so that nobody waits for it. When all events together are larger
than `most`, the oldest go.
"""

from __future__ import annotations

import heapq
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count, repeat
from pathlib import Path
from typing import Any

import msgspec

from kecs.aws.model.logs import LogGroupClass
from kecs.core.arns import Scope
from kecs.core.logs.records import OVERHEAD, LogEvent, LogGroup, LogStream, StoredEvent
from kecs.ports.logs import Feed, Line, LogsUnavailable, Position

SCHEMA_VERSION = 1
MOST_BYTES = 4 * 1024**3  # of events: what a developer's disk has to spare
AT_ONCE = 50  # events that one statement adds; each by itself costs nearly twice as much
SWEPT = 2_000  # events that are deleted at once; more than are added at once
DAY = 86_400_000  # milliseconds
RETENTION_CHECK = 3_600_000  # milliseconds between two looks for events that have expired

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS groups (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL,
    name TEXT NOT NULL, rest TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 0, UNIQUE (account, region, name));
CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY AUTOINCREMENT, in_group INTEGER NOT NULL,
    name TEXT NOT NULL, created INTEGER NOT NULL, first INTEGER, last INTEGER, taken INTEGER, UNIQUE (in_group, name));
CREATE TABLE IF NOT EXISTS events (stream INTEGER NOT NULL, at INTEGER NOT NULL, number INTEGER NOT NULL,
    taken INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (stream, at, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (id TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dropped (stream INTEGER NOT NULL, before INTEGER NOT NULL, in_group INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS numbers (next INTEGER NOT NULL);
INSERT INTO numbers SELECT 1 WHERE NOT EXISTS (SELECT * FROM numbers);
"""
_TABLES = ("groups", "streams", "events", "sources", "dropped")
_OF_STREAM = "id, name, created, first, last, taken"
_OF_GROUP = "id, account, region, name, rest, size"

_AN_EVENT = "INSERT INTO events (stream, at, number, taken, text) VALUES (?, ?, ?, ?, ?)"
_SOME_EVENTS = _AN_EVENT + ", (?, ?, ?, ?, ?)" * (AT_ONCE - 1)


class _Rest(msgspec.Struct, omit_defaults=True):
    """What of a group is only shown."""

    created: int
    kind: LogGroupClass
    retention: int | None = None
    kms_key: str | None = None
    is_protected: bool = False
    tags: dict[str, str] = {}


class SqliteLogs:
    """See ports.logs.LogStore."""

    def __init__(self, path: Path | None, most: int = MOST_BYTES) -> None:
        """`path` is made when it is not there; None: a file of SQLite's own that goes with this process."""
        self._path = path
        self._most = most
        self._db = self._opened()
        self._number: int = self._db.execute("SELECT next FROM numbers").fetchone()[0]
        self._size: int = self._db.execute("SELECT coalesce(sum(size), 0) FROM groups").fetchone()[0]
        self._checked = 0
        self.feed: Feed | None = None

    def close(self) -> None:
        self._db.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError as error:
            log.warning("logs cannot be kept in %s (%s): they go with this process", self._path, error)
            self._path = None
            return self._connect()
        except sqlite3.DatabaseError as error:
            if self._path is None or not self._path.exists():
                raise
            aside = self._path.with_suffix(".broken")
            self._path.replace(aside)
            for suffix in ("-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            log.warning("the logs in %s cannot be read (%s); they are set aside as %s", self._path, error, aside)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path or "", isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=OFF")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise sqlite3.DatabaseError("another version of KECS has written it")
            db.executescript(_SCHEMA)
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except sqlite3.Error:
            db.close()
            raise
        return db

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN")
            yield self._db
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise LogsUnavailable(str(error)) from error
            raise

    # -- groups and streams -----------------------------------------------------------------------------------------

    def group(self, scope: Scope, name: str) -> LogGroup | None:
        where = "account = ? AND region = ? AND name = ?"
        row = self._db.execute(f"SELECT {_OF_GROUP} FROM groups WHERE {where}", (*scope, name)).fetchone()
        return _group(row) if row else None

    def groups(self, scope: Scope) -> list[LogGroup]:
        rows = self._db.execute(
            f"SELECT {_OF_GROUP} FROM groups WHERE account = ? AND region = ? ORDER BY name", tuple(scope)
        )
        return [_group(row) for row in rows]

    def create_group(self, group: LogGroup) -> LogGroup:
        row = group.account, group.region, group.name, _rest(group)
        with self._changing() as db:
            made = db.execute("INSERT INTO groups (account, region, name, rest) VALUES (?, ?, ?, ?)", row)
        return msgspec.structs.replace(group, id=made.lastrowid or 0)

    def change_group(self, group: LogGroup) -> None:
        with self._changing() as db:
            db.execute("UPDATE groups SET rest = ? WHERE id = ?", (_rest(group), group.id))
        self._checked = 0

    def delete_group(self, group: LogGroup) -> None:
        with self._changing() as db:
            _drop(db, "in_group", group.id)
            db.execute("DELETE FROM streams WHERE in_group = ?", (group.id,))
            db.execute("DELETE FROM groups WHERE id = ?", (group.id,))
        self._size -= group.size

    def stream(self, group: LogGroup, name: str) -> LogStream | None:
        row = self._db.execute(
            f"SELECT {_OF_STREAM} FROM streams WHERE in_group = ? AND name = ?", (group.id, name)
        ).fetchone()
        return _stream(row) if row else None

    def streams(self, group: LogGroup) -> list[LogStream]:
        rows = self._db.execute(f"SELECT {_OF_STREAM} FROM streams WHERE in_group = ? ORDER BY name", (group.id,))
        return [_stream(row) for row in rows]

    def whereabouts(self, stream: int) -> tuple[str, str] | None:
        columns = ", ".join(f"groups.{column}" for column in _OF_GROUP.split(", "))
        row = self._db.execute(
            f"SELECT {columns}, streams.name FROM streams JOIN groups ON groups.id = in_group WHERE streams.id = ?",
            (stream,),
        ).fetchone()
        return (_group(row[:-1]).arn, row[-1]) if row else None

    def create_stream(self, group: LogGroup, name: str, at: int) -> LogStream:
        row = group.id, name, at
        with self._changing() as db:
            made = db.execute("INSERT INTO streams (in_group, name, created) VALUES (?, ?, ?)", row)
        return LogStream(id=made.lastrowid or 0, name=name, created=at)

    def delete_stream(self, stream: LogStream) -> None:
        with self._changing() as db:
            _drop(db, "id", stream.id)
            db.execute("DELETE FROM streams WHERE id = ?", (stream.id,))

    # -- events -----------------------------------------------------------------------------------------------------

    def append(
        self, stream: int, events: Sequence[LogEvent | Line], taken: int, source: str = "", mark: str = ""
    ) -> bool:
        times, texts = [event[0] for event in events], [event[1] for event in events]
        size = len("".join(texts).encode()) + OVERHEAD * len(events)
        first, last = min(times), max(times)
        number = self._number
        rows = list(zip(repeat(stream), times, count(number), repeat(taken), texts, strict=False))
        together = len(rows) - len(rows) % AT_ONCE
        with self._changing() as db:
            found = db.execute(
                "UPDATE streams SET first = min(coalesce(first, ?), ?), last = max(coalesce(last, ?), ?), taken = ? "
                "WHERE id = ?",
                (first, first, last, last, taken, stream),
            )
            if found.rowcount:
                for index in range(0, together, AT_ONCE):
                    db.execute(_SOME_EVENTS, tuple(chain.from_iterable(rows[index : index + AT_ONCE])))
                db.executemany(_AN_EVENT, rows[together:])
                db.execute("UPDATE numbers SET next = ?", (number + len(events),))
                which = "id = (SELECT in_group FROM streams WHERE id = ?)"
                db.execute(f"UPDATE groups SET size = size + ? WHERE {which}", (size, stream))
            if mark:
                db.execute("INSERT OR REPLACE INTO sources (id, mark) VALUES (?, ?)", (source, mark))
        if found.rowcount:
            self._number += len(events)
            self._size += size
            if self.feed is not None:
                self.feed(stream, events, taken)
        self.sweep(taken)
        return bool(found.rowcount)

    def mark(self, source: str) -> str:
        row = self._db.execute("SELECT mark FROM sources WHERE id = ?", (source,)).fetchone()
        return str(row[0]) if row else ""

    def forget(self, source: str) -> None:
        with self._changing() as db:
            db.execute("DELETE FROM sources WHERE id = ?", (source,))

    def events(
        self, streams: Sequence[LogStream], low: Position, high: Position, *, newest_first: bool = False
    ) -> Iterator[StoredEvent]:
        """Merges what each stream has; a stream is not read before its turn comes. What is older than its first event
        is on its way out."""
        sign = -1 if newest_first else 1
        firsts = {stream.id: (stream.first or 0, -1) for stream in streams}
        waiting: list[tuple[Position, int, Iterator[StoredEvent] | None, StoredEvent | None]] = []
        for stream in streams:
            if stream.first is None or stream.last is None or stream.last < low[0] or stream.first > high[0]:
                continue
            begins = -stream.last if newest_first else stream.first
            waiting.append(((begins, -(2**63)), stream.id, None, None))
        heapq.heapify(waiting)
        while waiting:
            _, stream_id, rows, event = heapq.heappop(waiting)
            if event is not None:
                yield event
            rows = rows or self._of_one(stream_id, max(low, firsts[stream_id]), high, newest_first=newest_first)
            following = next(rows, None)
            if following is not None:
                place = (sign * following.at, sign * following.number)
                heapq.heappush(waiting, (place, stream_id, rows, following))

    def _of_one(self, stream: int, low: Position, high: Position, *, newest_first: bool) -> Iterator[StoredEvent]:
        order = "DESC" if newest_first else "ASC"
        rows = self._db.execute(
            "SELECT at, number, taken, text, stream FROM events WHERE stream = ? AND (at, number) > (?, ?) "
            f"AND (at, number) < (?, ?) ORDER BY at {order}, number {order}",
            (stream, *low, *high),
        )
        return map(StoredEvent._make, rows)

    # -- what goes --------------------------------------------------------------------------------------------------

    def sweep(self, now: int) -> None:
        """Delete a little of what is to go; `now` in milliseconds."""
        if now - self._checked >= RETENTION_CHECK:
            self._checked = now
            self._expire(now)
        left = SWEPT
        while left > 0:
            row = self._db.execute("SELECT rowid, stream, before, in_group FROM dropped LIMIT 1").fetchone()
            if row is None:
                break
            left -= max(self._delete(*row), SWEPT // 50)
        if left == SWEPT and self._size > self._most:
            self._drop_oldest()

    def _delete(self, row: int, stream: int, before: int, in_group: int) -> int:
        """Delete some of a stream's events; how many."""
        bound = "stream = ? AND at < ?"
        parameters: tuple[int, ...] = (stream, before)
        beyond = self._db.execute(
            f"SELECT at, number FROM events WHERE {bound} ORDER BY at, number LIMIT 1 OFFSET {SWEPT}", parameters
        ).fetchone()
        if beyond is not None:
            bound, parameters = "stream = ? AND (at, number) < (?, ?)", (stream, *beyond)
        with self._changing() as db:
            sizes = f"SELECT coalesce(sum(length(CAST(text AS BLOB)) + {OVERHEAD}), 0) FROM events WHERE {bound}"
            size = db.execute(sizes, parameters).fetchone()[0]
            deleted = db.execute(f"DELETE FROM events WHERE {bound}", parameters).rowcount
            if beyond is None:
                db.execute("DELETE FROM dropped WHERE rowid = ?", (row,))
            counted = db.execute("UPDATE groups SET size = size - ? WHERE id = ?", (size, in_group)).rowcount
        self._size -= size * counted
        return deleted

    def _expire(self, now: int) -> None:
        """Have go what is older than its group keeps."""
        with self._changing() as db:
            for row in db.execute(f"SELECT {_OF_GROUP} FROM groups").fetchall():
                group = _group(row)
                if group.retention is not None:
                    before = now - group.retention * DAY
                    _drop(db, "in_group", group.id, before)

    def _drop_oldest(self) -> None:
        """Have the oldest events of the stream go that has the oldest of all."""
        found = self._db.execute(
            "SELECT id, in_group FROM streams WHERE first IS NOT NULL ORDER BY first LIMIT 1"
        ).fetchone()
        if found is None:
            return
        last = self._db.execute(
            f"SELECT max(at) FROM (SELECT at FROM events WHERE stream = ? ORDER BY at, number LIMIT {SWEPT})",
            (found[0],),
        ).fetchone()[0]
        with self._changing() as db:
            _drop(db, "id", found[0], 0 if last is None else last + 1)

    def clear(self) -> None:
        with self._changing() as db:
            for table in _TABLES:
                db.execute(f"DELETE FROM {table}")  # whole tables are emptied at once
        self._size = 0


def _drop(db: sqlite3.Connection, column: str, of: int, before: int = 2**63 - 1) -> None:
    """Have the events from before that time go, of the streams whose `column` is `of`."""
    db.execute(
        f"INSERT INTO dropped (stream, before, in_group) SELECT id, ?, in_group FROM streams "
        f"WHERE {column} = ? AND first < ?",
        (before, of, before),
    )
    db.execute(
        f"UPDATE streams SET first = iif(last < ?, NULL, ?), last = iif(last < ?, NULL, last) "
        f"WHERE {column} = ? AND first < ?",
        (before, before, before, of, before),
    )


def _rest(group: LogGroup) -> str:
    rest = _Rest(group.created, group.kind, group.retention, group.kms_key, group.is_protected, dict(group.tags))
    return msgspec.json.encode(rest).decode()


def _group(row: tuple[Any, ...]) -> LogGroup:
    number, account, region, name, rest, size = row
    shown = msgspec.structs.asdict(msgspec.json.decode(rest, type=_Rest))
    return LogGroup(id=number, account=account, region=region, name=name, size=size, **shown)


def _stream(row: tuple[Any, ...]) -> LogStream:
    number, name, created, first, last, taken = row
    return LogStream(id=number, name=name, created=created, first=first, last=last, taken=taken)
