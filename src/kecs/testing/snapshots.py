"""The whole state of a server as a value: `server.snapshot()` and `server.restore(…)`."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

from kecs.testing import admin
from kecs.testing.tracebacks import told

__tracebackhide__ = told


class Snapshot:
    """All that a KECS knew at a moment, and what its simulated containers were up to. Two that tell the same are
    equal."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @property
    def now(self) -> float:
        """When it was taken, in seconds since the epoch of that KECS's clock."""
        now: float = self.document["now"]
        return now

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, which `kecs restore` takes too."""
        Path(path).write_text(json.dumps(self.document) + "\n")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Snapshot:
        """Read it from a file. Raises OSError, and ValueError for a file that is none."""
        try:
            document = json.loads(Path(path).read_text())
        except ValueError:
            document = None
        if not (isinstance(document, dict) and "kecsSnapshot" in document):
            raise ValueError(f"{path} is no snapshot of KECS.")
        return cls(document)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and self.document == other.document

    def __hash__(self) -> int:
        return hash(self.now)

    def __repr__(self) -> str:
        return f"<snapshot of KECS {self.document.get('version')} at {self.now}>"


def take(endpoint: str) -> Snapshot:
    return Snapshot(admin.call(endpoint, "GET", "snapshot"))


def restore(endpoint: str, snapshot: Snapshot) -> None:
    """Raises ValueError for one that this KECS does not understand; nothing has changed then."""
    if not isinstance(snapshot, Snapshot):
        raise TypeError(f"A server is restored to a Snapshot, such as Snapshot.load(path) gives, not to {snapshot!r}.")
    try:
        admin.call(endpoint, "POST", "snapshot", snapshot.document)
    except admin.Refused as refused:
        raise (ValueError if refused.status == 400 else RuntimeError)(str(refused)) from None
