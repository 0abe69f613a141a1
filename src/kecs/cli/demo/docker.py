"""The demo on Docker: its image, made of what is at hand so that no registry is needed, and ways behind KECS's back."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from kecs.cli.demo.ecs import DemoFailed, Ecs
from kecs.cli.demo.rootfs import PROGRAM, RootFiles, busybox_files, python_files
from kecs.cli.demo.stage import SECONDS, DemoImage, with_shell
from kecs.cli.demo.traffic import over_http
from kecs.ports.runtime import RuntimeUnavailable
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.docker.labels import of_instance

T = TypeVar("T")

BUSYBOX = "busybox:latest"


class DockerStage:
    """See stage.Stage. `label` is on all that KECS makes; `wanted` is the image that was asked for."""

    seconds = SECONDS
    ask = staticmethod(over_http)

    def __init__(self, label: str, wanted: str | None) -> None:
        self._label = label
        self._wanted = wanted

    def image(self) -> DemoImage:
        return _with_engine(lambda engine: _image(engine, self._wanted))

    def kill(self, _: Ecs, __: str, task: dict[str, Any]) -> None:
        """End the task's process as a crash would."""
        container = task["containers"][0]["runtimeId"]
        _with_engine(lambda engine: engine.call("POST", f"containers/{container}/kill"))

    def check_nothing_left(self) -> None:
        filters = {"all": True, "filters": of_instance(self._label)}
        left = _with_engine(lambda engine: engine.call("GET", "containers/json", params=filters))
        if left:
            raise DemoFailed(f"Containers were left behind: {[container['Names'] for container in left]}")


def _with_engine(use: Callable[[Engine], Awaitable[T]]) -> T:
    """What `use` does with the Docker Engine. Raises DemoFailed when that refuses or is gone."""

    async def used() -> T:
        engine = Engine(None)
        try:
            return await use(engine)
        finally:
            await engine.close()

    try:
        return asyncio.run(used())
    except (EngineError, RuntimeUnavailable) as error:
        raise DemoFailed(f"Docker refused: {error}") from error


async def _image(engine: Engine, wanted: str | None) -> DemoImage:
    """The one asked for, else one that is there, else one made of this machine's files, else a public one."""
    if wanted:
        await _pull_if_missing(engine, wanted)
        return with_shell(wanted, "asked for")
    if await _exists(engine, BUSYBOX):
        return with_shell(BUSYBOX, "already on this machine")
    if busybox := busybox_files():
        return with_shell(await _built(engine, busybox), "made of this machine's busybox")
    if python := python_files():
        files, interpreter = python
        run = [interpreter, "-I", "-S", PROGRAM]
        check = ["CMD", *run, "check"]
        name = await _built(engine, files)
        return DemoImage(name, "made of this machine's Python", [*run, "serve"], [*run, "job"], check, {})
    await _pull_if_missing(engine, BUSYBOX)
    return with_shell(BUSYBOX, "pulled")


async def _built(engine: Engine, files: RootFiles) -> str:
    """The name of an image of these files; a second demo on the same machine finds the first one's."""
    name = f"kecs-demo:{hashlib.sha256(files.fingerprint().encode()).hexdigest()[:12]}"
    if not await _exists(engine, name):
        await engine.progress("build", params={"t": name, "rm": True, "q": True}, body=files.build_context())
    return name


async def _pull_if_missing(engine: Engine, name: str) -> None:
    if not await _exists(engine, name):
        image, _, tag = name.rpartition(":") if ":" in name.rsplit("/", 1)[-1] else (name, ":", "latest")
        await engine.progress("images/create", params={"fromImage": image, "tag": tag})


async def _exists(engine: Engine, name: str) -> bool:
    try:
        await engine.call("GET", f"images/{name}/json")
    except EngineError as error:
        if error.status == 404:
            return False
        raise
    return True
