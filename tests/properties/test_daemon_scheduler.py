"""The DAEMON strategy's safety and liveness, against anything that instances, tasks and users may do in any order.

Safety, checked by `Fleet.verify` on every single plan:

- It starts tasks on wanted instances only, and only where no task is left.
- A plan that stops healthy tasks on wanted instances leaves at least minimumHealthyPercent of their number healthy.
- On an instance that is to be left, a running task stays as long as there are tasks of other services.

Liveness: when nothing disturbs it any more, each wanted instance has one task, of PRIMARY, and no other instance has
any, or the service has said that its percentages leave no way to go on.
"""

from __future__ import annotations

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.core.scheduling.world import ARN, World, is_healthy

from kecs.core import events
from kecs.core.scheduling.limits import limits
from kecs.core.scheduling.plan import Plan
from kecs.core.scheduling.snapshot import Places, ServiceTask, Snapshot

WHICH = st.integers(0, 30)


class Fleet(World):
    """A DAEMON service, its tasks and the instances."""

    def __init__(self, least: int, *, checks: bool) -> None:
        super().__init__(0, least, 100, checks=checks)
        self.wanted: list[str] = []
        self.draining: list[str] = []
        self.busy: set[str] = set()  # instances with tasks of other services

    def add_instance(self) -> None:
        self.wanted.append(f"{ARN}:container-instance/main/{next(self.numbers):032x}")
        self.more_room = True

    def drain_instance(self, which: int, *, busy: bool) -> None:
        instance = self.wanted.pop(which % len(self.wanted))
        self.draining.append(instance)
        self.busy |= {instance} if busy else set()

    def lose_instance(self, which: int) -> None:
        instances = self.wanted + self.draining
        instance = instances[which % len(instances)]
        (self.wanted if instance in self.wanted else self.draining).remove(instance)
        for task in self.live():
            if task.instance == instance:
                self.exit(task)

    def at_places(self) -> Places:
        return Places(wanted=tuple(self.wanted), lingering=tuple(i for i in self.draining if i in self.busy))

    def snapshot(self) -> Snapshot:
        return msgspec.structs.replace(super().snapshot(), places=self.at_places())

    def verify(self, result: Plan) -> None:
        stopped = [self.tasks[stop.task] for stop in result.stops]
        assert len({t.arn for t in stopped}) == len(stopped)
        assert all(t.desired_status == "RUNNING" and t.last_status != "STOPPED" for t in stopped)
        launched = [instance for launch in result.launches for instance in launch.instances]
        assert len(set(launched)) == len(launched) == sum(launch.count for launch in result.launches)
        assert set(launched) <= set(self.wanted) - {task.instance for task in self.live()}
        if self.service.status == "ACTIVE":
            self.verify_stops(stopped, limits(result.service).minimum)
            assert result.service.desired_count == len(self.wanted)
        going_on = {d.id for d in result.service.deployments if d.rollout_state != "FAILED"}
        assert {launch.deployment_id for launch in result.launches} <= going_on

    def verify_stops(self, stopped: list[ServiceTask], minimum: int) -> None:
        serving = [t for t in self.live() if is_healthy(t) and t.instance in self.wanted]
        ending = [t for t in stopped if t in serving]
        assert not ending or len(serving) - len(ending) >= minimum
        lingering = self.at_places().lingering
        assert not any(t.instance in lingering and is_healthy(t) for t in stopped)


class DaemonMachine(RuleBasedStateMachine):
    """Instances come, drain and go; tasks start, fail, exit; users deploy; the scheduler looks now and then."""

    @initialize(least=st.sampled_from([50, 0, 66]), checks=st.booleans(), count=st.integers(0, 4), steady=st.booleans())
    def create(self, least: int, checks: bool, count: int, steady: bool) -> None:
        self.world = Fleet(least, checks=checks)
        for _ in range(count):
            self.world.add_instance()
        self.awake = True
        if steady:
            self.world.settle()

    @rule(awake=st.booleans())
    def control_sleeps_or_wakes(self, awake: bool) -> None:
        self.awake = awake

    @rule()
    def all_goes_well(self) -> None:
        self.world.places = True
        self.world.settle()

    @rule()
    def an_instance_comes(self) -> None:
        self.world.add_instance()

    @precondition(lambda self: self.world.wanted)
    @rule(which=WHICH, busy=st.booleans())
    def an_instance_drains(self, which: int, busy: bool) -> None:
        self.world.drain_instance(which, busy=busy)

    @precondition(lambda self: self.world.draining)
    @rule()
    def an_instance_is_active_again(self) -> None:
        instance = self.world.draining.pop()
        self.world.busy.discard(instance)
        self.world.wanted.append(instance)

    @precondition(lambda self: self.world.busy)
    @rule()
    def the_other_tasks_have_gone(self) -> None:
        self.world.busy.clear()

    @precondition(lambda self: self.world.wanted or self.world.draining)
    @rule(which=WHICH)
    def an_instance_is_lost(self, which: int) -> None:
        self.world.lose_instance(which)

    @precondition(lambda self: self.world.pending())
    @rule(which=WHICH, works=st.booleans())
    def a_task_starts_or_fails(self, which: int, works: bool) -> None:
        task = self.world.pending()[which % len(self.world.pending())]
        (self.world.run if works else self.world.fail_to_start)(task)

    @precondition(lambda self: self.world.running())
    @rule(which=WHICH)
    def a_task_exits(self, which: int) -> None:
        self.world.exit(self.world.running()[which % len(self.world.running())])

    @precondition(lambda self: self.world.checks and self.world.running())
    @rule(which=WHICH, health=st.sampled_from(["HEALTHY", "UNHEALTHY"]))
    def a_check_decides(self, which: int, health: str) -> None:
        self.world.check(self.world.running()[which % len(self.world.running())], health)

    @precondition(lambda self: self.world.stopping())
    @rule(which=WHICH)
    def a_stop_ends(self, which: int) -> None:
        self.world.finish_stop(self.world.stopping()[which % len(self.world.stopping())])

    @rule()
    def a_user_deploys(self) -> None:
        self.world.deploy()

    @rule(places=st.booleans())
    def room_comes_and_goes(self, places: bool) -> None:
        self.world.places = places

    @rule(seconds=st.sampled_from([0.01, 30.0, 7 * 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.now += seconds

    @invariant()
    def control_looks_unless_it_sleeps(self) -> None:
        if self.awake:
            self.world.step()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.busy.clear()
            self.world.places = True
            self.world.settle()
            self.assert_at_rest()

    def assert_at_rest(self) -> None:
        world, service = self.world, self.world.service
        assert sorted(task.instance or "" for task in world.live()) == sorted(world.wanted)
        assert world.healthy() == len(world.wanted)
        if len(service.deployments) > 1:
            assert limits(service).minimum == len(world.wanted)
            assert f"(service web) {events.STUCK}" in [event.message for event in service.events]
        else:
            assert (service.steady, world.primary.rollout_state) == (True, "COMPLETED")
            assert {task.deployment_id for task in world.live()} <= {world.primary.id}
        assert not world.step(), "a plan for a service at rest is empty"


TestDaemonScheduler = DaemonMachine.TestCase
TestDaemonScheduler.settings = settings(stateful_step_count=30)
