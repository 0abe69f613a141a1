"""Commands of ECS Exec in real pods: what they show, how they end, and that they end with their clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from lightkube.resources.core_v1 import Pod
from tests.runtimes.kubernetes import pods
from tests.support.patience import PATIENCE
from tests.support.terminals import is_gone, shows, until_gone

from kecs.ports.terminal import SessionRefused, Terminal
from kecs.runtimes.kubernetes.api.client import Cluster
from kecs.runtimes.kubernetes.places import Place
from kecs.runtimes.kubernetes.terminals import Terminals, outcome

on_kubernetes = pytest.mark.kubernetes


@pytest.fixture
async def place(cluster: Cluster) -> AsyncIterator[Place]:
    """A container that runs."""
    async with pods.namespace(cluster) as namespace:
        await pods.make(cluster, namespace, pods.container("trap 'exit 0' TERM; while :; do usleep 20000; done"))
        yield Place(namespace, "pod", "app")


@pytest.fixture
async def terminals(cluster: Cluster) -> AsyncIterator[Terminals]:
    opened = Terminals(cluster)
    yield opened
    await opened.close()


async def ends(terminal: Terminal) -> tuple[str, int]:
    """All that it shows from now on, and its exit code."""
    shown = b""
    async with asyncio.timeout(PATIENCE):
        while piece := await terminal.read():
            shown += piece
    code = await terminal.exit_code()
    await terminal.close()
    return shown.decode(), code


@on_kubernetes
async def test_one_command(terminals: Terminals, place: Place) -> None:
    command = ["sh", "-c", 'echo "$1 $TERM"; exit 4', "sh", "one 'two' $three"]
    assert await ends(await terminals.open(place, command)) == ("one 'two' $three xterm-256color\r\n", 4)
    assert await ends(await terminals.open(place, ["true"])) == ("", 0)


@on_kubernetes
async def test_an_interactive_shell(terminals: Terminals, place: Place) -> None:
    shell = await terminals.open(place, ["sh"])
    await shows(shell, "# ")
    for columns, rows in ((101, 33), (77, 22)):
        await shell.resize(columns, rows)
        await shell.write(f"until stty size | grep '{rows} {columns}'; do :; done\r".encode())
        await shows(shell, f"\n{rows} {columns}\r")
    await shell.write(b"exit 3\r")
    assert (await ends(shell))[1] == 3
    await shell.write(b"nobody is there\r")


@on_kubernetes
async def test_a_command_that_is_not_there(terminals: Terminals, place: Place) -> None:
    shown, code = await ends(await terminals.open(place, ["no-such-program"]))
    assert "no-such-program" in shown
    assert code == 127


@on_kubernetes
async def test_what_is_large(terminals: Terminals, place: Place) -> None:
    cat = await terminals.open(place, ["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"])
    assert await ends(cat) == ("x" * 3_000_000, 0)


@on_kubernetes
async def test_a_command_ends_with_its_client(terminals: Terminals, place: Place) -> None:
    alone = await terminals.open(place, ["sleep", "7001"])
    shell = await terminals.open(place, ["sh"])
    await shell.write(b"echo be''gun; sleep 7002\r")
    await shows(shell, "begun")
    stays = await terminals.open(place, ["sh", "-c", "echo stays; exec cat"])
    await shows(stays, "stays")
    await alone.close()
    await shell.close()
    for seconds in ("700[1]", "700[2]"):
        await is_gone(await terminals.open(place, until_gone(seconds)))
    await stays.write(b"still there\r")
    await shows(stays, "still there")
    await stays.close()


@on_kubernetes
async def test_commands_end_with_kecs_however_short_their_sessions_were(cluster: Cluster, place: Place) -> None:
    first = Terminals(cluster)
    for session in [await first.open(place, ["sleep", "7004"]) for _ in range(3)]:
        await session.close()
    await first.close()
    later = Terminals(cluster)
    await is_gone(await later.open(place, until_gone("700[4]")))
    await later.close()


@on_kubernetes
async def test_a_container_without_a_shell(cluster: Cluster, terminals: Terminals) -> None:
    async with pods.namespace(cluster) as namespace:
        await pods.make(cluster, namespace, pods.container("busybox rm /bin/sh; while :; do usleep 20000; done"))
        place = Place(namespace, "pod", "app")
        while "sh" in (await ends(await terminals.open(place, ["ls", "/bin"])))[0].split():
            pass
        alone = await terminals.open(place, ["cat"])
        await alone.write(b"hello\r")
        await shows(alone, "hello")
        await alone.close()
        shown, code = await ends(await terminals.open(place, ["sh"]))
        assert "sh" in shown
        assert code not in (0, None)


@on_kubernetes
async def test_the_container_goes(cluster: Cluster, terminals: Terminals, place: Place) -> None:
    shell = await terminals.open(place, ["sh"])
    await shows(shell, "# ")
    await cluster.delete(Pod, place.pod, place.namespace, grace=1)
    assert (await ends(shell))[1] not in (0, None)
    with pytest.raises(SessionRefused):
        await terminals.open(place, ["sh"])


@on_kubernetes
@pytest.mark.parametrize(
    ("change", "why"), [({"pod": "nobody"}, "pod nobody is gone"), ({"container": "no"}, "runs no")]
)
async def test_what_is_refused(terminals: Terminals, place: Place, change: dict[str, str], why: str) -> None:
    with pytest.raises(SessionRefused, match=why):
        await terminals.open(place._replace(**change), ["true"])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"status": "Success"}, (0, b"")),
        ({"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "137"}]}}, (137, b"")),
        ({"status": "Failure", "reason": "InternalError", "message": "no sh"}, (127, b"no sh\r\n")),
        ({"status": "Failure", "details": {"causes": [{"reason": "ExitCode"}]}, "message": "x"}, (127, b"x\r\n")),
        ({}, (127, b"the command could not be run\r\n")),
    ],
)
def test_how_a_command_has_ended(status: dict[str, Any], expected: tuple[int, bytes]) -> None:
    assert outcome(json.dumps(status).encode()) == expected
