"""Application Auto Scaling's operations with whatever the model allows, while metrics come and time passes.

Nothing fails inside KECS, what is refused leaves no trace, and what scales keeps to the bounds of its target.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.properties.watching import MODELS, Errors, answered
from tests.scenarios.autoscaling import CPU, MEMORY, RESOURCE, SERVICE, register, served
from tests.wire.shapes import structures

from kecs.core.records import Change
from kecs.services.apis import APIS

API = next(api for api in APIS if api.name == "application-autoscaling")
MODEL = MODELS[API.name]
NAMES = st.sampled_from(["a", "b"])
SCHEDULES = [
    "rate(1 minute)",
    "rate(3 hours)",
    "cron(0/7 * * * ? *)",
    "at(2023-11-14T23:00:00)",
    "cron(0 9 L * ? *)",
    "x",
]
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "ServiceNamespace": st.just("ecs"),
    "ScalableDimension": st.just("ecs:service:DesiredCount"),
    "ResourceId": st.sampled_from([RESOURCE] * 5 + ["service/default/none"]),
    "ResourceIds": st.just([RESOURCE]),
    "PolicyName": NAMES,
    "ScheduledActionName": NAMES,
    "Schedule": st.sampled_from(SCHEDULES),
    "Timezone": st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "Mars/North"]),
    "MinCapacity": st.integers(-1, 4),
    "MaxCapacity": st.integers(0, 8),
    "PredefinedMetricType": st.sampled_from([CPU, MEMORY]),
    "Cooldown": st.sampled_from([0, 60, 600]),
    "ScaleInCooldown": st.sampled_from([0, 60]),
    "ScaleOutCooldown": st.sampled_from([0, 60]),
}
"""By member: what lets many requests through."""
RUNS, MOST_STEPS = 60, 40


def plausible(data: st.DataObject, value: Any, choices: dict[str, st.SearchStrategy[Any]]) -> Any:
    """The value with every member that there are choices for drawn from them."""
    if isinstance(value, list):
        return [plausible(data, item, choices) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: data.draw(choices[name]) if name in choices else plausible(data, item, choices)
        for name, item in value.items()
    }


class Autoscaling(RuleBasedStateMachine):
    """A service that is scaled by anybody."""

    @initialize()
    def begin(self) -> None:
        self.errors = Errors()
        self.errors.__enter__()
        self.world = served(2)
        self.choices = PLAUSIBLE | {"ResourceARN": st.just(register(self.world))}
        self.world.kernel.store.subscribe(self.notice)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store: whatever is set in a service's name is within the bounds of that time."""
        for table, _, before, after in changes:
            if table == "scaling_activities" and before is None and after.count is not None:
                target = self.world.kernel.store.scalable_targets.get(after.service_arn)
                assert target is not None
                assert target.minimum <= after.count <= target.maximum

    @rule(operation=st.sampled_from(sorted(API.parts.handlers)), data=st.data())
    def somebody_calls(self, operation: str, data: st.DataObject) -> None:
        shape = MODEL.operation_model(operation).input_shape
        assert shape is not None
        request = plausible(data, data.draw(structures(shape)), self.choices)
        answered(self.world, operation, json.dumps(request).encode(), API)

    @rule(minimum=st.integers(0, 3), more=st.integers(0, 5))
    def somebody_registers(self, minimum: int, more: int) -> None:
        self.call("RegisterScalableTarget", MinCapacity=minimum, MaxCapacity=minimum + more)

    @rule(name=NAMES, value=st.integers(1, 100), metric=st.sampled_from([CPU, MEMORY]))
    def somebody_tracks(self, name: str, value: int, metric: str) -> None:
        tracking = {"TargetValue": value, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}}
        self.call(
            "PutScalingPolicy",
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracking,
        )

    @rule(name=NAMES, schedule=st.sampled_from(SCHEDULES), minimum=st.integers(0, 6))
    def somebody_schedules(self, name: str, schedule: str, minimum: int) -> None:
        action = {"MinCapacity": minimum}
        self.call("PutScheduledAction", ScheduledActionName=name, Schedule=schedule, ScalableTargetAction=action)

    @rule(metric=st.sampled_from([CPU, MEMORY]), value=st.none() | st.floats(0, 1e9))
    def a_metric_is(self, metric: str, value: float | None) -> None:
        self.world.kernel.control.autoscaling.say(SERVICE, metric, value)

    @rule(breach=st.floats(-100, 100))
    def alarms_go_off(self, breach: float) -> None:
        for policy in self.world.kernel.store.scaling_policies:
            if policy.steps is not None:
                self.world.kernel.control.autoscaling.set_off(policy, "alarm", breach)

    @rule(seconds=st.sampled_from([0.0, 1.0, 60.0, 240.0, 1000.0, 86400.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(count=st.integers(0, 12))
    def somebody_scales_it_by_hand(self, count: int) -> None:
        answered(self.world, "UpdateService", json.dumps({"service": "s", "desiredCount": count}).encode())

    def call(self, operation: str, **members: Any) -> None:
        of = {"ServiceNamespace": "ecs", "ResourceId": RESOURCE, "ScalableDimension": "ecs:service:DesiredCount"}
        answered(self.world, operation, json.dumps({**of, **members}).encode(), API)

    def teardown(self) -> None:
        self.errors.__exit__()


def test_anything_in_any_order() -> None:
    run_state_machine_as_test(Autoscaling, settings=settings(max_examples=RUNS, stateful_step_count=MOST_STEPS))
