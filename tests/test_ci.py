"""What `.ci/run` starts and stops, with commands that only say that they were called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

STUB = """#!/bin/sh
echo "$(basename "$0") $*${KECS_TEST_KUBECONFIG:+ with Kubernetes}" >>"$CALLS"
"""
CLUSTER = """#!/bin/sh
echo "cluster $1" >>"$CALLS"
case $1 in
  build) exit "${BUILD_FAILS:-0}" ;;
  status) echo "kube-apiserver ${STATE:-down}" ;;
  up) touch "$FOLDER/kubeconfig"; echo "cluster: ready" >&2; echo "$FOLDER/kubeconfig" ;;
esac
"""


class Machine:
    """One with Docker, and with everything installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        (folder / "project/.ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci/run", folder / "project/.ci/run")
        self.stubs = folder / "bin"
        self.stubs.mkdir()
        for name in ("make", "apt-get", "docker", "helm"):
            self.program(self.stubs / name, STUB)
        self.program(self.stubs / "id", "#!/bin/sh\necho 0\n")
        self.program(self.stubs / "find", "#!/bin/sh\n")

    def program(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run(self, **environment: str) -> tuple[int, list[str], str]:
        """How it ended, what was called, and what it complained about."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KECS_")}
        about = {
            "PATH": f"{self.stubs}{os.pathsep}{os.environ['PATH']}",
            "CALLS": str(self.calls),
            "FOLDER": str(self.folder),
        }
        done = subprocess.run(
            ["bash", str(self.folder / "project/.ci/run")],
            env=clean | about | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        said = [line for line in self.calls.read_text().splitlines() if line.split()[0] in ("make", "cluster")]
        return done.returncode, said, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_a_cluster(machine: Machine) -> None:
    assert machine.run() == (0, ["make check", "make test", "make test-long"], "")


TESTED = ["make check", "cluster status", "cluster up"]
TESTED += [f"make {target} with Kubernetes" for target in ("test", "test-kubernetes", "test-long")]


@pytest.mark.parametrize("place", ["shared/kubernetes/cluster", "elsewhere"])
def test_a_cluster_that_it_starts(machine: Machine, place: str) -> None:
    script = machine.program(machine.folder / place, CLUSTER)
    named = {"KECS_KUBERNETES": str(script)} if place == "elsewhere" else {}
    status, calls, _ = machine.run(**named)
    assert status == 0
    calls.remove("cluster build")  # beside the check, so before or after it
    assert calls == [*TESTED, "cluster down"]


def test_a_cluster_that_runs_already_is_left_alone(machine: Machine) -> None:
    machine.program(machine.folder / "shared/kubernetes/cluster", CLUSTER)
    status, calls, _ = machine.run(STATE="up")
    calls.remove("cluster build")
    assert (status, calls) == (0, TESTED)


def test_a_cluster_that_cannot_be_built(machine: Machine) -> None:
    machine.program(machine.folder / "shared/kubernetes/cluster", CLUSTER)
    status, calls, complaint = machine.run(BUILD_FAILS="1")
    calls.remove("cluster build")
    assert (status, calls) == (1, ["make check"])
    assert "Kubernetes could not be built" in complaint


def test_what_was_started_is_stopped_when_a_test_fails(machine: Machine) -> None:
    machine.program(machine.folder / "shared/kubernetes/cluster", CLUSTER)
    machine.program(machine.stubs / "make", STUB + '[ "$1" != test ]\n')
    status, calls, _ = machine.run()
    assert (status, calls[-2:]) == (1, ["make test with Kubernetes", "cluster down"])
