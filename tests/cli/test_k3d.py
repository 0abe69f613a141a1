"""`kecs start --k3d`, with a command k3d that does and says what k3d 5 does and says, but for a cluster.

Notes of k3d are on standard output, warnings and errors on standard error, both in colour wherever they go. A failure
has the exit code 1.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Shell
from tests.support.api_server import api_server

K3D = r"""#!/bin/sh
echo "$*" >>"$CALLS"
log() { printf '\033[%sm%s\033[0m[0000] %s\n' "$1" "$2" "$3"; }
[ "$LOG_LEVEL" = warning ] || log 36 INFO "a note"
case "$1 $2" in
  "cluster list") [ -n "$SILENT" ] || cat "$CLUSTERS" ;;
  "cluster create") [ -z "$HANGS" ] || { echo begun >"$HANGS"; exec sleep 60; } ;;
  "kubeconfig get") echo ---; cat "$CONFIG" ;;
esac
[ "$1 $2" = "$FAILS" ] || exit 0
[ -z "$BEFORE" ] || { log 31 ERRO "$BEFORE"; log 31 ERRO "Failed to create cluster >>> Rolling Back"; } >&2
log 31 FATA "$SAYS" >&2
exit 1
"""
MAKE = (
    "cluster create kecs --k3s-arg=--disable=traefik@server:* --kubeconfig-update-default=false "
    "--kubeconfig-switch-context=false --timeout=300s"
)
LIST = "cluster list --output json"
START = "cluster start kecs --timeout=300s"
GET = "kubeconfig get kecs"
NO_DOCKER = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
ANEW = "`k3d cluster delete kecs` removes what there is of the cluster, and the next start makes it anew."


def cluster(name: str, **running: bool) -> dict[str, Any]:
    """As k3d lists it: `running` by role."""
    nodes = [
        {
            "name": f"k3d-{name}-{role}-0",
            "role": role,
            "State": {"Running": runs, "Status": "running" if runs else "exited"},
        }
        for role, runs in running.items()
    ]
    return {"name": name, "nodes": nodes, "serversCount": 1, "serversRunning": int(running.get("server", False))}


class K3d:
    def __init__(self, folder: Path, shell: Shell) -> None:
        self.shell = shell
        self.calls = folder / "calls"
        self.config = folder / "config"
        self.program = folder / "k3d"
        self.program.write_text(K3D)
        self.program.chmod(0o755)
        self.listed = folder / "clusters"
        path = f"{folder}{os.pathsep}{shell.environment['PATH']}"
        self.environment = {"PATH": path, "CALLS": str(self.calls), "CONFIG": str(self.config)}
        self.environment |= {"CLUSTERS": str(self.listed), "KECS_TEST_MODE": "false", "LOG_LEVEL": "debug"}
        self.config.write_text("nothing")
        self.has(cluster("k3s-default", server=True))

    def has(self, *clusters: dict[str, Any]) -> None:
        self.listed.write_text(json.dumps(clusters))

    def start(self, *arguments: str, **environment: str) -> list[str]:
        """What it says before it ends: that it makes or starts the cluster, and why it did not come up."""
        done = self.shell.kecs("start", "--k3d", *arguments, **self.environment | environment)
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr.splitlines()

    def asked(self) -> list[str]:
        return self.calls.read_text().splitlines()


@pytest.fixture
def k3d(tmp_path_factory: pytest.TempPathFactory, shell: Shell) -> K3d:
    return K3d(tmp_path_factory.mktemp("k3d"), shell)


def test_a_cluster_is_made_and_its_kubeconfig_is_the_users_alone(k3d: K3d) -> None:
    written = k3d.shell.data / "k3d-kecs.yaml"
    with api_server() as server:
        config = server.kubeconfig(k3d.config)
        config.write_text(config.read_text().replace("here", "k3d-kecs"))
        making, error = k3d.start()
        assert k3d.asked() == [LIST, MAKE, GET]
        assert making == "Making the k3d cluster kecs …"
        assert f"the Kubernetes cluster at {server.url} refuses KECS" in error  # it has no pods to list
        k3d.has(cluster("kecs", server=True, loadbalancer=True))
        assert k3d.start() == [error]
    assert written.read_text() == f"---\n{k3d.config.read_text()}"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_cluster_that_runs_is_left_alone(k3d: K3d) -> None:
    k3d.has(cluster("k3s-default", server=False), cluster("kecs", server=True, loadbalancer=True))
    (error,) = k3d.start()
    assert "no Kubernetes cluster is known" in error
    assert k3d.asked() == [LIST, GET]


@pytest.mark.parametrize(
    "running",
    [
        {"server": False, "loadbalancer": False},
        {"server": True, "agent": False},
        {"server": True, "loadbalancer": False},
    ],
    ids=str,
)
def test_a_cluster_that_is_stopped_is_started(k3d: K3d, running: dict[str, bool]) -> None:
    k3d.has(cluster("kecs", **running))
    starting, _ = k3d.start()
    assert starting == "Starting the k3d cluster kecs …"
    assert k3d.asked() == [LIST, START, GET]


def test_one_that_does_not_start_can_be_made_anew(k3d: K3d) -> None:
    k3d.has(cluster("kecs", server=False))
    _, error = k3d.start(FAILS="cluster start", SAYS="context deadline exceeded")
    assert error == f"Error: k3d cluster start has failed: context deadline exceeded. {ANEW}"


def test_one_that_is_incomplete_can_be_made_anew(k3d: K3d) -> None:
    k3d.has(cluster("kecs", loadbalancer=True))
    (error,) = k3d.start(FAILS="kubeconfig get", SAYS="didn't find any server node for cluster 'kecs'")
    assert error == f"Error: k3d kubeconfig get has failed: didn't find any server node for cluster 'kecs'. {ANEW}"


def test_why_it_could_not_be_made_is_not_that_it_was_taken_back(k3d: K3d) -> None:
    back = {"FAILS": "cluster create", "SAYS": "Cluster creation FAILED, all changes have been rolled back!"}
    _, error = k3d.start(**back, BEFORE="Failed Cluster Start: no space left on device")
    assert error == "Error: k3d cluster create has failed: Failed Cluster Start: no space left on device"


def test_a_name_that_is_taken_meanwhile(k3d: K3d) -> None:
    taken = "Failed to create cluster 'kecs' because a cluster with that name already exists"
    _, error = k3d.start(FAILS="cluster create", SAYS=taken)
    assert error == f"Error: k3d cluster create has failed: {taken}"


def test_no_cluster_is_made_where_k3d_cannot_tell_which_there_are(k3d: K3d) -> None:
    (error,) = k3d.start(FAILS="cluster list", SAYS=f"runtime failed to list nodes: {NO_DOCKER}", SILENT="yes")
    assert error == f"Error: k3d cluster list has failed: runtime failed to list nodes: {NO_DOCKER}"
    assert k3d.asked() == [LIST]


def test_a_k3d_that_is_too_old(k3d: K3d) -> None:
    k3d.listed.write_text("NAME   MASTERS   WORKERS\n")
    (error,) = k3d.start()
    assert error == "Error: k3d cluster list prints something else than clusters: KECS needs k3d 5."


def test_making_it_is_interrupted(k3d: K3d, tmp_path: Path) -> None:
    os.mkfifo(begun := tmp_path / "begun")
    with subprocess.Popen(
        [sys.executable, "-m", "kecs", "start", "--k3d"],
        env=k3d.shell.environment | k3d.environment | {"HANGS": str(begun)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # who runs the tests may ignore it
    ) as starting:
        assert begun.read_text() == "begun\n"
        starting.send_signal(signal.SIGINT)
        _, said = starting.communicate(timeout=60)
    assert starting.returncode == 1
    assert said.splitlines()[1:] == [f"Error: Making the k3d cluster kecs was interrupted. {ANEW}"]


def test_without_k3d_it_says_what_to_do(k3d: K3d, tmp_path_factory: pytest.TempPathFactory) -> None:
    (error,) = k3d.start(PATH=str(tmp_path_factory.mktemp("empty")))
    assert "There is no command k3d. Install it (https://k3d.io), or name a cluster" in error


def test_a_k3d_for_another_machine(k3d: K3d) -> None:
    k3d.program.write_bytes(b"\x7fELF of another machine")
    (error,) = k3d.start()
    assert error == f"Error: {k3d.program} cannot be run: Exec format error"


@pytest.mark.parametrize(
    "beside", [["--runtime", "docker"], ["--test-mode"], ["--kubeconfig", "x"], ["--context", "x"]], ids=" ".join
)
def test_what_it_contradicts(k3d: K3d, beside: list[str]) -> None:
    done = k3d.shell.kecs("start", "--k3d", *beside, **k3d.environment)
    assert done.returncode == 2
    assert "--k3d" in done.stderr
    assert not k3d.calls.exists()
