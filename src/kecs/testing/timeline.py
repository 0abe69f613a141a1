"""What happened, as data to ask and to print: `history` fetches it, tests assert on it, diagnostics show it.

Nothing here talks to a KECS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import pairwise
from typing import Any

from kecs.core.arns import last_part

_OF_TASKS = ("task", "health", "target-health")
_PART = "Tasks cannot be counted when some of their changes are left out; count first, or narrow down by what they are."
_TASK_ID = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24}\b")  # its beginning tells tasks apart


class HistoryIncomplete(Exception):
    """KECS has forgotten the beginning of what was asked for, so nothing can be concluded from the rest."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One change, in the words of /_kecs/events (docs/reference/http.md); later ones have greater ids."""

    id: int
    at: float  # seconds since the epoch, on KECS's clock
    kind: str
    arn: str
    message: str
    cluster: str | None = None
    before: str | None = None
    after: str | None = None
    service: str | None = None
    deployment: str | None = None
    task: str | None = None
    task_definition: str | None = None
    container: str | None = None
    images: tuple[str, ...] = ()
    health: str | None = None
    healthy: bool | None = None
    exit_code: int | None = None
    reason: str | None = None
    stop_code: str | None = None

    @classmethod
    def read(cls, members: dict[str, Any]) -> Happening:
        """From an event's JSON; members that this version does not know are left out."""
        known = {name: value for name, value in members.items() if name in _MEMBERS}
        return cls(**{**known, "images": tuple(known.get("images", ()))})

    def to_json(self) -> dict[str, Any]:
        """What `read` takes; what there is not is left out."""
        members = {name: getattr(self, name) for name in sorted(_MEMBERS)}
        return {name: value for name, value in members.items() if value not in (None, ())}

    def __lt__(self, other: Happening) -> bool:
        return self.id < other.id

    def __str__(self) -> str:
        of = f" [{last_part(self.task_definition)}]" if self.kind in _OF_TASKS and self.task_definition else ""
        return _TASK_ID.sub(r"\1", self.message) + of


_MEMBERS = {member.name for member in fields(Happening)}


@dataclass(frozen=True)
class History(Sequence[Happening]):
    """Changes in their order: a sequence, and what narrows it down, each as another history.

    `str()` is a timeline. Names are ECS's: a cluster, service or task by name, id or ARN.
    """

    happenings: tuple[Happening, ...]
    earlier: tuple[Happening, ...] = ()  # what went before, as far as it is known
    uncounted: str = ""  # why it cannot be said how many tasks there were
    described: str = "Nothing"
    cut: int = field(default=0, compare=False)  # how many were left out before these

    def __getitem__(self, index: Any) -> Any:
        return self.happenings[index]

    def __len__(self) -> int:
        return len(self.happenings)

    def of(
        self,
        *,
        kind: str | None = None,
        service: str | None = None,
        deployment: str | None = None,
        task: str | None = None,
        container: str | None = None,
        cluster: str | None = None,
    ) -> History:
        """What is of that kind (`task`, `service-event`, …), that service, and so on; of all that are given."""
        wanted = {"service": service, "deployment": deployment, "task": task, "cluster": cluster}
        named = {name: value for name, value in wanted.items() if value is not None}

        def fits(found: Happening) -> bool:
            return (
                kind in (None, found.kind)
                and container in (None, found.container)
                and all(_is(getattr(found, name), value) for name, value in named.items())
            )

        parts = {name: value for name, value in {"kind": kind, "container": container}.items() if value}
        what = ", ".join(f"{name} {value}" for name, value in (named | parts).items())
        return self._where(fits, what, _PART if parts else "")

    def tasks(
        self,
        *,
        image: str | None = None,
        task_definition: str | None = None,
        service: str | None = None,
        deployment: str | None = None,
    ) -> History:
        """The changes of status and health of tasks: of those with a container of that image (or glob), of that task
        definition (`web:2`, its ARN, or `web` for every revision), of that service or deployment."""

        def fits(found: Happening) -> bool:
            return (
                found.kind in _OF_TASKS
                and (image is None or _any(image, self._images.get(found.task or "", found.images)))
                and (task_definition is None or _is_revision(found.task_definition, task_definition))
            )

        given = {"image": image, "task definition": task_definition}
        what = " ".join(["tasks", *(f"of {name} {value}" for name, value in given.items() if value)])
        of = {name: value for name, value in {"service": service, "deployment": deployment}.items() if value}
        found = self._where(fits, what)
        return found.of(**of) if of else found

    def calls(self, operation: str | None = None) -> History:
        """The API calls, of this operation or all, if they were recorded; `after` is `OK` or the error's code."""
        return self._where(
            lambda found: found.kind == "call" and operation in (None, found.arn), f"calls of {operation or 'anything'}"
        )

    def became(self, *statuses: str) -> History:
        """The changes to one of these statuses: `RUNNING`, `HEALTHY`, `COMPLETED`."""
        return self._where(lambda found: found.after in statuses, f"became {' or '.join(statuses)}", _PART)

    def left(self, *statuses: str) -> History:
        """The changes from one of these statuses to another."""
        return self._where(lambda found: found.before in statuses, f"left {' or '.join(statuses)}", _PART)

    def saying(self, text: str) -> History:
        """What has this text in its message or reason."""
        return self._where(
            lambda found: text in found.message or text in (found.reason or ""), f"saying {text!r}", _PART
        )

    def before(self, point: Happening | float) -> History:
        """What came before a change, or a time of KECS's clock."""
        return replace(self, happenings=tuple(one for one in self.happenings if _order(one, point) < 0))

    def after(self, point: Happening | float) -> History:
        """What came after a change, or a time of KECS's clock."""
        chosen = tuple(one for one in self.happenings if _order(one, point) > 0)
        gone = self.happenings[: len(self) - len(chosen)]
        return replace(self, happenings=chosen, earlier=self.earlier + gone)

    @property
    def first(self) -> Happening:
        """The first change. Raises LookupError, which says of what there was none."""
        return self._one(0)

    @property
    def last(self) -> Happening:
        """The last change. Raises LookupError, which says of what there was none."""
        return self._one(-1)

    @property
    def arns(self) -> list[str]:
        """What changed, each once, in order."""
        return list(dict.fromkeys(found.arn for found in self.happenings))

    def running_over_time(self) -> OverTime:
        """How many of these tasks were RUNNING, from change to change."""
        running: set[str] = set()

        def runs(found: Happening) -> bool:
            if found.kind == "task":
                (running.add if found.after == "RUNNING" else running.discard)(found.arn)
            return found.task in running

        return self._over_time(runs)

    def healthy_over_time(self) -> OverTime:
        """How many of these tasks were RUNNING and passed all checks there are, from change to change: those of
        containers and of load balancers."""
        return self._over_time(lambda found: bool(found.healthy) and found.after is not None)

    def newest(self, count: int) -> History:
        """The last ones only; the timeline says how many were left out."""
        cut = max(0, len(self) - count)
        earlier = self.earlier + self.happenings[:cut]
        return replace(self, happenings=self.happenings[cut:], earlier=earlier, cut=self.cut + cut)

    def __str__(self) -> str:
        if not self.happenings:
            return f"{self.described}: nothing happened."
        began = self.happenings[0].at
        lines = [f"{self.described}, since {datetime.fromtimestamp(began, UTC):%Y-%m-%d %H:%M:%S.%f} on KECS's clock:"]
        lines += [f"  … {self.cut} earlier changes are left out"] if self.cut else []
        return "\n".join([*lines, *(f"{found.at - began:+12.3f} s  {found}" for found in self.happenings)])

    def __repr__(self) -> str:
        return f"<History of {len(self)} changes: {self.described}>"

    @cached_property
    def _images(self) -> dict[str, tuple[str, ...]]:
        """The images of a task, by its ARN."""
        known = (*self.earlier, *self.happenings)
        return {found.task or "": found.images for found in known if found.kind == "task"}

    def _where(self, fits: Callable[[Happening], bool], what: str, uncounted: str = "") -> History:
        return History(
            tuple(filter(fits, self.happenings)),
            tuple(filter(fits, self.earlier)),
            self.uncounted or uncounted,
            f"{self.described}, {what}" if what else self.described,
        )

    def _one(self, index: int) -> Happening:
        if not self.happenings:
            raise LookupError(f"{self.described}: nothing of the kind happened.")
        return self.happenings[index]

    def _over_time(self, counts: Callable[[Happening], bool]) -> OverTime:
        """`counts` says whether a task counts after a change."""
        if self.uncounted:
            raise HistoryIncomplete(self.uncounted)
        counted: set[str] = set()
        for found in self.earlier:
            _count(counted, found, counts)
        steps: list[tuple[Happening | None, int]] = [(None, len(counted))]
        for found in self.happenings:
            _count(counted, found, counts)
            if len(counted) != steps[-1][1]:
                steps.append((found, len(counted)))
        return OverTime(tuple(steps))


@dataclass(frozen=True)
class OverTime(Sequence[tuple["Happening | None", int]]):
    """A number of tasks from change to change: pairs of the change (None: the beginning) and the number since then."""

    steps: tuple[tuple[Happening | None, int], ...]

    def __getitem__(self, index: Any) -> Any:
        return self.steps[index]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def numbers(self) -> list[int]:
        """The numbers alone."""
        return [number for _, number in self.steps]

    @property
    def lowest(self) -> int:
        return min(self.numbers)

    @property
    def highest(self) -> int:
        return max(self.numbers)

    def at(self, point: Happening | float) -> int:
        """The number just before that change, or at that time of KECS's clock."""
        number = self.steps[0][1]
        for found, since in self.steps[1:]:
            assert found is not None
            order = _order(found, point)
            if order > 0 or (order == 0 and isinstance(point, Happening)):
                break
            number = since
        return number

    def seconds_below(self, number: int) -> float:
        """The longest time without a break for which it was below that number, among those that came to an end."""
        longest, since = 0.0, None
        for found, count in self.steps:
            if count < number:
                since = since if since is not None or found is None else found.at
            elif found is not None and since is not None:
                longest, since = max(longest, found.at - since), None
        return longest

    def __str__(self) -> str:
        return " → ".join(map(str, self.numbers))


def ordered(*changes: Happening) -> bool:
    """Whether these came one after the other."""
    return all(one < other for one, other in pairwise(changes))


def happenings(events: list[dict[str, Any]]) -> Iterator[Happening]:
    """From the JSON of events."""
    return map(Happening.read, events)


def _count(counted: set[str], found: Happening, counts: Callable[[Happening], bool]) -> None:
    if found.kind in _OF_TASKS and found.task is not None:
        (counted.add if counts(found) else counted.discard)(found.task)


def _order(found: Happening, point: Happening | float) -> float:
    return found.id - point.id if isinstance(point, Happening) else found.at - point


def _is(arn: str | None, wanted: str) -> bool:
    """Whether `wanted` is this ARN or the name at its end."""
    return arn is not None and wanted in (arn, last_part(arn))


def _any(image: str, images: tuple[str, ...]) -> bool:
    return any(fnmatchcase(one, image) for one in images)


def _is_revision(arn: str | None, wanted: str) -> bool:
    return arn is not None and wanted in (arn, last_part(arn), last_part(arn).rsplit(":", 1)[0])
