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
    """An event bus that a caller made, or the default one once it has tags."""

    arn: str
    name: str
    created_at: float | None = None  # None: it has always been there
    description: str | None = None
    kms_key_identifier: str | None = None
    dead_letter_config: e.DeadLetterConfig | None = None
    log_config: e.LogConfig | None = None
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
    """A task that a rule or a schedule is about to run; forgotten once that has been done or given up."""

    id: str
    source_arn: str  # of the rule or the schedule
    target_arn: str  # of the cluster
    run: m.RunTaskRequest  # without its overrides
    created_at: float
    due_at: float
    most_attempts: int
    expires_at: float
    input: str | None = None  # JSON whose members are the overrides
    attempts: int = 0
    status: Literal["PENDING", "RETRYING", "SUCCEEDED", "FAILED"] = "PENDING"
    reason: str | None = None  # why it failed

    @property
    def source(self) -> str:
        """`rule/nightly`, `schedule/default/nightly`."""
        return self.source_arn.split(":", 5)[-1]
