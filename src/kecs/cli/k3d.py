"""The Kubernetes cluster that `kecs start --k3d` runs tasks on: one of k3d's, which are containers of a Docker Engine.

It is there for every KECS of this machine and outlives them. `k3d cluster delete kecs` removes it. Written for k3d 5,
as https://k3d.io/stable/usage/commands/ describes it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click

CLUSTER = "kecs"
CONTEXT = f"k3d-{CLUSTER}"
READY_WITHIN = 300  # seconds, for a cluster that is made or started
ANSWER_WITHIN = 60  # seconds, for what k3d only looks up

_WITHIN = f"--timeout={READY_WITHIN}s"
# KECS has no use for k3s's ingress controller, and the user's own kubeconfig is the user's.
_MAKE = (
    "cluster",
    "create",
    CLUSTER,
    "--k3s-arg=--disable=traefik@server:*",
    "--kubeconfig-update-default=false",
    "--kubeconfig-switch-context=false",
    _WITHIN,
)
_ANEW = f"`k3d cluster delete {CLUSTER}` removes what there is of the cluster, and the next start makes it anew."

# k3d logs in colour to pipes too, notes where its results are, and after the cause of a failure how that ended.
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_ERROR = re.compile(r"^(?:ERRO|FATA)\[[^\]]*\] *(.*\S)", re.MULTILINE)
_AFTERWARDS = re.compile(r"^.*Rolling Back.*$", re.MULTILINE)


def k3d_kubeconfig(folder: Path) -> Path:
    """The kubeconfig of the cluster, which runs. It is written into `folder`. Raises ClickException."""
    program = shutil.which("k3d")
    if program is None:
        raise click.ClickException(
            "There is no command k3d. Install it (https://k3d.io), or name a cluster that is there with --kubeconfig "
            "and --context."
        )
    path = folder / f"k3d-{CLUSTER}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:  # there will be a key in it
            fcntl.flock(file, fcntl.LOCK_EX)  # of two that start at once, one makes the cluster
            config = _config_of_running(program)
            file.truncate()
            file.write(config)
    except OSError as error:
        raise click.ClickException(f"The kubeconfig {path} cannot be written: {error.strerror}") from error
    return path


def _config_of_running(program: str) -> str:
    """The kubeconfig, after the cluster was made or started if need be."""
    cluster = _found(program)
    if cluster is None:
        _make(program)
    elif not _runs(cluster):
        click.echo(f"Starting the k3d cluster {CLUSTER} …", err=True)
        _told(program, "cluster", "start", CLUSTER, _WITHIN, within=READY_WITHIN, otherwise=_ANEW)
    return _told(program, "kubeconfig", "get", CLUSTER, otherwise=_ANEW)


def _found(program: str) -> dict[str, Any] | None:
    """The cluster as k3d lists it. That k3d cannot tell is an error: a cluster may be there all the same."""
    listed = _told(program, "cluster", "list", "--output", "json")
    try:
        clusters = {each["name"]: each for each in json.loads(listed)}
    except (ValueError, TypeError, KeyError) as error:
        raise click.ClickException("k3d cluster list prints something else than clusters: KECS needs k3d 5.") from error
    return clusters.get(CLUSTER)


def _runs(cluster: dict[str, Any]) -> bool:
    """Whether all its nodes do, of which the load balancer is one. One that runs is not started again: that leaves a
    container of k3d's behind with which the next start collides."""
    return all(node.get("State", {}).get("Running") for node in cluster.get("nodes", ()))


def _make(program: str) -> None:
    click.echo(f"Making the k3d cluster {CLUSTER} …", err=True)
    try:
        _told(program, *_MAKE, within=READY_WITHIN)  # k3d takes back what it has made if something goes wrong
    except KeyboardInterrupt:
        raise click.ClickException(f"Making the k3d cluster {CLUSTER} was interrupted. {_ANEW}") from None


def _told(program: str, *arguments: str, within: int = 0, otherwise: str = "") -> str:
    """What it prints when all goes well. `within`: seconds that it gives itself. `otherwise`: what else helps."""
    what = f"k3d {' '.join(arguments[:2])}"
    # Without its notes: they would stand among the results.
    environment = {name: value for name, value in os.environ.items() if name != "LOG_COLORS"} | {"LOG_LEVEL": "warning"}
    limit = within + ANSWER_WITHIN
    try:
        done = subprocess.run(
            [program, *arguments], env=environment, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise click.ClickException(f"{what} has not ended within {limit} seconds. {otherwise}".rstrip()) from error
    except OSError as error:
        raise click.ClickException(f"{program} cannot be run: {error.strerror}") from error
    if done.returncode:
        raise click.ClickException(f"{what} has failed: {_reason(done)}{otherwise and f'. {otherwise}'}")
    return done.stdout


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """In one line. What k3d logs last is that it has taken everything back."""
    said = _COLOUR.sub("", done.stderr)
    cause = _AFTERWARDS.split(said)[0]
    if errors := _ERROR.findall(cause) or _ERROR.findall(said):
        return str(errors[-1])
    return (said or done.stdout).strip().rpartition("\n")[2] or f"exit code {done.returncode}"
