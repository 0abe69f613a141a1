"""How the commands talk to a running KECS: plain HTTP to /_kecs, with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import click

from kecs.cli.instances import Instance, Running

_SECONDS = 10.0


def running_or_fail(instance: Instance) -> Running:
    """What is known of a running instance. Ends the command with one line when it does not run."""
    running = instance.read()
    if running is None or not instance.running():
        raise click.ClickException(f"KECS is not running (instance {instance.name}). Start it with: kecs start")
    return running


def call(url: str, method: str, path: str, body: Any = None, timeout: float = _SECONDS) -> Any:
    """The JSON of an answer of /_kecs/<path>. Ends the command with one line when there is none."""
    response = _open(url, method, path, body, timeout)
    content = response.read()
    try:
        answer = json.loads(content)
    except ValueError:
        raise click.ClickException(f"{url} is not a KECS: it answers {content[:60]!r}.") from None
    if response.status >= 400:
        raise click.ClickException(str(answer.get("error", answer)))
    return answer


def lines(url: str, path: str) -> Iterator[str]:
    """The lines of a streamed answer, until the server ends it."""
    response = _open(url, "GET", path, None, None)
    if response.status >= 400:
        raise click.ClickException(response.read().decode(errors="replace"))
    try:
        while line := response.readline():
            yield line.decode(errors="replace").rstrip("\n")
    except (OSError, http.client.HTTPException):
        return  # the server is gone


def events(url: str, *, since: int | None = 0, follow: bool) -> Iterator[dict[str, Any]]:
    """State changes as /_kecs/events streams them: those after `since` (None: from now on), then what comes."""
    query = f"follow={str(follow).lower()}" + ("" if since is None else f"&since={since}")
    for line in lines(url, f"events?{query}"):
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def _open(url: str, method: str, path: str, body: Any, timeout: float | None) -> http.client.HTTPResponse:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, f"/_kecs/{path}", content, {"Connection": "close"})
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise click.ClickException(f"KECS at {url} does not answer: {error}") from error
