"""What may be asked of the faults of a running KECS; `app` implements it, the admin API calls it."""

from __future__ import annotations

from typing import Any, Protocol


class Faults(Protocol):
    """What users have go wrong on purpose. All of it is of this process: neither a restart nor a reset leaves any."""

    def add(self, members: object) -> dict[str, Any]:
        """Set a fault, of the HTTP form; gives it as `all` does. Raises ValueError for what is none, makes no sense or
        can strike nobody, and NoSuchContainer for a fault that strikes at once and finds nobody."""

    def all(self) -> list[dict[str, Any]]:
        """The faults that are set, the oldest first, each as it was given, with `id`, `matched` and `struck`."""

    def remove(self, key: str | None = None) -> list[str]:
        """Take the fault of that id away, or all of them; their ids. Raises NoSuchContainer."""
