"""Which Kubernetes cluster KECS runs tasks on, and how it stands with it: `kecs kubeconfig`, and what `kecs doctor`
says of it. Both ask the cluster themselves, as the same user as KECS.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from kecs.cli.findings import Finding
from kecs.cli.flags import chosen_instance, cluster_flags, instance_flags
from kecs.cli.instances import Instance
from kecs.cli.show import table

if TYPE_CHECKING:
    from kecs.runtimes.kubernetes.access.rights import Right
    from kecs.runtimes.kubernetes.access.standing import Standing


class Look(NamedTuple):
    """A cluster, and what it says."""

    url: str
    context: str
    kubeconfig: Path | None  # None: the account of the pod that KECS runs in
    standing: Standing
    namespaces: list[str]  # of the instance
    reached: str | None  # the address at which pods reach it, once they have to

    def place(self) -> str:
        return f"context {self.context} of {self.kubeconfig}" if self.kubeconfig else "the account of this pod"


class NoCluster(Exception):
    """None is configured; the text says what is missing."""


@click.command("kubeconfig", short_help="Show which Kubernetes cluster tasks run on.")
@cluster_flags
@instance_flags
def kubeconfig_command(kubeconfig: Path | None, context: str | None, instance: str, data_dir: Path | None) -> None:
    """Show which Kubernetes cluster KECS runs tasks on, in which namespaces, and how kubectl finds them."""
    from kecs.ports.runtime import RuntimeUnavailable

    known = chosen_instance(instance, data_dir)
    try:
        look = _look(known, kubeconfig, context)
    except (NoCluster, RuntimeUnavailable) as error:
        raise click.ClickException(str(error)) from error
    rows = {"server": look.url, "version": look.standing.version, "from": look.place()}
    if look.standing.account:
        rows["account"] = look.standing.account
    if known.exists():
        rows |= _of_instance(known, look)
    table([[name, value] for name, value in rows.items()])


def _of_instance(known: Instance, look: Look) -> dict[str, str]:
    from kecs.runtimes.kubernetes.names import INSTANCE

    where = f" --kubeconfig {look.kubeconfig} --context {look.context}" if look.kubeconfig else ""
    return {
        "instance": known.label,
        "namespaces": ", ".join(look.namespaces) or "none yet: they come with the first task of an ECS cluster",
        "pods": f"kubectl{where} get pods --all-namespaces --selector {INSTANCE}={known.label}",
        "reached at": look.reached or "not yet: the way comes with the first task",
    }


def findings(instance: Instance, kubeconfig: Path | None, context: str | None, *, wanted: bool) -> Iterator[Finding]:
    """What `kecs doctor` says of Kubernetes; with `wanted` KECS has to run tasks there."""
    from kecs.ports.runtime import RuntimeUnavailable

    try:
        look = _look(instance, kubeconfig, context)
    except NoCluster as error:
        yield Finding("problem" if wanted else "ok", "Kubernetes", str(error))
        return
    except RuntimeUnavailable as error:
        yield Finding(
            "problem" if wanted else "note",
            "Kubernetes",
            str(error),
            "Start the cluster, or name another with --kubeconfig and --context.",
        )
        return
    by = f", as {look.standing.account}" if look.standing.account else ""
    yield Finding("ok", "Kubernetes", f"{look.standing.version} at {look.url} ({look.place()}){by}")
    yield from _of_rights(look.standing, wanted=wanted)
    if look.reached:
        yield Finding("ok", "Pods", f"reach KECS at {look.reached}")


def _of_rights(standing: Standing, *, wanted: bool) -> Iterator[Finding]:
    """One finding for each right that is missing."""
    lacking: dict[Right, list[str]] = {}
    for question in standing.missing:
        lacking.setdefault(question.right, []).append(question.verb)
    for right, verbs in lacking.items():
        yield Finding(
            "problem" if wanted and not right.without else "note",
            "Rights",
            f"may not {', '.join(verbs)} {right.full_name}: {right.why}",
            f"Without it {right.without}." if right.without else "Grant it as in deploy/kustomize/rbac.yaml.",
        )
    if not lacking:
        yield Finding("ok", "Rights", f"all {standing.asked} that KECS needs")


def _look(instance: Instance, kubeconfig: Path | None, context: str | None) -> Look:
    """Raises NoCluster, RuntimeUnavailable."""
    if importlib.util.find_spec("lightkube") is None:
        raise NoCluster("the extra kubernetes is not installed: pip install 'kecs[kubernetes]'")
    return asyncio.run(_looked(instance, kubeconfig, context))


async def _looked(instance: Instance, kubeconfig: Path | None, context: str | None) -> Look:
    from kecs.ports.runtime import RuntimeUnavailable
    from kecs.runtimes.kubernetes.access.standing import standing, traces
    from kecs.runtimes.kubernetes.api.client import Cluster

    known = instance.read()
    if known is not None and known.runtime == "kubernetes" and not (kubeconfig or context):
        kubeconfig, context = Path(known.kubeconfig) if known.kubeconfig else None, known.context
    try:
        cluster = Cluster.named(kubeconfig, context)
    except RuntimeUnavailable as error:
        raise NoCluster(str(error)) from error
    try:
        found = await standing(cluster)
        namespaces, reached = await traces(cluster, instance.label) if instance.exists() else ([], None)
    finally:
        await cluster.close()
    return Look(cluster.url, cluster.context, cluster.kubeconfig, found, namespaces, reached)
