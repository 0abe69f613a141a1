"""Commands of ECS Exec in real containers: they end with their clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from tests.support.docker_runtime import Bench, bench, container, plan, run
from tests.support.images import docker
from tests.support.patience import PATIENCE
from tests.support.terminals import is_gone, shows, until_gone

from kecs.core.tasks.plan import TaskPlan
from kecs.ports.terminal import Terminal

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]


@pytest.fixture
async def on() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened


@pytest.fixture
async def task(on: Bench) -> TaskPlan:
    found = plan(container())
    await run(on, found)
    return found


async def opened(on: Bench, task: TaskPlan, *command: str) -> Terminal:
    return await on.runtime.execute(task.arn, "app", command)


async def test_a_command_ends_with_its_client(on: Bench, task: TaskPlan) -> None:
    alone = await opened(on, task, "sleep", "7001")
    shell = await opened(on, task, "sh")
    await shell.write(b"echo be''gun; sleep 7002\r")
    await shows(shell, "begun")
    stays = await opened(on, task, "sh", "-c", "echo stays; exec cat")
    await shows(stays, "stays")
    await alone.close()
    await shell.close()
    for seconds in ("700[1]", "700[2]"):
        await is_gone(await opened(on, task, *until_gone(seconds)))
    await stays.write(b"still there\r")
    await shows(stays, "still there")
    await stays.close()


async def test_what_has_let_go_of_its_terminal_stays(on: Bench, task: TaskPlan) -> None:
    command = "setsid sh -c 'echo begun; exec sleep 7003' & exec cat"
    shell = await opened(on, task, "sh", "-c", command)
    await shows(shell, "begun")
    await shell.close()
    await is_gone(await opened(on, task, *until_gone("^ca[t]")))
    looking = await opened(on, task, "sh", "-c", "grep -l '700[3]' /proc/[0-9]*/cmdline | wc -l")
    await shows(looking, "1\r\n")
    await looking.close()


async def test_commands_end_with_kecs_however_short_their_sessions_were() -> None:
    async with bench(keep=True) as first:
        task = plan(container())
        (app,) = await run(first, task)
        for session in [await opened(first, task, "sleep", "7004") for _ in range(5)]:
            await session.close()
    async with bench(first.instance):
        deadline = time.monotonic() + PATIENCE
        while "sleep 7004" in commands_in(app.runtime_id):
            assert time.monotonic() < deadline


def commands_in(container_id: str) -> list[str]:
    _, found = docker("GET", f"/containers/{container_id}/top?ps_args=-eo%20pid,args")
    return [process[-1] for process in found["Processes"]]


async def test_a_container_without_a_shell(on: Bench) -> None:
    task = plan(
        container(command=["busybox", "sh", "-c", "rm /bin/sh; trap 'exit 0' TERM; while :; do usleep 20000; done"])
    )
    await run(on, task)
    alone = await opened(on, task, "cat")
    await alone.write(b"hello\r")
    await shows(alone, "hello")
    await alone.close()


async def test_what_is_typed_waits_for_a_command_that_does_not_read(on: Bench, task: TaskPlan) -> None:
    waits = "stty raw -echo; echo be''gun; until test -e /tmp/go; do usleep 20000; done; head -c 4000000 | wc -c"
    command = await opened(on, task, "sh", "-c", waits)
    await shows(command, "begun")
    typing = asyncio.create_task(command.write(b"x" * 4_000_000))
    go = await opened(on, task, "touch", "/tmp/go")
    assert not typing.done()
    await go.close()
    await shows(command, "4000000")
    await typing
    await command.close()
