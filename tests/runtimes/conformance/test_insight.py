"""What a runtime sees of its tasks, for whoever asks from inside."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address, ip_network

from tests.runtimes.conformance.harness import Harness
from tests.runtimes.plans import make_plan
from tests.support.patience import PATIENCE

from kecs.core.inside.seen import NOTHING

OBEYS = ["sh", "-c", "trap 'exit 0' TERM; echo ready; while true; do sleep 0.1; done"]


async def test_a_task_and_its_containers(harness: Harness) -> None:
    plan = make_plan({"command": OBEYS}, {"name": "proxy", "command": OBEYS})
    await harness.provision(plan)
    await harness.start(plan)
    seen = await harness.runtime.insight().look(plan.arn)
    assert list(seen.containers) == ["app"]
    container = seen.containers["app"]
    assert container.name
    assert container.image_id is not None
    assert container.image_id.startswith("sha256:")
    assert container.created_at


async def test_a_task_with_a_network_of_its_own_has_a_subnet(harness: Harness) -> None:
    harness.needs("tell subnets")
    plan = make_plan({"command": OBEYS})
    await harness.run(plan)
    seen = await harness.runtime.insight().look(plan.arn)
    assert seen.subnet is not None
    assert ip_address(await harness.address(plan)) in ip_network(seen.subnet)
    assert seen.gateway is not None
    assert ip_address(seen.gateway) in ip_network(seen.subnet)


async def test_what_containers_have_written_is_counted_for_whoever_asks(harness: Harness) -> None:
    harness.needs("keep files")
    harness.needs("count files at once")
    writes = "dd if=/dev/zero of=/written bs=1M count=3 2>/dev/null; echo ready; sleep 60"
    plan = make_plan({"command": ["sh", "-c", writes]})
    await harness.run(plan)
    await harness.first_line(plan)
    insight = harness.runtime.insight()
    assert (await insight.look(plan.arn)).containers["app"].written == 0
    assert (await insight.look(plan.arn, storage=True)).containers["app"].written >= 3 * 1024 * 1024


async def test_a_task_without_a_network_of_its_own_has_no_subnet(harness: Harness) -> None:
    plan = make_plan({"command": OBEYS}, mode="bridge")
    await harness.run(plan)
    assert (await harness.runtime.insight().look(plan.arn)).subnet is None


async def test_statistics_are_of_what_runs_and_compared_with_the_last_ones(harness: Harness) -> None:
    plan = make_plan({"command": OBEYS}, {"name": "proxy", "command": OBEYS})
    await harness.provision(plan)
    started = await harness.start(plan)
    insight = harness.runtime.insight()
    first = await insight.statistics(plan.arn)
    assert list(first) == ["app"]
    assert first["app"]["id"] == started.runtime_id
    assert first["app"]["memory_stats"]["limit"] == 64 * 1024 * 1024
    await harness.start(plan, "proxy")
    later = await insight.statistics(plan.arn)
    async with asyncio.timeout(PATIENCE):
        while set(later) == {"app"} or later["app"]["read"] == first["app"]["read"]:  # it measures once in a while
            await asyncio.sleep(0.2)
            later = await insight.statistics(plan.arn)
    assert set(later) == {"app", "proxy"}
    assert later["app"]["preread"] == first["app"]["read"]
    assert later["app"]["precpu_stats"] == first["app"]["cpu_stats"]


async def test_nothing_is_seen_of_what_is_not_there(harness: Harness) -> None:
    plan = make_plan({"command": OBEYS})
    insight = harness.runtime.insight()
    assert await insight.look(plan.arn) == NOTHING
    assert await insight.statistics(plan.arn) == {}
    await harness.run(plan)
    await harness.release(plan)
    assert await insight.look(plan.arn) == NOTHING
    assert await insight.statistics(plan.arn) == {}
