"""The simulated runtime by itself: when things happen, what scripts change, and that it costs little."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.runtimes.plans import make_plan
from tests.runtimes.simulation import START, Simulation, environment, output

from kecs.control.clock import VirtualClock
from kecs.core.tasks.reports import Exited, Failed, Provisioned, Pulled, Released, Report, Started
from kecs.runtimes.simulated import SimulatedRuntime


def test_by_default_a_task_is_up_in_milliseconds_and_stays_up() -> None:
    simulation, plan = Simulation(), make_plan({})
    simulation.run(plan)
    assert simulation.history() == [(0.001, "Provisioned"), (0.003, "Pulled"), (0.004, "Started")]
    simulation.clock.advance(7 * 86400)
    assert len(simulation.reports) == 3
    assert simulation.clock.next_at is None, "a container that only runs sets no timer"


def test_a_script_sets_the_pace() -> None:
    script = {"pull_seconds": 4, "start_seconds": 3, "run_seconds": 60, "exit_code": 9, "output": "@10 ten\nzero"}
    simulation, plan = Simulation({"kecs-test/*": script}), make_plan({})
    simulation.run(plan)
    exited = simulation.until(Exited)
    assert simulation.history() == [(0.001, "Provisioned"), (4.001, "Pulled"), (7.001, "Started"), (67.001, "Exited")]
    assert exited.exit_code == 9
    assert output(simulation, plan) == ["zero", "ten"]


def test_the_environment_sets_the_pace_of_one_container() -> None:
    simulation = Simulation({"*": {"run_seconds": 5}})
    plan = make_plan({"name": "slow", "environment": environment(RUN_SECONDS="50", EXIT_CODE="3")}, {"name": "plain"})
    simulation.run(plan)
    assert simulation.until(Exited, "plain").exit_code == 0
    slow = simulation.until(Exited, "slow")
    assert slow.exit_code == 3
    assert slow.at - simulation.seen(Started, "slow")[0].at == pytest.approx(50)


def test_an_exit_code_alone_ends_a_container_that_would_run_on() -> None:
    simulation, plan = Simulation(), make_plan({"environment": environment(EXIT_CODE="1")}, service="web")
    simulation.run(plan)
    exited = simulation.until(Exited, limit=0)
    assert (exited.exit_code, exited.at) == (1, simulation.seen(Started)[0].at)


def test_an_exit_code_alone_keeps_the_time_of_the_command() -> None:
    plan = make_plan({"command": ["sleep", "5"], "environment": environment(EXIT_CODE="2")})
    simulation = Simulation()
    simulation.run(plan)
    exited = simulation.until(Exited)
    assert exited.exit_code == 2
    assert exited.at - simulation.seen(Started)[0].at == pytest.approx(5)


@pytest.mark.parametrize("variable", ["RUN_SECONDS=soon", "HEALTH=SICK", "NO_SUCH=1"])
def test_a_bad_variable_fails_the_container_with_its_name(variable: str) -> None:
    name, _, value = variable.partition("=")
    simulation, plan = Simulation(), make_plan({"environment": environment(**{name: value})})
    simulation.runtime.pull(plan, "app")
    assert simulation.reports == []
    failed = simulation.until(Failed, "app")
    assert failed.reason.startswith(f"CannotCreateContainerError: KECS_SIM_{name}")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("manifest unknown", "CannotPullContainerError: manifest unknown"),
        ("CannotPullContainerError: timeout", "CannotPullContainerError: timeout"),
        ("ResourceInitializationError: no route", "ResourceInitializationError: no route"),
    ],
)
def test_a_pull_that_fails_takes_as_long_as_it_takes(error: str, reason: str) -> None:
    simulation, plan = Simulation({"*": {"pull_error": error, "pull_seconds": 30}}), make_plan({})
    simulation.runtime.provision(plan)
    simulation.runtime.pull(plan, "app")
    failed = simulation.until(Failed)
    assert (failed.reason, failed.container, failed.at) == (reason, "app", START + 30)
    assert simulation.seen(Pulled) == []


def test_a_start_that_fails() -> None:
    simulation, plan = Simulation({"*": {"start_error": "no such file"}}), make_plan({})
    simulation.run(plan)
    assert simulation.until(Failed).reason == "CannotStartContainerError: no such file"
    assert simulation.seen(Started) == []


def test_what_an_earlier_process_has_pulled_starts_by_its_script() -> None:
    simulation, plan = Simulation({"*": {"start_error": "no such file"}}), make_plan({})
    simulation.runtime.provision(plan)
    simulation.runtime.start(plan, plan.containers[0].name or "")
    assert simulation.until(Failed).reason == "CannotStartContainerError: no such file"


def test_the_last_script_that_was_set_counts() -> None:
    simulation = Simulation({"*": {"exit_code": 1}})
    simulation.runtime.set_script("kecs-test/*", {"exit_code": 2})
    assert simulation.runtime.scripts() == {"*": {"exit_code": 1}, "kecs-test/*": {"exit_code": 2}}
    simulation.run(make_plan({}))
    assert simulation.until(Exited).exit_code == 2
    with pytest.raises(ValueError, match="speed"):
        simulation.runtime.set_script("*", {"speed": 1})


@pytest.mark.parametrize("service", ["web", None])
def test_a_command_that_is_not_understood(service: str | None) -> None:
    simulation, plan = Simulation(), make_plan({"command": ["python", "app.py"]}, service=service)
    simulation.run(plan)
    simulation.clock.advance(3600)
    exits = [(report.exit_code, round(report.at - START, 3)) for report in simulation.seen(Exited)]
    assert exits == ([] if service else [(0, 1.004)])


def test_a_command_that_is_understood_counts_for_services_too() -> None:
    simulation, plan = Simulation(), make_plan({"command": ["sh", "-c", "exit 3"]}, service="web")
    simulation.run(plan)
    assert simulation.until(Exited).exit_code == 3


@pytest.mark.parametrize(
    ("script", "timeout", "seconds", "code"),
    [
        ({}, 30, 0.001, 143),
        ({"stop_exit_code": 0}, 30, 0.001, 0),
        ({"stop_seconds": 8}, 30, 8, 143),
        ({"stop_seconds": 8}, 5, 5, 137),
        ({"stop_seconds": 8, "stop_exit_code": 0}, 5, 5, 137),
        ({"ignore_sigterm": True}, 30, 30, 137),
        ({"ignore_sigterm": True}, 0, 0, 137),
    ],
)
def test_how_a_container_stops(script: dict[str, Any], timeout: float, seconds: float, code: int) -> None:
    simulation, plan = Simulation({"*": script}), make_plan({})
    simulation.run(plan)
    asked = simulation.clock.now()
    simulation.runtime.stop(plan, "app", timeout)
    exited = simulation.until(Exited)
    assert (exited.exit_code, round(exited.at - asked, 6)) == (code, seconds)


def test_a_container_that_ignores_sigterm_may_still_end_by_itself() -> None:
    simulation, plan = Simulation({"*": {"ignore_sigterm": True}}), make_plan({"command": ["sleep", "10"]})
    simulation.run(plan)
    simulation.runtime.stop(plan, "app", 30)
    exited = simulation.until(Exited)
    assert (exited.exit_code, round(exited.at - START)) == (0, 10)


def test_a_stop_that_comes_during_the_start_waits_for_it() -> None:
    simulation, plan = Simulation({"*": {"start_seconds": 5}}), make_plan({})
    simulation.run(plan)
    simulation.runtime.stop(plan, "app", 30)
    assert simulation.until(Exited).exit_code == 143
    assert [name for _, name in simulation.history()][-2:] == ["Started", "Exited"]


@pytest.mark.parametrize(("timeout", "told", "after"), [(30, "Started", 5), (5, "Started", 5), (2, "Pulled", 2)])
def test_a_stop_ends_a_start_within_its_timeout(timeout: int, told: str, after: int) -> None:
    simulation, plan = Simulation({"*": {"start_seconds": 5}}), make_plan({})
    simulation.run(plan)
    simulation.runtime.stop(plan, "app", timeout)
    exited = simulation.until(Exited)
    assert [name for _, name in simulation.history()][-2:] == [told, "Exited"]
    assert (round(exited.at - START), exited.exit_code is None) == (after, told == "Pulled")
    simulation.clock.advance(60)
    assert simulation.seen(Exited) == [exited]


def test_a_stop_gives_up_the_pull() -> None:
    simulation, plan = Simulation({"*": {"pull_seconds": 5}}), make_plan({})
    simulation.runtime.pull(plan, "app")
    simulation.runtime.stop(plan, "app", 30)
    simulation.clock.advance(60)
    assert simulation.reports == []


@pytest.mark.parametrize(
    ("memory", "script", "killed"),
    [(128, {"memory_mib": 256}, True), (128, {"memory_mib": 128}, False), (None, {"memory_mib": 256}, False)],
)
def test_memory_over_the_limit_of_the_container(memory: int | None, script: dict[str, Any], killed: bool) -> None:
    simulation = Simulation({"*": {**script, "memory_seconds": 20}})
    plan = make_plan({"memory": memory} if memory else {"memory": None, "memoryReservation": 64})
    simulation.run(plan)
    simulation.clock.advance(60)
    exits = [(e.exit_code, e.out_of_memory, round(e.at - START, 3)) for e in simulation.seen(Exited)]
    assert exits == ([(137, True, 20.004)] if killed else [])


def test_a_fault_makes_a_container_exit() -> None:
    simulation, plan = Simulation(), make_plan({"command": ["sleep", "600"]})
    with pytest.raises(LookupError, match="is not running"):
        simulation.runtime.exit_container(plan.arn, "app", 1)
    simulation.run(plan)
    simulation.runtime.exit_container(plan.arn, "app", 137, out_of_memory=True)
    assert simulation.seen(Exited) == []
    simulation.clock.advance(3600)
    assert [(e.exit_code, e.out_of_memory) for e in simulation.seen(Exited)] == [(137, True)]
    with pytest.raises(LookupError, match="is not running"):
        simulation.runtime.exit_container(plan.arn, "app", 1)


def test_addresses_are_those_of_a_subnet_and_go_round() -> None:
    simulation = Simulation()
    plans = [make_plan({}) for _ in range(3)]
    for plan in plans[:2]:
        simulation.run(plan)
    simulation.release(plans[0])
    simulation.run(plans[2])
    assert [report.address for report in simulation.seen(Provisioned)] == ["10.0.0.4", "10.0.0.5", "10.0.0.6"]
    assert simulation.seen(Provisioned)[0].mac_address == "0a:58:0a:00:00:04"


def test_dynamic_host_ports_are_never_two_at_once() -> None:
    simulation = Simulation()
    mappings = [{"containerPort": 80}, {"containerPortRange": "8000-8009"}]
    plans = [make_plan({"portMappings": mappings}, mode="bridge") for _ in range(50)]
    for plan in plans:
        simulation.run(plan)
    taken: set[int] = set()
    for started in simulation.seen(Started):
        single, ranged = started.network_bindings
        assert single.host_port is not None
        assert ranged.host_port_range is not None
        first, last = map(int, ranged.host_port_range.split("-"))
        assert last - first == 9
        ports = {single.host_port, *range(first, last + 1)}
        assert not ports & taken
        taken |= ports
    assert min(taken) >= 32768


def test_release_gives_the_host_port_back() -> None:
    simulation = Simulation()
    mapping = {"portMappings": [{"containerPort": 80, "hostPort": 8080}]}
    first, second, third = (make_plan(mapping, mode="bridge") for _ in range(3))
    simulation.run(first)
    simulation.run(second)
    assert simulation.until(Failed).reason == (
        "CannotStartContainerError: Bind for 0.0.0.0:8080 failed: port is already allocated"
    )
    simulation.release(first)
    simulation.run(third)
    assert simulation.seen(Started)[-1].task == third.arn


def test_two_runs_are_the_same_run() -> None:
    """The runtime has no chance in it: the same commands at the same times give the same reports."""
    plans = [
        make_plan({"name": "a", "command": ["sh", "-c", "sleep 3; exit 2"]}, {"name": "b"}, mode="bridge"),
        make_plan({"healthCheck": {"command": ["CMD", "x"]}, "portMappings": [{"containerPort": 80}]}),
    ]

    def run() -> list[tuple[float, Report]]:
        simulation = Simulation()
        for plan in plans:
            simulation.run(plan)
        simulation.clock.advance(10)
        for plan in plans:
            simulation.release(plan)
        return simulation.reports

    assert run() == run()


def test_a_thousand_tasks_are_cheap() -> None:
    """Well under 0.1 s of CPU time on an ordinary machine; the bound leaves room for a slow one."""
    clock = VirtualClock(START)
    simulated = SimulatedRuntime(clock)
    plans = {plan.arn: plan for plan in (make_plan({}, service="web") for _ in range(1000))}
    started = 0

    def obey(report: Report) -> None:
        nonlocal started
        match report:
            case Provisioned():
                simulated.pull(plans[report.task], "app")
            case Pulled():
                simulated.start(plans[report.task], "app")
            case Started():
                started += 1
            case _:
                assert not isinstance(report, Failed | Exited | Released)

    simulated.connect(obey)
    begun = time.process_time()
    for plan in plans.values():
        simulated.provision(plan)
    clock.advance(0.1)
    spent = time.process_time() - begun
    assert started == 1000
    assert spent < 0.5
