from __future__ import annotations

import pytest

from kecs.testing.timeline import Happening, History, HistoryIncomplete, ordered

NUMBERS = iter(range(1, 1000))


def task(name: str, before: str | None, after: str | None, at: float = 0, **more: object) -> Happening:
    members = {"images": ("app:1",), "task_definition": "arn:task-definition/app:1", **more}
    arn = f"arn:aws:ecs:r:1:task/c/{name}"
    message = f"task {name} {before or 'new'} -> {after or 'gone'}"
    return Happening.read(
        {
            "id": next(NUMBERS), "at": at, "kind": "task", "arn": arn, "task": arn, "message": message,
            "before": before, "after": after, **members,
        }
    )  # fmt: skip


def health(name: str, after: str, **more: object) -> Happening:
    return task(name, None, after, kind="health", health=after, **more)


def history(*happened: Happening) -> History:
    return History(happened)


def test_the_numbers_of_tasks_over_time() -> None:
    found = history(
        task("a", None, "RUNNING", 1),
        task("b", None, "PENDING", 2),
        task("b", "PENDING", "RUNNING", 3),
        task("a", "RUNNING", "STOPPED", 5),
        task("b", "RUNNING", None, 8),
        task("c", None, "RUNNING", 9),
    )
    over_time = found.running_over_time()
    assert over_time.numbers == [0, 1, 2, 1, 0, 1]
    assert (over_time.lowest, over_time.highest, str(over_time)) == (0, 2, "0 → 1 → 2 → 1 → 0 → 1")
    assert [over_time.at(point) for point in (0, 1, 2.5, 3, 8, 100)] == [0, 1, 1, 2, 0, 1]
    assert [over_time.at(found[index]) for index in range(6)] == [0, 1, 1, 2, 1, 0]


def test_only_what_runs_and_is_not_unhealthy_is_healthy() -> None:
    found = history(
        task("a", None, "RUNNING", health="UNKNOWN", healthy=False),
        health("a", "HEALTHY", healthy=True),
        health("a", "UNHEALTHY", healthy=False),
        task("a", "unhealthy", "healthy", kind="target-health", healthy=True),
        task("b", None, "RUNNING", healthy=True),  # nothing checks it
        task("a", "RUNNING", "DEACTIVATING", health="HEALTHY", healthy=False),
        task("b", "RUNNING", None, healthy=True),
    )
    assert found.healthy_over_time().numbers == [0, 1, 0, 1, 2, 1, 0]
    assert found.running_over_time().numbers == [0, 1, 2, 1, 0]


def test_what_ran_already_counts_from_the_beginning() -> None:
    earlier = (task("a", None, "RUNNING"), task("b", None, "RUNNING"))
    now = (task("c", None, "RUNNING"), task("a", "RUNNING", "STOPPED"))
    assert History(now, earlier).running_over_time().numbers == [2, 3, 2]
    assert History((), earlier).running_over_time().numbers == [2]
    with pytest.raises(HistoryIncomplete, match="forgotten"):
        History(now, earlier, "forgotten").tasks(image="app:1").running_over_time()
    with pytest.raises(HistoryIncomplete, match="some of their changes are left out"):
        History(now, earlier).became("RUNNING").running_over_time()


def test_narrowing_down() -> None:
    one = task("a", None, "RUNNING", service="arn:aws:ecs:r:1:service/c/web", deployment="ecs-svc/7")
    other = task("b", None, "RUNNING", images=("side:1", "app:2"), task_definition="arn:task-definition/app:2")
    exited = task("b", "RUNNING", "STOPPED", kind="container", container="side", images=("side:1",), task=other.arn)
    found = history(one, other, exited)
    for narrowed in (
        found.of(service="web"),
        found.of(service="arn:aws:ecs:r:1:service/c/web"),
        found.of(deployment="ecs-svc/7"),
        found.of(task="a", kind="task"),
        found.tasks(image="app:1"),
        found.tasks(task_definition="app:1"),
        found.tasks(service="web"),
    ):
        assert list(narrowed) == [one], narrowed
    assert list(found.tasks(image="app:*")) == list(found.tasks(task_definition="app")) == [one, other]
    assert list(found.tasks(image="side:1")) == [other]
    assert list(found.of(container="side")) == [exited]
    assert list(found.became("STOPPED")) == list(found.left("RUNNING")) == list(found.after(other)) == [exited]
    assert list(found.before(other)) == list(found.saying("task a")) == [one]
    assert found.arns == [one.arn, other.arn]


def test_the_first_and_the_last_and_the_order_of_two() -> None:
    found = history(task("a", None, "RUNNING"), task("a", "RUNNING", "STOPPED"))
    assert found.first < found.last
    assert ordered(found.first, found.last)
    assert not ordered(found.last, found.first)
    with pytest.raises(LookupError, match="tasks of image nothing:1, became RUNNING: nothing of the kind happened"):
        found.tasks(image="nothing:1").became("RUNNING").first  # noqa: B018


def test_the_longest_time_below_a_number() -> None:
    found = history(
        task("a", None, "RUNNING", 10),
        task("b", None, "RUNNING", 11),
        task("a", "RUNNING", "STOPPED", 20),
        task("c", None, "RUNNING", 23.5),
    )
    over_time = found.after(found[1]).running_over_time()
    assert over_time.numbers == [2, 1, 2]
    assert (over_time.seconds_below(2), over_time.seconds_below(1)) == (3.5, 0.0)


def test_a_timeline() -> None:
    long = "0123456789abcdef" * 2
    found = History((task(long, None, "RUNNING", 100), task(long, "RUNNING", "STOPPED", 102.5)), described="Shop")
    assert str(found).splitlines() == [
        "Shop, since 1970-01-01 00:01:40.000000 on KECS's clock:",
        "      +0.000 s  task 01234567 new -> RUNNING [app:1]",
        "      +2.500 s  task 01234567 RUNNING -> STOPPED [app:1]",
    ]
    assert str(found.newest(1)).splitlines()[1:] == [
        "  … 1 earlier changes are left out",
        "      +0.000 s  task 01234567 RUNNING -> STOPPED [app:1]",
    ]
    assert str(history()) == "Nothing: nothing happened."
    assert repr(found) == "<History of 2 changes: Shop>"


def test_what_later_versions_add_is_left_out() -> None:
    assert task("a", None, "RUNNING", colour="blue").task == "arn:aws:ecs:r:1:task/c/a"
