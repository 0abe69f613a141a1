"""Faults of tasks' networks on a real engine, as the containers and this machine see them."""

from __future__ import annotations

import asyncio
import json
import re
from ipaddress import ip_network

import pytest
from tests.support.docker_runtime import Bench, bench, container, listed, plan, run
from tests.support.images import PORT, docker

from kecs.core.inside.network_faults import BlackHole, Fault, Latency, PacketLoss, rivals
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Provisioned, Released
from kecs.ports.fault_injection import InjectionFailed, Unsupported
from kecs.runtimes.docker import labels
from kecs.runtimes.docker.fault_injector import DockerInjector

pytestmark = pytest.mark.docker

SERVES = ["httpd", "-f", "-p", str(PORT), "-h", "/www"]
ANYBODY = (ip_network("0.0.0.0/0"),)
TERMINATED = 143
SHORT = 1  # second, in which a connection on one machine is made a thousand times


class Place:
    """A task that serves, in a network of its own."""

    def __init__(self, on: Bench, task: TaskPlan, started: str, address: str) -> None:
        self.on, self.task, self.container, self.address = on, task, started, address

    def says(self, *command: str) -> tuple[int, str]:
        """Exit code and output of a command in its container."""
        body = json.dumps({"Cmd": command, "AttachStdout": True, "AttachStderr": True, "Tty": True})
        _, process = docker("POST", f"/containers/{self.container}/exec", body.encode())
        _, said = docker("POST", f"/exec/{process['Id']}/start", b'{"Tty": true}')
        _, ended = docker("GET", f"/exec/{process['Id']}/json")
        return ended["ExitCode"], str(said)

    def reaches(self, other: Place) -> bool:
        """Whether it answers, rather than nobody."""
        code, said = self.says("timeout", str(SHORT), "wget", "-qO-", f"http://{other.address}:{PORT}/")
        assert code in (0, TERMINATED), said
        return code == 0

    def lost(self, other: Place, among: int) -> int:
        """How many of so many packets to the other, in percent."""
        _, said = self.says("ping", "-q", "-c", str(among), "-i", "0.01", "-W", str(SHORT), other.address)
        found = re.search(r"(\d+)% packet loss", said)
        assert found, said
        return int(found[1])


async def place(on: Bench) -> Place:
    task = plan(container(command=SERVES), mode="awsvpc")
    (started,) = await run(on, task)
    address = (await on.until(Provisioned, task)).address
    assert address is not None
    return Place(on, task, started.runtime_id, address)


def injector_of(on: Bench) -> DockerInjector:
    made = on.runtime.insight().injector()
    assert isinstance(made, DockerInjector)
    return made


async def start(injector: DockerInjector, task: str, fault: Fault) -> None:
    """Bring it about, where nothing is in its way."""
    assert not await injector.start(task, fault, rivals(fault)) & rivals(fault)


async def from_here(at: Place) -> bool:
    """Whether this machine reaches it."""
    try:
        async with asyncio.timeout(SHORT):
            _, writer = await asyncio.open_connection(at.address, PORT)
    except TimeoutError:
        return False
    writer.close()
    return True


async def test_nothing_comes_in_until_the_hole_is_closed() -> None:
    async with bench() as on:
        at, other = await place(on), await place(on)
        injector, hole = injector_of(on), BlackHole(PORT, "tcp", "ingress", (ip_network(other.address),))
        assert await from_here(at)
        await start(injector, at.task.arn, hole)
        assert await injector.running(at.task.arn) == {hole.name}
        assert await injector.running(other.task.arn) == frozenset()
        assert not await from_here(at)
        assert await injector.start(at.task.arn, hole, rivals(hole)) == {hole.name}
        assert other.reaches(at)  # it is spared
        await injector.stop(at.task.arn, hole.name)
        assert await injector.running(at.task.arn) == frozenset()
        assert await from_here(at)


async def test_nothing_goes_out_but_to_who_is_spared() -> None:
    async with bench() as on:
        at, friend, stranger = await place(on), await place(on), await place(on)
        injector, hole = injector_of(on), BlackHole(PORT, "tcp", "egress", (ip_network(friend.address),))
        await start(injector, at.task.arn, hole)
        assert at.reaches(friend)
        assert not at.reaches(stranger)
        assert friend.reaches(at)
        await injector.stop(at.task.arn, hole.name)
        assert at.reaches(stranger)


async def test_names_are_not_found_while_port_53_is_a_hole() -> None:
    async with bench() as on:
        at = await place(on)
        injector, hole = injector_of(on), BlackHole(53, "udp", "egress")
        ask = ("timeout", "5", "nslookup", "-type=a", "nobody.invalid")
        assert "can't find" in at.says(*ask)[1]
        await start(injector, at.task.arn, hole)
        assert "no servers could be reached" in at.says(*ask)[1]
        await injector.stop(at.task.arn, hole.name)
        assert "can't find" in at.says(*ask)[1]


@pytest.mark.long
async def test_packets_are_lost_on_the_way_out_and_nobody_is_told() -> None:
    async with bench() as on:
        at, other = await place(on), await place(on)
        injector = injector_of(on)
        assert at.lost(other, 20) == 0
        await start(injector, at.task.arn, PacketLoss(50, ANYBODY))
        assert 20 < at.lost(other, 200) < 80
        await injector.stop(at.task.arn, "network-packet-loss")
        assert at.lost(other, 20) == 0
        await start(injector, at.task.arn, PacketLoss(100, (ip_network(other.address),)))
        latency = Latency(1, 0, ANYBODY)
        assert await injector.start(at.task.arn, latency, rivals(latency)) == {"network-packet-loss"}
        assert at.lost(other, 5) == 100
        assert await from_here(at)  # this machine is no source


async def test_what_goes_to_the_sources_comes_later() -> None:
    async with bench() as on:
        at, other, spared = await place(on), await place(on), await place(on)
        injector = injector_of(on)
        try:
            await start(injector, at.task.arn, Latency(300, 0, ANYBODY, (ip_network(spared.address),)))
        except Unsupported as missing:
            assert await injector.running(at.task.arn) == frozenset()
            assert at.lost(other, 20) == 0
            pytest.skip(f"not on docker: {missing}")
        assert await injector.running(at.task.arn) == {"network-latency"}
        times = {each: at.says("ping", "-q", "-c", "3", each.address)[1] for each in (other, spared)}
        quickest = {each: float(said.rpartition("= ")[2].partition("/")[0]) for each, said in times.items()}
        assert quickest[other] >= 300 > quickest[spared]
        await injector.stop(at.task.arn, "network-latency")
        assert await injector.running(at.task.arn) == frozenset()


async def test_a_task_takes_its_faults_and_helpers_along() -> None:
    async with bench() as on:
        at = await place(on)
        injector = injector_of(on)
        await start(injector, at.task.arn, BlackHole(PORT, "tcp", "ingress"))
        label = f"{labels.TASK}={at.task.arn}"
        assert len(listed("containers", label)) == 2
        # As if KECS had died with one under way.
        pause = next(each for each in listed("containers", label) if each["Labels"][labels.ROLE] == "pause")
        await injector._create(pause, "true")
        (observed,) = await on.runtime.inventory()
        assert [each.name for each in observed.containers] == ["app"]
        on.runtime.release(at.task)
        await on.until(Released, at.task)
        assert listed("containers", label) == []
        with pytest.raises(InjectionFailed):
            await injector.running(at.task.arn)


async def test_folders_and_programs_that_a_machine_has_not() -> None:
    async with bench() as on:
        at = await place(on)
        injector = injector_of(on)
        injector._folders += ("/nowhere",)
        looks = (injector.running(at.task.arn) for _ in range(2))  # both are refused before one knows why
        assert await asyncio.gather(*looks) == [frozenset()] * 2
        assert "/nowhere" not in injector._folders
        with pytest.raises(Unsupported, match="there is no teleport on the machine"):
            await injector._run(await injector._containers(at.task.arn), "teleport")
        injector._folders = ()
        with pytest.raises(Unsupported, match="lends none of its programs"):
            await injector.running(at.task.arn)
        assert len(listed("containers", f"{labels.TASK}={at.task.arn}")) == 2
