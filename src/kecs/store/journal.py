"""The journal: every record as it is now, in a SQLite file, so that a KECS that was killed goes on where it stood.

One row a record, replaced as a whole; a row keeps its place, so records come back in the order in which they were
made. WAL with synchronous=NORMAL survives the death of the process at any point; the last commits may be lost when the
whole machine loses power. `store.memory` calls it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from kecs.core.records import Change, Record
from kecs.core.tables import TABLES, Later

SCHEMA_VERSION = 1
LOCK_TIMEOUT = 1.0  # seconds; whoever holds the file holds it until it ends
KINDS = {table.name: table for table in TABLES}


def record_type(kind: str) -> type[Record]:
    """What the rows of a table hold. Raises KeyError."""
    record = KINDS[kind].record
    if not isinstance(record, Later):
        return record
    found: type[Record] = getattr(import_module(f"kecs.core.records.{record.module}"), record.name)
    return found


class JournalBroken(Exception):
    """The file cannot be used; the text says why and what to do, in one line."""


class SqliteJournal:
    """Records in `path`, which is made when it is not there. One process at a time."""

    def __init__(self, path: Path) -> None:
        """Raises JournalBroken."""
        self._path = path
        self._encode = msgspec.json.Encoder().encode
        try:
            self._db = sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise JournalBroken(self._explain(error)) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise JournalBroken(self._explain(error)) from error
        except JournalBroken:
            self._db.close()
            raise

    def _prepare(self) -> None:
        """Take the file for this process alone, and make its table when it is new."""
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA_VERSION):
            raise JournalBroken(f"{self._path} was written by another version of KECS; remove it or use that version")
        if version == 0 and self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise JournalBroken(f"{self._path} is the database of another program; choose another --data-dir")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS records (place INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, "
            "body BLOB NOT NULL, UNIQUE (kind, key))"
        )
        self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        self._db.execute("COMMIT")

    def load(self) -> Iterator[tuple[str, Record]]:
        """Every record with its kind, oldest first. Raises JournalBroken."""
        decoders: dict[str, msgspec.json.Decoder[Record]] = {}
        try:
            for kind, body in self._db.execute("SELECT kind, body FROM records ORDER BY place"):
                if kind not in decoders:
                    decoders[kind] = msgspec.json.Decoder(record_type(kind))
                yield kind, decoders[kind].decode(body)
        except sqlite3.Error as error:
            raise JournalBroken(self._explain(error)) from error
        except (KeyError, msgspec.MsgspecError) as error:
            raise JournalBroken(f"{self._path} holds what this version of KECS cannot read: {error}") from error

    def write(self, changes: list[Change]) -> None:
        """Make the changes durable, all or none; of several changes to one record the last counts."""
        gone: dict[tuple[str, str], None] = {}
        kept: dict[tuple[str, str], Any] = {}
        for kind, key, _, after in changes:
            if after is None:
                gone[kind, key] = None
                kept.pop((kind, key), None)  # what is made anew stands at the end
            else:
                kept[kind, key] = after
        rows = [(*place, self._encode(record)) for place, record in kept.items()]
        self._db.execute("BEGIN")
        try:
            self._db.executemany("DELETE FROM records WHERE kind = ? AND key = ?", gone)
            self._db.executemany(
                "INSERT INTO records (kind, key, body) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                rows,
            )
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._db.close()

    def _explain(self, error: sqlite3.Error) -> str:
        if "locked" in str(error):
            return f"another KECS uses {self._path}; stop it or choose another --data-dir or --instance"
        return f"the state file {self._path} cannot be used: {error}"
