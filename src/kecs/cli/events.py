"""`kecs events`: every state change as a line, or a service's deployments as a story with its times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from kecs.cli.client import events, running_or_fail
from kecs.cli.flags import chosen_instance, flag, instance_flags
from kecs.cli.times import local_time

# What is told of a service, by kind: the statuses that matter to whoever waits for a deployment. None: all of them.
TOLD: dict[str, frozenset[str] | None] = {
    "service": frozenset({"DRAINING", "INACTIVE"}),
    "service-event": None,
    "deployment": frozenset({"FAILED"}),
    "service-deployment": frozenset(
        {"SUCCESSFUL", "STOPPED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
    ),
    "lifecycle-stage": None,
    "code-deployment": None,
    "lifecycle-event": frozenset({"Succeeded", "Failed"}),
    "task-set": None,
    "task": frozenset({"RUNNING", "STOPPED"}),
    "container": frozenset({"STOPPED"}),
    "health": None,
    "scaling": frozenset({"InProgress", "Failed"}),
}

_SPEAKER = re.compile(r"^\(service [^\s,)]+\) ")
_TASK_ID = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24}\b")  # its beginning tells tasks apart


@click.command("events")
@flag("--follow", "-f", is_flag=True, help="Go on until KECS stops.")
@flag(
    "--service", metavar="NAME", help="Only this service, by name or ARN: its deployments, with times since each began."
)
@instance_flags
def events_command(follow: bool, service: str | None, instance: str, data_dir: Path | None) -> None:
    """Print every state change as a line."""
    running = running_or_fail(chosen_instance(instance, data_dir))
    happened = events(running.url, follow=follow)
    printed = False
    try:
        for line in map(event_line, happened) if service is None else timeline(happened, service):
            click.echo(line)
            printed = True
    except KeyboardInterrupt:
        return
    if service is not None and not printed:
        raise click.ClickException(f"KECS remembers nothing of a service {service}.")


def event_line(event: dict[str, Any]) -> str:
    """A state change for people."""
    return f"{local_time(event['at'], 'milliseconds')}  {event['message']}"


def timeline(happened: Iterable[dict[str, Any]], service: str) -> Iterator[str]:
    """The deployments of the service of that name or ARN, one after the other; times count from the start of each.

    Raises ClickException when there are several of that name.
    """
    arn, began = None, None
    for event in happened:
        found = event.get("service")
        if found is None or service not in (found, found.rsplit("/", 1)[-1]):
            continue
        if arn not in (None, found):
            raise click.ClickException(f"There are several services {service}; name one by its ARN: {arn}, {found}")
        arn = found
        if event["kind"] == "deployment" and event["after"] == "IN_PROGRESS":
            yield from _heading(event, first=began is None)
            began = event["at"]
        elif _is_told(event):
            began = event["at"] if began is None else began
            yield f"{event['at'] - began:+12.3f} s  {_words(event)}"


def _heading(event: dict[str, Any], *, first: bool) -> Iterator[str]:
    if not first:
        yield ""
    *_, service, deployment = event["arn"].split("/")
    yield f"{service}: deployment {deployment}, started {local_time(event['at'], 'seconds')}"


def _is_told(event: dict[str, Any]) -> bool:
    if event["kind"] not in TOLD:
        return False
    statuses = TOLD[event["kind"]]
    return statuses is None or event["after"] in statuses or "restarts" in event["message"]


def _words(event: dict[str, Any]) -> str:
    return _TASK_ID.sub(r"\1", _SPEAKER.sub("", event["message"]))
