"""Calls in KECS's own name, and what becomes of moto's process whatever happens to it."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from kecs.companions.around import Passing
from kecs.companions.calls import OwnCalls
from kecs.companions.choice import chosen
from kecs.companions.moto.process import MotoProcess
from kecs.companions.moto.server import Server as MotoServer
from kecs.companions.moto.wire import AWS_URL
from kecs.ports.companion import Addressed, CompanionError
from kecs.testing import Server, start_server

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
HERE = {"account": "111111111111", "region": "eu-west-1"}


def folders_of_moto() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("kecs-moto-*"))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with start_server() as server:
        yield server


@pytest.fixture
async def calls(server: Server) -> AsyncIterator[OwnCalls]:
    calls = OwnCalls(server.endpoint)
    yield calls
    calls.close()


async def code(call: Any) -> str:
    with pytest.raises(CompanionError) as refused:
        await call
    return refused.value.code


async def test_what_boto3_would_answer(calls: OwnCalls, server: Server) -> None:
    mine = server.client("ssm", **HERE)
    mine.put_parameter(Name="/a", Value="1", Type="String")
    answer = await calls.call("ssm", "GetParameters", {"Names": ["/a", "/b"]}, **HERE)
    assert sorted(answer) == ["InvalidParameters", "Parameters"]
    assert [p["Value"] for p in answer["Parameters"]] == ["1"]
    elsewhere = await calls.call("ssm", "GetParameters", {"Names": ["/a"]}, account="111111111111", region="us-east-1")
    assert elsewhere["InvalidParameters"] == ["/a"]


async def test_a_stream_is_bytes(calls: OwnCalls) -> None:
    here = {"account": "111111111111", "region": "us-east-1"}
    await calls.call("s3", "CreateBucket", {"Bucket": "streams"}, **here)
    await calls.call("s3", "PutObject", {"Bucket": "streams", "Key": "k", "Body": b"\0\xff"}, **here)
    assert (await calls.call("s3", "GetObject", {"Bucket": "streams", "Key": "k"}, **here))["Body"] == b"\0\xff"


async def test_refusals(calls: OwnCalls) -> None:
    assert await code(calls.call("ssm", "GetParameter", {"Name": "/none"}, **HERE)) == "ParameterNotFound"
    assert await code(calls.call("ssm", "GetParameter", {"Nome": "/none"}, **HERE)) == "RequestError"
    assert await code(calls.call("ssm", "Nonsense", {}, **HERE)) == "RequestError"
    assert await code(calls.call("nonsense", "Nonsense", {}, **HERE)) == "RequestError"
    calls.close()
    assert await code(calls.call("ssm", "GetParameter", {"Name": "/none"}, **HERE)) == "RequestError"


async def test_nobody_is_there() -> None:
    calls = OwnCalls("http://127.0.0.1:1")
    assert await code(calls.call("ssm", "GetParameter", {"Name": "/none"}, **HERE)) == "RequestError"
    calls.close()


async def test_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    calls = OwnCalls("http://127.0.0.1:1")
    with pytest.raises(CompanionError, match=r"pip install 'kecs\[aws\]'"):
        await calls.call("ssm", "GetParameter", {"Name": "/none"}, **HERE)
    calls.close()


# -- moto's process ---------------------------------------------------------------------------------------------------


def processes(parent: int) -> list[int]:
    """The children of a process that are moto's."""
    told = subprocess.check_output(["ps", "-Awwo", "pid=,ppid=,args="], text=True)
    lines = [line.split() for line in told.splitlines() if "kecs.companions.moto" in line]
    return [int(pid) for pid, of, *_ in lines if int(of) == parent]


def test_the_first_call_starts_one_and_the_end_of_kecs_ends_it() -> None:
    with start_server() as server:
        before = processes(os.getpid())
        server.ecs_client().create_cluster(clusterName="a")
        server.client("events").list_rules()
        assert processes(os.getpid()) == before
        threads = [threading.Thread(target=server.client("sqs").list_queues) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(processes(os.getpid())) == len(before) + 1
    assert processes(os.getpid()) == before


def test_a_browser_does_not_start_one() -> None:
    from urllib.error import HTTPError

    with start_server() as server:
        before = processes(os.getpid())
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{server.endpoint}/favicon.ico")
        assert processes(os.getpid()) == before


@LINUX
def test_it_is_started_again_when_it_has_died() -> None:
    before = processes(os.getpid())
    with start_server() as server:
        sqs = server.client("sqs")
        sqs.create_queue(QueueName="lost")
        (pid,) = set(processes(os.getpid())) - set(before)
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert "QueueUrls" not in sqs.list_queues()
        assert "moto has ended with status -9; what it held is lost" in server.logs()
        moto = companions(server)["moto"]
        assert (moto["running"], moto["deaths"], moto["last"]["status"]) == (True, 1, -9)
        assert moto["pid"] not in (pid, None)


def companions(server: Server) -> Any:
    with urlopen(f"{server.endpoint}/_kecs/companions") as answer:
        return json.load(answer)


@LINUX
async def test_a_death_is_noticed_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    noticed = asyncio.Event()
    moto = MotoProcess("http://127.0.0.1:1")
    assert moto.shown() == {"running": False, "pid": None, "deaths": 0, "last": None}
    await moto.session()
    notice = moto._died

    async def died() -> None:
        await notice()
        noticed.set()

    monkeypatch.setattr(moto, "_died", died)
    assert moto._process is not None
    moto._process.kill()
    async with asyncio.timeout(10):
        await noticed.wait()
    assert not moto.running
    assert moto.shown()["deaths"] == 1
    await moto.session()
    assert moto.running
    await moto.close()
    assert moto.shown()["deaths"] == 1  # it was told to


@LINUX
async def test_who_asks_while_it_dies_is_to_ask_again() -> None:
    around = passing()
    assert await status_of(around) == 200
    dying = around._moto._process
    assert dying is not None
    assert await status_of(around, meanwhile=lambda: (dying.kill(), dying.wait())) == 503
    assert await status_of(around) == 200
    await around.close()


@LINUX
async def test_what_it_has_seen_nothing_of_goes_to_the_next_one() -> None:
    around = passing()
    moto = around._moto
    await moto.session()
    assert moto._process is not None
    dying = moto._process
    (moto._directory / "moto").unlink()  # it listens no more
    asked = asyncio.create_task(status_of(around))
    await asyncio.to_thread(dying.kill)
    assert await asked == 200
    assert moto._process is not dying
    await around.close()


def passing() -> Passing:
    return Passing(
        chosen(()), "111111111111", "us-east-1", "http://127.0.0.1:1", interfaces=dict, identify=lambda _: None
    )


async def status_of(around: Passing, meanwhile: Callable[[], Any] = bool) -> int:
    """What moto says to somebody who asks who he is; the request is only sent as a whole after what is meanwhile."""
    sent: list[Any] = []
    messages = [{"type": "http.request", "body": b"Action=GetCallerIdentity&Version=2011-06-15"}]

    async def receive() -> Any:
        if not messages:
            await asyncio.Event().wait()  # it stays
        meanwhile()
        return messages.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"43")]
    scope = {"method": "POST", "path": "/", "query_string": b"", "scheme": "http", "headers": headers}
    await around.pass_on(Addressed("sts", "us-east-1", ""), scope, receive, send)
    status: int = sent[0]["status"]
    return status


async def test_half_a_request_is_not_carried_out() -> None:
    messages = [{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "headers": [(AWS_URL.encode(), b"https://s3.us-east-1.amazonaws.com/b/k")],
    }
    await MotoServer()(scope, receive, send)
    assert (messages, sent) == ([], [])


@LINUX
def test_it_does_not_outlive_a_kecs_that_is_killed() -> None:
    folders = folders_of_moto()
    with start_server(in_process=False) as server:
        server.client("sqs").list_queues()
        pid = server._host._process.pid  # type: ignore[attr-defined]
        (child,) = processes(pid)
        end = os.pidfd_open(child)
        os.kill(pid, signal.SIGKILL)
        assert select.select([end], [], [], 10)[0]
        os.close(end)
    assert folders_of_moto() == folders


@LINUX
async def test_nothing_of_somebodys_account_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of production")
    moto = MotoProcess("http://127.0.0.1:5373")
    await moto.session()
    assert moto._process is not None
    environment = await asyncio.to_thread(Path(f"/proc/{moto._process.pid}/environ").read_bytes)
    variables = environment.split(b"\0")
    assert b"AWS_ENDPOINT_URL=http://127.0.0.1:5373" in variables
    assert not [variable for variable in variables if b"production" in variable]
    directory = moto._directory
    await moto.close()
    assert not directory.exists()
    with pytest.raises(ConnectionAbortedError):
        await moto.session()


async def test_a_reset_of_what_does_not_run_starts_nothing() -> None:
    moto = MotoProcess("http://127.0.0.1:5373")
    await asyncio.wait_for(moto.reset(), 1)
    assert not moto.running
    await moto.close()


def test_this_process_stays_as_it_was() -> None:
    """Whoever tests with moto in their own process has theirs to themselves."""
    code = (
        "import sys; from kecs.testing import start_server\n"
        "with start_server() as server: server.client('sqs').list_queues()\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('moto', 'responses', 'werkzeug')))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
