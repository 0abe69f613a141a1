"""Counts a deployment's failures and slows down the ones that keep failing to start. `scheduler` calls it.

AWS: the time between attempts of tasks that never reach RUNNING grows up to 27 minutes; a task that has been RUNNING
never causes that. AWS does not publish the steps in between, so DELAYS is ours. Tasks of a deployment that fail
together count as one attempt: an attempt is what was launched since the last one failed.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.core import events
from kecs.core.events import NewId
from kecs.core.records import DeploymentRecord, ServiceRecord
from kecs.core.scheduling.counts import ASKED_FOR, Group, failed_to_start, stopped_for_health
from kecs.core.scheduling.snapshot import ServiceTask

LONGEST = 27 * 60.0  # seconds
# Seconds to wait after the first, second … failed attempt in a row; then LONGEST.
DELAYS = (0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
# Seconds between attempts to place: room may appear at any time and looking for it costs nothing.
PLACEMENT_SHORTEST, PLACEMENT_LONGEST = 1.0, 60.0

# A task that ran and ended is replaced at once, as AWS does; it takes AWS some seconds, though, and a container that
# ends as soon as it starts would keep a local engine busy with nothing else. So a service whose tasks end within
# BRIEF seconds again and again is given a pace: seconds to wait after the first, second … wave in a row, then the last.
BRIEF = 10.0
PACE = (0.0, 0.0, 1.0, 2.0, 5.0, 10.0)
# The same goes for tasks that are stopped for their health sooner than AWS could find it out: its least interval, once.
SOONEST_VERDICT = 5.0
FORGET_QUICK_EXITS = 60.0  # seconds without one


def delay(failures: int) -> float:
    """Seconds to wait after that many failed attempts in a row."""
    return DELAYS[failures - 1] if failures <= len(DELAYS) else LONGEST


def backed_off(deployment: DeploymentRecord, now: float) -> bool:
    return deployment.retry_at is not None and deployment.retry_at > now


def account(group: Group, now: float, *, counts_on: bool) -> DeploymentRecord:
    """The deployment after its tasks' successes and failures since the last look; `counts_on` as in `breaker`."""
    deployment = _after_success(group.deployment, group, counts_on=counts_on)
    never_ran = [t for t in group.stopped if failed_to_start(t)]
    failed = len(never_ran) + sum(map(stopped_for_health, group.stopped))
    if failed and _counts(deployment, counts_on=counts_on):
        deployment = replace(deployment, failed_tasks=deployment.failed_tasks + failed)
    if any(deployment.retry_at is None or t.created_at >= deployment.retry_at for t in never_ran):
        deployment = _next_attempt(deployment, now)
    if any(_ended_soon(t, deployment, now) for t in (*group.stopping, *group.stopped)):
        deployment = _paced(deployment, now)
    return deployment


def _counts(deployment: DeploymentRecord, *, counts_on: bool) -> bool:
    """Whether failures of its tasks still say something of the deployment."""
    return not deployment.reached_running or (counts_on and deployment.rollout_state == "IN_PROGRESS")


def _after_success(deployment: DeploymentRecord, group: Group, *, counts_on: bool) -> DeploymentRecord:
    if not deployment.reached_running and (group.works or any(map(_ran_well, group.stopped))):
        deployment = replace(deployment, reached_running=True, failed_tasks=deployment.failed_tasks if counts_on else 0)
    newest = group.newest_success
    if deployment.retry_at is not None and newest is not None and newest >= deployment.retry_at:
        deployment = replace(deployment, consecutive_failures=0, retry_at=None)
    return deployment


def _ran_well(task: ServiceTask) -> bool:
    """The stopped task was successfully RUNNING before, by the measure of Deployment.failedTasks."""
    checked = not task.has_health_check or task.health == "HEALTHY"
    served = all(target.passed for target in task.targets) and not stopped_for_health(task)
    return task.started_at is not None and checked and served


def _ended_soon(task: ServiceTask, deployment: DeploymentRecord, now: float) -> bool:
    """Whether the task ended soon after its start, by itself or for its health, and not in a wave that was counted."""
    if task.started_at is None or (deployment.quick_exit_at is not None and task.created_at < deployment.quick_exit_at):
        return False
    if stopped_for_health(task):
        return task.last_status == "STOPPED" and now - task.started_at < SOONEST_VERDICT
    return task.stop_code not in ASKED_FOR and now - task.started_at < BRIEF


def _paced(deployment: DeploymentRecord, now: float) -> DeploymentRecord:
    """The deployment after one more wave of tasks that ended soon."""
    last = deployment.quick_exit_at
    recent = last is not None and now - last < FORGET_QUICK_EXITS
    exits = deployment.quick_exits + 1 if recent else 1
    wait = PACE[min(exits, len(PACE)) - 1]
    retry_at = max(deployment.retry_at or now, now + wait) if wait else deployment.retry_at
    return replace(deployment, quick_exits=exits, quick_exit_at=now, retry_at=retry_at)


def _next_attempt(deployment: DeploymentRecord, now: float) -> DeploymentRecord:
    failures = deployment.consecutive_failures + 1
    return replace(deployment, consecutive_failures=failures, retry_at=now + delay(failures))


def after_placement(
    deployment: DeploymentRecord, placed: int, failed: int, now: float, *, counts_on: bool
) -> DeploymentRecord:
    """The deployment after `placed` tasks found room and `failed` did not."""
    if not failed:
        return replace(deployment, unplaced=False) if placed and deployment.unplaced else deployment
    failures = deployment.consecutive_failures + 1
    wait = min(max(delay(failures), PLACEMENT_SHORTEST), PLACEMENT_LONGEST)
    return replace(
        deployment,
        unplaced=True,
        consecutive_failures=failures,
        retry_at=now + wait,
        failed_tasks=deployment.failed_tasks + (failed if _counts(deployment, counts_on=counts_on) else 0),
    )


def room_appeared(deployment: DeploymentRecord, now: float) -> DeploymentRecord:
    """A task has gone or an instance has come: what did not find room may now."""
    if not deployment.unplaced or not backed_off(deployment, now):
        return deployment
    return replace(deployment, retry_at=now)


def report_throttle(
    service: ServiceRecord,
    before: int,
    after: DeploymentRecord,
    now: float,
    new_id: NewId,
) -> ServiceRecord:
    """Write AWS's event when a deployment that had failed `before` times now has to wait."""
    if after.consecutive_failures <= before or delay(after.consecutive_failures) == 0.0:
        return service
    return events.record_once(service, events.THROTTLED, events.THROTTLED, now, new_id)
