"""Hooks over HTTP: what is sent where, and what becomes of every kind of answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from kecs.companions.functions import NO_ENDPOINT, HttpHooks
from kecs.core.deployments.hooks import HookAnswer, HookCall

FUNCTION = "arn:aws:lambda:eu-west-1:111111111111:function:check:live"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 26\r\n\r\n" + b'{"hookStatus":"SUCCEEDED"}'


class Desk:
    """Something that answers HTTP, and what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heads: list[list[str]] = []
        self.bodies: list[bytes] = []
        self.asked = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        length = next(int(line.split(":")[1]) for line in head if line.lower().startswith("content-length:"))
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(length))
        self.asked.set()
        if self.answer:
            writer.write(self.answer)
            await writer.drain()
        else:
            await reader.read()  # until the caller has enough
        writer.close()


@asynccontextmanager
async def desk(answer: bytes) -> AsyncIterator[Desk]:
    found = Desk(answer)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield found


async def called(hooks: HttpHooks, target: str) -> HookAnswer:
    answers: asyncio.Queue[HookAnswer] = asyncio.Queue()
    hooks.connect(answers.put_nowait)
    hooks.call(HookCall(deployment="d", hook_id="h", number=2, target=target, payload={"executionId": "h"}))
    try:
        return await asyncio.wait_for(answers.get(), 10)
    finally:
        await hooks.close()


async def test_a_function_is_invoked_by_the_lambda_api() -> None:
    async with desk(OK) as found:
        answer = await called(HttpHooks(found.url + "/"), FUNCTION)
    assert answer == HookAnswer(deployment="d", hook_id="h", number=2, body={"hookStatus": "SUCCEEDED"})
    (head,) = found.heads
    path = "/2015-03-31/functions/arn:aws:lambda:eu-west-1:111111111111:function:check:live/invocations"
    assert head[0] == f"POST {path} HTTP/1.1"
    (scope,) = [line for line in head if line.lower().startswith("authorization:")]
    assert "Credential=111111111111/20260101/eu-west-1/lambda/aws4_request" in scope
    assert msgspec.json.decode(found.bodies[0]) == {"executionId": "h"}


async def test_a_local_hook_is_called_by_its_url() -> None:
    async with desk(OK) as found:
        answer = await called(HttpHooks(None), f"{found.url}/check?it=1")
    assert answer.body == {"hookStatus": "SUCCEEDED"}
    assert found.heads[0][0] == "POST /check?it=1 HTTP/1.1"


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nno such f", lambda a: a.error == "404 no such f"),
        (
            b"HTTP/1.1 200 OK\r\nX-Amz-Function-Error: Unhandled\r\ncontent-length: 4\r\n\r\noops",
            lambda a: a.error == "Unhandled oops",
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes", lambda a: (a.body, a.error) == (None, None)),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xff", lambda a: (a.body, a.error) == (None, None)),
        (b"what?\r\n\r\n", lambda a: a.error),
        (b"", lambda a: a.error == "no answer within 0.05 seconds"),
    ],
)
async def test_what_goes_wrong_is_an_answer_too(answer: bytes, wanted: Callable[[HookAnswer], bool]) -> None:
    async with desk(answer) as found:
        assert wanted(await called(HttpHooks(found.url, 10 if answer else 0.05), FUNCTION))


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/", "http://[", "https://"])
async def test_nobody_there(target: str) -> None:
    assert (await called(HttpHooks(None), target)).error


async def test_without_an_endpoint_no_function_can_be_invoked() -> None:
    assert (await called(HttpHooks(None), FUNCTION)).error == NO_ENDPOINT


async def test_closing_lets_go_of_what_is_under_way() -> None:
    reported: list[HookAnswer] = []
    async with desk(b"") as found:
        hooks = HttpHooks(found.url)
        hooks.connect(reported.append)
        hooks.call(HookCall(deployment="d", hook_id="h", number=1, target=FUNCTION, payload={}))
        await found.asked.wait()
        await hooks.close()
    assert reported == []
