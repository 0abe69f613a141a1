"""Stopping, releasing, discarding: everything ends, is told once, and leaves nothing."""

from __future__ import annotations

from tests.runtimes.conformance.harness import MISSING_IMAGE, Harness
from tests.runtimes.plans import SCOPE, make_plan

from kecs.core.tasks.reports import Exited, Pulled, Released

OBEYS = ["sh", "-c", "trap 'echo stopping; exit 0' TERM; echo ready; while true; do sleep 0.1; done"]
IGNORES = ["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done"]


async def test_a_container_that_obeys_sigterm_ends_its_own_way(harness: Harness) -> None:
    plan = make_plan({"command": OBEYS})
    await harness.run(plan)
    await harness.first_line(plan)
    harness.runtime.stop(plan, "app", 30)
    assert (await harness.until(Exited, plan, "app")).exit_code == 0
    assert await harness.output(plan) == ["ready", "stopping"]


async def test_a_container_without_a_handler_dies_of_sigterm(harness: Harness) -> None:
    plan = make_plan({"command": ["sleep", "600"], "linuxParameters": {"initProcessEnabled": True}})
    await harness.run(plan)
    harness.runtime.stop(plan, "app", 30)
    assert (await harness.until(Exited, plan, "app")).exit_code == 143


async def test_a_container_that_ignores_sigterm_is_killed_after_the_timeout(harness: Harness) -> None:
    plan = make_plan({"command": IGNORES, "stopTimeout": 1})
    await harness.run(plan)
    line = await harness.first_line(plan)
    harness.runtime.stop(plan, "app", 1)
    exited = await harness.until(Exited, plan, "app")
    assert (exited.exit_code, exited.out_of_memory) == (137, False)
    assert exited.at >= line.at + 0.9


async def test_a_stop_right_after_the_start_ends_it(harness: Harness) -> None:
    plan = make_plan({"command": IGNORES, "stopTimeout": 1})
    await harness.provision(plan)
    harness.runtime.pull(plan, "app")
    await harness.until(Pulled, plan, "app")
    harness.runtime.start(plan, "app")
    harness.runtime.stop(plan, "app", 1)
    end = await harness.ends(plan)
    await harness.release(plan)
    assert await harness.ends(plan) is end


async def test_stopping_one_container_leaves_the_other(harness: Harness) -> None:
    plan = make_plan({"name": "one", "command": OBEYS}, {"name": "two", "command": OBEYS})
    await harness.run(plan)
    await harness.first_line(plan, "one")
    harness.runtime.stop(plan, "one", 30)
    await harness.until(Exited, plan, "one")
    observed = await harness.observed(plan)
    assert observed is not None
    assert {c.name: c.state for c in observed.containers} == {"one": "exited", "two": "running"}
    assert harness.seen(Exited, plan, "two") == []


async def test_stopping_what_is_not_there_is_ignored(harness: Harness) -> None:
    plan = make_plan({"command": ["true"]})
    harness.runtime.stop(plan, "app", 1)
    harness.runtime.stop(plan, "nobody", 1)
    await harness.release(plan)
    assert harness.seen(Exited, plan) == []


async def test_an_exit_is_reported_once(harness: Harness) -> None:
    plan = make_plan({"command": ["sh", "-c", "exit 5"]})
    await harness.finish(plan)
    harness.runtime.stop(plan, "app", 1)
    await harness.release(plan)
    assert [report.exit_code for report in harness.seen(Exited, plan)] == [5]


async def test_release_takes_everything_and_may_be_repeated(harness: Harness) -> None:
    plan = make_plan({"command": OBEYS})
    await harness.run(plan)
    await harness.release(plan)
    assert await harness.observed(plan) is None
    await harness.release(plan)
    assert len(harness.seen(Released, plan)) == 2
    assert harness.reports[-1] == Released(task=plan.arn), "nothing is reported of a task that is gone"


async def test_release_of_a_task_that_never_was(harness: Harness) -> None:
    await harness.release(make_plan({"command": ["true"]}))


async def test_release_in_the_middle_of_coming_up(harness: Harness) -> None:
    plan = make_plan({"image": MISSING_IMAGE})
    harness.runtime.provision(plan)
    harness.runtime.pull(plan, "app")
    await harness.release(plan)
    assert await harness.observed(plan) is None


async def test_discard_removes_the_named_tasks_only(harness: Harness) -> None:
    gone, kept = make_plan({"command": OBEYS}), make_plan({"command": OBEYS})
    await harness.run(gone)
    await harness.run(kept)
    await harness.runtime.discard([gone.arn, "arn:aws:ecs:us-east-1:111111111111:task/conformance/unknown"])
    assert [task.task for task in await harness.runtime.inventory()] == [kept.arn]
    assert harness.seen(Exited, gone) == []
    await harness.runtime.discard()
    assert await harness.runtime.inventory() == []


async def test_tasks_of_a_cluster_that_was_deleted_and_made_again_run(harness: Harness) -> None:
    plan, again = make_plan({"command": OBEYS}), make_plan({"command": OBEYS})
    await harness.run(plan)
    await harness.first_line(plan)
    harness.runtime.stop(plan, "app", 5)
    await harness.until(Exited, plan, "app")
    await harness.release(plan)
    harness.runtime.vacate([SCOPE.cluster("tests")])
    await harness.run(again)
    await harness.first_line(again)
    assert [task.task for task in await harness.runtime.inventory()] == [again.arn]
