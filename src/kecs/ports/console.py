"""What the admin API under /_kecs may ask of a running KECS; `app` implements it, `gateway.admin` calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal, Protocol

from kecs.core.eventbridge.event import Event
from kecs.core.records import Record
from kecs.core.scheduling.limits import Limits
from kecs.ports.companion import Shown
from kecs.ports.faults import Faults
from kecs.ports.runtime import LogLine
from kecs.ports.snapshots import Snapshots
from kecs.ports.target_health import TargetHealths


class FeedEvent(Record):
    """One state change, as `kecs events` prints it and /_kecs/events streams it."""

    id: int  # counts up from 1 within a process
    at: float  # seconds since the epoch, on KECS's clock
    kind: str  # cluster | task-definition | task | container | service | deployment | daemon | instance | …
    arn: str
    cluster: str | None  # the cluster's ARN
    before: str | None  # the status before, None when it is new
    after: str | None  # the status after, None when it is gone
    message: str  # one line for people
    service: str | None = None  # ARN of the service that it belongs to
    deployment: str | None = None  # id of the deployment that the task is of, or that changed
    task: str | None = None  # ARN of the task that changed, or whose container did
    task_definition: str | None = None  # ARN of the task's, of the deployment's
    container: str | None = None  # name of the one that changed
    images: tuple[str, ...] = ()  # of the task's containers, or of the one that changed
    health: str | None = None  # of the task after the change; None: nothing checks it
    exit_code: int | None = None  # of the container
    reason: str | None = None  # why: stoppedReason, rolloutStateReason and the like
    stop_code: str | None = None  # of the task
    healthy: bool | None = None  # whether the task serves after the change: it runs and passes all checks
    limits: Limits | None = None  # how many tasks the service may have, when that changed


class FeedHistory(Record, omit_defaults=False):
    """A stretch of the feed."""

    first: int  # id of the oldest event that is remembered of all; what came before it is lost
    last: int  # id of the newest one of all
    now: float  # seconds since the epoch, on KECS's clock
    events: tuple[FeedEvent, ...]


class SentEvent(Record):
    """An event that ECS has sent to EventBridge."""

    id: int  # counts up from 1 within a process; the event's own id is another
    event: Event


EventFormat = Literal["kecs", "eventbridge"]
"""What is told: every state change as KECS sees it, or the events that ECS sends."""


class ClockState(Record):
    """The clock that this KECS lives by."""

    now: float  # seconds since the epoch
    frozen: bool
    controllable: bool  # False: real containers, real time


class ClockNotControllable(Exception):
    """The runtime runs real containers, so time cannot be moved."""


class NoSuchContainer(Exception):
    """The cluster, task, container or whatever else was named is not there."""


class Console(Protocol):
    """The operator's side of one KECS process."""

    def health(self) -> dict[str, Any]:
        """`status` ("ok", or "starting"/"degraded" with a `reason`), `runtime`, `version`, `pid`, `instance`."""

    def state(self, cluster: str | None = None, service: str | None = None, *, history: bool = False) -> dict[str, Any]:
        """Everything, as JSON-ready data: clusters, services, tasks, task definitions, instances of every scope; or
        what belongs to that cluster, to that service. `history` adds what was decided for the services, and from what
        (core.scheduling.replay)."""

    async def reset(self) -> None:
        """Forget everything, stop every container; done when it returns."""

    def events(
        self, since: int | None = None, told: EventFormat = "kecs"
    ) -> AsyncIterator[FeedEvent] | AsyncIterator[SentEvent]:
        """What happens after the event with id `since` (None: from now on), without end."""

    def recent_events(self, since: int = 0, told: EventFormat = "kecs") -> list[FeedEvent] | list[SentEvent]:
        """What is still remembered of what came after `since`."""

    def record_calls(self, wanted: bool) -> bool:
        """One more (or one less) wants calls that can change something told as events, too; whether anybody does."""

    def history(self, since: int, cluster: str | None, newest: int | None) -> FeedHistory:
        """What is remembered of what came after the event `since`; of one cluster, by name or ARN, or all; of that the
        newest ones only."""

    def clock(self) -> ClockState: ...

    async def advance(self, seconds: float) -> ClockState:
        """Move the clock on; returns when everything due by then has happened. Raises ClockNotControllable."""

    async def freeze(self) -> ClockState: ...

    async def resume(self) -> ClockState: ...

    def logs(
        self, cluster: str, task: str, container: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        """A container's output. `cluster` and `task` are names, ids or ARNs. Raises NoSuchContainer at once."""

    def interrupt(self, cluster: str, *, task: str | None = None, provider: str | None = None) -> list[str]:
        """Take Spot capacity back: from one task, or from all that the capacity provider runs in the cluster. Answers
        the ARNs of the tasks that stop. Raises NoSuchContainer, and ValueError for what is not on Spot capacity."""

    def set_image(self, pattern: str, script: dict[str, Any]) -> None:
        """Simulated runtime: how images that match the glob behave. Raises ValueError for an unknown key, and on a
        runtime that runs real containers."""

    def images(self) -> dict[str, dict[str, Any]]:
        """What `set_image` was told, by glob; empty on a runtime that runs real containers."""

    def set_measurement(self, cluster: str, service: str, metric: str, value: float | None) -> None:
        """What a metric of a service is from now on, for the policies that follow it; None: what its tasks use. Raises
        NoSuchContainer, and ValueError for a metric that no policy can follow."""

    def measurements(self) -> list[dict[str, Any]]:
        """What `set_measurement` was told: `service` (an ARN), `metric` and `value`."""

    def set_off(self, policy: str, alarm: str, breach: float) -> bool:
        """An alarm of the step policy with this ARN goes off, its metric `breach` above the threshold; whether that
        scales. Raises NoSuchContainer, and ValueError for a policy with alarms of its own."""

    def set_alarm(
        self,
        name: str,
        state: Literal["OK", "ALARM"],
        *,
        seconds: float | None = None,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """The alarm of that name is in this state (OK, ALARM) from now on, for the deployments of the account and
        region, KECS's own unless given. `seconds`: how long it takes to notice something."""

    def alarms(self) -> list[dict[str, Any]]:
        """What `set_alarm` was told: `name`, `state`, `seconds`, `account` and `region`."""

    @property
    def targets(self) -> TargetHealths:
        """What is said of the health of targets, and may be."""

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""

    @property
    def snapshots(self) -> Snapshots:
        """The whole state as one document."""

    @property
    def companions(self) -> Shown:
        """Who answers for the services around ECS. Raises NoSuchContainer where nobody does."""

    def metrics(self) -> bytes:
        """Prometheus text."""
