"""Faults of the networks of tasks, on a Docker Engine; see ports.fault_injection.Injector. `insight` makes it.

Neither KECS nor the task may change the task's network, and no image with the tools for it may be at hand. So each
look and each change is a short-lived container of the pause container's image, in its network, which has the right
and borrows the tools of the machine that the engine runs on: their folders, to read. It needs no root for KECS, and
works with an engine elsewhere. Called when a task asks for a fault, never otherwise.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from kecs.core.inside.network_faults import LATENCY, PACKET_LOSS, Fault
from kecs.ports.fault_injection import InjectionFailed, Unsupported
from kecs.runtimes.docker import labels, logs
from kecs.runtimes.docker.engine import Engine, EngineError, EngineGone
from kecs.runtimes.docker.fault_scripts import LOOK, Door, found, starting, stopping

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives")  # where the tools and what they need are
_NO_FOLDER = re.compile(r"(?:does not exist: |statfs )(/\w+(?:/\w+)*)")  # as Docker says it, and as Podman
_GOING = (404, 409)  # of a task whose containers are just removed
_NOT_FOUND = 127  # a shell's exit code when a program is not there

_NOT_IN_KERNEL = re.compile("qdisc kind is unknown|classifier not found")
_MODULES = {LATENCY: "sch_prio, sch_netem and cls_u32", PACKET_LOSS: "sch_ingress and cls_bpf"}
_TOOLS = "the machine that runs the containers lends none of its programs"


class DockerInjector:
    """See ports.fault_injection.Injector."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._folders: tuple[str, ...] = _FOLDERS

    async def running(self, task: str) -> frozenset[str]:
        return found(await self._run(await self._containers(task), LOOK))

    async def start(self, task: str, fault: Fault, unless: frozenset[str]) -> frozenset[str]:
        containers = await self._containers(task)
        try:
            return found(await self._run(containers, starting(fault, _doors(containers), unless)))
        except InjectionFailed as error:
            if _NOT_IN_KERNEL.search(str(error)):
                needed = f"it takes {_MODULES.get(fault.name)} in the kernel of the machine that runs the containers"
                raise Unsupported(f"{fault.name} is not supported: {needed}.") from error
            raise

    async def stop(self, task: str, name: str) -> None:
        await self._run(await self._containers(task), stopping(name))

    async def _containers(self, task: str) -> list[dict[str, Any]]:
        """What runs of the task."""
        filters = {"label": [f"{labels.TASK}={task}"]}
        try:
            listed: list[dict[str, Any]] = await self._engine.call(
                "GET", "containers/json", params={"filters": filters}
            )
        except EngineError as error:
            raise InjectionFailed(error.message) from error
        return listed

    async def _run(self, containers: list[dict[str, Any]], script: str) -> str:
        """What the script prints in the task's network. Raises Unsupported, InjectionFailed."""
        pause = next((each for each in containers if each["Labels"].get(labels.ROLE) == "pause"), None)
        if pause is None:
            raise InjectionFailed("the task's network is gone")
        try:
            async with self._started(pause, script) as made:
                code = (await self._engine.call("POST", f"{made}/wait", patient=True))["StatusCode"]
                output = logs.output(self._engine, made.partition("/")[2], follow=False, tail=None)
                said = "\n".join([line.text async for line in output])
        except EngineError as error:
            raise InjectionFailed(error.message) from error
        if code == 0:
            return said
        if code == _NOT_FOUND:
            raise Unsupported(f"Fault injection is not supported: {_missing(said)}.")
        raise InjectionFailed(f"exit code {code}: {said}")

    @contextlib.asynccontextmanager
    async def _started(self, pause: dict[str, Any], script: str) -> AsyncIterator[str]:
        """The path of a container that runs the script. It is removed in any case; should KECS not come to that, its
        labels have it go with the task."""
        made = await self._create(pause, script)
        try:
            with _lent():
                await self._engine.call("POST", f"{made}/start")
            yield made
        finally:
            await self._engine.call("DELETE", made, params={"force": True, "v": True})

    async def _create(self, pause: dict[str, Any], script: str) -> str:
        while True:
            lent = self._folders
            body = _container(pause, script, lent)
            try:
                with _lent():
                    made = await self._engine.call("POST", "containers/create", body=body)
            except Unsupported as error:
                absent = _NO_FOLDER.search(str(error))
                if absent is None or absent[1] not in lent:
                    raise
                self._folders = tuple(path for path in self._folders if path != absent[1])
            else:
                return f"containers/{made['Id']}"


@contextlib.contextmanager
def _lent() -> Iterator[None]:
    """What an engine refuses to a task that is there, it refuses for the folders."""
    try:
        yield
    except EngineError as error:
        if isinstance(error, EngineGone) or error.status in _GOING:
            raise
        raise Unsupported(f"Fault injection is not supported: {_TOOLS}: {error.message}") from error


def _container(pause: dict[str, Any], script: str, folders: Iterable[str]) -> dict[str, Any]:
    return {
        "Image": pause["ImageID"],
        "Entrypoint": ["/bin/sh", "-c", script],
        "Env": [f"PATH={_PATH}"],
        "User": "0",
        "WorkingDir": "/run",  # the image has none, and iptables wants to lock a file there
        "Labels": pause["Labels"] | {labels.ROLE: labels.HELPER},
        "HostConfig": {
            "NetworkMode": f"container:{pause['Id']}",
            "CapDrop": ["ALL"],
            "CapAdd": ["NET_ADMIN", "NET_RAW"],
            "Mounts": [{"Type": "bind", "Source": path, "Target": path, "ReadOnly": True} for path in folders],
            "LogConfig": {"Type": "json-file", "Config": {}},  # whatever the engine does with output otherwise
            "SecurityOpt": ["label=disable"],  # SELinux lends no programs
        },
    }


def _doors(containers: Iterable[dict[str, Any]]) -> list[Door]:
    """Where the task's containers were told that KECS is."""
    told = {url for each in containers for url in each["Labels"].get(labels.TOLD, "").split()}
    doors = []
    for parts in map(urlsplit, sorted(told)):
        with contextlib.suppress(ValueError):
            if ip_address(parts.hostname or "").version == 4:
                doors.append(Door(str(parts.hostname), parts.port or 80))
    return doors


def _missing(said: str) -> str:
    """Which program it was, as shells say it: `sh: 1: tc: not found`."""
    program = re.search(r"([\w-]+): (?:command )?not found", said)
    return f"there is no {program[1] if program else 'such program'} on the machine that runs the containers"
