"""`kecs demo` does what it claims, and says so when it does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from tests.cli.conftest import OUTSIDE, Shell
from tests.support.api_server import ApiServer
from tests.support.images import test_image

from kecs.cli.demo import rootfs
from kecs.cli.demo.ecs import DemoFailed, Ecs, wait_for
from kecs.cli.demo.kubernetes import KubernetesStage
from kecs.cli.demo.traffic import Traffic


def demo(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kecs", "demo", *options]
    return subprocess.run(command, env=OUTSIDE | environment, capture_output=True, text=True, timeout=180, check=False)


def check(done: subprocess.CompletedProcess[str], runtime: str) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout
    assert f"runtime: {runtime}" in told
    requests = re.search(r"(\d+) requests: (\d+) by web:1, (\d+) by web:2; 0 failed", told)
    assert requests, told
    assert int(requests[1]) == int(requests[2]) + int(requests[3]) >= 100
    assert "3 healthy again after" in told
    assert "printed 'Hello, ECS!' and exited with 42" in told
    assert "All of it happened as told." in told


def test_on_the_simulated_runtime() -> None:
    check(demo("--runtime", "simulated"), "simulated")


@pytest.mark.long
@pytest.mark.docker
@pytest.mark.skipif(sys.platform != "linux", reason="the image is made of this machine's files")
def test_on_docker_with_an_image_made_here() -> None:
    check(demo("--runtime", "docker"), "docker")


@pytest.mark.kubernetes
def test_on_kubernetes() -> None:
    cluster = f"--kubeconfig={os.environ['KECS_TEST_KUBECONFIG']}"
    check(demo("--runtime", "kubernetes", cluster, "--image", test_image("v1")), "kubernetes")


def test_a_cluster_that_does_not_answer_fails_the_demo(tmp_path: Path) -> None:
    done = demo("--runtime", "kubernetes", f"--kubeconfig={tmp_path / 'none'}")
    assert done.returncode == 1
    assert "no Kubernetes cluster is known" in done.stderr


def test_what_stands_before_an_api_server_may_answer_otherwise(tmp_path: Path) -> None:
    config = ApiServer("http://127.0.0.1:1").kubeconfig(tmp_path / "config")
    stage = KubernetesStage("it", None, config, None)
    answer = httpx2.Response(502, text="<h1>Bad Gateway</h1>")
    stage._api = httpx2.Client(base_url="http://127.0.0.1:1", transport=httpx2.MockTransport(lambda _: answer))
    with closing(stage._api), pytest.raises(DemoFailed, match="Kubernetes refused: <h1>Bad Gateway</h1>"):
        stage.check_nothing_left()


def test_without_docker_auto_is_simulated() -> None:
    done = demo(DOCKER_HOST="unix:///nowhere/docker.sock")
    check(done, "simulated")


def test_a_runtime_that_does_not_answer_fails_the_demo() -> None:
    done = demo("--runtime", "docker", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The demo failed. ")


def test_what_does_not_happen_is_said() -> None:
    with pytest.raises(DemoFailed, match="rain did not happen within 0 s"):
        wait_for("rain", lambda: None, 0)


def test_failed_requests_are_counted(shell: Shell) -> None:
    """A client whose tasks never were there has only failures: the demo's zero is measured, not assumed."""
    shell.ok("start", "--detach")
    url = shell.ok("env").splitlines()[0].split("=")[1]
    container = {"name": "web", "image": "x", "memory": 64}
    with closing(Ecs(url)) as ecs:
        ecs.call("CreateCluster", clusterName="demo")
        ecs.call("RegisterTaskDefinition", family="web", containerDefinitions=[container])
        ecs.call("CreateService", cluster="demo", serviceName="web", taskDefinition="web", desiredCount=0)
    with Traffic(url, "demo", "web") as traffic:
        wait_for("a request", lambda: traffic.requests or None, 10)
    assert len(traffic.failures) == traffic.requests
    assert traffic.failures[0] == "no task was there to answer"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has files that run in a Linux container")
def test_a_root_made_of_this_python_has_what_it_needs() -> None:
    made = rootfs.python_files()
    assert made is not None
    files, interpreter = made
    assert {interpreter, rootfs.PROGRAM} <= files.files.keys()
    assert any(path.endswith("/os.py") for path in files.files)
    assert any("libc" in path or "ld-" in path for path in files.files)
    assert files.fingerprint() == rootfs.python_files()[0].fingerprint()  # type: ignore[index]
