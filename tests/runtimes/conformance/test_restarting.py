"""A container that has exited is started once more: the same one, with a new exit to tell."""

from __future__ import annotations

from tests.runtimes.conformance.harness import Harness
from tests.runtimes.plans import make_plan

from kecs.core.tasks.reports import Exited, Failed, Started

RESTARTS = {"restartPolicy": {"enabled": True}}
OBEYS = ["sh", "-c", "trap 'exit 0' TERM; echo ready; while true; do sleep 0.1; done"]
ENDS = ["sh", "-c", "echo here; sleep 1; exit 7"]


async def test_the_same_container_runs_again(harness: Harness) -> None:
    plan = make_plan({"command": ENDS, **RESTARTS})
    await harness.run(plan)
    assert (await harness.until(Exited, plan, "app")).exit_code == 7
    harness.runtime.restart(plan, "app")
    again = await harness.until(Started, plan, "app", nth=2)
    ended = await harness.until(Exited, plan, "app", nth=2)
    assert (ended.exit_code, ended.out_of_memory) == (7, False)
    assert ended.at >= again.at
    assert await harness.output(plan) == ["here", "here"]
    assert len(harness.seen(Exited, plan)) == 2


async def test_it_keeps_what_it_has_written(harness: Harness) -> None:
    harness.needs("run the same container again")
    plan = make_plan({"command": ["sh", "-c", "test -e /again || { touch /again; exit 3; }; sleep 600"]})
    first = await harness.run(plan)
    await harness.until(Exited, plan, "app")
    harness.runtime.restart(plan, "app")
    assert (await harness.until(Started, plan, "app", nth=2)).runtime_id == first.runtime_id
    assert len(harness.seen(Exited, plan)) == 1


async def test_it_can_be_stopped_when_it_runs_again(harness: Harness) -> None:
    plan = make_plan({"command": ["sleep", "600"], "stopTimeout": 2, **RESTARTS})
    await harness.run(plan)
    harness.runtime.stop(plan, "app", 1)
    await harness.until(Exited, plan, "app")
    harness.runtime.restart(plan, "app")
    await harness.until(Started, plan, "app", nth=2)
    harness.runtime.stop(plan, "app", 1)
    await harness.until(Exited, plan, "app", nth=2)
    await harness.release(plan)
    assert await harness.observed(plan) is None


async def test_its_ports_answer_again(harness: Harness) -> None:
    server = ["httpd", "-f", "-p", "8080"]
    plan = make_plan(
        {"command": server, "portMappings": [{"containerPort": 8080}], "stopTimeout": 2, **RESTARTS},
        {"name": "sidecar", "command": OBEYS, "stopTimeout": 2},
        mode="bridge",
    )
    await harness.run(plan)
    harness.runtime.stop(plan, "app", 0)
    await harness.until(Exited, plan, "app")
    harness.runtime.restart(plan, "app")
    (binding,) = (await harness.until(Started, plan, "app", nth=2)).network_bindings
    assert binding.host_port is not None
    assert await harness.comes_to_answer(await harness.address(plan), binding.host_port)


async def test_what_is_not_there_any_more_cannot_be_restarted(harness: Harness) -> None:
    harness.needs("outlive its process")
    plan = make_plan({"command": ENDS, **RESTARTS})
    await harness.finish(plan)
    await harness.release(plan)
    harness.runtime.restart(plan, "app")
    failed = await harness.until(Failed, plan, "app")
    assert failed.reason.startswith("CannotStartContainerError: ")
