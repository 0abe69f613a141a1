"""The command `kecs demo`: starts a KECS, tells the story, prints what happens as it happens, stops everything."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click

from kecs.cli.client import events
from kecs.cli.demo.ecs import DemoFailed, Ecs
from kecs.cli.demo.server import DemoServer
from kecs.cli.demo.stage import SimulatedStage, Stage
from kecs.cli.demo.story import Story
from kecs.cli.flags import cluster_flags, flag

_LONG_ID = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24}\b")
_TOLD: dict[str, set[str | None]] = {  # by kind of event, the states that are worth a line
    "task": {"RUNNING", "STOPPED"},
    "deployment": {"IN_PROGRESS", "COMPLETED", "FAILED"},
    "service-event": {None},
}


@click.command("demo", short_help="Show a real service: deployed, updated, healed.")
@flag(
    "--runtime",
    type=click.Choice(["auto", "simulated", "docker", "kubernetes"]),
    default="auto",
    help="What runs the containers. auto: Docker if its daemon answers, else simulated.",
)
@flag(
    "--image",
    envvar=("KECS_DEMO_IMAGE",),
    help="An image with a shell, and Python or busybox's httpd.  [default: on Docker made of this machine's files, on "
    "Kubernetes busybox]",
    show_default=False,
)
@cluster_flags
def demo_command(runtime: str, image: str | None, kubeconfig: Path | None, context: str | None) -> None:
    """Run a real service through the AWS API: deployed, updated under traffic, healed; then a job."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as after an interrupt, what was started is stopped
    begun = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - begun:5.1f} s  {text}")

    try:
        cluster = {"kubeconfig": kubeconfig, "context": context}
        with DemoServer(runtime, [f"--{name}={value}" for name, value in cluster.items() if value]) as server:
            say(f"KECS at {server.url}, runtime: {server.runtime}")
            stage = _stage(server, image, kubeconfig, context)
            shown = stage.image()
            say(f"Containers of {shown.name} ({shown.origin})")
            threading.Thread(target=_print_events, args=(server.url, say), daemon=True).start()
            with closing(Ecs(server.url)) as ecs:
                Story(server.url, ecs, shown, stage, say).tell()
        stage.check_nothing_left()
    except DemoFailed as error:
        raise click.ClickException(f"The demo failed. {error}") from error
    say("Everything is stopped and removed. All of it happened as told.")


def _stage(server: DemoServer, image: str | None, kubeconfig: Path | None, context: str | None) -> Stage:
    """The stage for what runs there. Clients of runtimes are only imported where they are used."""
    match server.runtime:
        case "docker":
            from kecs.cli.demo.docker import DockerStage

            return DockerStage(server.label, image)
        case "kubernetes":
            from kecs.cli.demo.kubernetes import KubernetesStage

            return KubernetesStage(server.label, image, kubeconfig, context)
    return SimulatedStage()


def _print_events(url: str, say: Callable[[str], None]) -> None:
    """State changes as they happen, those that tell the story."""
    for event in events(url, since=0, follow=True):
        if event["after"] in _TOLD.get(event["kind"], set()):
            say("      " + _LONG_ID.sub(r"\1", event["message"]))
