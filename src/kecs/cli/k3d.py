"""The Kubernetes cluster that `kecs start --k3d` runs tasks on: one of k3d's, which are containers of a Docker Engine.

It is there for every KECS of this machine and outlives them. `k3d cluster delete kecs` removes it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click

CLUSTER = "kecs"
CONTEXT = f"k3d-{CLUSTER}"
MAKE_WITHIN = "300s"

# KECS has no use for k3s's ingress controller, and the user's own kubeconfig is the user's.
_MAKE = (
    "cluster",
    "create",
    CLUSTER,
    "--k3s-arg=--disable=traefik@server:*",
    "--kubeconfig-update-default=false",
    "--kubeconfig-switch-context=false",
    f"--timeout={MAKE_WITHIN}",
)


def k3d_kubeconfig(folder: Path) -> Path:
    """The kubeconfig of the cluster, which runs. It is written into `folder`. Raises ClickException."""
    program = shutil.which("k3d")
    if program is None:
        raise click.ClickException(
            "There is no command k3d. Install it (https://k3d.io), or name a cluster that is there with --kubeconfig "
            "and --context."
        )
    if _k3d(program, "cluster", "list", CLUSTER).returncode:
        click.echo(f"Making the k3d cluster {CLUSTER} …", err=True)
        _told(program, *_MAKE)
    else:
        _told(program, "cluster", "start", CLUSTER)
    config = _told(program, "kubeconfig", "get", CLUSTER)
    path = folder / f"k3d-{CLUSTER}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # there is a key in it
        path.write_text(config)
    except OSError as error:
        raise click.ClickException(f"The kubeconfig {path} cannot be written: {error.strerror}") from error
    return path


def _told(program: str, *arguments: str) -> str:
    """What it prints when all goes well."""
    done = _k3d(program, *arguments)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise click.ClickException(f"k3d {' '.join(arguments[:2])} has failed: {said}")
    return done.stdout


def _k3d(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
