"""The command `kecs demo`: starts a KECS, tells the story, prints what happens as it happens, stops everything."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing

import click

from kecs.cli.client import events
from kecs.cli.demo.ecs import DemoFailed, Ecs
from kecs.cli.demo.server import DemoServer
from kecs.cli.demo.stage import SimulatedStage, Stage
from kecs.cli.demo.story import Story
from kecs.cli.flags import flag

_LONG_ID = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24}\b")
_TOLD: dict[str, set[str | None]] = {  # by kind of event, the states that are worth a line
    "task": {"RUNNING", "STOPPED"},
    "deployment": {"IN_PROGRESS", "COMPLETED", "FAILED"},
    "service-event": {None},
}


@click.command("demo", short_help="Show a real service: deployed, updated, healed.")
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as after an interrupt, what was started is stopped
    begun = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - begun:5.1f} s  {text}")

    try:
        with DemoServer(runtime) as server:
            say(f"KECS at {server.url}, runtime: {server.runtime}")
            stage = _stage(server.runtime, server.label, image)
            shown = stage.image()
            say(f"Containers of {shown.name} ({shown.origin})")
            threading.Thread(target=_print_events, args=(server.url, say), daemon=True).start()
            with closing(Ecs(server.url)) as ecs:
                Story(server.url, ecs, shown, stage, say).tell()
        stage.check_nothing_left()
    except DemoFailed as error:
        raise click.ClickException(f"The demo failed. {error}") from error
    say("Everything is stopped and removed. All of it happened as told.")


def _stage(runtime: str, label: str, image: str | None) -> Stage:
    """The stage for a KECS whose containers have that label. Docker's client is only imported where it is used."""
    if runtime != "docker":
        return SimulatedStage()
    from kecs.cli.demo.docker import DockerStage

    return DockerStage(label, image)


def _print_events(url: str, say: Callable[[str], None]) -> None:
    """State changes as they happen, those that tell the story."""
    for event in events(url, since=0, follow=True):
        if event["after"] in _TOLD.get(event["kind"], set()):
            say("      " + _LONG_ID.sub(r"\1", event["message"]))
