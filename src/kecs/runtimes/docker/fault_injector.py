"""Faults of the networks of tasks, on a Docker Engine; see ports.fault_injection.Injector. `insight` makes it.

Neither KECS nor the task may change the task's network, and no image with the tools for it may be at hand. So each
look and each change is a short-lived container of the pause container's image, in its network, which has the right
and borrows the tools of the machine that the engine runs on: their folders, to read. It needs no root for KECS, and
works with an engine elsewhere. Called when a task asks for a fault, never otherwise.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from kecs.core.inside.network_faults import Fault
from kecs.ports.fault_injection import InjectionFailed, Unsupported
from kecs.runtimes.docker import labels, logs
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.docker.fault_scripts import LOOK, Door, found, starting, stopping

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives")  # where the tools and what they need are
_NO_FOLDER = re.compile(r"(?:does not exist: |statfs )(/\w+(?:/\w+)*)")  # as Docker says it, and as Podman
_BAD_REQUEST = 400
_NOT_FOUND = 127  # a shell's exit code when a program is not there

_KERNEL = "the kernel of the machine that runs the containers has no sch_netem"
_TOOLS = "the machine that runs the containers lends none of its programs"


class DockerInjector:
    """See ports.fault_injection.Injector."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._folders = list(_FOLDERS)

    async def running(self, task: str) -> frozenset[str]:
        return found(await self._run(await self._containers(task), LOOK))

    async def start(self, task: str, fault: Fault) -> None:
        containers = await self._containers(task)
        await self._run(containers, starting(fault, _doors(containers)))

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
            async with self._made(pause, script) as made:
                await self._engine.call("POST", f"{made}/start")
                code = (await self._engine.call("POST", f"{made}/wait", patient=True))["StatusCode"]
                output = logs.output(self._engine, made.partition("/")[2], follow=False, tail=None)
                said = "\n".join([line.text async for line in output])
        except EngineError as error:
            raise InjectionFailed(error.message) from error
        if code == 0:
            return said
        if code == _NOT_FOUND:
            raise Unsupported(f"Fault injection is not supported: {_missing(said)}.")
        if "qdisc kind is unknown" in said:
            raise Unsupported(f"network-latency is not supported: {_KERNEL}.")
        raise InjectionFailed(f"exit code {code}: {said}")

    @contextlib.asynccontextmanager
    async def _made(self, pause: dict[str, Any], script: str) -> AsyncIterator[str]:
        """The path of a container that runs the script once it is started. It is removed in any case; should KECS not
        come to that, its labels have it go with the task."""
        made = f"containers/{(await self._create(pause, script))['Id']}"
        try:
            yield made
        finally:
            await self._engine.call("DELETE", made, params={"force": True, "v": True})

    async def _create(self, pause: dict[str, Any], script: str) -> dict[str, Any]:
        while True:
            try:
                body = _container(pause, script, self._folders)
                made: dict[str, Any] = await self._engine.call("POST", "containers/create", body=body)
            except EngineError as error:
                absent = _NO_FOLDER.search(error.message)
                if absent is not None and absent[1] in self._folders:
                    self._folders.remove(absent[1])
                elif error.status == _BAD_REQUEST:
                    raise Unsupported(f"Fault injection is not supported: {_TOOLS}: {error.message}") from error
                else:
                    raise
            else:
                return made


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
