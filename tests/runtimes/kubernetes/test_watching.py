"""Pods that are followed through an API server that misbehaves, played by kmock: it says what the test has it say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import kmock as k
import pytest
from lightkube.resources.core_v1 import Pod

from kecs.runtimes.kubernetes.api import client, reflector
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.api.reflector import Reflector
from kecs.runtimes.kubernetes.api.wire import LONGEST_PAUSE, pause_of

PODS = k.resource("v1", "pods")
OPEN = ...  # a watch that goes on
GONE = k.KubernetesError(status=410, reason="Expired", message="too old")


def pod(name: str, version: int, uid: str = "u") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", "uid": uid, "resourceVersion": str(version)}}


def listed(version: int, *pods: dict[str, Any], more: str = "") -> dict[str, Any]:
    return {"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(pods)}


def event(kind: str, about: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": about}


def status(code: int, reason: str = "") -> dict[str, Any]:
    return {"kind": "Status", "code": code, "reason": reason, "message": reason}


def busy(seconds: float) -> k.Response:
    return k.Response(status=429, payload=status(429), headers={"Retry-After": str(seconds)})


class Following:
    """A reflector of the pods of the server. `news`: what it told, as `+name` and `-name`."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.server = server
        config = {
            "clusters": [{"name": "it", "cluster": {"server": str(server.url).rstrip("/")}}],
            "contexts": [{"name": "here", "context": {"cluster": "it", "user": "me"}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
            "current-context": "here",
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config))
        self.cluster = Cluster.named(path)
        self.news: list[str] = []
        self.reflector = Reflector(
            self.cluster,
            Pod,
            labels=None,
            changed=lambda found: self.news.append(f"+{found.metadata.name}"),
            gone=lambda found: self.news.append(f"-{found.metadata.name}"),
        )

    def lists(self, *answers: Any) -> None:
        """What lists find, one after the other."""
        given = iter(answers)
        self.server[k.action.LIST, PODS] << (lambda _: next(given))

    def watches(self, *streams: Any) -> None:
        """What watches tell, one after the other; the one after the last stays silent."""
        given = iter(streams)
        self.server[k.action.WATCH, PODS] << (lambda _: next(given, (b"", OPEN)))

    def since(self) -> list[str]:
        """The versions that watches were asked to go on from."""
        return [request.params["resourceVersion"] for request in self.server[k.action.WATCH, PODS]]

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long before another attempt."""
    monkeypatch.setattr(reflector, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.001)


@pytest.fixture
async def following(tmp_path: Path) -> AsyncIterator[Following]:
    async with k.KubernetesEmulator() as handler, k.Server(handler):
        opened = Following(handler, tmp_path)
        yield opened
        await opened.reflector.close()
        await opened.cluster.close()


async def test_a_watch_that_ends_goes_on_from_the_last_version(following: Following) -> None:
    following.lists(listed(5, pod("a", 3)))
    following.watches((event("ADDED", pod("b", 7)),), (event("DELETED", pod("a", 9)),))
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 3)
    assert following.since() == ["5", "7", "9"]
    assert following.news == ["+a", "+b", "-a"]
    assert following.cluster.calls == {"list pods": 1, "watch pods": 3}


async def test_what_is_told_twice_is_news_once(following: Following) -> None:
    again = event("ADDED", pod("b", 7))
    following.lists(listed(5, pod("a", 3)))
    following.watches((event("ADDED", pod("a", 3)), again, again, event("MODIFIED", pod("b", 7))))
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 2)
    assert following.news == ["+a", "+b"]


async def test_one_that_goes_twice_goes_once(following: Following) -> None:
    following.lists(listed(5, pod("a", 3)))
    following.watches((event("DELETED", pod("a", 6)), event("DELETED", pod("a", 6)), event("ADDED", pod("a", 8, "v"))))
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 2)
    assert following.news == ["+a", "-a", "+a"]


async def test_a_bookmark_is_a_version_and_no_news(following: Following) -> None:
    following.lists(listed(5))
    following.watches((event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "20"}}),))
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 2)
    assert (following.since(), following.news) == (["5", "20"], [])


@pytest.mark.parametrize("forgotten", [(event("ERROR", status(410)),), GONE], ids=["in the watch", "as its answer"])
async def test_a_version_that_is_forgotten_means_a_new_list(following: Following, forgotten: Any) -> None:
    following.lists(listed(5, pod("a", 3), pod("b", 4)), listed(30, pod("b", 4), pod("c", 22)))
    following.watches(forgotten)
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 2)
    assert following.since() == ["5", "30"]
    assert following.news == ["+a", "+b", "-a", "+c"]
    assert following.reflector.trouble is None


async def test_another_of_its_name_that_a_new_list_finds_is_another_one(following: Following) -> None:
    following.lists(listed(5, pod("a", 3)), listed(30, pod("a", 22, "another")))
    following.watches(GONE)
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 2)
    assert following.news == ["+a", "-a", "+a"]


async def test_an_error_in_a_watch_ends_only_the_watch(following: Following) -> None:
    following.lists(listed(5))
    following.watches((event("ADDED", pod("a", 7)), event("ERROR", status(500, "etcd is slow"))))
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 2)
    assert following.since() == ["5", "7"]
    assert following.reflector.trouble == "Kubernetes does not let KECS watch: etcd is slow"


async def test_what_is_no_event_means_a_new_list(following: Following, caplog: pytest.LogCaptureFixture) -> None:
    following.lists(listed(5), listed(9, pod("a", 8)))
    following.watches((b'{"type": "ADDED", "obj\n',))
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 2)
    assert (following.since(), following.news) == (["5", "9"], ["+a"])
    assert "watching Pod failed" in caplog.text


async def test_a_list_whose_next_page_is_forgotten_begins_anew(following: Following) -> None:
    following.lists(listed(5, pod("a", 3), more="page-2"), GONE, listed(9, pod("b", 8)))
    following.watches()
    await following.reflector.open()
    assert following.news == ["+b"]
    asked = [request.params.get("continue") for request in following.server[k.action.LIST, PODS]]
    assert asked == [None, "page-2", None]


async def test_a_list_that_is_forgotten_again_is_an_error(following: Following) -> None:
    page = listed(5, pod("a", 3), more="page-2")
    following.lists(page, GONE, page, GONE)
    with pytest.raises(ClusterError) as refused:
        await following.reflector.open()
    assert refused.value.status == 410


async def test_who_is_asked_to_wait_waits_as_long_as_asked(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 3600.0)  # of no use where the API server says how long
    following.lists(busy(0.01), busy(0.01), k.Response(status=200, payload=listed(5, pod("a", 3))))
    following.watches()
    await following.reflector.open()
    assert (following.news, following.cluster.calls["list pods"]) == (["+a"], 3)


@pytest.mark.parametrize("answers", [(), (GONE,)], ids=["to a watch", "to the list after it"])
async def test_a_follower_is_asked_to_wait_too(
    following: Following, monkeypatch: pytest.MonkeyPatch, answers: tuple[Any, ...]
) -> None:
    monkeypatch.setattr(reflector, "FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(client, "ATTEMPTS", 1)
    following.lists(listed(5), *([busy(0.01)] * len(answers)), k.Response(status=200, payload=listed(5)))
    following.watches(*(answers or (busy(0.01), busy(0.01))))
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == len(answers or (1, 2)) + 1)
    assert following.cluster.calls["list pods"] == 1 + 2 * len(answers)


def test_nobody_asks_sooner_than_was_wanted() -> None:
    assert all(2.0 <= pause_of(0.1, after=2.0) <= 2.4 for _ in range(100))
    assert all(0.08 <= pause_of(0.1) <= 0.12 for _ in range(100))
    assert pause_of(0.1, after=86400.0) <= LONGEST_PAUSE * 1.2


async def test_one_that_is_busy_for_too_long_does_not_answer(following: Following) -> None:
    following.lists(*(busy(0.001) for _ in range(client.ATTEMPTS)))
    with pytest.raises(ClusterGone, match="too busy"):
        await following.reflector.open()
    assert "too busy" in (following.cluster.trouble or "")


async def test_a_busy_api_server_is_asked_again_for_the_same_watch(following: Following) -> None:
    following.lists(listed(5))
    following.watches(k.KubernetesError(status=429), k.KubernetesError(status=503), (event("ADDED", pod("a", 7)),))
    await following.reflector.open()
    await following.until(lambda: len(following.since()) == 4)
    assert (following.since(), following.news) == (["5", "5", "5", "7"], ["+a"])
