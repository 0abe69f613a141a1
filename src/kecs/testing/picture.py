"""How a watched service did, as a small picture in text; `watching` puts it into its reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

WIDTH = 72  # columns of the picture
_BLOCKS = " ▁▂▃▄▅▆▇█"


class Column(NamedTuple):
    """What held from a moment on."""

    at: float  # seconds since the epoch
    healthy: int
    present: int  # tasks that are not STOPPED
    minimum: int
    by_revision: dict[str, int]  # how many of each are healthy


def picture(columns: Sequence[Column], until: float) -> list[str]:
    """A row for each revision, its blocks as high as it has healthy tasks; a column for each change, or for several of
    them when there are many, and then it is the one with the fewest. Marks below show where there were too few.
    """
    shown = [min(part, key=lambda c: c.healthy - c.minimum) for part in _parts(columns)]
    revisions = list(dict.fromkeys(name for column in columns for name in column.by_revision))
    most = max((count for column in shown for count in column.by_revision.values()), default=0)
    rows = {name: "".join(_block(column.by_revision.get(name, 0), most) for column in shown) for name in revisions}
    if any(column.healthy < column.minimum for column in shown):
        rows["too few"] = "".join("^" if column.healthy < column.minimum else " " for column in shown)
    width = max(map(len, rows), default=0)
    lowest, highest = min(column.healthy for column in columns), max(column.present for column in columns)
    began = datetime.fromtimestamp(columns[0].at).astimezone()
    heading = (
        f"{began:%H:%M:%S} and {until - columns[0].at:.3f} s from then, {len(columns) - 1} changes: "
        f"{lowest} healthy tasks at the least, {highest} tasks at the most"
    )
    return [heading, *(f"  {name.ljust(width)} |{row}|" for name, row in rows.items())]


def _parts(columns: Sequence[Column]) -> list[Sequence[Column]]:
    """The columns in as many groups as fit, about as big as each other."""
    groups = min(WIDTH, len(columns))
    edges = [len(columns) * number // groups for number in range(groups + 1)]
    return [columns[start:end] for start, end in pairwise(edges)]


def _block(count: int, most: int) -> str:
    return _BLOCKS[-(-count * (len(_BLOCKS) - 1) // most)] if most else " "
