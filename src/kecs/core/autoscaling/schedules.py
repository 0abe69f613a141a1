"""When a scheduled action is due: its schedule in its time zone, between a start and an end.

Called when an action is put and whenever it has been done.
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

from __future__ import annotations

from datetime import tzinfo

from kecs.aws.model import application_autoscaling as a
from kecs.core import schedules
from kecs.core.records.autoscaling import ScheduledActionRecord


def parse(text: str) -> schedules.Expression:
    """A schedule. Raises ValidationException."""
    try:
        return schedules.parse(text, year_optional=True)
    except ValueError as error:
        raise a.ValidationException(f"Invalid schedule expression '{text}': {error}.") from None


def zone(name: str | None) -> tzinfo:
    """The time zone of that name; UTC without one. Raises ValidationException."""
    try:
        return schedules.zone(name)
    except ValueError:
        raise a.ValidationException(f"Invalid timezone '{name}'.") from None


def next_time(action: ScheduledActionRecord, after: float) -> float | None:
    """When the action is due next, after that time; None when it never is again."""
    expression, start = parse(action.schedule), action.start
    found: float | None
    if isinstance(expression, schedules.Rate):
        origin = action.created_at if start is None else start
        found = expression.after(after, origin, at_once=start is not None)
    else:
        moment = after if start is None else max(after, start - 1)
        found = expression.after(moment, zone(action.timezone)) if 0 <= moment < schedules.LAST else None
    return None if found is None or (action.end is not None and found > action.end) else found
