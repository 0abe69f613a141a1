"""EventBridge and EventBridge Scheduler: event buses, rules with their targets, schedules in groups, invocations."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import ecs as m
from kecs.aws.model import events as e
from kecs.aws.model import scheduler as s
from kecs.core.arns import last_part
from kecs.core.records.base import Record

Tags = tuple[tuple[str, str], ...]


class EventBusRecord(Record):
    """An event bus that a caller made, or the default one once there is something to be known of it."""

    arn: str
    name: str
    created_at: float | None = None  # None: it has always been there
    description: str | None = None
    kms_key_identifier: str | None = None
    dead_letter_config: e.DeadLetterConfig | None = None
    log_config: e.LogConfig | None = None
    policy: str | None = None  # JSON
    modified_at: float | None = None  # None: as it was made
    tags: Tags = ()


class RuleRecord(Record):
    """A rule of an event bus, by pattern or by schedule or both."""

    arn: str
    bus_arn: str
    name: str
    state: str
    since: float  # when it got its schedule or was enabled: what a rate counts from
    pattern: str | None = None
    schedule: str | None = None
    description: str | None = None
    role_arn: str | None = None
    tags: Tags = ()
    targets: tuple[e.Target, ...] = ()
    next_at: float | None = None  # by its schedule; None: never again

    @property
    def bus(self) -> str:
        return self.bus_arn.split("/", 1)[1]

    @property
    def enabled(self) -> bool:
        return self.state != "DISABLED"


class ScheduleGroupRecord(Record):
    """A group of schedules. `default` is one from the start."""

    arn: str
    created_at: float | None = None  # None: it has always been there
    modified_at: float | None = None
    tags: Tags = ()
    token: str | None = None  # of the request that made it

    @property
    def name(self) -> str:
        return last_part(self.arn)


class ScheduleRecord(Record):
    """A schedule of EventBridge Scheduler."""

    arn: str
    group_arn: str
    name: str
    given: s.UpdateScheduleInput  # what the last request said
    created_at: float
    modified_at: float
    token: str | None = None  # of the request that made it
    next_at: float | None = None  # when it is due; None: never again
    fires_at: float | None = None  # when it fires, somewhere in its window

    @property
    def enabled(self) -> bool:
        return self.given.state != "DISABLED"


class InvocationRecord(Record):
    """What a rule or a schedule is about to have a target do; forgotten once that has been done or given up."""

    id: str
    source_arn: str  # of the rule or the schedule
    target_arn: str
    created_at: float
    due_at: float
    most_attempts: int
    expires_at: float
    run: m.RunTaskRequest | None = None  # of a cluster, without its overrides
    input: str | None = None  # what the target gets; for a cluster JSON whose members are the overrides
    event: str | None = None  # for the dead-letter queue, where that is not the input
    group: str | None = None  # of messages, in a FIFO queue
    attributes: dict[str, tuple[str, str]] | None = None  # of a message: type and value by name
    forwarded: bool = False  # the event came from another bus
    dead_letter_arn: str | None = None
    attempts: int = 0
    status: Literal["PENDING", "RETRYING", "SUCCEEDED", "FAILED"] = "PENDING"
    reason: str | None = None  # why it failed
    code: str | None = None  # likewise, in EventBridge's words
    exhausted: str | None = None  # what of the retry policy was used up

    @property
    def source(self) -> str:
        """`rule/nightly`, `schedule/default/nightly`."""
        return self.source_arn.split(":", 5)[-1]

    @property
    def by_rule(self) -> bool:
        return self.source.startswith("rule/")

    @property
    def target(self) -> str:
        """`default` for a cluster, else `orders`, `log-group:/aws/events/orders`, `event-bus/orders`."""
        return last_part(self.target_arn) if self.run else self.target_arn.split(":", 5)[-1]

    @property
    def lane(self) -> str | None:
        """What goes one after the other, in the order in which it happened; None: it is done within KECS."""
        within = self.run is not None or self.target_arn.split(":")[2] == "events"
        return None if within else f"{self.source_arn} {self.target_arn}"
