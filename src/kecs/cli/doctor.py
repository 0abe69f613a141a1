"""`kecs doctor`: looks at what KECS needs on this machine and says what to do about what is missing."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from kecs.cli.findings import Finding
from kecs.cli.flags import chosen_instance, cluster_flags, flag, instance_flags
from kecs.cli.instances import Instance
from kecs.cli.times import local_time

_COLORS = {"ok": "green", "note": "yellow", "problem": "red"}


@click.command("doctor")
@flag("--host", default="127.0.0.1", help="The address that KECS would listen on.")
@flag("--port", type=click.IntRange(0, 65535), default=5373, help="The port that KECS would listen on.")
@cluster_flags
@instance_flags
def doctor_command(
    host: str, port: int, kubeconfig: Path | None, context: str | None, instance: str, data_dir: Path | None
) -> None:
    """Check what KECS needs on this machine. The exit code is 1 if it cannot start."""
    chosen = chosen_instance(instance, data_dir)
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _docker,
        lambda: _kubernetes(chosen, kubeconfig, context),
        lambda: _data_folder(chosen),
        lambda: _running(chosen),
        lambda: _companion(chosen),
        lambda: _port(chosen, host, port),
    ]
    problems = 0
    for check in checks:
        for finding in check():
            problems += finding.verdict == "problem"
            mark = click.style(f"{finding.verdict:<8}", fg=_COLORS[finding.verdict])
            click.echo(f"{mark} {finding.subject}: {finding.found}")
            if finding.advice:
                click.echo(f"         {finding.advice}")
    if problems:
        raise SystemExit(1)


def _python() -> Iterator[Finding]:
    yield Finding("ok", "Python", ".".join(map(str, sys.version_info[:3])))


def _docker() -> Iterator[Finding]:
    from kecs.ports.runtime import RuntimeUnavailable

    try:
        url, info = asyncio.run(_docker_info())
    except RuntimeUnavailable as error:
        yield Finding(
            "note",
            "Docker",
            str(error),
            "Start Docker, or set DOCKER_HOST. Without it KECS runs simulated containers only.",
        )
        return
    yield Finding("ok", "Docker", f"{info['ServerVersion']} on {info['OperatingSystem']}, {info['Architecture']}")
    cgroup = info.get("CgroupVersion", "1")
    if info.get("MemoryLimit", True) and info.get("CpuCfsQuota", True):
        yield Finding("ok", "Resource limits", f"cgroup v{cgroup}, driver {info.get('CgroupDriver')}")
    else:
        yield Finding(
            "note",
            "Resource limits",
            f"cgroup v{cgroup} without limits on memory or CPU",
            "Tasks run, but without the limits of their task definitions.",
        )
        return
    yield _task_limits(url, info)
    yield _storage_limits(info)


def _task_limits(url: str, info: dict[str, Any]) -> Finding:
    from kecs.runtimes.docker.cgroups import hindrance

    if reason := hindrance(url, info):
        return Finding(
            "note",
            "Task limits",
            f"for each container by itself: {reason}",
            "The containers of a task may together use more than the CPU and memory that the task has.",
        )
    return Finding("ok", "Task limits", "for the containers of a task together")


def _storage_limits(info: dict[str, Any]) -> Finding:
    from kecs.runtimes.docker.storage import prospect

    good, text = prospect(info)
    if good:
        return Finding("ok", "Storage limits", text)
    return Finding("note", "Storage limits", text, "ephemeralStorage and the sizes of volumes limit nothing.")


async def _docker_info() -> tuple[str, dict[str, Any]]:
    from kecs.runtimes.docker.engine import Engine

    engine = Engine(None)
    try:
        return engine.url, await engine.connect()
    finally:
        await engine.close()


def _kubernetes(instance: Instance, kubeconfig: Path | None, context: str | None) -> Iterator[Finding]:
    from kecs.cli.clusters import findings

    known = instance.read()
    wanted = bool(kubeconfig or context) or (known is not None and known.runtime == "kubernetes")
    yield from findings(instance, kubeconfig, context, wanted=wanted or os.environ.get("KECS_RUNTIME") == "kubernetes")


def _data_folder(instance: Instance) -> Iterator[Finding]:
    folder = instance.directory
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            yield Finding("ok", "Data folder", f"{instance.directory}")
    except OSError as error:
        yield Finding(
            "problem",
            "Data folder",
            f"{instance.directory}: {error.strerror}",
            "Choose another with --data-dir, or keep nothing on disk with --ephemeral.",
        )


def _running(instance: Instance) -> Iterator[Finding]:
    known = instance.read()
    if not instance.running():
        yield Finding("ok", "Instance", f"{instance.name} is not running")
    elif known is None:
        yield Finding("note", "Instance", f"{instance.name} is starting")
    else:
        yield Finding("ok", "Instance", f"{instance.name} runs at {known.url} (runtime: {known.runtime})")


def _companion(instance: Instance) -> Iterator[Finding]:
    """Whether what plays AWS's other services in the running KECS has kept what it was given."""
    from kecs.cli.client import call

    known = instance.read()
    if known is None or not instance.running():
        return
    try:
        moto = call(known.url, "GET", "companions")["moto"]
    except click.ClickException:  # nobody plays them, or it does not answer
        return
    if not moto["deaths"]:
        yield Finding(
            "ok", "Companion", f"moto {'runs' if moto['running'] else 'starts with the first request for it'}"
        )
        return
    last = moto["last"]
    yield Finding(
        "note",
        "Companion",
        f"moto has ended by itself, the last of {moto['deaths']} at {local_time(last['at'], 'seconds')} with status "
        f"{last['status']}; what it held is lost",
        last["said"].strip().rpartition("\n")[2] or "It said nothing. Was it killed, for want of memory perhaps?",
    )


def _port(instance: Instance, host: str, port: int) -> Iterator[Finding]:
    known = instance.read()
    if known and instance.running() and known.url.endswith(f":{port}"):
        yield Finding("ok", "Port", f"{port} is in use by this KECS")
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            advice = "Stop what listens there, or choose another with --port; 0 is any free one."
            yield Finding("problem", "Port", f"{host}:{port}: {os.strerror(error.errno or 0)}", advice)
            return
    yield Finding("ok", "Port", f"{host}:{port} is free")
