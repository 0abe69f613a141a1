"""The service scheduler's safety and liveness, against anything that tasks and users may do in any order.

Safety, checked by `World.verify` on every single plan:

- A plan that stops healthy tasks leaves at least minimumHealthyPercent of the desired count healthy. (Tasks that die
  or fail their checks by themselves may take the service below that; the scheduler never does.)
- A plan that starts tasks leaves at most maximumPercent of the desired count not STOPPED, which is more than AWS's
  "RUNNING or PENDING": tasks that are on their way down count too. (A user who scales in or changes the percentages
  may put a service above that; the scheduler then starts nothing.)
- A task that has not started where it cannot stay (its instance drains) is stopped by the next plan; one that runs
  there is healthy as any other, and counts.
- It stops a protected task of a service that is not being deleted only when its health checks have failed, those of
  its containers or of its load balancers.
- It stops only tasks that are wanted and live, each once; it starts tasks only for deployments that it goes on with
  and that have not failed; it keeps at most 100 events; no deployment that has worked shows failed tasks.

Liveness: when nothing disturbs it any more (tasks that start run, checks pass, room is there) and time goes on to
wherever a plan asked to be woken, the service gets to its steady state in a bounded number of plans, or is INACTIVE if
it was being deleted, or has said that its percentages leave no way to go on. After a deployment that its circuit
breaker has ended, the next one gets there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.core.scheduling.world import World

from kecs.aws.model import ecs as m
from kecs.core import events
from kecs.core.scheduling.limits import limits
from kecs.core.scheduling.snapshot import ServiceTask

COUNT = st.sampled_from([4, 3, 2, 1, 6, 5, 0])
LEAST = st.sampled_from([50, 0, 100, 66, 75])
MOST = st.sampled_from([200, 100, 150, 125, 133])
WHICH = st.integers(0, 30)


def assert_at_rest(world: World) -> None:
    """What a service that nothing disturbs has come to."""
    service, bounds = world.service, limits(world.service)
    if service.status == "INACTIVE":
        assert world.live() == []
    elif len(service.deployments) > 1 or any(task.draining for task in world.live()):
        assert bounds.minimum >= bounds.maximum, "nothing but the percentages may hold up a roll-out"
        assert f"(service web) {events.STUCK}" in [e.message for e in service.events]
    else:
        assert service.status == "ACTIVE"
        assert service.steady
        assert len(world.live()) == len(world.running(world.primary.id)) == world.healthy() == service.desired_count
        assert not any(task.draining for task in world.live())
        assert world.primary.rollout_state == "COMPLETED"
        assert world.primary.desired_count == service.desired_count
    at_rest = world.service
    assert not world.step()
    assert world.service is at_rest, "a plan for a service at rest is empty"


def when(condition: Callable[[World], object]) -> Callable[[Any], Any]:
    """Offer a rule only where it means something, so that examples are not spent on nothing."""
    return precondition(lambda machine: bool(condition(machine.world)))


def is_active(world: World) -> bool:
    return world.service.status == "ACTIVE"


def pick(tasks: list[ServiceTask], which: int) -> ServiceTask:
    return tasks[which % len(tasks)]


class SchedulerMachine(RuleBasedStateMachine):
    """Tasks start, get healthy, fail, exit; users scale, deploy and delete; the scheduler looks now and then."""

    @initialize(
        desired=COUNT,
        least=LEAST,
        most=MOST,
        checks=st.booleans(),
        grace=st.sampled_from([0, 30]),
        steady=st.sampled_from([True, True, False]),
        breaks=st.booleans(),
        balancers=st.sampled_from([0, 1, 2]),
    )
    def create(self, steady: bool, breaks: bool, **world: Any) -> None:
        self.world = World(**world, breaker=m.DeploymentCircuitBreaker(enable=breaks, rollback=False))
        self.awake = True
        if steady:
            self.world.settle()

    @rule(awake=st.booleans())
    def control_sleeps_or_wakes(self, awake: bool) -> None:
        self.awake = awake

    @rule()
    def control_comes_to_rest(self) -> None:
        self.world.reconcile()

    @rule()
    def all_goes_well(self) -> None:
        self.world.places = True
        self.world.settle()

    @when(World.pending)
    @rule(which=WHICH)
    def a_task_runs(self, which: int) -> None:
        self.world.run(pick(self.world.pending(), which))

    @when(World.pending)
    @rule(which=WHICH)
    def a_task_fails_to_start(self, which: int) -> None:
        self.world.fail_to_start(pick(self.world.pending(), which))

    @when(World.running)
    @rule(which=WHICH)
    def a_task_exits(self, which: int) -> None:
        self.world.exit(pick(self.world.running(), which))

    @when(lambda world: world.checks and world.running())
    @rule(which=WHICH, health=st.sampled_from(["HEALTHY", "UNHEALTHY"]))
    def a_check_decides(self, which: int, health: str) -> None:
        self.world.check(pick(self.world.running(), which), health)

    @when(lambda world: world.balancers and world.running())
    @rule(which=WHICH, number=st.integers(0, 1), health=st.sampled_from(["healthy", "unhealthy", "unhealthy"]))
    def a_load_balancer_decides(self, which: int, number: int, health: str) -> None:
        self.world.check_target(pick(self.world.running(), which), number % self.world.balancers, health)

    @when(World.stopping)
    @rule(which=WHICH)
    def a_task_is_deregistered(self, which: int) -> None:
        self.world.deregister(pick(self.world.stopping(), which))

    @when(World.running)
    @rule(which=WHICH)
    def a_user_stops_a_task(self, which: int) -> None:
        self.world.ask_to_stop(pick(self.world.running() + self.world.pending(), which))

    @when(World.running)
    @rule(which=WHICH, seconds=st.sampled_from([60.0, 7200.0, None]))
    def a_user_protects_a_task(self, which: int, seconds: float | None) -> None:
        self.world.protect(pick(self.world.running() + self.world.pending(), which), seconds)

    @when(World.stopping)
    @rule(which=WHICH, status=st.sampled_from(["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]))
    def a_stop_goes_on(self, which: int, status: str) -> None:
        self.world.change(pick(self.world.stopping(), which), last_status=status)

    @when(is_active)
    @rule(count=COUNT)
    def a_user_scales(self, count: int) -> None:
        self.world.scale(count)

    @when(is_active)
    @rule()
    def a_user_deploys(self) -> None:
        self.world.deploy()

    @when(is_active)
    @rule(least=LEAST, most=MOST)
    def a_user_changes_the_percentages(self, least: int, most: int) -> None:
        before = self.world.service.service.deployment_configuration
        assert before is not None
        configuration = msgspec.structs.replace(before, maximum_percent=most, minimum_healthy_percent=least)
        service = msgspec.structs.replace(self.world.service.service, deployment_configuration=configuration)
        self.world.service = msgspec.structs.replace(self.world.service, service=service)

    @when(is_active)
    @rule(chance=st.integers(0, 9))
    def a_user_deletes(self, chance: int) -> None:
        if chance == 7:
            self.world.delete()

    @rule(places=st.booleans())
    def room_comes_and_goes(self, places: bool) -> None:
        self.world.places = places

    @when(World.live)
    @rule(which=WHICH, count=st.integers(1, 3))
    def an_instance_drains(self, which: int, count: int) -> None:
        first = which % len(self.world.live())
        self.world.drain(self.world.live()[first : first + count])

    @when(World.live)
    @rule()
    def instances_are_active_again(self) -> None:
        self.world.undrain()

    @when(World.live)
    @rule()
    def an_instance_is_lost(self) -> None:
        for task in self.world.live():
            if task.draining:
                self.world.exit(task)

    @rule()
    def an_instance_comes(self) -> None:
        self.world.get_room()

    @rule(seconds=st.sampled_from([0.01, 1.0, 30.0, 600.0, 7 * 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.now += seconds

    @invariant()
    def control_looks_unless_it_sleeps(self) -> None:
        if self.awake:
            self.world.step()

    @invariant()
    def the_newest_deployment_is_primary(self) -> None:
        deployments = self.world.service.deployments
        assert [d.status for d in deployments[:1]] in ([], ["PRIMARY"])
        assert all(d.status == "ACTIVE" for d in deployments[1:])

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.places = True
            self.world.settle()
            if [d.rollout_state for d in self.world.service.deployments[:1]] == ["FAILED"]:
                self.world.deploy()
                self.world.settle()
            assert_at_rest(self.world)


TestScheduler = SchedulerMachine.TestCase
TestScheduler.settings = settings(stateful_step_count=30)


@settings(max_examples=40)
@given(desired=st.integers(1, 6), least=LEAST, most=MOST, places=st.booleans())
def test_a_revision_that_never_starts_leaves_the_old_one_serving(desired: int, least: int, most: int, places: bool):
    world = World(desired, least, most)
    world.settle()
    world.deploy()
    world.places = places
    end, looks = world.now + 3600, 0
    while world.now < end:
        looks += 1
        world.reconcile()
        assert world.healthy() >= limits(world.service).minimum
        assert world.last is not None
        for task in world.stopping():
            world.finish_stop(task)
        for task in world.pending():
            world.fail_to_start(task)
        if world.last.wake_at is None:
            world.now += 60
        else:
            world.now = max(world.last.wake_at, world.now + 0.01)
    assert looks < 100, "attempts have to get rarer"
    if least == 100 and most > 100 and limits(world.service).maximum > desired:
        assert world.healthy() == desired


@settings(max_examples=40)
@given(desired=st.integers(1, 6), least=LEAST, most=MOST)
def test_tasks_that_never_pass_their_checks_do_not_take_the_old_ones_down(desired: int, least: int, most: int):
    world = World(desired, least, most, checks=True)
    world.settle()
    old = {t.arn for t in world.running()}
    world.deploy()
    for _ in range(30):
        world.reconcile()
        assert world.healthy() >= limits(world.service).minimum
        for task in world.stopping():
            world.finish_stop(task)
        for task in world.pending():
            world.run(task)
        for task in world.running():
            if task.arn not in old:
                world.check(task, "UNHEALTHY")
        world.now += 1
    assert not world.primary.reached_running
    if limits(world.service).maximum > desired:
        assert old <= {t.arn for t in world.running()}
        assert world.primary.failed_tasks > 0
