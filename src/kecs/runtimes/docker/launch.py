"""The steps that bring a task up: its pause container with its address, and each of its containers.

Called by `runtime`, which keeps the order and turns what is raised into reports. The texts of a LaunchError are those
of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.logs.firelens import FROM_S3
from kecs.core.tasks.environment import Way
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.platforms import image_platform
from kecs.runtimes.docker import labels, pause, ports, routing, storage, translate, volumes
from kecs.runtimes.docker.cgroups import TaskGroups
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.docker.filesystems import FileSystems
from kecs.runtimes.docker.networks import TaskNetwork
from kecs.runtimes.docker.storage import Sized
from kecs.runtimes.launching import LaunchError
from kecs.runtimes.once import Once

_RANGE_TRIES = 5
_PORT_TAKEN = ("port is already allocated", "address already in use")

OnCreated = Callable[[str], Awaitable[None]]
"""Told the id of a container before it is started, so that none of its events comes too early."""


class Address(NamedTuple):
    """Where a task is reached in its network."""

    ip: str | None = None
    mac: str | None = None


class Surroundings(NamedTuple):
    """What a container is created with beside its definition; see translate.Source."""

    pause: str | None
    image: str
    way: Way | None
    logs: str | None = None


class Launcher:
    """Creates and starts the containers of one instance."""

    def __init__(
        self,
        engine: Engine,
        instance: str,
        bind_ip: str,
        architecture: str,
        groups: TaskGroups,
        data_folder: Path | None = None,
    ) -> None:
        """`architecture`: as Docker's /info names it. `groups` bound tasks as a whole. `data_folder`: where file
        systems are kept; see FileSystems."""
        self._engine = engine
        self._instance = instance
        self._bind_ip = bind_ip
        self._groups = groups
        self._containers = Sized("containers")
        self._volumes = Sized("volumes")
        self._machine = f"linux/{pause.docker_name(architecture)}"
        self.network = TaskNetwork(engine, instance)
        self._pause_image = Once(partial(pause.ensure_image, engine, architecture))
        self._file_systems = FileSystems(engine, instance, data_folder, self._pause_image.ensure)

    async def provision(self, plan: TaskPlan, on_created: OnCreated) -> Address:
        """Make the task's volumes and, where it has one, its pause container. Raises LaunchError."""
        try:
            await volumes.provide(self._engine, self._instance, plan, self._volumes)
            await routing.provide(self._engine, self._instance, plan)
            await self._folders(plan)
            return await self._pause(plan, on_created) if translate.needs_pause(plan) else Address()
        except volumes.VolumeError as error:
            raise LaunchError(str(error)) from error
        except EngineError as error:
            raise LaunchError(
                f"ResourceInitializationError: failed to set up the task's network: {error.message}"
            ) from error

    async def launch(
        self,
        plan: TaskPlan,
        container: m.ContainerDefinition,
        surroundings: Surroundings,
        on_created: OnCreated,
    ) -> tuple[m.NetworkBinding, ...]:
        """Create and start one container; the ports that it is reached by. Raises LaunchError."""
        if (firelens := container.firelens_configuration) and (firelens.options or {}).get("config-file-type") == "s3":
            raise LaunchError(f"CannotCreateContainerError: {FROM_S3}")
        ranges = ports.ranges(container) if plan.network_mode == "bridge" else ()
        folders, parent = await self._folders(plan), await self._groups.parent(plan)
        route = await routing.route(self._engine, plan, container)
        for attempt in range(_RANGE_TRIES):
            first = {spec: random.randrange(ports.DYNAMIC.start, _last_start(spec)) for spec in ranges}
            source = translate.Source(
                plan,
                container,
                self._instance,
                bind_ip=self._bind_ip,
                first_host_ports=first,
                folders=folders,
                route=route,
                parent=parent,
                **surroundings._asdict(),
            )
            found = await self._create(source)
            try:
                await on_created(found)
                await self._start(found)
                break
            except EngineError as error:
                taken = any(text in error.message for text in _PORT_TAKEN)
                if not (ranges and taken) or attempt == _RANGE_TRIES - 1:
                    raise LaunchError(
                        f"CannotStartContainerError: Error response from daemon: {error.message}"
                    ) from error
        return await self._bindings(plan, container, found, ports.port_map(container, self._bind_ip, first))

    async def restart(
        self, plan: TaskPlan, container: m.ContainerDefinition, found: str
    ) -> tuple[m.NetworkBinding, ...]:
        """Start the container `found` once more; the ports that it is reached by now. Raises LaunchError."""
        await self._groups.parent(plan)  # it went if KECS has been started anew meanwhile
        try:
            await self._start(found)
        except EngineError as error:
            raise LaunchError(f"CannotStartContainerError: Error response from daemon: {error.message}") from error
        return await self._bindings(plan, container, found, None)

    async def _pause(self, plan: TaskPlan, on_created: OnCreated) -> Address:
        network = self.network.name if plan.network_mode == "awsvpc" else None
        try:
            found = await self._start_pause(plan, network, on_created)
        except EngineError as error:
            if error.status != 404:
                raise
            # The image or the network has gone since it was last looked for.
            self._pause_image.forget()
            self.network.forget()
            found = await self._start_pause(plan, network, on_created)
        if network is None:
            return Address()
        return address_of(await self._engine.call("GET", f"containers/{found}/json"), network)

    async def _start_pause(self, plan: TaskPlan, network: str | None, on_created: OnCreated) -> str:
        await asyncio.gather(self._pause_image.ensure(), *([self.network.ensure()] if network else []))
        body = translate.pause_body(self._instance, plan, network, await self._groups.parent(plan))
        found = await self._post(plan, labels.container_name(plan, labels.PAUSE), body)
        await on_created(found)
        await self._start(found)
        return found

    async def _folders(self, plan: TaskPlan) -> dict[str, str]:
        """The folders of the task's volumes on shared file systems. Raises LaunchError, EngineError."""
        try:
            return await self._file_systems.paths(plan)
        except OSError as error:
            raise LaunchError(f"CannotCreateVolumeError: {error.strerror}: {error.filename}") from error

    async def _create(self, source: translate.Source) -> str:
        name = labels.container_name(source.plan, source.container.name or "")
        try:
            platform = image_platform(source.plan.definition)
            # Docker has to be told of one that is not the machine's, which may know how to run it all the same.
            other = None if platform == self._machine else platform

            async def post(size: str | None) -> str:
                return await self._post(source.plan, name, translate.create_body(source._replace(storage=size)), other)

            created = await self._containers.make(storage.of_container(source.plan), post)
            if source.container.firelens_configuration:
                await routing.configure(self._engine, source.plan, source.container, created)
            return created
        except volumes.VolumeError as error:
            raise LaunchError(str(error)) from error
        except EngineError as error:
            raise LaunchError(f"CannotCreateContainerError: Error response from daemon: {error.message}") from error

    async def _post(self, plan: TaskPlan, name: str, body: dict[str, Any], platform: str | None = None) -> str:
        """Create a container and answer its id. What an earlier attempt left under its name goes first."""
        params = {"name": name, **({"platform": platform} if platform else {})}
        try:
            answer = await self._engine.call("POST", "containers/create", params=params, body=body)
        except EngineError as error:
            if error.status != 409 or not await self._remove_own(plan, name):
                raise
            answer = await self._engine.call("POST", "containers/create", params=params, body=body)
        return str(answer["Id"])

    async def _remove_own(self, plan: TaskPlan, name: str) -> bool:
        """Remove the container of that name if it is this task's."""
        theirs = (await self._engine.call("GET", f"containers/{name}/json"))["Config"]["Labels"] or {}
        if (theirs.get(labels.INSTANCE), theirs.get(labels.TASK)) != (self._instance, plan.arn):
            return False
        await self._engine.call("DELETE", f"containers/{name}", params={"force": True, "v": True})
        return True

    async def _start(self, container: str) -> None:
        await self._engine.call("POST", f"containers/{container}/start")

    async def _bindings(
        self, plan: TaskPlan, container: m.ContainerDefinition, found: str, asked: ports.Bound | None
    ) -> tuple[m.NetworkBinding, ...]:
        """The ports of the container `found`; `asked` is the port map that it was created with, where that is known."""
        specs = ports.published(container)
        if not specs or plan.network_mode not in ("bridge", "host"):
            return ()
        if plan.network_mode == "host":
            return ports.network_bindings(specs, ports.same_on_host(specs))
        if asked is not None and ports.is_settled(asked):
            return ports.network_bindings(specs, asked)
        try:
            inspected = await self._engine.call("GET", f"containers/{found}/json")
        except EngineError as error:
            raise LaunchError(f"CannotInspectContainerError: {error.message}") from error
        return ports.network_bindings(specs, inspected["NetworkSettings"]["Ports"] or {})


def address_of(inspected: dict[str, Any], network: str) -> Address:
    """The address that a container has in `network`."""
    endpoint = (inspected["NetworkSettings"].get("Networks") or {}).get(network) or {}
    return Address(endpoint.get("IPAddress") or None, endpoint.get("MacAddress") or None)


def _last_start(spec: str) -> int:
    """Where a range of host ports must begin at the latest, and one more."""
    return ports.DYNAMIC.stop - len(ports.members(spec)) + 1
