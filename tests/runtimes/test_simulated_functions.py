"""Whose turn it is: functions on a runtime of their own, with an event loop in the test's hands."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from tests.runtimes.plans import make_plan

from kecs.app.functions import advance
from kecs.control.clock import VirtualClock
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Report
from kecs.ports.program import NotAtRest, Process, Program
from kecs.runtimes.simulated import SimulatedRuntime
from kecs.runtimes.simulated.functions import Functions

PATIENCE = 0.2  # real seconds


class Stage:
    """A runtime on a frozen clock whose functions may take `PATIENCE`."""

    async def __aenter__(self) -> Stage:
        self.clock = VirtualClock(0.0)
        self.runtime = SimulatedRuntime(self.clock)
        self.reports: list[Report] = []
        await self.runtime.open(self.reports.append)
        self.functions = self.runtime.functions = Functions(self.clock, asyncio.get_running_loop(), PATIENCE)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runtime.close()

    async def advance(self, seconds: float) -> None:
        await asyncio.wait_for(advance(self.clock, self.runtime, None, seconds), 30)

    async def run(self, program: Program) -> TaskPlan:
        """A task of one container that runs it."""
        plan = make_plan({"image": "app:1", "stopTimeout": 5})
        unbind = self.functions.bind("app:*", program)
        self.runtime.provision(plan)
        await self.advance(0.001)
        self.runtime.pull(plan, "app")
        await self.advance(0.002)
        self.runtime.start(plan, "app")
        self.clock.advance(0.001)
        unbind()
        return plan

    def codes(self) -> list[int | None]:
        return [report.exit_code for report in self.reports if isinstance(report, Exited)]


def waiting(event: threading.Event) -> Callable[[Process], None]:
    def program(_: Process) -> None:
        event.wait(30)

    return program


async def test_time_waits_for_what_a_function_does() -> None:
    started, finish, woken = threading.Event(), threading.Event(), []

    def program(process: Process) -> None:
        process.sleep(10)
        started.set()
        finish.wait(30)
        process.sleep(10)
        woken.append(process.now())

    async with Stage() as stage:
        await stage.run(program)
        moving = asyncio.create_task(stage.advance(60))
        await asyncio.to_thread(started.wait, 30)
        await asyncio.sleep(PATIENCE / 10)
        assert stage.clock.now() == pytest.approx(10.004)
        finish.set()
        await moving
        assert woken == [pytest.approx(20.004)]
        assert stage.codes() == [0]


async def test_one_goes_on_at_a_time() -> None:
    going, most = 0, 0

    def program(process: Process) -> None:
        nonlocal going, most
        for _ in range(20):
            going += 1
            most = max(most, going)
            threading.Event().wait(0.0005)
            going -= 1
            process.sleep(1)

    async with Stage() as stage:
        for _ in range(5):
            await stage.run(program)
        await stage.advance(60)
        assert most == 1
        assert stage.codes() == [0] * 5


async def test_a_function_that_does_not_rest_is_named_and_then_waited_for_no_more() -> None:
    stuck, ended = threading.Event(), []

    def other(process: Process) -> None:
        process.sleep(10)
        ended.append(process.now())

    async with Stage() as stage:
        await stage.run(other)
        plan = await stage.run(waiting(stuck))
        with pytest.raises(NotAtRest, match=rf"^container app of task {plan.id} \(app:1\) has neither slept .* 0\.2 s"):
            await stage.advance(60)
        await stage.advance(60)
        assert ended
        stuck.set()
        while stage.codes() != [0, 0]:
            await stage.advance(0)
            await asyncio.sleep(0)


async def test_a_function_that_does_not_rest_is_killed_all_the_same() -> None:
    stuck = threading.Event()
    async with Stage() as stage:
        plan = await stage.run(waiting(stuck))
        with pytest.raises(NotAtRest):
            await stage.advance(1)
        stage.runtime.stop(plan, "app", 5.0)
        await stage.advance(6)
        assert stage.codes() == [137]
        stuck.set()


async def test_sleeping_for_no_time_for_ever_is_an_error() -> None:
    def program(process: Process) -> None:
        while True:
            process.sleep(0)

    async with Stage() as stage:
        await stage.run(program)
        with pytest.raises(NotAtRest, match="time cannot move on"):
            await stage.advance(1)


async def test_what_a_function_does_after_its_end_nobody_sees() -> None:
    caught: list[str] = []

    def program(process: Process) -> None:
        try:
            process.sleep(100)
        finally:
            for call in (lambda: process.sleep(1), lambda: process.write("stdout", "too late\n"), process.terminated):
                try:
                    call()
                except SystemExit as ended:
                    caught.append(f"{type(ended).__name__} {ended.code}")

    async with Stage() as stage:
        plan = await stage.run(program)
        await stage.advance(1)
        stage.runtime.exit_container(plan.arn, "app", 9)
        await stage.advance(1)
        assert stage.codes() == [9]
    assert caught == ["Killed 137"] * 3
    assert [line.text async for line in stage.runtime.logs(plan.arn, "app")] == []


async def test_threads_of_the_functions_own_cannot_sleep_on_the_clock() -> None:
    errors: list[str] = []

    def program(process: Process) -> None:
        def helper() -> None:
            try:
                process.sleep(1)
            except RuntimeError as error:
                errors.append(str(error))

        thread = threading.Thread(target=helper)
        thread.start()
        thread.join()

    async with Stage() as stage:
        await stage.run(program)
        await stage.advance(1)
    assert errors == ["Only the function's own thread and its handlers can sleep on KECS's clock."]


def test_a_runtime_without_functions_has_no_thread_and_none_of_it_is_loaded() -> None:
    code = (
        "import sys, threading; from kecs.testing import start_server, deploy_service\n"
        "with start_server() as server:\n"
        "    client = server.ecs_client(); client.create_cluster(clusterName='c'); deploy_service(client, 'c', 'web')\n"
        "    assert not {'kecs.runtimes.simulated.functions', 'kecs.testing.images'} & sys.modules.keys()\n"
        "    print(*sorted(thread.name for thread in threading.enumerate()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["MainThread", "kecs"]
