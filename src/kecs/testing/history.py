"""What has happened in a KECS, fetched: `server.history()` and `server.recording()`. `timeline` is what comes of it."""

from __future__ import annotations

import contextlib
from itertools import dropwhile
from types import TracebackType
from urllib.parse import quote

from kecs.testing import admin
from kecs.testing.timeline import Happening, History, HistoryIncomplete, happenings


def mark(endpoint: str, seconds: float = admin.SECONDS) -> int:
    """The id of the newest change there is."""
    last: int = admin.call(endpoint, "GET", "history?newest=0", seconds=seconds)["last"]
    return last


def fetch(
    endpoint: str,
    cluster: str | None = None,
    since: Happening | int | None = None,
    *,
    partial: bool = False,
    seconds: float = admin.SECONDS,
) -> History:
    """What happened after the change `since` (None: since the start of KECS, or since the cluster was created).

    Raises HistoryIncomplete when KECS has forgotten some of it, unless `partial`: then the history says so itself.
    """
    narrowed = "" if cluster is None else f"?cluster={quote(cluster, safe='')}"
    answer = admin.call(endpoint, "GET", f"history{narrowed}", seconds=seconds)
    found = list(happenings(answer["events"]))
    own = list(dropwhile(lambda one: one.kind == "snapshot", found))
    if cluster is not None and own and _is_birth(own[0]):
        found = own  # the cluster came after them
    start = since.id if isinstance(since, Happening) else since or 0
    if not isinstance(start, int) or start > answer["last"]:
        raise ValueError(f"since is a change of this KECS, not {since!r}; history().after(…) takes a time, too.")
    chosen = tuple(one for one in found if one.id > start)
    earlier = tuple(one for one in found if one.id <= start)
    created = cluster is not None and bool(found) and _is_birth(found[0])
    whole = answer["first"] == 1 or created
    described = "All that happened" if cluster is None else f"Cluster {cluster}"
    remembered = answer["last"] - answer["first"] + 1
    replaced = any(one.kind == "snapshot" for one in found)
    unknown = "A snapshot was restored, and what ran then is not part of the history." if replaced else ""
    lost = "" if whole else f"KECS remembers its newest {remembered:,} changes only; what came before is lost."
    if lost and start < answer["first"] - 1:
        if not partial:
            raise HistoryIncomplete(f"{lost} Ask for less: a cluster of the test's own, or a recording.")
        described += f" (incomplete: {lost})"
    return History(chosen, earlier, lost or unknown, described)


def _is_birth(one: Happening) -> bool:
    """Of a cluster."""
    return one.kind == "cluster" and one.before is None


class Recording:
    """What happens during a block of code: `with server.recording() as recording: …`."""

    def __init__(self, endpoint: str, cluster: str | None = None, *, calls: bool = False) -> None:
        self._endpoint = endpoint
        self._cluster = cluster
        self._calls = calls
        self._since: int | None = None
        self._recorded: History | None = None

    @property
    def history(self) -> History:
        """What has happened since the block began, up to now or to its end. Raises HistoryIncomplete."""
        if self._since is None:
            raise RuntimeError("The recording has not begun; use it in a with statement.")
        return self._recorded or fetch(self._endpoint, self._cluster, self._since)

    def __enter__(self) -> Recording:
        self._since = mark(self._endpoint)
        self._recorded = None
        if self._calls:
            admin.call(self._endpoint, "POST", "history", {"calls": True})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._calls:
            with contextlib.suppress(OSError, admin.Refused):  # it has been stopped in the block
                admin.call(self._endpoint, "POST", "history", {"calls": False})
        if kind is None:
            self._recorded = self.history
