"""`watch_service`: whether a service stayed healthy during a block of code, from every change and not from samples.

The changes are those of /_kecs/history, which are numbered: none between two looks is missed, whether time flowed or
was moved meanwhile, and a stretch that KECS no longer remembers is noticed.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import quote

from kecs.core.arns import last_part
from kecs.core.scheduling.limits import MAXIMUM_PERCENT, MINIMUM_HEALTHY_PERCENT, bounds
from kecs.testing import admin
from kecs.testing.explaining import service_of
from kecs.testing.picture import Column, picture
from kecs.testing.seen import pictures
from kecs.testing.tracebacks import told

__tracebackhide__ = told


class NotKnown(AssertionError):
    """KECS does not remember all that happened during the block."""


class Interval(NamedTuple):
    """A time in which the service had fewer healthy tasks than it should have. Seconds of KECS's clock."""

    began: float
    ended: float
    healthy: int  # at its worst
    minimum: int  # that it should have had then

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class _Task(NamedTuple):
    revision: str
    healthy: bool


def watch_service(
    client: Any, cluster: str, service: str, *, minimum: int | None = None, maximum: int | None = None
) -> ServiceWatch:
    """A context manager that watches a service of `client`'s KECS.

    `minimum` and `maximum` are numbers of tasks; without them they are what the service's deploymentConfiguration
    makes of its desired count, as it changes. Raises ValueError when there is no such service, or not any more.
    """
    found = service_of(client, cluster, service)
    if found is None or found["status"] != "ACTIVE":
        raise ValueError(f"Cluster {cluster} has no active service {service} that could be watched.")
    return ServiceWatch(client.meta.endpoint_url, found["serviceArn"], minimum, maximum)


class ServiceWatch:
    """See watch_service. Its attributes tell of the block so far, or of all of it once it is over; they raise NotKnown
    when that is not known. Times are seconds since the epoch, on KECS's clock.
    """

    def __init__(self, endpoint: str, service: str, minimum: int | None, maximum: int | None) -> None:
        self.service = service
        self._endpoint = endpoint
        self._given = (minimum, maximum)
        self._open = False
        self._position = 0
        self._lost: str | None = None
        self._tasks: dict[str, _Task] = {}  # that are not STOPPED
        self._columns: list[Column] = []
        self._over: list[str] = []
        self._stopped: list[str] = []
        self._codes: dict[str, list[str]] = {}  # by task: how its containers ended
        self._ended_service: str | None = None
        self._ended_at: float | None = None

    def __enter__(self) -> ServiceWatch:
        state = admin.call(self._endpoint, "GET", f"state?service={quote(self.service)}")
        self._position = state["lastEvent"]
        self._tasks = {
            task["taskArn"]: _Task(last_part(task["taskDefinitionArn"]), task["taskArn"] in state["healthyTasks"])
            for task in state["tasks"]
            if task["lastStatus"] != "STOPPED"
        }
        self._minimum, self._maximum = self._chosen(_limits(state["services"][0]))
        self._wanted = self._minimum  # what the minimum becomes once that many are healthy
        self._open = True
        self._began = self._now = self._history("newest=0")["now"]
        self._note(self._began)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._read()
        except (OSError, admin.Refused) as failed:  # the block has an error of its own to tell
            self._lost = f"KECS does not answer: {failed}"
        self._open = False
        pictures.append(lambda: str(self) if self._lost is None and self.intervals else "")

    @property
    def lowest(self) -> int:
        """The fewest healthy tasks that the service has had."""
        return min(column.healthy for column in self._known())

    @property
    def highest(self) -> int:
        """The most tasks that it has had; those that stop count until they are STOPPED."""
        return max(column.present for column in self._known())

    @property
    def intervals(self) -> list[Interval]:
        """When it had fewer healthy tasks than it should have."""
        found: list[Interval] = []
        begins = True
        for column, ended in self._spans():
            if column.healthy < column.minimum:
                if begins:
                    found.append(Interval(column.at, ended, column.healthy, column.minimum))
                else:
                    last = found[-1]
                    worst = min(last[2:], (column.healthy, column.minimum), key=lambda pair: pair[0] - pair[1])
                    found[-1] = Interval(last.began, ended, *worst)
            begins = column.healthy >= column.minimum
        return found

    @property
    def longest_gap(self) -> float:
        """How long the longest of them was, in seconds; 0 when there was none."""
        return max((interval.seconds for interval in self.intervals), default=0.0)

    @property
    def when(self) -> float | None:
        """When the longest of them began; None when there was none."""
        return max(self.intervals, key=lambda interval: interval.seconds).began if self.intervals else None

    def assert_always_healthy(self) -> None:
        """It never had fewer healthy tasks than its minimum, never started one above its maximum, and was not deleted.

        The message has a picture of what happened, and why tasks stopped.
        """
        problems = [
            f"{i.healthy} of at least {i.minimum} tasks were healthy at {i.began - self._began:+.3f} s, "
            f"for {i.seconds:.3f} s"
            for i in self.intervals
        ]
        problems += self._over
        if self._ended_service is not None:
            problems.append(self._ended_service)
        if problems:
            name = last_part(self.service)
            raise AssertionError(f"Service {name} was not always healthy: {'; '.join(problems)}.\n{self}")

    def __str__(self) -> str:
        """A picture of what happened."""
        stopped = ["tasks that stopped:", *(f"  {line}" for line in self._stopped)] if self._stopped else []
        return "\n".join([*picture(self._known(), self._now), *stopped])

    def _known(self) -> list[Column]:
        if self._open:
            self._read()
        if self._lost is not None:
            raise NotKnown(f"Whether service {last_part(self.service)} stayed healthy is not known: {self._lost}")
        if not self._columns:
            raise RuntimeError("The watch has not begun; use it in a with statement.")
        return self._columns

    def _spans(self) -> list[tuple[Column, float]]:
        """Each state with the time at which it ended."""
        columns = self._known()
        return list(zip(columns, [*(column.at for column in columns[1:]), self._now], strict=True))

    def _history(self, query: str) -> Any:
        return admin.call(self._endpoint, "GET", f"history?{query}")

    def _read(self) -> None:
        """Take up what has happened since the last look."""
        if self._lost is not None:
            return
        history = self._history(f"since={self._position}")
        if history["last"] < self._position:
            self._lost = "KECS has been started again meanwhile."
            return
        if history["first"] > self._position + 1:
            first, last = self._position + 1, history["first"] - 1
            self._lost = f"KECS no longer remembers the events {first} to {last}; shorter blocks have fewer."
            return
        self._position, self._now = history["last"], history["now"]
        for event in history["events"]:
            if event["kind"] == "snapshot":
                self._lost = "KECS was restored to a snapshot meanwhile."
            if event.get("service") == self.service:
                self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        match event["kind"]:
            case "limits":
                self._set_limits(event["limits"])
            case "service" if event.get("after") != "ACTIVE":
                self._ended_service = self._ended_service or f"the service is {event.get('after') or 'gone'}"
                self._set_limits({"minimum": 0, "maximum": self._maximum})
            case "task":
                self._take_task(event)
            case "health" | "target-health" if (task := self._tasks.get(event["task"])) is not None:
                self._tasks[event["task"]] = task._replace(healthy=event["healthy"])
            case "container" if event.get("after") == "STOPPED" and "exit_code" in event:
                name, code = event["container"], event["exit_code"]
                self._codes.setdefault(event["task"], []).append(f"{name} exit code {code}")
                return
            case _:
                return
        self._note(event["at"])

    def _take_task(self, event: dict[str, Any]) -> None:
        arn, revision = event["task"], last_part(event["task_definition"])
        if event.get("after") not in (None, "STOPPED"):
            self._tasks[arn] = _Task(revision, event["healthy"])
            if event.get("before") is None and len(self._tasks) > self._maximum:
                at = event["at"] - self._began
                self._over.append(f"{len(self._tasks)} of at most {self._maximum} tasks were there at {at:+.3f} s")
        elif self._tasks.pop(arn, None) is not None:
            codes = "".join(f", {code}" for code in self._codes.pop(arn, ()))
            why = f"{event.get('reason')} ({event.get('stop_code')}){codes}"
            self._stopped.append(f"{event['at'] - self._began:+.3f} s  {last_part(arn)[:8]} ({revision}): {why}")

    def _chosen(self, limits: dict[str, int]) -> tuple[int, int]:
        minimum, maximum = self._given
        return (
            limits["minimum"] if minimum is None else minimum,
            limits["maximum"] if maximum is None else maximum,
        )

    def _set_limits(self, limits: dict[str, int]) -> None:
        """More tasks are wanted from the moment at which they could first be there; fewer at once."""
        self._wanted, self._maximum = self._chosen(limits)
        self._minimum = min(self._minimum, self._wanted)

    def _note(self, at: float) -> None:
        """What holds from now on."""
        healthy: dict[str, int] = {}
        for task in self._tasks.values():
            healthy[task.revision] = healthy.get(task.revision, 0) + task.healthy
        total = sum(healthy.values())
        if total >= self._wanted:
            self._minimum = self._wanted
        column = Column(at, total, len(self._tasks), self._minimum, healthy)
        if not self._columns or column._replace(at=0) != self._columns[-1]._replace(at=0):
            self._columns.append(column)


def _limits(service: dict[str, Any]) -> dict[str, int]:
    given = service.get("deploymentConfiguration", {})
    least = given.get("minimumHealthyPercent", MINIMUM_HEALTHY_PERCENT)
    most = given.get("maximumPercent", MAXIMUM_PERCENT)
    found = bounds(service["desiredCount"], least, most)
    return {"minimum": found.minimum, "maximum": found.maximum}
