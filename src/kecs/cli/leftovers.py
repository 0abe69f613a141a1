"""What a KECS that no longer runs has left in Docker or in a Kubernetes cluster; `kecs destroy` removes it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kecs.cli.instances import Instance, Running
from kecs.ports.runtime import RuntimeUnavailable

if TYPE_CHECKING:
    from kecs.ports.runtime import Runtime


def remove_leftovers(instance: Instance) -> None:
    """Remove all that the instance's tasks consisted of. Ends the command when the engine is needed and silent."""
    known = instance.read()
    if known is not None and known.runtime == "kubernetes":
        runtime, where, needed = _kubernetes(instance, known), "the Kubernetes cluster", True
    else:
        runtime, where, needed = _docker(instance), "Docker", known is None or known.runtime == "docker"
    try:
        asyncio.run(_discard(runtime))
    except RuntimeUnavailable as error:
        if needed:
            raise click.ClickException(f"What the instance left in {where} cannot be removed: {error}") from error


def _docker(instance: Instance) -> Runtime:
    from kecs.runtimes.docker import DockerRuntime

    return DockerRuntime(instance=instance.label)


def _kubernetes(instance: Instance, known: Running) -> Runtime:
    from kecs.core.arns import Scope
    from kecs.runtimes.kubernetes.runtime import KubernetesRuntime
    from kecs.runtimes.kubernetes.settings import PodSettings

    settings = PodSettings(instance=instance.label, home=Scope(account=known.account, region=known.region))
    kubeconfig = Path(known.kubeconfig) if known.kubeconfig else None
    return KubernetesRuntime(settings, kubeconfig=kubeconfig, context=known.context)


async def _discard(runtime: Runtime) -> None:
    await runtime.open(lambda _: None)
    try:
        await runtime.discard()
    finally:
        await runtime.close()
