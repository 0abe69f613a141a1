"""What the control loops know beyond the records, as data: for a snapshot that is to go on exactly where it was taken.

`app.snapshots` calls it. After a restart all this is found out anew, or does without.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from msgspec import field

from kecs.control.loops import Control
from kecs.core.records import Record
from kecs.ports.clock import Timer


class Alarm(Record):
    """Something is to be looked at then."""

    kind: str
    key: str
    when: float
    order: int  # among all timers


class Pending(Record):
    """What the loops wait for and remember."""

    alarms: tuple[Alarm, ...] = ()
    ended: tuple[tuple[str, str, float], ...] = ()  # table, key, when: what is to be cleaned up
    points: dict[str, dict[str, tuple[float | None, ...]]] = field(default_factory=dict)  # by service and metric
    said: tuple[tuple[str, str, float], ...] = ()  # service, metric, what it was said to be


def pending_of(control: Control, order: Mapping[Timer, int]) -> Pending:
    """`order`: of the timers of the clock."""
    autoscaling = control.autoscaling
    alarms = (
        Alarm(kind=kind, key=key, when=when, order=order[timer])
        for (kind, key), (when, timer) in control.queue.alarms()
    )
    return Pending(
        alarms=tuple(sorted(alarms, key=lambda alarm: alarm.order)),
        ended=tuple((*place, at) for place, at in control.cleanup.ended()),
        points={
            service: {metric: tuple(points) for metric, points in metrics.items()}
            for service, metrics in autoscaling.points.items()
        },
        said=tuple((service, metric, value) for (service, metric), value in autoscaling.said.items()),
    )


def take_up(control: Control, pending: Pending) -> list[tuple[int, Callable[[], None]]]:
    """Know it again; what is to begin with its place in the order. The control loops know nothing else."""
    control.cleanup.remember(pending.ended)
    autoscaling = control.autoscaling
    for service, metrics in pending.points.items():
        autoscaling.points[service] = {metric: deque(points, autoscaling.kept) for metric, points in metrics.items()}
    autoscaling.said.update({(service, metric): value for service, metric, value in pending.said})
    wake = control.queue.wake
    return [
        (alarm.order, partial(wake, alarm.kind, alarm.key, alarm.when))
        for alarm in pending.alarms
        if control.queue.knows(alarm.kind)
    ]
