"""Availability Zone rebalancing, against anything that tasks, instances and users may do meanwhile.

Safety: `World.verify` on every plan; see test_scheduler. So rebalancing takes a service neither below its minimum nor
above its maximum.

Liveness: once nothing disturbs it any more, no two zones that have room differ by more than one task, or the maximum
leaves no room to move any.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.core.scheduling.zoned import ENOUGH, ZONES, ZonedWorld

from kecs.core.scheduling.limits import limits
from kecs.core.scheduling.zones import moves

ROOM = st.sampled_from([ENOUGH, 0, 1, 3])
COUNT = st.integers(0, 7)
WHICH = st.integers(0, 30)


def assert_balanced(world: ZonedWorld) -> None:
    """What a steady service that nothing disturbs has come to."""
    assert world.service.steady
    bounds, there = limits(world.service), world.there()
    assert len(world.live()) == world.healthy() == bounds.desired
    if bounds.maximum > bounds.desired and not world.primary.unplaced:
        assert moves(there, [zone for zone in ZONES if world.room[zone]], there) == []
    assert not world.step(), "a plan for a service at rest is empty"


class RebalancingMachine(RuleBasedStateMachine):
    """Zones get and lose room, tasks come and go, users scale and deploy."""

    @initialize(desired=COUNT, least=st.sampled_from([100, 50, 0]), most=st.sampled_from([200, 150, 125, 100]))
    def create(self, desired: int, least: int, most: int) -> None:
        self.world = ZonedWorld(desired, dict.fromkeys(ZONES, ENOUGH), least=least, most=most)
        self.world.settle()

    @rule(zone=st.sampled_from(ZONES), room=ROOM)
    def a_zone_changes(self, zone: str, room: int) -> None:
        self.world.give(zone, room)

    @rule()
    def control_looks(self) -> None:
        self.world.reconcile()

    @rule(steps=st.integers(1, 6))
    def all_goes_well_for_a_while(self, steps: int) -> None:
        self.world.now += 60
        for _ in range(steps):
            self.world.reconcile()
            self.world.go_on()

    @rule(count=COUNT)
    def a_user_scales(self, count: int) -> None:
        self.world.scale(count)

    @rule()
    def a_user_deploys(self) -> None:
        self.world.deploy()

    @precondition(lambda self: self.world.running())
    @rule(which=WHICH)
    def a_task_exits(self, which: int) -> None:
        tasks = self.world.running()
        self.world.exit(tasks[which % len(tasks)])

    @precondition(lambda self: self.world.pending())
    @rule(which=WHICH)
    def a_task_fails_to_start(self, which: int) -> None:
        tasks = self.world.pending()
        self.world.fail_to_start(tasks[which % len(tasks)])

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for zone in ZONES:
            self.world.give(zone, ENOUGH)
        self.world.settle()
        if len(self.world.service.deployments) == 1:
            assert_balanced(self.world)


RebalancingMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=20)
TestRebalancing = RebalancingMachine.TestCase


@given(
    there=st.dictionaries(st.sampled_from("abcde"), st.integers(0, 12), min_size=1),
    zones=st.sets(st.sampled_from("abc"), min_size=1),
)
def test_moves_even_the_zones_out(there: dict[str, int], zones: set[str]) -> None:
    counts = Counter(there)
    targets = moves(counts, zones, counts)
    assert set(targets) <= zones
    for target in targets:
        fullest = max(counts, key=lambda zone: counts[zone])
        assert counts[fullest] > counts[target] + 1, "no task moves in vain"
        counts[fullest] -= 1
        counts[target] += 1
    assert max(counts.values()) - min(counts[zone] for zone in zones) <= 1
