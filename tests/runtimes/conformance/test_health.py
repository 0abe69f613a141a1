"""Health checks: what they find is reported, each change once."""

from __future__ import annotations

from typing import Any

from tests.runtimes.conformance.harness import Harness
from tests.runtimes.plans import make_plan

from kecs.core.tasks.reports import Exited, HealthChanged

CHECK = {"interval": 1, "timeout": 30, "retries": 1}  # a busy machine may take its time to run a check


def checked(command: str, **fields: Any) -> dict[str, Any]:
    return {
        "command": ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"],
        "healthCheck": {"command": ["CMD-SHELL", command], **CHECK},
        **fields,
    }


async def test_a_check_that_passes_makes_the_container_healthy(harness: Harness) -> None:
    plan = make_plan(checked("exit 0"))
    started = await harness.run(plan)
    changed = await harness.until(HealthChanged, plan, "app")
    assert changed.status == "HEALTHY"
    assert changed.at >= started.at


async def test_a_check_that_fails_makes_the_container_unhealthy(harness: Harness) -> None:
    plan = make_plan(checked("exit 1"))
    await harness.run(plan)
    assert (await harness.until(HealthChanged, plan, "app")).status == "UNHEALTHY"
    assert harness.seen(Exited, plan) == [], "what follows from bad health is not the runtime's decision"


async def test_the_inventory_knows_the_health(harness: Harness) -> None:
    plan = make_plan(checked("exit 0"), {"name": "unchecked", "command": ["sleep", "600"]})
    await harness.run(plan)
    await harness.until(HealthChanged, plan, "app")
    observed = await harness.observed(plan)
    assert observed is not None
    assert {c.name: c.health for c in observed.containers} == {"app": "HEALTHY", "unchecked": None}


async def test_a_check_of_none_is_no_check(harness: Harness) -> None:
    plan = make_plan(
        {"command": ["sh", "-c", "sleep 2; exit 0"], "healthCheck": {"command": ["NONE"]}},
    )
    await harness.finish(plan)
    assert harness.seen(HealthChanged, plan) == []


async def test_each_change_is_reported_once(harness: Harness) -> None:
    plan = make_plan(checked("exit 0"), {"name": "timer", "command": ["sleep", "3"]})
    await harness.run(plan)
    await harness.until(Exited, plan, "timer")
    harness.runtime.stop(plan, "app", 30)
    await harness.until(Exited, plan, "app")
    assert [report.status for report in harness.seen(HealthChanged, plan)] == ["HEALTHY"]
