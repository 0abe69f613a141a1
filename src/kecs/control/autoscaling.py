"""The autoscaling loop: keeps services within their scalable targets, does scheduled actions in time, and follows
target tracking policies.

Every minute of the clock it takes one data point of each metric that a policy of a service follows, as CloudWatch does;
`core.autoscaling` decides. Data points are kept in memory only: after a restart the alarms know nothing, as those of a
new policy. A target without policies and actions costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from msgspec.structs import replace

from kecs.aws.model import application_autoscaling as a
from kecs.control.queue import WorkQueue
from kecs.core.autoscaling import activities
from kecs.core.autoscaling.scaling import PERIOD, POINTS_IN, Scaling, metric_of, step, track, within
from kecs.core.autoscaling.schedules import next_time
from kecs.core.autoscaling.targets import with_bounds
from kecs.core.autoscaling.usage import MEASURED, Usage, utilization
from kecs.core.records import Change, ServiceRecord
from kecs.core.records.autoscaling import ScalingPolicyRecord
from kecs.core.scheduling.deployments import set_desired_count
from kecs.ports.clock import Clock, Ids
from kecs.ports.metrics import Metrics
from kecs.ports.store import Store

ACTION = "scheduled action"
BOUNDS = "bounds of a scalable target"
FULFILMENT = "scaling activity"
MINUTE = "minute of a scalable target"
POLICIES = "scaling policies"


class Autoscaling:
    """The loop over scalable targets, by the ARN of their service."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self._metrics = metrics
        self.points: dict[str, dict[str, deque[float | None]]] = {}  # by service and metric, newest last
        self.kept = POINTS_IN  # of each
        self.said: dict[tuple[str, str], float] = {}  # by service and metric: what it is, whatever tasks use
        queue.register(ACTION, self._act)
        queue.register(BOUNDS, self._bring_within)
        queue.register(MINUTE, self._measure)
        queue.register(POLICIES, self._track)
        queue.register(FULFILMENT, self._look_at_activities)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if table == "services":
                self._notice_service(key, before, after)
            elif after is None:
                continue
            elif table == "scalable_targets" and after.bounds_changed:
                self._queue.add(BOUNDS, key)
            elif table == "scaling_policies" and after.tracking is not None:
                self._queue.wake(MINUTE, after.service_arn, self._next_minute())
            elif table == "scheduled_actions" and after.next_at is not None:
                self._queue.wake(ACTION, key, after.next_at)

    def _notice_service(self, arn: str, before: ServiceRecord | None, after: ServiceRecord | None) -> None:
        status = after.status if after is not None else "INACTIVE"
        if (status != "ACTIVE" or (after is not None and after.steady)) and self._ongoing(arn):
            self._queue.add(FULFILMENT, arn)
        was = before.status if before is not None else "INACTIVE"
        if status == "ACTIVE" and was != "ACTIVE" and self._store.scaling_policies.keys("service", arn):
            self._queue.wake(MINUTE, arn, self._next_minute())

    def recover(self) -> None:
        """Take up what was in progress before a restart; an action that was due meanwhile is done now, once."""
        for target in self._store.scalable_targets:
            self._queue.add(BOUNDS, target.service_arn)
        for policy in self._store.scaling_policies:
            self._queue.wake(MINUTE, policy.service_arn, self._next_minute())
        for action in self._store.scheduled_actions:
            if action.next_at is not None:
                self._queue.wake(ACTION, action.key, action.next_at)
        for activity in self._store.scaling_activities:
            if activity.status == "InProgress":
                self._queue.add(FULFILMENT, activity.service_arn)

    def forget(self) -> None:
        """Know nothing of any metric; for a reset."""
        self.points.clear()
        self.said.clear()

    def say(self, service: str, metric: str, value: float | None) -> None:
        """The metric of the service has this value from now on; None: what its tasks use."""
        if value is None:
            self.said.pop((service, metric), None)
        else:
            self.said[service, metric] = value

    def set_off(self, policy: ScalingPolicyRecord, alarm: str, breach: float) -> bool:
        """An alarm of a step policy goes off, with its metric so far above its threshold; whether that scales."""
        target = self._store.scalable_targets.get(policy.service_arn)
        service = self._service(policy.service_arn)
        if target is None or service is None:
            return False
        scaling = step(target, service, policy, alarm, breach, self._clock.now())
        if scaling is not None:
            self._carry_out(service, scaling)
        return scaling is not None and scaling.reason is None

    # -- bounds and schedules ---------------------------------------------------------------------------------------

    def _bring_within(self, arn: str) -> None:
        target, service = self._store.scalable_targets.get(arn), self._service(arn)
        if target is None or not target.bounds_changed:
            return
        with self._store.transaction():
            self._store.scalable_targets.put(replace(target, bounds_changed=False))
            if service is not None:
                count, cause = within(target, service.desired_count)
                if cause:
                    self._set(service, count, cause)

    def _act(self, key: str) -> None:
        action, now = self._store.scheduled_actions.get(key), self._clock.now()
        if action is None or action.next_at is None:
            return
        if action.next_at > now:
            self._queue.wake(ACTION, key, action.next_at)
            return
        target, error = self._store.scalable_targets.get(action.service_arn), ""
        with self._store.transaction():
            self._store.scheduled_actions.put(replace(action, next_at=next_time(action, now)))
            if target is None or target.suspended.scheduled_scaling_suspended:
                return
            try:
                bounds = with_bounds(target, action.action.min_capacity, action.action.max_capacity)
                self._store.scalable_targets.put(bounds)
            except a.ValidationException as refused:
                error = refused.message
            activity = activities.setting_bounds(self._ids.uuid(), target, action, error, now)
            self._store.scaling_activities.put(activity)

    # -- policies ---------------------------------------------------------------------------------------------------

    def _measure(self, arn: str) -> None:
        """Take a data point of each metric that the service's policies follow."""
        policies = self._store.scaling_policies.where("service", arn)
        names = {metric_of(policy.tracking) for policy in policies if policy.tracking is not None}
        if not names or self._service(arn) is None:
            self.points.pop(arn, None)
            return
        self._queue.wake(MINUTE, arn, self._next_minute())
        values = {name: self.said.get((arn, name)) for name in names}
        unsaid = [name for name in MEASURED if name in names and values[name] is None]
        if not unsaid:
            self._take(arn, values)
            return
        tasks = [task for task in self._store.tasks.where("service", arn) if task.last_status == "RUNNING"]

        def measured(used: Mapping[str, Usage]) -> None:
            self._take(arn, values | {name: utilization(name, tasks, used) for name in unsaid})

        self._metrics.measure([task.arn for task in tasks], measured)

    def _take(self, arn: str, values: Mapping[str, float | None]) -> None:
        known = self.points.get(arn, {})
        self.points[arn] = {name: known.get(name, deque(maxlen=POINTS_IN)) for name in values}
        for name, value in values.items():
            self.points[arn][name].append(value)
        self._queue.add(POLICIES, arn)

    def _track(self, arn: str) -> None:
        target, service = self._store.scalable_targets.get(arn), self._service(arn)
        if target is None or service is None:
            return
        points = {name: list(values) for name, values in self.points.get(arn, {}).items()}
        policies = self._store.scaling_policies.where("service", arn)
        scaling = track(target, service, policies, points, self._clock.now())
        if scaling is not None:
            self._carry_out(service, scaling)

    def _carry_out(self, service: ServiceRecord, scaling: Scaling) -> None:
        with self._store.transaction():
            if scaling.reason is None:
                self._store.scalable_targets.put(scaling.target)
                self._set(service, scaling.desired, scaling.cause)
                return
            before = self._store.scaling_activities.where("service", service.arn)[-1:]
            if not (before and before[0].reasons == (scaling.reason,) and before[0].cause == scaling.cause):
                activity = activities.not_scaled(
                    self._ids.uuid(), service.arn, scaling.reason, scaling.cause, self._clock.now()
                )
                self._store.scaling_activities.put(activity)

    # -- the service ------------------------------------------------------------------------------------------------

    def _service(self, arn: str) -> ServiceRecord | None:
        """The service, if it can be scaled."""
        service = self._store.services.get(arn)
        return service if service is not None and service.status == "ACTIVE" else None

    def _set(self, service: ServiceRecord, count: int, cause: str) -> None:
        """Set the desired count, as UpdateService does; in a transaction."""
        now, table = self._clock.now(), self._store.scaling_activities
        self._store.services.put(set_desired_count(service, count, now))
        for activity in table.where("service", service.arn):
            if activity.started_at <= now - activities.KEPT:
                table.delete(activity.id)
            elif activity.status == "InProgress":
                table.put(activities.overridden(activity, now))
        table.put(activities.setting_count(self._ids.uuid(), service.arn, count, cause, now))

    def _ongoing(self, arn: str) -> bool:
        return bool(self._store.scaling_activities.keys("ongoing", arn))

    def _look_at_activities(self, arn: str) -> None:
        service, now = self._service(arn), self._clock.now()
        with self._store.transaction():
            for activity in self._store.scaling_activities.where("ongoing", arn):
                if service is None:
                    self._store.scaling_activities.put(activities.unfulfilled(activity, now))
                elif service.desired_count != activity.count:
                    self._store.scaling_activities.put(activities.overridden(activity, now))
                elif service.steady:
                    self._store.scaling_activities.put(activities.fulfilled(activity, now))

    def _next_minute(self) -> float:
        return (self._clock.now() // PERIOD + 1) * PERIOD
