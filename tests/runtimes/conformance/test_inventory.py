"""What a runtime finds again: within its process, and where it can, after the process has gone."""

from __future__ import annotations

from tests.runtimes.conformance.harness import Harness
from tests.runtimes.plans import make_plan

from kecs.core.tasks.reports import Exited, Provisioned

RUNS = ["sh", "-c", "trap 'exit 0' TERM; echo ready; while true; do sleep 0.1; done"]


async def test_a_new_runtime_has_nothing(harness: Harness) -> None:
    assert await harness.runtime.inventory() == []


async def test_capacity_is_what_a_machine_offers(harness: Harness) -> None:
    assert harness.capacity.cpu >= 1024
    assert harness.capacity.memory > 0
    assert harness.capacity.architecture in ("x86_64", "arm64")


async def test_running_and_exited_containers_are_found(harness: Harness) -> None:
    plan = make_plan(
        {"name": "server", "command": RUNS, "portMappings": [{"containerPort": 8080}]},
        {"name": "job", "command": ["sh", "-c", "exit 6"]},
        mode="bridge",
    )
    started = await harness.run(plan)
    await harness.until(Exited, plan, "job")
    observed = await harness.observed(plan)
    assert observed is not None
    assert observed.provisioned
    server, job = sorted(observed.containers, key=lambda c: c.name, reverse=True)
    assert (server.state, server.runtime_id) == ("running", started.runtime_id)
    assert server.exit_code is None
    assert server.started_at is not None
    assert server.network_bindings == started.network_bindings
    assert (job.state, job.exit_code, job.out_of_memory) == ("exited", 6, False)
    assert job.finished_at is not None


async def test_the_address_of_a_task_is_found(harness: Harness) -> None:
    plan = make_plan({"command": RUNS})
    await harness.run(plan)
    provisioned = await harness.until(Provisioned, plan)
    observed = await harness.observed(plan)
    assert observed is not None
    assert (observed.address, observed.mac_address) == (await harness.address(plan), provisioned.mac_address)


async def test_containers_are_found_by_the_next_process_and_their_exits_reported(harness: Harness) -> None:
    harness.needs("outlive its process")
    plan = make_plan({"name": "stays", "command": RUNS}, {"name": "ends", "command": ["sh", "-c", "sleep 2; exit 9"]})
    started = await harness.run(plan)
    async with harness.restarted() as again:
        observed = await again.observed(plan)
        assert observed is not None
        assert observed.provisioned
        assert {c.runtime_id for c in observed.containers if c.name == "stays"} == {started.runtime_id}
        states = {c.name: (c.state, c.exit_code) for c in observed.containers}
        if states["ends"] != ("exited", 9):  # it may have ended before the inventory was taken
            assert (await again.until(Exited, plan, "ends")).exit_code == 9
        assert states["stays"] == ("running", None)
        assert await again.output(plan, "stays") == ["ready"]
        again.runtime.stop(plan, "stays", 30)
        assert (await again.until(Exited, plan, "stays")).exit_code == 0
