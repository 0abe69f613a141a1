"""`kecs start --k3d`, with a command k3d that only writes down what it is asked to do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.cli.conftest import Shell
from tests.support.api_server import api_server

K3D = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$1 $2" in
  "cluster list") [ "$HAS" = yes ] ;;
  "cluster create") [ -z "$FAILS" ] || { echo "INFO begun" >&2; echo "FATA no Docker" >&2; exit 1; } ;;
  "kubeconfig get") cat "$CONFIG" ;;
esac
"""
MAKE = (
    "cluster create kecs --k3s-arg=--disable=traefik@server:* --kubeconfig-update-default=false "
    "--kubeconfig-switch-context=false --timeout=300s"
)


class K3d:
    def __init__(self, folder: Path, shell: Shell) -> None:
        self.shell = shell
        self.calls = folder / "calls"
        self.config = folder / "config"
        program = folder / "k3d"
        program.write_text(K3D)
        program.chmod(0o755)
        path = f"{folder}{os.pathsep}{shell.environment['PATH']}"
        self.environment = {"PATH": path, "CALLS": str(self.calls), "CONFIG": str(self.config)}
        self.environment |= {"KECS_TEST_MODE": "false"}
        self.config.write_text("nothing")

    def start(self, *arguments: str, **environment: str) -> str:
        """Why it did not come up."""
        return self.shell.refused("start", "--k3d", *arguments, **self.environment | environment)

    def asked(self) -> list[str]:
        return self.calls.read_text().splitlines()


@pytest.fixture
def k3d(tmp_path_factory: pytest.TempPathFactory, shell: Shell) -> K3d:
    return K3d(tmp_path_factory.mktemp("k3d"), shell)


def test_a_cluster_is_made_and_its_kubeconfig_is_the_users_alone(k3d: K3d) -> None:
    with api_server() as server:
        config = server.kubeconfig(k3d.config)
        config.write_text(config.read_text().replace("here", "k3d-kecs"))
        said = k3d.shell.kecs("start", "--k3d", **k3d.environment)
    assert k3d.asked() == ["cluster list kecs", MAKE, "kubeconfig get kecs"]
    making, error = said.stderr.splitlines()
    assert making == "Making the k3d cluster kecs …"
    assert f"the Kubernetes cluster at {server.url} refuses KECS" in error  # it has no pods to list
    written = k3d.shell.data / "k3d-kecs.yaml"
    assert written.read_text() == k3d.config.read_text()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_cluster_that_is_there_is_started(k3d: K3d) -> None:
    assert "no Kubernetes cluster is known" in k3d.start(HAS="yes")
    assert k3d.asked() == ["cluster list kecs", "cluster start kecs", "kubeconfig get kecs"]


def test_k3d_says_why_not(k3d: K3d) -> None:
    said = k3d.shell.kecs("start", "--k3d", **k3d.environment, FAILS="yes")
    assert said.returncode == 1
    assert said.stderr.endswith("Error: k3d cluster create has failed: FATA no Docker\n")


def test_without_k3d_it_says_what_to_do(k3d: K3d, tmp_path_factory: pytest.TempPathFactory) -> None:
    said = k3d.start(PATH=str(tmp_path_factory.mktemp("empty")))
    assert "There is no command k3d. Install it (https://k3d.io), or name a cluster" in said


@pytest.mark.parametrize(
    "beside", [["--runtime", "docker"], ["--test-mode"], ["--kubeconfig", "x"], ["--context", "x"]], ids=" ".join
)
def test_what_it_contradicts(k3d: K3d, beside: list[str]) -> None:
    done = k3d.shell.kecs("start", "--k3d", *beside, **k3d.environment)
    assert done.returncode == 2
    assert "--k3d" in done.stderr
    assert not k3d.calls.exists()
