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
        removal, where, needed = _from_kubernetes(instance.label, known), "the Kubernetes cluster", True
    else:
        removal, where, needed = _from_docker(instance.label), "Docker", known is None or known.runtime == "docker"
    try:
        asyncio.run(removal)
    except RuntimeUnavailable as error:
        if needed:
            raise click.ClickException(f"What the instance left in {where} cannot be removed: {error}") from error


async def _from_docker(instance: str) -> None:
    from kecs.runtimes.docker import DockerRuntime

    await _discard(DockerRuntime(instance=instance))


async def _from_kubernetes(instance: str, known: Running) -> None:
    from kecs.core.arns import Scope
    from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError
    from kecs.runtimes.kubernetes.manifests.settings import PodSettings
    from kecs.runtimes.kubernetes.reach.link import Link
    from kecs.runtimes.kubernetes.runtime import KubernetesRuntime

    settings = PodSettings(instance=instance, home=Scope(account=known.account, region=known.region))
    kubeconfig = Path(known.kubeconfig) if known.kubeconfig else None
    await _discard(KubernetesRuntime(settings, kubeconfig=kubeconfig, context=known.context))
    cluster = Cluster.named(kubeconfig, known.context)
    try:
        await Link(cluster, instance).remove()  # the way to a KECS that is no more
    except ClusterError as error:
        raise RuntimeUnavailable(error.message) from error
    finally:
        await cluster.close()


async def _discard(runtime: Runtime) -> None:
    await runtime.open(lambda _: None)
    try:
        await runtime.discard()
    finally:
        await runtime.close()
