"""What comes of an API server's answers, with one that is made up."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from lightkube.config.kubeconfig import KubeConfig
from lightkube.config.models import Cluster as ClusterConfig
from lightkube.config.models import User
from lightkube.resources.core_v1 import Pod

from kecs.runtimes.kubernetes.api import client
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.api.reflector import Reflector

Answer = Callable[[web.Request], web.StreamResponse | Any]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)


@contextlib.asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[Cluster]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    config = KubeConfig.from_one(cluster=ClusterConfig(server=f"http://127.0.0.1:{port}"), user=User()).get()
    assert config is not None
    cluster = Cluster(config)
    try:
        yield cluster
    finally:
        await cluster.close()
        await runner.cleanup()


def refusal(code: int, reason: str, **headers: str) -> web.Response:
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": f"it is {reason}"}
    return web.json_response(body, status=code, headers=headers)


def pod(name: str, version: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "n", "uid": name, "resourceVersion": version}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata}


async def test_a_request_that_comes_too_soon_is_repeated() -> None:
    answers = [refusal(429, "TooManyRequests", **{"Retry-After": "0"}), refusal(503, "ServiceUnavailable")]

    async def answer(_: web.Request) -> web.Response:
        return answers.pop(0) if answers else web.json_response(pod("one", "1"))

    async with answering(answer) as cluster:
        found = await cluster.get(Pod, "one", "n")
        assert found.metadata is not None
        assert found.metadata.name == "one"
        assert cluster.calls == {"get pods": 3}
        assert cluster.trouble is None


async def test_an_api_server_that_stays_busy_is_as_good_as_gone() -> None:
    async def answer(_: web.Request) -> web.Response:
        return refusal(500, "InternalError")

    async with answering(answer) as cluster:
        with pytest.raises(ClusterGone):
            await cluster.get(Pod, "one", "n")
        assert "too busy: it is InternalError" in (cluster.trouble or "")
        assert cluster.calls == {"get pods": client.ATTEMPTS}


async def test_what_is_refused_is_not_repeated() -> None:
    async def answer(_: web.Request) -> web.Response:
        return refusal(409, "AlreadyExists")

    async with answering(answer) as cluster:
        with pytest.raises(ClusterError, match="it is AlreadyExists") as refused:
            await cluster.create(Pod, pod("one", ""), "n")
        assert (refused.value.status, refused.value.reason) == (409, "AlreadyExists")
        assert cluster.calls == {"create pods": 1}


async def test_nobody_answers() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async with answering(answer) as cluster:
        pass
    config = KubeConfig.from_one(cluster=ClusterConfig(server=cluster.url), user=User()).get()
    assert config is not None
    away = Cluster(config)
    with pytest.raises(ClusterGone):
        await away.get(Pod, "one", "n")
    assert "does not answer" in (away.trouble or "")
    await away.close()


async def test_a_version_that_is_forgotten_leads_to_a_new_list() -> None:
    """Whatever happened between is told: one pod has changed, one has gone, one has come."""
    lists = [[pod("one", "1"), pod("two", "2")], [pod("one", "5"), pod("three", "6")]]
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    told: list[tuple[str, str]] = []
    news = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            items = lists.pop(0)
            return web.json_response({"kind": "PodList", "metadata": {"resourceVersion": "6"}, "items": items})
        if lists:
            return web.Response(body=json.dumps(gone) + "\n")
        stream = web.StreamResponse()
        await stream.prepare(request)
        await asyncio.Event().wait()
        return stream

    def hears(kind: str) -> Callable[[Any], None]:
        def hear(item: Any) -> None:
            told.append((kind, f"{item.metadata.name} {item.metadata.resourceVersion}"))
            news.set()

        return hear

    async with answering(answer) as cluster:
        reflector = Reflector(cluster, Pod, labels=None, changed=hears("changed"), gone=hears("gone"))
        await reflector.open()
        assert told == [("changed", "one 1"), ("changed", "two 2")]
        async with asyncio.timeout(10):
            while len(told) < 5:
                news.clear()
                await news.wait()
        assert told[2:] == [("gone", "two 2"), ("changed", "one 5"), ("changed", "three 6")]
        assert cluster.calls["list pods"] == 2
        await reflector.close()
