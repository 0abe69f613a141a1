"""What a KECS that no longer runs has left in Docker; `kecs destroy` removes it."""

from __future__ import annotations

import asyncio

import click

from kecs.cli.instances import Instance
from kecs.ports.runtime import RuntimeUnavailable
from kecs.runtimes.docker import DockerRuntime


def remove_containers(instance: Instance) -> None:
    """Remove the instance's containers, networks and volumes. Ends the command when Docker is needed and silent."""
    try:
        asyncio.run(_discard(instance.label))
    except RuntimeUnavailable as error:
        known = instance.read()
        if known is None or known.runtime == "docker":
            raise click.ClickException(f"What the instance left in Docker cannot be removed: {error}") from error


async def _discard(instance: str) -> None:
    runtime = DockerRuntime(instance=instance)
    await runtime.open(lambda _: None)
    try:
        await runtime.discard()
    finally:
        await runtime.close()
