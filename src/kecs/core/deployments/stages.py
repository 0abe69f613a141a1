"""The lifecycle stages of a service deployment: in which order they come, what each does and what ends it.

The service loop calls `progress` before it plans; `apart` and `is_held` tell the scheduler what the stage means for the
tasks. A deployment of the strategies BLUE_GREEN, LINEAR and CANARY goes through all stages, and through those of
BACKWARD when it rolls back: there is no stage of that name in AWS. A rolling update has stages only if something can
happen in them: a hook, an alarm, a bake time, early success.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core import events
from kecs.core.deployments import hooks
from kecs.core.deployments.revisions import deployment_of
from kecs.core.deployments.weights import ALL, is_shifted, shares, shift, step_bake
from kecs.core.events import NewId
from kecs.core.records import LifecycleStage, Record, ServiceDeploymentRecord, ServiceRecord, StageRecord
from kecs.core.scheduling.deployments import complete, give_up

LONGEST_STAGE = 24 * 3600.0  # seconds, of a stage that waits for tasks; then the deployment fails
LONGEST = 30 * LONGEST_STAGE  # seconds, of a whole deployment

HOOK_FAILED = "because {stage} lifecycle hook(s) failed. {reason}"
ALARMED = "because alarms went into the ALARM state: {names}."
TOO_LONG = "because {stage} took longer than 24 hours."
MUCH_TOO_LONG = "because it took longer than 30 days."
BY_ALARM, BY_STAGE = "ECS deployment alarm", "ECS deployment lifecycle"
BACK, FOR_GOOD = "Service deployment rolled back", "Service deployment stopped"


class Count(NamedTuple):
    """The tasks of one deployment."""

    healthy: int = 0
    present: int = 0  # not STOPPED


class Look(Record):
    """A service that deploys, and its ongoing deployment."""

    service: ServiceRecord
    record: ServiceDeploymentRecord
    counts: Mapping[str, Count]  # by deployment id; what is missing has no task
    now: float  # seconds since the epoch
    desired: int  # tasks
    alarm_bake: float = 0.0  # seconds that the alarms need to notice a failure

    @property
    def configuration(self) -> m.DeploymentConfiguration:
        return self.record.configuration or m.DeploymentConfiguration()

    @property
    def stage(self) -> StageRecord | None:
        """Where the deployment is; none when it has just started, or just begun to roll back."""
        entered = self.record.stages[self.record.turned or 0 :]
        return entered[-1] if entered else None

    @property
    def green(self) -> str:
        return deployment_of(self.record.target)

    @property
    def shares(self) -> tuple[float, ...]:
        return shares(self.configuration, alone=self.record.blue is None)

    def count(self, deployment: str | None) -> Count:
        return self.counts.get(deployment or "", Count())

    def others(self, *deployments: str | None) -> bool:
        """Whether there are tasks of further deployments."""
        return any(count.present for name, count in self.counts.items() if name not in deployments)


class Stage(NamedTuple):
    """What happens in a stage."""

    ends: Callable[[Look], float | None]  # when, as far as it is not its hooks' affair; None: not yet to be said
    enter: Callable[[Look], Look] = lambda look: look
    needed: Callable[[Look], bool] = lambda look: True  # noqa: ARG005  # by default always
    waits: bool = False  # for tasks, LONGEST_STAGE at most


def has_stages(record: ServiceDeploymentRecord) -> bool:
    """Whether there is more to the deployment than the scheduler's replacing of tasks."""
    configuration = record.configuration
    if configuration is None:
        return False
    alarms, early = configuration.alarms, configuration.early_success_criteria
    return bool(
        is_shifted(configuration)
        or configuration.lifecycle_hooks
        or configuration.bake_time_in_minutes
        or (alarms and alarms.enable)
        or (early and early.enable)
    )


def progress(look: Look, new_id: NewId) -> Look:
    """The service and its deployment when it has gone as far as it can now."""
    while (after := _step(look, new_id)) is not look:
        look = after
    return look


def alarmed(look: Look, names: tuple[str, ...], new_id: NewId) -> Look:
    """After these alarms of the deployment's have been seen in ALARM."""
    alarms, stage = look.configuration.alarms, look.stage
    watched = alarms is not None and alarms.enable and not look.record.unwatched
    if not names or not watched or not _is_forward(look) or (stage is not None and stage.name == "CLEAN_UP"):
        return look
    look = replace(look, record=replace(look.record, triggered_alarms=names, failed_by=BY_ALARM))
    back = alarms is not None and alarms.rollback
    return _fail(look, ALARMED.format(names=", ".join(names)), events.ALARM_DETECTED, new_id, back=back)


def next_look(look: Look) -> float | None:
    """When `progress` may go further although nothing has changed."""
    stage, record = look.stage, look.record
    if stage is None or not (_is_forward(look) or _is_backward(look)):
        return None
    times = [hooks.next_look(record)]
    if not hooks.is_open(record):
        times.append(_table(look)[stage.name].ends(look))
    if _is_forward(look):
        times.append(stage.started_at + LONGEST_STAGE if _table(look)[stage.name].waits else None)
        times.append((record.started_at or look.now) + LONGEST)
    return min((at for at in times if at is not None and at > look.now), default=None)


def closed(record: ServiceDeploymentRecord, now: float) -> ServiceDeploymentRecord:
    """The record when it leaves the stage that it is in and enters no other of its way."""
    record = hooks.dropped(record, now)
    if not record.stages or record.stages[-1].finished_at is not None:
        return record
    return replace(record, stages=(*record.stages[:-1], replace(record.stages[-1], finished_at=now)))


def turned_back(record: ServiceDeploymentRecord, now: float, blue: str) -> ServiceDeploymentRecord:
    """The record when it begins to roll back to the deployment `blue`."""
    record = closed(record, now)
    relieved = record.blue if record.blue != blue else None
    return replace(record, turned=len(record.stages), blue=blue, relieved=relieved)


def apart(service: ServiceRecord, record: ServiceDeploymentRecord | None) -> dict[str, int] | None:
    """How many tasks each revision is to have while they run side by side, by deployment id; others go.

    None: the scheduler replaces the old by the new as in any rolling update.
    """
    if record is None or service.status != "ACTIVE" or not has_stages(record):
        return None
    green, blue, desired = deployment_of(record.target), record.blue, service.desired_count
    names = [stage.name for stage in record.stages]
    wanted = {} if blue is None else {blue: desired}
    serving = {} if record.relieved is None else {record.relieved: desired}
    if not is_shifted(record.configuration):
        starts = record.ongoing and record.turned is None and "SCALE_UP" not in names
        return {**wanted, green: 0} if starts else None
    if "CLEAN_UP" in names[record.turned or 0 :]:
        return {green: desired} if record.turned is None else wanted
    return {**wanted, **serving, green: desired if "SCALE_UP" in names else 0}


def is_held(record: ServiceDeploymentRecord | None) -> bool:
    """Whether the deployment is not complete when its tasks are, because it has stages to go through."""
    if record is None or not record.ongoing or not has_stages(record):
        return False
    if record.turned is not None and not is_shifted(record.configuration):
        return False
    return "CLEAN_UP" not in [stage.name for stage in record.stages[record.turned or 0 :]]


def _is_forward(look: Look) -> bool:
    return look.record.status == "IN_PROGRESS"


def _is_backward(look: Look) -> bool:
    return look.record.status == "ROLLBACK_IN_PROGRESS" and is_shifted(look.configuration)


def _table(look: Look) -> Mapping[LifecycleStage, Stage]:
    if _is_backward(look):
        return BACKWARD
    return SIDE_BY_SIDE if is_shifted(look.configuration) else ROLLING


def _step(look: Look, new_id: NewId) -> Look:
    """The next thing that happens; the look itself when nothing does."""
    if not has_stages(look.record) or not (_is_forward(look) or _is_backward(look)):
        return look
    stage, table = look.stage, _table(look)
    if stage is None:
        return _enter(look, next(_following(look)), new_id)
    record = hooks.due(look.record, look.now)
    if record is not look.record:
        return replace(look, record=record)
    if _is_forward(look) and (failed := _failure(look, stage, waits=table[stage.name].waits)):
        return _fail(look, failed[0], failed[1], new_id, back=True)
    ends = table[stage.name].ends(look)
    if hooks.is_open(record) or ends is None or ends > look.now:
        return look
    following = next(_following(look), None)
    return _completed(look, new_id) if following is None else _enter(look, following, new_id)


def _following(look: Look) -> Iterator[LifecycleStage]:
    """The stages to come; after a step of the shift the next step."""
    table, stage = _table(look), look.stage
    names = list(table)
    shifts = stage is not None and stage.name == "PRODUCTION_TRAFFIC_SHIFT" and _is_forward(look)
    if shifts and look.record.step < len(look.shares):
        yield "PRE_PRODUCTION_TRAFFIC_SHIFT"
    later = names if stage is None else names[names.index(stage.name) + 1 :]
    yield from (name for name in later if table[name].needed(look))


def _enter(look: Look, name: LifecycleStage, new_id: NewId) -> Look:
    record, now = look.record, look.now
    stages = record.stages
    if stages and stages[-1].finished_at is None:
        stages = (*stages[:-1], replace(stages[-1], finished_at=now))
    entered = replace(record, stages=(*stages, StageRecord(name=name, started_at=now)), updated_at=now)
    look = _table(look)[name].enter(replace(look, record=entered))
    return replace(look, record=hooks.begun(look.record, now, new_id))


def _failure(look: Look, stage: StageRecord, *, waits: bool) -> tuple[str, str] | None:
    """Why the deployment has failed, for its status and for the service's event."""
    hook = hooks.failure(look.record)
    if hook is not None:
        return HOOK_FAILED.format(stage=stage.name, reason=hook.reason), events.HOOK_FAILURE
    if waits and look.now >= stage.started_at + LONGEST_STAGE:
        return TOO_LONG.format(stage=stage.name), events.TIMED_OUT
    if look.now >= (look.record.started_at or look.now) + LONGEST:
        return MUCH_TOO_LONG, events.TIMED_OUT
    return None


def _fail(look: Look, why: str, cause: str, new_id: NewId, *, back: bool) -> Look:
    """The deployment given up; the service loop begins the way back, or ends it, when it takes it up again."""
    service, record, now = look.service, look.record, look.now
    by = record.failed_by or BY_STAGE
    service = give_up(service, f"{by}: {cause}.", now)
    service = events.record(service, events.deployment_failed(look.green, cause), now, new_id)
    status, how = ("ROLLBACK_REQUESTED", BACK) if back else ("STOP_REQUESTED", FOR_GOOD)
    record = replace(
        hooks.dropped(record, now), status=status, status_reason=f"{how} {why}", failed_by=by, updated_at=now
    )
    return replace(look, service=service, record=record)


def _completed(look: Look, new_id: NewId) -> Look:
    """Early success: the deployment is complete before its tasks are."""
    if look.service.deployments[0].rollout_state != "IN_PROGRESS":
        return look
    return replace(look, service=complete(look.service, look.now, new_id))


def _at_once(look: Look) -> float:
    return look.now


def _never(_: Look) -> None:
    """The scheduler ends it."""


def _reconciled(look: Look) -> float | None:
    full = look.record.blue is None or look.count(look.record.blue).healthy >= look.desired
    return look.now if full and not look.others(look.green, look.record.blue) else None


def _green_is_up(look: Look) -> float | None:
    return look.now if look.count(look.green).healthy >= look.desired else None


def _blue_is_up(look: Look) -> float | None:
    return look.now if look.count(look.record.blue).healthy >= look.desired else None


def _is_replaced(look: Look) -> float | None:
    """A rolling update: nothing but new tasks, or with early success enough of them."""
    early, desired = look.configuration.early_success_criteria, look.desired
    healthy, present = look.count(look.green)
    if early is not None and early.enable:
        return look.now if healthy * 100 >= desired * (early.healthy_percent or 0) else None
    return look.now if healthy == present == desired and not look.others(look.green) else None


def _cleaned_up(look: Look) -> float | None:
    """A rolling update: early success waits for the end of the old tasks only if it is told to."""
    early = look.configuration.early_success_criteria
    if early is None or not early.enable:
        return None
    return look.now if early.source_service_revision_cleanup == "DEFERRED" or not look.others(look.green) else None


def _since(look: Look, seconds: float) -> float:
    return (look.stage.started_at if look.stage else look.now) + seconds


def _step_baked(look: Look) -> float:
    """AWS lets no time pass when all traffic has been shifted."""
    last = look.record.step >= len(look.shares)
    return look.now if last else _since(look, step_bake(look.configuration))


def _bake_time(look: Look) -> float:
    minutes = look.configuration.bake_time_in_minutes or 0
    return max(60.0 * minutes, 0.0 if is_shifted(look.configuration) else look.alarm_bake)


def _baked(look: Look) -> float:
    return _since(look, _bake_time(look))


def _all_blue(look: Look) -> Look:
    blue = look.record.blue
    return replace(look, service=shift(look.service, blue, blue, production=ALL, test=ALL))


def _shift_test(look: Look) -> Look:
    shifted = shift(look.service, look.green, look.record.blue, production=None, test=ALL)
    return replace(look, service=shifted)


def _shift_production(look: Look) -> Look:
    record = replace(look.record, step=look.record.step + 1)
    shifted = shift(look.service, look.green, record.blue, production=look.shares[record.step - 1], test=None)
    return replace(look, service=shifted, record=record)


def _several(look: Look) -> bool:
    return len(look.record.sources) > 1


def _has_blue(look: Look) -> bool:
    return look.record.blue is not None


def _has_bake_time(look: Look) -> bool:
    return _bake_time(look) > 0.0


def _lacks_blue(look: Look) -> bool:
    return _blue_is_up(look) is None


def _had(name: LifecycleStage) -> Callable[[Look], bool]:
    """Whether the deployment had come so far when it turned back."""
    return lambda look: any(stage.name == name for stage in look.record.stages[: look.record.turned])


SIDE_BY_SIDE: dict[LifecycleStage, Stage] = {
    "RECONCILE_SERVICE": Stage(_reconciled, needed=_several, waits=True),
    "PRE_SCALE_UP": Stage(_at_once),
    "SCALE_UP": Stage(_green_is_up, waits=True),
    "POST_SCALE_UP": Stage(_at_once),
    "TEST_TRAFFIC_SHIFT": Stage(_at_once, _shift_test),
    "POST_TEST_TRAFFIC_SHIFT": Stage(_at_once),
    "PRE_PRODUCTION_TRAFFIC_SHIFT": Stage(_at_once),
    "PRODUCTION_TRAFFIC_SHIFT": Stage(_step_baked, _shift_production),
    "POST_PRODUCTION_TRAFFIC_SHIFT": Stage(_at_once),
    "BAKE_TIME": Stage(_baked, needed=_has_blue),
    "CLEAN_UP": Stage(_never),
}
"""BLUE_GREEN, LINEAR and CANARY, which differ in the steps of the production traffic shift."""

ROLLING: dict[LifecycleStage, Stage] = {
    "RECONCILE_SERVICE": Stage(_at_once, needed=_several),
    "PRE_SCALE_UP": Stage(_at_once),
    "SCALE_UP": Stage(_is_replaced),
    "POST_SCALE_UP": Stage(_at_once),
    "BAKE_TIME": Stage(_baked, needed=_has_bake_time),
    "CLEAN_UP": Stage(_cleaned_up),
}

BACKWARD: dict[LifecycleStage, Stage] = {
    "SCALE_UP": Stage(_blue_is_up, needed=_lacks_blue),
    "PRODUCTION_TRAFFIC_SHIFT": Stage(_at_once, _all_blue, needed=_had("PRODUCTION_TRAFFIC_SHIFT")),
    "TEST_TRAFFIC_SHIFT": Stage(_at_once, _all_blue, needed=_had("TEST_TRAFFIC_SHIFT")),
    "CLEAN_UP": Stage(_never, _all_blue),
}
"""The way back: traffic returns to the old revision as soon as it has its tasks, then the new one's tasks go."""
