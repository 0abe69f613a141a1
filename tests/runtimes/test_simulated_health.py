"""The health of simulated containers over time: by itself, by script, by the definition's pace, by a fault."""

from __future__ import annotations

import pytest
from tests.runtimes.plans import make_plan
from tests.runtimes.simulation import Simulation, environment

from kecs.core.tasks.reports import HealthChanged, Started


def test_health_is_good_at_once_whatever_the_interval() -> None:
    check = {"command": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"], "interval": 300, "startPeriod": 300}
    simulation, plan = Simulation(), make_plan({"healthCheck": check})
    simulation.run(plan)
    changed = simulation.until(HealthChanged)
    assert changed.status == "HEALTHY"
    assert changed.at - simulation.seen(Started)[0].at < 0.01


def test_health_takes_its_course() -> None:
    variables = environment(HEALTH="UNHEALTHY,HEALTHY@10,UNHEALTHY@30", HEALTH_SECONDS="2")
    simulation = Simulation()
    simulation.run(make_plan({"healthCheck": {"command": ["CMD", "x"]}, "environment": variables}))
    simulation.clock.advance(60)
    started = simulation.seen(Started)[0].at
    changes = [(round(change.at - started, 3), change.status) for change in simulation.seen(HealthChanged)]
    assert changes == [(2, "UNHEALTHY"), (10, "HEALTHY"), (30, "UNHEALTHY")]


def test_health_by_the_definition_s_own_pace() -> None:
    check = {"command": ["CMD-SHELL", "exit 1"], "interval": 10, "retries": 2, "startPeriod": 15}
    variables = environment(HEALTH_BY_DEFINITION="true")
    simulation = Simulation()
    simulation.run(make_plan({"healthCheck": check, "environment": variables}))
    changed = simulation.until(HealthChanged)
    assert (changed.status, round(changed.at - simulation.seen(Started)[0].at, 3)) == ("UNHEALTHY", 30)


def test_health_ends_with_the_container() -> None:
    variables = environment(HEALTH="HEALTHY@0,UNHEALTHY@30", RUN_SECONDS="20")
    simulation = Simulation()
    simulation.run(make_plan({"healthCheck": {"command": ["CMD", "x"]}, "environment": variables}))
    simulation.clock.advance(60)
    assert [change.status for change in simulation.seen(HealthChanged)] == ["HEALTHY"]


def test_a_fault_changes_health_for_good() -> None:
    simulation, plan = (
        Simulation(),
        make_plan(
            {"healthCheck": {"command": ["CMD", "x"]}, "environment": environment(HEALTH="HEALTHY,UNKNOWN@60")},
            {"name": "unchecked"},
        ),
    )
    simulation.run(plan)
    simulation.until(HealthChanged)
    simulation.runtime.set_health(plan.arn, "app", "UNHEALTHY")
    simulation.clock.advance(3600)
    assert [change.status for change in simulation.seen(HealthChanged)] == ["HEALTHY", "UNHEALTHY"]
    with pytest.raises(LookupError, match="no health check"):
        simulation.runtime.set_health(plan.arn, "unchecked", "HEALTHY")
