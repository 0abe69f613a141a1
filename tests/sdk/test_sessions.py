"""Sessions of ECS Exec on each runtime: a strict client of the protocol, and one that is somebody else's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.sdk.conftest import EVERYWHERE
from tests.support import javascript
from tests.support.servers import Server
from tests.support.session_client import connected

pytestmark = pytest.mark.parametrize("server", EVERYWHERE, indirect=True)

ROLE = "arn:aws:iam::000000000000:role/task"


@pytest.fixture
def task(ecs: Any, cluster: str, image: Callable[[], str]) -> str:
    """A task that sleeps and may be looked into."""
    container = {"name": "app", "image": image(), "memory": 64, "command": ["sleep", "600"], "stopTimeout": 2}
    container["environment"] = [{"name": "STAGE", "value": "test"}]
    ecs.register_task_definition(family="exec", taskRoleArn=ROLE, containerDefinitions=[container])
    run = ecs.run_task(cluster=cluster, taskDefinition="exec", enableExecuteCommand=True)
    arn: str = run["tasks"][0]["taskArn"]
    ecs.get_waiter("tasks_running").wait(cluster=cluster, tasks=[arn], WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
    return arn


def session(ecs: Any, cluster: str, task: str, command: str) -> dict[str, str]:
    answer = ecs.execute_command(cluster=cluster, task=task, command=command, interactive=True)
    return dict(answer["session"])


async def test_a_shell(ecs: Any, cluster: str, task: str) -> None:
    async with connected(session(ecs, cluster, task, "/bin/sh")) as client:
        await client.is_acknowledged(await client.resize(100, 30))
        await client.type("echo stage $STAGE\r")
        await client.sees("stage test\r\n")
        await client.is_acknowledged(await client.type("exit 3\r"))
        await client.ends()
    assert client.handshakes == [5, 7]
    assert client.exit_code == 3
    assert client.closed is not None
    assert client.closed["Output"] == ""


async def test_one_command(ecs: Any, cluster: str, task: str) -> None:
    async with connected(session(ecs, cluster, task, 'sh -c "echo one two; exit 4"')) as client:
        await client.ends()
    assert (client.screen, client.exit_code) == ("one two\r\n", 4)


async def test_a_command_that_is_not_there(ecs: Any, cluster: str, task: str) -> None:
    async with connected(session(ecs, cluster, task, "no-such-program")) as client:
        await client.ends()
    assert "no-such-program" in client.screen
    assert client.exit_code not in (0, None)


async def test_ctrl_c_reaches_the_program(ecs: Any, cluster: str, task: str) -> None:
    async with connected(session(ecs, cluster, task, "/bin/sh")) as client:
        await client.sees("# ")
        await client.type("sh -c 'echo begun; sleep 600'\r")
        await client.sees("begun\r\n")  # it is another process that has the terminal
        await client.type("\x03")
        await client.sees("^C")
        await client.type("echo back $?\r")
        await client.sees("back 130\r\n")
        await client.terminate()
        await client.ends()


async def test_a_client_without_a_handshake(ecs: Any, cluster: str, task: str) -> None:
    async with connected(session(ecs, cluster, task, "/bin/sh"), handshake=False) as client:
        await client.type("exit 0\r")
        await client.ends()
    assert client.exit_code == 0


async def test_a_client_that_acknowledges_nothing_gets_it_again(ecs: Any, cluster: str, task: str) -> None:
    async with connected(session(ecs, cluster, task, "/bin/sh"), mute=True) as client:
        await client.sees("# ")
        await client.comes_again()


async def test_nonsense_is_let_go_of(ecs: Any, cluster: str, task: str) -> None:
    async with connected(session(ecs, cluster, task, "/bin/sh")) as client:
        await client.raw(b"nonsense")
        await client.raw(client.message(0, 1, b"", "unheard_of"))
        await client.type("exit 0\r")
        await client.ends()
    assert client.exit_code == 0


async def test_the_task_stops(ecs: Any, cluster: str, task: str) -> None:
    async with connected(session(ecs, cluster, task, "/bin/sh")) as client:
        await client.sees("# ")
        ecs.stop_task(cluster=cluster, task=task)
        await client.ends()
    assert client.exit_code not in (0, None)


async def test_a_session_has_one_client_and_it_needs_the_token(ecs: Any, cluster: str, task: str) -> None:
    waiting = session(ecs, cluster, task, "/bin/sh")
    await is_refused({**waiting, "tokenValue": "another"})
    async with connected(waiting) as client:
        await client.sees("# ")
        await is_refused(waiting)
        await client.terminate()


async def is_refused(waiting: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(waiting["streamUrl"]) as socket:
        await socket.send_json({"TokenValue": waiting["tokenValue"]})
        message = await socket.receive(20)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_a_client_that_does_not_say_what_it_wants(server: Server) -> None:
    url = f"{server.url.replace('http', 'ws')}/v1/data-channel/ecs-execute-command-0"
    for said in ("", "[]", '{"TokenValue": 5}', '{"TokenValue": "\\ud800"}', "[" * 60_000):
        async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
            await socket.send_str(said)
            message = await socket.receive(20)
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_what_is_no_websocket(server: Server, ecs: Any, cluster: str, task: str) -> None:
    url = session(ecs, cluster, task, "/bin/sh")["streamUrl"]
    async with aiohttp.ClientSession() as http:
        async with http.get(url.replace("ws://", "http://")) as answer:
            assert answer.status == 426
            assert "WebSocket" in await answer.text()
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await http.ws_connect(f"{server.url}/elsewhere")
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await http.ws_connect(url, headers={"Origin": "http://example.com"})


def test_a_client_of_somebody_else(ecs: Any, cluster: str, task: str) -> None:
    if reason := javascript.problem():
        pytest.skip(reason)
    waiting = session(ecs, cluster, task, "/bin/sh")
    done = subprocess.run(
        ["node", "session.mjs", waiting["streamUrl"], waiting["tokenValue"], "# ", "echo stage $STAGE", "exit"],
        cwd=javascript.FOLDER,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "\nstage test\n" in done.stdout
