"""Parts of the Docker runtime in front of a scripted engine: sharing, ordering, and what to do when it refuses."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from kecs.core.tasks.plan import RegistryLogin
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.docker.lanes import Lanes
from kecs.runtimes.docker.networks import TaskNetwork
from kecs.runtimes.docker.pulls import Pulls
from kecs.runtimes.once import Once


class ScriptedEngine:
    """Answers what `images` and `refuse` say, and remembers what it was asked."""

    def __init__(self) -> None:
        self.images: set[str] = set()
        self.asked: list[tuple[str, str, Any]] = []
        self.pulls = 0
        self.platforms: list[str | None] = []
        self.arrived = asyncio.Event()
        self.hung_up = 0
        self.logins: list[dict[str, str] | None] = []
        self.platform: dict[str, str] = {}  # of every image
        self.overlapping = 0  # how many subnets are refused

    async def call(self, method: str, path: str, *, params: Any = None, body: Any = None) -> Any:
        self.asked.append((method, path, body))
        await asyncio.sleep(0)
        if path == "networks":
            return []
        if path == "networks/create":
            return self._create_network(body)
        image = path.removeprefix("images/").removesuffix("/json")
        if image not in self.images:
            raise EngineError(404, f"No such image: {image}")
        return {"Id": "sha256:id", "RepoDigests": ["x@sha256:digest"], **self.platform}

    def _create_network(self, body: dict[str, Any]) -> dict[str, Any]:
        if "IPAM" not in body:
            raise EngineError(500, "could not find an available, non-overlapping IPv4 address pool among the defaults")
        if self.overlapping:
            self.overlapping -= 1
            raise EngineError(403, "Pool overlaps with other one on this address space")
        return {"Id": "network"}

    async def progress(self, path: str, *, params: dict[str, str], headers: dict[str, str] | None) -> None:
        self.pulls += 1
        self.platforms.append(params.get("platform"))
        self.logins.append(json.loads(base64.urlsafe_b64decode(headers["X-Registry-Auth"])) if headers else None)
        try:
            await self.arrived.wait()
        except asyncio.CancelledError:
            self.hung_up += 1
            raise
        self.images.add(params["fromImage"])


async def turns(count: int = 10) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_pulls_of_one_image_are_one_pull() -> None:
    engine = ScriptedEngine()
    pulls = Pulls(engine, "missing")  # type: ignore[arg-type]
    waiting = [asyncio.create_task(pulls.obtain("x")) for _ in range(5)]
    await turns()
    engine.arrived.set()
    assert await asyncio.gather(*waiting) == ["sha256:digest"] * 5
    assert engine.pulls == 1
    await pulls.close()


async def test_whoever_pulls_as_somebody_else_pulls_apart() -> None:
    engine = ScriptedEngine()
    pulls = Pulls(engine, "missing")  # type: ignore[arg-type]
    login = RegistryLogin("alice", "hunter2")
    waiting = [asyncio.create_task(pulls.obtain("registry.local/x", who)) for who in (None, login, login)]
    await turns()
    engine.arrived.set()
    await asyncio.gather(*waiting)
    shown = {"username": "alice", "password": "hunter2", "serveraddress": "registry.local"}
    assert engine.logins == [None, shown]
    await pulls.close()


async def test_a_pull_goes_on_while_anybody_waits_for_it() -> None:
    engine = ScriptedEngine()
    pulls = Pulls(engine, "missing")  # type: ignore[arg-type]
    first, second = (asyncio.create_task(pulls.obtain("x")) for _ in range(2))
    await turns()
    first.cancel()
    await turns()
    assert engine.hung_up == 0
    second.cancel()
    await turns()
    assert engine.hung_up == 1
    again = asyncio.create_task(pulls.obtain("x"))
    await turns()
    engine.arrived.set()
    assert await again == "sha256:digest"
    assert engine.pulls == 2
    await pulls.close()


async def test_an_image_for_another_platform_is_pulled_for_the_one_that_is_wanted() -> None:
    engine = ScriptedEngine()
    engine.images.add("x:latest")
    engine.platform = {"Os": "linux", "Architecture": "amd64"}
    engine.arrived.set()
    pulls = Pulls(engine, "missing")  # type: ignore[arg-type]
    assert await pulls.obtain("x", platform="linux/amd64") == "sha256:digest"
    assert engine.platforms == []
    with pytest.raises(EngineError, match="no matching manifest for linux/arm64 in the manifest list entries"):
        await pulls.obtain("x", platform="linux/arm64")
    assert engine.platforms == ["linux/arm64"]


async def test_an_image_that_does_not_say_for_which_platform_it_is_goes_for_any() -> None:
    engine = ScriptedEngine()
    engine.images.add("x:latest")
    assert await Pulls(engine, "never").obtain("x", platform="linux/arm64") == "sha256:digest"  # type: ignore[arg-type]


async def test_a_failed_pull_is_tried_again_by_the_next_who_asks() -> None:
    engine = ScriptedEngine()
    pulls = Pulls(engine, "never")  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="No such image"):
        await pulls.obtain("x")
    engine.images.add("x:latest")
    assert await pulls.obtain("x") == "sha256:digest"
    assert engine.pulls == 0


async def test_an_image_that_was_just_there_is_not_looked_for_again() -> None:
    engine = ScriptedEngine()
    engine.images.add("x:latest")
    pulls = Pulls(engine, "missing")  # type: ignore[arg-type]
    for _ in range(3):
        await pulls.obtain("x")
    assert len(engine.asked) == 1


async def test_a_subnet_of_our_own_when_dockers_pools_are_used_up() -> None:
    engine = ScriptedEngine()
    engine.overlapping = 3
    await TaskNetwork(engine, "test").ensure()  # type: ignore[arg-type]
    subnets = [body["IPAM"]["Config"][0]["Subnet"] for _, path, body in engine.asked if body and "IPAM" in body]
    assert len(subnets) == len(set(subnets)) == 4


async def test_no_subnet_at_all() -> None:
    engine = ScriptedEngine()
    engine.overlapping = 10_000
    with pytest.raises(EngineError, match="Pool overlaps"):
        await TaskNetwork(engine, "test").ensure()  # type: ignore[arg-type]


async def test_once_runs_until_it_has_succeeded() -> None:
    made: list[str] = []

    async def make() -> None:
        made.append("try")
        await asyncio.sleep(0)
        if len(made) == 1:
            raise EngineError(500, "not yet")

    once = Once(make)
    outcomes = await asyncio.gather(*(once.ensure() for _ in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [EngineError, type(None), type(None), type(None)]
    assert len(made) == 2
    once.forget()
    await once.ensure()
    assert len(made) == 3


class Steps:
    """Work that waits to be let go on, and notes when it begins and ends."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def work(self, name: str) -> Any:
        gate = self.gates[name] = asyncio.Event()

        async def step() -> None:
            self.log.append(f"{name} begins")
            await gate.wait()
            self.log.append(f"{name} ends")

        return step


async def test_lanes_keep_the_order_within_a_task_only() -> None:
    lanes, steps = Lanes(), Steps()
    lanes.run("t", None, steps.work("provision"))
    lanes.run("t", "a", steps.work("start a"))
    lanes.run("t", "b", steps.work("start b"))
    lanes.run("t", "a", steps.work("stop a"))
    lanes.run("t", None, steps.work("release"))
    lanes.run("other", "a", steps.work("elsewhere"))
    await turns()
    assert steps.log == ["provision begins", "elsewhere begins"]
    steps.gates["provision"].set()
    await turns()
    assert steps.log[2:] == ["provision ends", "start a begins", "start b begins"]
    steps.gates["start a"].set()
    await turns()
    assert steps.log[5:] == ["start a ends", "stop a begins"]
    steps.gates["stop a"].set()
    await turns()
    assert steps.log[7:] == ["stop a ends"]
    steps.gates["start b"].set()
    steps.gates["release"].set()
    await turns()
    assert steps.log[8:] == ["start b ends", "release begins", "release ends"]
    assert lanes.tasks() == ["other"]
    await lanes.close()


async def test_draining_a_lane_waits_for_what_cannot_be_interrupted() -> None:
    lanes, steps = Lanes(), Steps()
    lanes.run("t", "a", steps.work("start a"))
    lanes.run("t", "b", steps.work("stop b"), interruptible=True)
    lanes.run("t", None, steps.work("release"))
    await turns()
    draining = asyncio.create_task(lanes.drain("t"))
    await turns()
    assert not draining.done()
    steps.gates["start a"].set()
    await draining
    assert steps.log == ["start a begins", "stop b begins", "start a ends"]
    assert lanes.tasks() == []


async def test_a_drained_lane_asks_nothing_more_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, lanes = Engine("tcp://127.0.0.1:1"), Lanes()
    asked: list[str] = []
    answered = asyncio.Event()

    async def ask(_method: str, path: str, *_: Any) -> None:
        asked.append(path)
        await answered.wait()

    async def launch() -> None:
        await engine.call("POST", "create")
        await engine.call("POST", "start")

    monkeypatch.setattr(engine, "_call", ask)
    lanes.run("dropped", "a", launch)
    lanes.run("kept", "a", launch)
    await turns()
    draining = asyncio.create_task(lanes.drain("dropped"))
    await turns()
    assert not draining.done(), "what the engine was asked for may come about"
    answered.set()
    await draining
    await turns()
    assert asked == ["create", "create", "start"]
    assert lanes.tasks() == []
    await engine.close()
