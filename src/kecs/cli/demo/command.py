"""The command `kecs demo`: starts a KECS, tells the story, prints what happens as it happens, stops everything."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from kecs.cli.client import events
from kecs.cli.demo.ecs import DemoFailed, Ecs
from kecs.cli.demo.images import docker_image, simulated_image
from kecs.cli.demo.server import DemoServer
from kecs.cli.demo.story import CLUSTER, Story
from kecs.cli.flags import flag
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.docker.labels import of_instance

T = TypeVar("T")

_LONG_ID = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24}\b")
_TOLD: dict[str, set[str | None]] = {  # by kind of event, the states that are worth a line
    "task": {"RUNNING", "STOPPED"},
    "deployment": {"IN_PROGRESS", "COMPLETED", "FAILED"},
    "service-event": {None},
}


@click.command("demo")
@flag(
    "--runtime",
    type=click.Choice(["auto", "simulated", "docker"]),
    default="auto",
    help="What runs the containers. auto: Docker if its daemon answers, else simulated.",
)
@flag(
    "--image",
    envvar=("KECS_DEMO_IMAGE",),
    help="On Docker: an image with a shell, and Python or busybox's httpd.  [default: made of this machine's files]",
    show_default=False,
)
def demo_command(runtime: str, image: str | None) -> None:
    """Run a real service through the AWS API: deployed, updated under traffic, healed; then a job."""
    begun = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - begun:5.1f} s  {text}")

    try:
        with DemoServer(runtime) as server:
            say(f"KECS at {server.url}, runtime: {server.runtime}")
            shown = asyncio.run(_with_docker(lambda engine: docker_image(engine, image))) if _real(server) else None
            shown = shown or simulated_image()
            say(f"Containers of {shown.name} ({shown.origin})")
            threading.Thread(target=_print_events, args=(server.url, say), daemon=True).start()
            Story(server.url, shown, say, _kill_container if _real(server) else _stop_task).tell()
        if _real(server):
            asyncio.run(_with_docker(lambda engine: _nothing_left(engine, server.instance)))
    except (DemoFailed, EngineError) as error:
        raise click.ClickException(f"The demo failed. {error}") from error
    say("Everything is stopped and removed. All of it happened as told.")


def _real(server: DemoServer) -> bool:
    return server.runtime == "docker"


def _print_events(url: str, say: Callable[[str], None]) -> None:
    """State changes as they happen, those that tell the story."""
    for event in events(url, since=0, follow=True):
        if event["after"] in _TOLD.get(event["kind"], set()):
            say("      " + _LONG_ID.sub(r"\1", event["message"]))


def _kill_container(_: Ecs, task: dict[str, Any]) -> None:
    """End the task's process as a crash would, behind KECS's back."""
    container = task["containers"][0]["runtimeId"]

    async def kill(engine: Engine) -> None:
        await engine.call("POST", f"containers/{container}/kill")

    asyncio.run(_with_docker(kill))


def _stop_task(ecs: Ecs, task: dict[str, Any]) -> None:
    """A simulated container has no process to kill."""
    ecs.call("StopTask", cluster=CLUSTER, task=task["taskArn"], reason="Killed by the demo")


async def _nothing_left(engine: Engine, instance: str) -> None:
    filters = {"all": True, "filters": of_instance(instance)}
    if left := await engine.call("GET", "containers/json", params=filters):
        raise DemoFailed(f"Containers were left behind: {[container['Names'] for container in left]}")


async def _with_docker(use: Callable[[Engine], Awaitable[T]]) -> T:
    engine = Engine(None)
    try:
        return await use(engine)
    finally:
        await engine.close()
