"""The journal: every record as it is now, in a SQLite file, so that a KECS that was killed goes on where it stood.

One row a record, replaced as a whole; a row keeps its place, so records come back in the order in which they were
made. WAL with synchronous=NORMAL survives the death of the process at any point; the last commits may be lost when the
whole machine loses power. `store.memory` calls it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kecs.core.records import (
    AnyRecord,
    Change,
    ClusterRecord,
    FamilyRecord,
    InstanceRecord,
    ServiceRecord,
    TaskDefinitionRecord,
    TaskRecord,
    TokenRecord,
)

SCHEMA_VERSION = 1
RECORD_TYPES: dict[str, type[AnyRecord]] = {
    "clusters": ClusterRecord,
    "families": FamilyRecord,
    "task_definitions": TaskDefinitionRecord,
    "services": ServiceRecord,
    "tasks": TaskRecord,
    "instances": InstanceRecord,
    "tokens": TokenRecord,
}


class JournalBroken(Exception):
    """The file cannot be used; the text says why and what to do, in one line."""


class SqliteJournal:
    """Records in `path`, which is made when it is not there. One process at a time."""

    def __init__(self, path: Path) -> None:
        """Raises JournalBroken."""
        self._path = path
        self._encode = msgspec.json.Encoder().encode
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise JournalBroken(f"{path} was written by another version of KECS; remove it or use that version")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS records (place INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, "
                "body BLOB NOT NULL, UNIQUE (kind, key))"
            )
            self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except sqlite3.Error as error:
            raise JournalBroken(self._explain(error)) from error

    def load(self) -> Iterator[tuple[str, AnyRecord]]:
        """Every record with its kind, oldest first. Raises JournalBroken."""
        decoders = {kind: msgspec.json.Decoder(record) for kind, record in RECORD_TYPES.items()}
        try:
            for kind, body in self._db.execute("SELECT kind, body FROM records ORDER BY place"):
                yield kind, decoders[kind].decode(body)
        except sqlite3.Error as error:
            raise JournalBroken(self._explain(error)) from error
        except (KeyError, msgspec.MsgspecError) as error:
            raise JournalBroken(f"{self._path} holds what this version of KECS cannot read: {error}") from error

    def write(self, changes: list[Change]) -> None:
        """Make the changes durable, all or none; of several changes to one record the last counts."""
        last: dict[tuple[str, str], Any] = {}
        for kind, key, _, after in changes:
            last[kind, key] = after
        gone = [place for place, record in last.items() if record is None]
        kept = [(*place, self._encode(record)) for place, record in last.items() if record is not None]
        self._db.execute("BEGIN")
        try:
            self._db.executemany(
                "INSERT INTO records (kind, key, body) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                kept,
            )
            self._db.executemany("DELETE FROM records WHERE kind = ? AND key = ?", gone)
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
