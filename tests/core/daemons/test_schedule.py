"""The daemon scheduler: where tasks go, how deployments proceed, and what never happens."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kecs.core.daemons.rollout import THRESHOLD

from .fleets import Fleets


def deployed(count: int, **members: float) -> Fleets:
    """A fleet of so many instances on which the first revision runs."""
    fleets = Fleets(**members)  # type: ignore[arg-type]
    fleets.deploy()
    fleets.demand["p"] = count
    fleets.seconds(120)
    assert [t.daemon_revision_arn for t in fleets.live()] == ["r0"] * count
    return fleets


def test_existing_instances_are_replaced_not_given_a_task() -> None:
    fleets = Fleets(drain_percent=50.0)
    old = [fleets.launch(status="ACTIVE") for _ in range(4)]
    fleets.demand["p"] = 4
    fleets.now += 10
    fleets.deploy()
    fleets.seconds(60)
    assert fleets.status == "SUCCESSFUL"
    assert {i.arn for i in fleets.present()}.isdisjoint(old)
    assert {task.container_instance_arn for task in fleets.tasks.values()}.isdisjoint(old)


@pytest.mark.parametrize(("percent", "at_once"), [(0.0, 1), (25.0, 2), (50.0, 4), (60.0, 4), (100.0, 8)])
def test_no_more_instances_are_drained_at_a_time_than_asked_for(percent: float, at_once: int) -> None:
    fleets = deployed(8, drain_percent=percent)
    fleets.deploy()
    most = 0
    for _ in range(300):
        fleets.second()
        most = max(most, sum(i.instance.status == "DRAINING" for i in fleets.present()))
    assert fleets.status == "SUCCESSFUL"
    assert most == at_once


def test_the_next_batch_waits_until_the_replacements_run() -> None:
    fleets = deployed(4)
    fleets.deploy()
    for _ in range(100):
        fleets.second()
        running = sum(task.last_status == "RUNNING" for task in fleets.live())
        assert running >= 3 - sum(i.instance.status == "DRAINING" for i in fleets.present())
    assert fleets.status == "SUCCESSFUL"


def test_a_bake_time_ends_a_deployment_late() -> None:
    fleets = deployed(2, bake=5)
    assert fleets.status == "IN_PROGRESS"
    began = fleets.deployments[-1].updated_all_at
    assert began is not None
    while fleets.status == "IN_PROGRESS":
        fleets.second()
    assert fleets.status == "SUCCESSFUL"
    assert fleets.deployments[-1].finished_at == began + 300


def test_a_revision_that_fails_is_rolled_back() -> None:
    fleets = deployed(4)
    fleets.deploy(bad=True)
    seen: list[str] = []
    for _ in range(1500):
        fleets.second()
        if fleets.status not in seen:
            seen.append(fleets.status)
    assert seen == ["IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    deployment = fleets.deployments[-1]
    assert deployment.failure_count == THRESHOLD
    assert deployment.rollback is not None
    assert deployment.rollback.rollback_target_daemon_revision_arn == "r0"
    assert Counter(t.daemon_revision_arn for t in fleets.live()) == {"r0": 4}


def test_a_first_revision_that_fails_has_nothing_to_go_back_to() -> None:
    fleets = Fleets()
    fleets.deploy(bad=True)
    fleets.demand["p"] = 1
    fleets.seconds(600)
    assert fleets.status == "STOPPED"
    assert "no revision to roll back to" in fleets.deployments[-1].status_reason


def test_a_rollback_that_fails_as_well_says_so() -> None:
    fleets = deployed(1)
    fleets.bad.add("r0")
    fleets.deploy(bad=True)
    fleets.seconds(3000)
    assert fleets.status == "ROLLBACK_FAILED"


def test_failures_make_it_wait_longer_and_longer() -> None:
    fleets = Fleets()
    fleets.deploy(bad=True)
    fleets.demand["p"] = 1
    started: list[float] = []
    for _ in range(300):
        decided = fleets.second()
        if decided and decided.starts:
            started.append(fleets.now)
    waits = [b - a for a, b in itertools.pairwise(started)]
    assert waits == sorted(waits)
    assert waits[-1] >= 32


def test_a_task_that_has_run_for_a_while_ends_the_waiting() -> None:
    fleets = deployed(1)
    fleets.stop_task(0)
    fleets.seconds(20)
    assert fleets.daemon is not None
    assert fleets.daemon.failures == 1
    fleets.seconds(60)
    assert fleets.daemon.failures == 0


def test_a_new_deployment_stops_the_one_before() -> None:
    fleets = deployed(4)
    fleets.deploy()
    fleets.seconds(3)
    fleets.deploy()
    assert fleets.deployments[-2].status == "STOPPED"
    fleets.seconds(200)
    assert Counter(t.daemon_revision_arn for t in fleets.live()) == {"r2": 4}


def test_another_capacity_provider_leaves_the_first_ones_instances_alone() -> None:
    fleets = deployed(2)
    fleets.demand["q"] = 2
    fleets.seconds(10)
    before = {i.arn for i in fleets.present() if i.instance.capacity_provider_name == "p"}
    fleets.deploy(providers=2, same=True)
    fleets.seconds(100)
    assert fleets.status == "SUCCESSFUL"
    assert {i.arn for i in fleets.present() if i.instance.capacity_provider_name == "p"} == before
    assert len(fleets.live()) == 4


def test_a_deleted_daemon_leaves_no_task() -> None:
    fleets = deployed(4)
    fleets.delete()
    fleets.seconds(100)
    assert fleets.daemon is None
    assert fleets.live() == []
    assert fleets.status == "SUCCESSFUL"


ACTIONS = st.one_of(
    st.tuples(st.just("seconds"), st.integers(1, 40)),
    st.tuples(st.just("demand"), st.integers(0, 6)),
    st.tuples(st.just("stop"), st.integers(0, 10)),
    st.tuples(st.just("drain"), st.integers(0, 10)),
    st.tuples(st.just("deploy"), st.integers(0, 7)),
)


def act(fleets: Fleets, action: str, number: int) -> None:
    match action:
        case "seconds":
            fleets.seconds(number)
        case "demand":
            fleets.demand = {"p": number, "q": number % 3}
        case "stop":
            fleets.stop_task(number)
        case "drain" if fleets.present():
            fleets._status(fleets.present()[number % len(fleets.present())].arn, "DRAINING")
        case "deploy":
            fleets.deploy(1 + number % 2, bad=number in (2, 5), critical=number < 4, same=number == 7)


@settings(max_examples=40)
@given(st.lists(ACTIONS, max_size=12), st.sampled_from([0.0, 25.0, 100.0]))
def test_one_task_an_instance_whatever_happens_and_all_of_them_in_the_end(
    actions: list[tuple[str, int]], percent: float
) -> None:
    fleets = Fleets(drain_percent=percent)
    fleets.deploy()
    watched = fleets.decide

    def decide() -> object:
        decided = watched()
        on = Counter(task.container_instance_arn for task in fleets.live())
        assert all(count == 1 for count in on.values())
        return decided

    fleets.decide = decide  # type: ignore[method-assign,assignment]
    for action, number in actions:
        act(fleets, action, number)
    fleets.bad.clear()
    fleets.deploy(2)
    for _ in range(40):
        fleets.seconds(30)
        if fleets.status == "SUCCESSFUL":
            break
    fleets.seconds(120)
    assert fleets.status == "SUCCESSFUL"
    expected = {i.arn for i in fleets.present() if i.instance.status != "DRAINING"}
    assert {task.container_instance_arn for task in fleets.live()} == expected
    assert {task.daemon_revision_arn for task in fleets.live()} <= {fleets.revisions[-1]}
    assert all(i.instance.status == "ACTIVE" for i in fleets.present())
