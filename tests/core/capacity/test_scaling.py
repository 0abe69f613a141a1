"""How many instances there should be: examples from AWS's guide, and rules that hold for any numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kecs.core.capacity.bins import Demand
from kecs.core.capacity.instance_types import INSTANCE_TYPES, matching
from kecs.core.capacity.scaling import GroupPolicy, Machine, Scaling, scale_group, scale_managed
from kecs.core.taskdefs.requirements import Requirements

LARGE = INSTANCE_TYPES["m5.large"]  # 2 vCPUs, 8 GiB
NOW = 1_000_000.0
POLICY = GroupPolicy(kind=LARGE, managed=True)


def machine(number: int = 0, *, age: float = 10_000.0, running: bool = True, tasks: int = 0) -> Machine:
    return Machine(arn=f"i{number}", kind=LARGE, launched_at=NOW - age, running=running, tasks=tasks)


def machines(busy: int, empty: int = 0, age: float = 10_000.0) -> list[Machine]:
    return [machine(n, age=age, tasks=int(n < busy)) for n in range(busy + empty)]


def demands(count: int, cpu: int = 1024, memory: int = 1024, **members: object) -> list[Demand]:
    needs = Requirements(cpu=cpu, memory=memory)
    return [Demand(task=f"t{n}", needs=needs, **members) for n in range(count)]  # type: ignore[arg-type]


def test_a_group_without_instances_starts_with_two() -> None:
    assert len(scale_group(POLICY, [], demands(1), None, NOW).launch) == 2
    assert scale_group(POLICY, [], demands(1), None, NOW).reservation == 200.0
    assert len(scale_group(POLICY, [], demands(50), None, NOW).launch) == 2


def test_a_group_at_rest_is_reserved_to_100_percent() -> None:
    assert scale_group(POLICY, [], [], None, NOW) == Scaling(reservation=100.0)
    assert scale_group(POLICY, machines(3), [], None, NOW) == Scaling(reservation=100.0)


def test_tasks_that_found_no_room_count_with_the_instances_they_would_fill() -> None:
    decided = scale_group(POLICY, machines(4), demands(3), None, NOW)  # two fit an instance
    assert decided.reservation == 150.0
    assert len(decided.launch) == 2


def test_steps_bound_what_is_launched_at_once() -> None:
    small, big = replace(POLICY, maximum_step=1), replace(POLICY, minimum_step=5)
    assert len(scale_group(small, machines(4), demands(20), None, NOW).launch) == 1
    assert len(scale_group(big, machines(4), demands(1), None, NOW).launch) == 5
    assert len(scale_group(small, [], demands(20), None, NOW).launch) == 1


def test_nothing_is_added_while_an_instance_is_warming_up() -> None:
    warming = [*machines(1), machine(9, age=100.0, tasks=1)]
    decided = scale_group(POLICY, warming, demands(2), None, NOW)
    assert decided.launch == ()
    assert decided.wake_at == NOW + 200.0
    assert scale_group(replace(POLICY, warmup=0.0), warming, demands(2), None, NOW).launch


def test_tasks_that_fit_an_instance_on_its_way_ask_for_no_other() -> None:
    coming = [machine(0, age=0.1, running=False)]
    assert scale_group(replace(POLICY, warmup=0.0), coming, demands(2), None, NOW).launch == ()
    assert len(scale_group(replace(POLICY, warmup=0.0), coming, demands(3), None, NOW).launch) == 1


def test_a_task_that_is_too_big_for_the_instance_type_is_left_out() -> None:
    assert scale_group(POLICY, [], demands(3, cpu=4096), None, NOW) == Scaling(reservation=100.0)


def test_distinct_tasks_need_an_instance_each() -> None:
    decided = scale_group(POLICY, machines(1), demands(3, alone=True, group="g"), None, NOW)
    assert len(decided.launch) == 3


def test_a_target_below_100_keeps_instances_to_spare() -> None:
    half = replace(POLICY, target=50)
    assert len(scale_group(half, machines(2), [], None, NOW).launch) == 2
    assert scale_group(half, machines(2, 2), [], None, NOW) == Scaling(reservation=50.0)


def test_scaling_in_waits_a_quarter_of_an_hour_and_goes_by_halves() -> None:
    members = machines(1, 5)
    begun = scale_group(POLICY, members, [], None, NOW)
    assert begun.remove == ()
    assert begun.scale_in_at == begun.wake_at == NOW + 900.0
    assert scale_group(POLICY, members, [], begun.scale_in_at, NOW + 899.0).remove == ()
    step = scale_group(POLICY, members, [], begun.scale_in_at, NOW + 900.0)
    assert step.remove == ("i1", "i2", "i3")
    assert step.scale_in_at == NOW + 960.0
    last = scale_group(POLICY, [members[0], *members[4:]], [], step.scale_in_at, NOW + 960.0)
    assert last.remove == ("i4",)


def test_the_wait_begins_after_the_last_launch_and_again_after_a_scale_out() -> None:
    fresh = machines(0, 2, age=10.0)
    assert scale_group(POLICY, fresh, [], None, NOW).scale_in_at == NOW + 900.0
    assert scale_group(POLICY, machines(2), demands(1), NOW + 5.0, NOW).scale_in_at is None


def test_a_group_that_somebody_else_scales_keeps_its_size() -> None:
    held = replace(POLICY, managed=False, smallest=2)
    assert len(scale_group(held, [], [], None, NOW).launch) == 2
    assert scale_group(held, machines(2), demands(9), None, NOW) == Scaling()
    assert scale_group(held, machines(1, 3), [], None, NOW).remove == ("i1", "i2")


def test_a_group_stays_between_its_sizes() -> None:
    bounded = replace(POLICY, smallest=1, largest=3)
    assert len(scale_group(bounded, [], [], None, NOW).launch) == 1
    assert len(scale_group(bounded, machines(2), demands(20), None, NOW).launch) == 1
    assert scale_group(bounded, machines(0, 1), [], NOW, NOW) == Scaling(reservation=0.0)


def test_managed_instances_are_launched_for_the_tasks_the_smallest_that_will_do() -> None:
    kinds = matching(None)
    decided = scale_managed(kinds, None, [], [*demands(1, 2048, 4096), *demands(1, 8192, 16384)], (), NOW)
    assert sorted((kind.vcpus, kind.memory) for kind in decided.launch) == [(2, 4096), (8, 16384)]


def test_managed_instances_take_several_small_tasks() -> None:
    assert len(scale_managed(matching(None), None, [], demands(4, 512, 1024), (), NOW).launch) == 1


def test_managed_instances_have_the_architecture_of_the_task() -> None:
    (kind,) = scale_managed(matching(None), None, [], demands(1, architecture="arm64"), (), NOW).launch
    assert kind.architecture == "arm64"


def test_a_task_for_which_no_type_will_do_is_hopeless() -> None:
    assert scale_managed((LARGE,), None, [], demands(1, cpu=9999), (), NOW).hopeless == ("t0",)


def test_managed_instances_go_when_they_have_been_idle_for_long_enough() -> None:
    idle = scale_managed((LARGE,), 60, machines(1, 1), [], (), NOW)
    assert idle.idle_since == (("i1", NOW),)
    assert idle.wake_at == NOW + 60.0
    gone = scale_managed((LARGE,), 60, machines(1, 1), [], idle.idle_since, NOW + 60.0)
    assert (gone.remove, gone.idle_since, gone.wake_at) == (("i1",), (), None)
    assert scale_managed((LARGE,), 0, machines(0, 1), [], (), NOW).remove == ("i0",)
    assert scale_managed((LARGE,), -1, machines(0, 1), [], (("i0", 0.0),), NOW).remove == ()
    assert scale_managed((LARGE,), None, machines(0, 1), [], (("i0", NOW - 300.0),), NOW).remove == ("i0",)


def test_an_instance_that_got_a_task_again_is_not_idle_any_more() -> None:
    assert scale_managed((LARGE,), 60, machines(1), [], (("i0", NOW - 59.0),), NOW).idle_since == ()


POLICIES = st.builds(
    lambda target, least, more, warmup, smallest, room: GroupPolicy(
        kind=LARGE,
        managed=True,
        target=target,
        minimum_step=least,
        maximum_step=least + more,
        warmup=warmup,
        smallest=smallest,
        largest=smallest + room,
    ),
    st.integers(1, 100),
    st.integers(1, 5),
    st.integers(0, 20),
    st.sampled_from([0.0, 300.0]),
    st.integers(0, 3),
    st.integers(0, 20),
)
MACHINES = st.lists(
    st.tuples(st.sampled_from([0.1, 100.0, 5000.0]), st.booleans(), st.integers(0, 2)), max_size=12
).map(
    lambda rows: [
        Machine(arn=f"i{n}", kind=LARGE, launched_at=NOW - age, running=running, tasks=tasks if running else 0)
        for n, (age, running, tasks) in enumerate(rows)
    ]
)
WAITING = st.integers(0, 30).map(demands)


@given(POLICIES, MACHINES, WAITING, st.none() | st.floats(NOW - 1000, NOW + 1000))
def test_no_decision_breaks_a_bound(
    policy: GroupPolicy, members: list[Machine], waiting: list[Demand], scale_in_at: float | None
) -> None:
    decided = scale_group(policy, members, waiting, scale_in_at, NOW)
    after = len(members) + len(decided.launch) - len(decided.remove)
    busy = {m.arn for m in members if m.tasks or not m.running}
    assert not (decided.launch and decided.remove)
    assert not busy & set(decided.remove)
    if decided.launch:
        assert after <= policy.largest
        assert len(decided.launch) <= max(policy.maximum_step, policy.smallest - len(members))
        warm = all(m.launched_at + policy.warmup <= NOW for m in members)
        assert warm or len(members) < policy.smallest
    if decided.remove:
        assert after >= policy.smallest
        assert len(decided.remove) <= max(1, len(members) // 2)
        assert 100 * sum(m.tasks > 0 for m in members) <= policy.target * after


@given(POLICIES, st.integers(0, 40))
def test_whatever_waits_is_given_room_in_the_end(policy: GroupPolicy, count: int) -> None:
    policy = replace(policy, largest=200)
    members: list[Machine] = []
    waiting, now = demands(count), NOW
    for _ in range(200):
        while waiting and (free := next((m for m in members if m.running and m.tasks < 2), None)):
            members[members.index(free)] = replace(free, tasks=free.tasks + 1)
            waiting.pop()
        decided = scale_group(policy, members, waiting, None, now)
        if not decided.launch and decided.wake_at is None:
            break
        members += [
            Machine(arn=f"i{len(members) + n}", kind=kind, launched_at=now, running=True, tasks=0)
            for n, kind in enumerate(decided.launch)
        ]
        now = max(now + 1.0, decided.wake_at or now)
        if not waiting and not decided.launch:
            break
    assert not waiting


@given(st.lists(st.tuples(st.integers(1, 8192), st.integers(1, 32768)), max_size=12))
def test_managed_instances_have_room_for_every_task_that_is_not_hopeless(sizes: list[tuple[int, int]]) -> None:
    waiting = [
        Demand(task=f"t{n}", needs=Requirements(cpu=cpu, memory=memory)) for n, (cpu, memory) in enumerate(sizes)
    ]
    decided = scale_managed(matching(None), None, [], waiting, (), NOW)
    assert decided.hopeless == ()
    assert len(decided.launch) <= len(sizes)
    assert sum(kind.cpu for kind in decided.launch) >= sum(cpu for cpu, _ in sizes)
    assert sum(kind.memory for kind in decided.launch) >= sum(memory for _, memory in sizes)
    there = [
        Machine(arn=f"i{n}", kind=k, launched_at=NOW, running=False, tasks=0) for n, k in enumerate(decided.launch)
    ]
    assert scale_managed(matching(None), None, there, waiting, (), NOW).launch == ()
