"""The fault injection endpoints on virtual time: the order of what is asked, the texts, the limits."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from kecs.app.inside import KernelInside
from kecs.core.inside.network_faults import Fault, Kind
from kecs.endpoints.inside import fault_injection
from kecs.ports.fault_injection import InjectionFailed, Unsupported

from .test_inside import NAMES, Caller, running
from .world import World

HOLE = {"Port": 80, "Protocol": "tcp", "TrafficType": "ingress"}
LATE = {"DelayMilliseconds": 100, "JitterMilliseconds": 0, "Sources": ["0.0.0.0/0"]}
LOSS = {"LossPercent": 6, "Sources": ["0.0.0.0/0"]}
BODIES: dict[Kind, Any] = {"network-blackhole-port": HOLE, "network-latency": LATE, "network-packet-loss": LOSS}


class Networks:
    """An injector that only remembers."""

    def __init__(self) -> None:
        self.faults: dict[str, dict[str, Fault]] = {}
        self.trouble: Exception | None = None
        self.slow = False
        self.at_once = self.most_at_once = 0

    async def running(self, task: str) -> frozenset[str]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(60 if self.slow else 0)
        self.at_once -= 1
        if self.trouble is not None:
            raise self.trouble
        return frozenset(self.faults.get(task, ()))

    async def start(self, task: str, fault: Fault, unless: frozenset[str]) -> frozenset[str]:
        before = await self.running(task)
        if not before & unless:
            self.faults.setdefault(task, {})[fault.name] = fault
        return before

    async def stop(self, task: str, name: str) -> None:
        await self.running(task)
        self.faults.get(task, {}).pop(name, None)


class Endpoints:
    """Those of one task, asked from its container; between two requests there is always time."""

    def __init__(self, world: World, caller: Caller, arn: str) -> None:
        self._world = world
        self._caller = caller
        self._uri = f"/api/{NAMES.container(arn, 'app')}/fault/v1"

    async def ask(self, kind: str, operation: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
        self._world.clock.advance(fault_injection.EVERY)
        return await self.at_once(kind, operation, body, method)

    async def at_once(self, kind: str, operation: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return await self._caller.ask(f"{self._uri}/{kind}/{operation}", method, sent)


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Networks:
    made = Networks()
    monkeypatch.setattr(KernelInside, "injector", lambda _: made)
    return made


def faulty(world: World, **members: Any) -> tuple[str, Endpoints]:
    arn = running(world, enableFaultInjection=True, **members)
    return arn, Endpoints(world, Caller(world), arn)


@pytest.mark.parametrize("kind", BODIES)
async def test_a_fault_from_its_start_to_its_end(world: World, networks: Networks, kind: Kind) -> None:
    arn, of = faulty(world)
    body = BODIES[kind]
    assert await of.ask(kind, "status", body) == (200, {"Status": "not-running"})
    assert await of.ask(kind, "start", body) == (200, {"Status": "running"})
    assert len(networks.faults[arn]) == 1
    assert await of.ask(kind, "status", body) == (200, {"Status": "running"})
    assert await of.ask(kind, "stop", body) == (200, {"Status": "stopped"})
    assert networks.faults[arn] == {}
    assert await of.ask(kind, "stop", body) == (200, {"Status": "stopped"})
    assert await of.ask(kind, "status", body) == (200, {"Status": "not-running"})


async def test_black_holes_are_told_apart_and_may_be_many(world: World, networks: Networks) -> None:
    arn, of = faulty(world)
    kind, other = "network-blackhole-port", HOLE | {"TrafficType": "egress"}
    for body in (HOLE, other, HOLE):
        assert await of.ask(kind, "start", body) == (200, {"Status": "running"})
    assert sorted(networks.faults[arn]) == ["egress-tcp-80", "ingress-tcp-80"]
    await of.ask(kind, "stop", HOLE)
    assert await of.ask(kind, "status", HOLE) == (200, {"Status": "not-running"})
    assert await of.ask(kind, "status", other) == (200, {"Status": "running"})


async def test_latency_and_packet_loss_are_one_at_a_time(world: World, networks: Networks) -> None:
    arn, of = faulty(world)
    await of.ask("network-blackhole-port", "start", HOLE)
    await of.ask("network-latency", "start", LATE)
    taken = (409, {"Error": "There is already one network latency fault running"})
    assert await of.ask("network-latency", "start", LATE | {"DelayMilliseconds": 5}) == taken
    assert await of.ask("network-packet-loss", "start", LOSS) == taken
    assert await of.ask("network-packet-loss", "stop") == (200, {"Status": "stopped"})
    assert sorted(networks.faults[arn]) == ["ingress-tcp-80", "network-latency"]
    assert networks.faults[arn]["network-latency"].delay == 100  # type: ignore[union-attr]


async def test_nothing_more_is_said_to_end_what_there_is_one_of(world: World, networks: Networks) -> None:
    arn, of = faulty(world)
    await of.ask("network-packet-loss", "start", LOSS)
    assert await of.ask("network-packet-loss", "status", b"?") == (200, {"Status": "running"})
    assert await of.ask("network-packet-loss", "stop", b"?") == (200, {"Status": "stopped"})
    assert networks.faults[arn] == {}
    status, answer = await of.ask("network-blackhole-port", "status")
    assert (status, answer) == (400, {"Error": "required request body is missing"})


async def test_an_endpoint_answers_a_container_once_in_five_seconds(world: World, networks: Networks) -> None:
    arn, of = faulty(world)
    assert (await of.ask("network-latency", "start", {}))[0] == 400  # what is refused counts too
    tired = (429, {"Error": "You have reached maximum request limit."})
    assert await of.at_once("network-latency", "start", LATE) == tired
    assert (await of.at_once("network-latency", "status"))[0] == 200
    assert (await of.at_once("network-packet-loss", "start", LOSS))[0] == 200
    world.clock.advance(fault_injection.EVERY - 0.01)
    assert await of.at_once("network-latency", "start", LATE) == tired
    assert list(networks.faults[arn]) == ["network-packet-loss"]
    world.clock.advance(0.01)
    assert (await of.at_once("network-latency", "start", LATE))[0] == 409


async def test_a_task_that_has_not_enabled_it(world: World, networks: Networks) -> None:
    arn = running(world)
    of = Endpoints(world, Caller(world), arn)
    expected = (400, {"Error": f"enableFaultInjection is not enabled for task: {arn}"})
    for kind, body in BODIES.items():
        assert await of.ask(kind, "start", body) == expected
        assert await of.ask(kind, "status", body) == expected
    assert networks.faults == {}


async def test_the_task_says_of_itself_whether_it_has(world: World, networks: Networks) -> None:
    caller = Caller(world)
    for enabled in (True, False):
        arn = running(world, enableFaultInjection=enabled)
        task = await caller.get(f"/v4/{NAMES.container(arn, 'app')}/task")
        assert task["FaultInjectionEnabled"] is enabled


async def test_the_network_of_the_machine_is_left_alone(world: World, networks: Networks) -> None:
    world.define_ec2(networkMode="host", enableFaultInjection=True)
    arn = world.run(launchType="EC2", networkConfiguration=None)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    status, answer = await Endpoints(world, Caller(world), arn).ask("network-latency", "start", LATE)
    assert status == 400
    assert answer["Error"].startswith("host mode is not supported")
    assert networks.faults == {}


async def test_who_is_nobody(world: World, networks: Networks) -> None:
    _, of = faulty(world)
    status, answer = await Caller(world).ask("/api/x/fault/v1/network-latency/status", "POST")
    assert (status, answer["Error"].endswith("from v3 endpoint ID: x")) == (404, True)
    assert (await of.ask("network-latency", "status", method="GET"))[0] == 405
    assert (await of.ask("network-latency", "begin"))[0] == 404
    assert (await of.ask("network-weather", "start"))[0] == 404


async def test_what_is_in_the_way(
    world: World, networks: Networks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, of = faulty(world)
    networks.trouble = Unsupported("network-latency is not supported: why.")
    assert await of.ask("network-latency", "start", LATE) == (400, {"Error": "network-latency is not supported: why."})
    networks.trouble = InjectionFailed("exit code 4: no")
    assert await of.ask("network-latency", "start", LATE) == (500, {"Error": "internal error"})
    assert "exit code 4: no" in caplog.text
    networks.slow = True
    monkeypatch.setattr(fault_injection, "WITHIN", 0.0)
    expected = (500, {"Error": "check status network-latency: request timed out"})
    assert await of.ask("network-latency", "status") == expected


async def test_one_request_at_a_time_for_a_task(world: World, networks: Networks) -> None:
    _, of = faulty(world)
    asked = (of.at_once(kind, "start", body) for kind, body in BODIES.items())
    answers = await asyncio.gather(*asked)
    assert sorted(status for status, _ in answers) == [200, 200, 409]
    assert networks.most_at_once == 1


async def test_a_runtime_without_networks(world: World) -> None:
    _, of = faulty(world)
    status, answer = await of.ask("network-blackhole-port", "start", HOLE)
    assert (status, "not supported" in answer["Error"]) == (400, True)
