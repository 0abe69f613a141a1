"""The whole state of a KECS as one document: what the admin API may ask for it. `app.snapshots` implements it."""

from __future__ import annotations

from typing import Any, Protocol


class SnapshotRefused(ValueError):
    """The document cannot be restored; the text says why, and nothing has changed."""


class Snapshots(Protocol):
    """Taking and restoring snapshots."""

    def take(self) -> bytes:
        """All there is now, as JSON; docs/guides/seed-and-snapshot.md says what that is."""

    async def restore(self, document: bytes) -> dict[str, Any]:
        """Be what the document says and nothing else: `records`, how many, and `tasksGoOn`, whether what runs in them
        does as well. Raises SnapshotRefused."""
