"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def local_time(at: float, precision: str) -> str:
    """Seconds since the epoch as local time; `precision` as datetime.isoformat takes it."""
    return datetime.fromtimestamp(at, UTC).astimezone().replace(tzinfo=None).isoformat(" ", precision)


def duration(seconds: float) -> str:
    """A span in its two largest units."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
