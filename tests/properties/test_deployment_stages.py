"""Whatever hooks answer, alarms ring, users stop and tasks do, in any order: a deployment goes forward or back, its
traffic is shared out whole, and in the end the service has one revision."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.scenarios.shifting import DAY, HOOKED, LAMBDA, MINUTE, alarm, deploy, lambda_hook, latest, pause_hook, serve
from tests.scenarios.world import Refused, World
from tests.support.hooks import FAILED, SUCCEEDED, in_progress

from kecs.core.deployments.stages import BACKWARD, ROLLING, SIDE_BY_SIDE
from kecs.core.records import ServiceDeploymentRecord

PAUSABLE = [stage for stage in HOOKED if stage not in ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")]
STRATEGIES: list[dict[str, Any]] = [
    {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3},
    {"strategy": "LINEAR", "bakeTimeInMinutes": 0, "linearConfiguration": {"stepPercent": 33.3}},
    {"strategy": "CANARY", "bakeTimeInMinutes": 1, "canaryConfiguration": {"canaryPercent": 12.5}},
    {"strategy": "ROLLING", "bakeTimeInMinutes": 2},
]
ANSWERS = st.sampled_from([SUCCEEDED, SUCCEEDED, SUCCEEDED, FAILED, in_progress(callBackDelay=45), {}, "broken"])
HOOKS = st.lists(
    st.one_of(
        st.lists(st.sampled_from(HOOKED), min_size=1, max_size=3).map(lambda stages: lambda_hook(*stages)),
        st.sampled_from(PAUSABLE).map(lambda stage: pause_hook(stage, timeoutInMinutes=20)),
    ),
    max_size=3,
)


def is_forward(record: ServiceDeploymentRecord) -> bool:
    """Whether the stages come in the order of their table; after a step of the shift comes the next."""
    strategy = record.configuration.strategy if record.configuration else None
    order = list(ROLLING if strategy == "ROLLING" else SIDE_BY_SIDE)
    names = [stage.name for stage in record.stages[: record.turned]]
    back = [stage.name for stage in record.stages[len(names) :]]
    for name, following in itertools.pairwise(names):
        step = (name, following) == ("PRODUCTION_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT")
        if order.index(following) <= order.index(name) and not step:
            return False
    return back == [name for name in BACKWARD if name in back]


class Deployments(RuleBasedStateMachine):
    """One service, and everybody who has a say in its deployments."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(strategy=st.sampled_from(STRATEGIES))
    def start(self, strategy: dict[str, Any]) -> None:
        watched = {"alarmNames": ["errors"], "enable": True, "rollback": True}
        breaker = {"enable": True, "rollback": True}
        serve(self.world, {**strategy, "alarms": watched, "deploymentCircuitBreaker": breaker}, count=2)

    @rule(definition=st.sampled_from(["web", "web", "slow", "bad"]), strategy=st.sampled_from(STRATEGIES), hooks=HOOKS)
    def update(self, definition: str, strategy: dict[str, Any], hooks: list[Any]) -> None:
        deploy(self.world, definition, deploymentConfiguration={**strategy, "lifecycleHooks": hooks})

    @rule(count=st.integers(0, 4))
    def scale(self, count: int) -> None:
        self.world.call("UpdateService", service="s", desiredCount=count)

    @rule(answer=ANSWERS, seconds=st.sampled_from([0, 1, 90]))
    def answer(self, answer: Any, seconds: float) -> None:
        self.world.hooks.say(LAMBDA, answer)
        self.world.hooks.takes = seconds

    @rule(state=st.sampled_from(["ALARM", "OK", "OK"]))
    def alarm(self, state: str) -> None:
        alarm(self.world, "errors", state)

    @rule(kind=st.sampled_from(["ROLLBACK", "ABORT"]))
    def stop(self, kind: str) -> None:
        arn = latest(self.world)["serviceDeploymentArn"]
        with contextlib.suppress(Refused):  # it has ended
            self.world.call("StopServiceDeployment", serviceDeploymentArn=arn, stopType=kind)

    @precondition(lambda self: any(h["status"] == "AWAITING_ACTION" for h in self.hooks()))
    @rule(action=st.sampled_from(["CONTINUE", "CONTINUE", "ROLLBACK"]))
    def proceed(self, action: str) -> None:
        hook = next(h for h in self.hooks() if h["status"] == "AWAITING_ACTION")
        arn = latest(self.world)["serviceDeploymentArn"]
        given = {"serviceDeploymentArn": arn, "hookId": hook["hookId"], "action": action}
        with contextlib.suppress(Refused):  # it has been asked to stop
            self.world.call("ContinueServiceDeployment", **given)

    @rule(seconds=st.sampled_from([0.001, 1, 50, 600]))
    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @precondition(lambda self: self.world.tasks())
    @rule(which=st.integers(0, 9))
    def lose_a_task(self, which: int) -> None:
        tasks = self.world.tasks()
        self.world.call("StopTask", task=tasks[which % len(tasks)]["taskArn"])

    def hooks(self) -> list[Any]:
        found: list[Any] = latest(self.world).get("lifecycleHookDetails", [])
        return found

    @invariant()
    def stages_go_forward_or_back(self) -> None:
        for record in self.world.kernel.store.service_deployments:
            assert is_forward(record), record.stages

    @invariant()
    def traffic_is_shared_out_whole(self) -> None:
        store = self.world.kernel.store
        for service in store.services:
            record = store.service_deployments.get(service.current_deployment or "")
            assert record is not None
            whole = {100.0} if record.blue else {100.0, 0.0}  # the first revision of all has nothing until it is ready
            for kind in ("production_weight", "test_weight"):
                shares = [getattr(deployment, kind) for deployment in service.deployments]
                assert set(shares) == {None} or sum(shares) in whole

    def teardown(self) -> None:
        """When everybody leaves it alone, the next deployment comes to its end and is all that is left."""
        if not list(self.world.kernel.store.services):
            return
        self.world.hooks.say(LAMBDA, SUCCEEDED)
        self.world.hooks.takes = 0
        alarm(self.world, "errors", "OK")
        self.world.clock.advance(3 * DAY)
        assert latest(self.world)["status"] not in ("PENDING", "STOP_REQUESTED", "ROLLBACK_REQUESTED")
        deploy(self.world, deploymentConfiguration={**STRATEGIES[0], "lifecycleHooks": []})
        self.world.until(lambda: bool(latest(self.world)["status"] == "SUCCESSFUL"), DAY)
        self.world.clock.advance(MINUTE)
        service = self.world.service()
        (deployment,) = service["deployments"]
        assert deployment["runningCount"] == service["runningCount"] == service["desiredCount"]


TestDeployments = Deployments.TestCase
TestDeployments.settings = settings(max_examples=60, stateful_step_count=25)
