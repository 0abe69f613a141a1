"""The image by itself, as somebody has it who uses no testing kit."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from tests.support.images import docker
from tests.support.kecs_image import ROOT, kecs_image

SOCKET = "/var/run/docker.sock"


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


class Box:
    """Containers of KECS's image that are removed at the end, with their volumes."""

    def __init__(self) -> None:
        self._started: list[str] = []

    def start(self, *options: str) -> str:
        """A container's id, once KECS is ready in it."""
        publish = ("--publish", "127.0.0.1::5373")
        found = run("docker", "run", "--detach", *publish, *options, kecs_image())
        self._started.append(found)
        with subprocess.Popen(["docker", "logs", "--follow", found], stdout=subprocess.PIPE, text=True) as following:
            assert following.stdout is not None
            self.ready = following.stdout.readline().strip()
            following.terminate()
        return found

    def remove(self) -> None:
        for container in self._started:
            run("docker", "rm", "--force", "--volumes", container)


@pytest.fixture
def box() -> Iterator[Box]:
    box = Box()
    yield box
    box.remove()


def clusters(container: str, *new: str) -> list[str]:
    """The names of the clusters in a KECS, after these have been created."""
    address = run("docker", "port", container, "5373/tcp").splitlines()[0]
    client = boto3.client(
        "ecs",
        endpoint_url=f"http://{address}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    for name in new:
        client.create_cluster(clusterName=name)
    return [arn.rsplit("/", 1)[-1] for arn in client.list_clusters()["clusterArns"]]


@pytest.mark.long
@pytest.mark.docker
def test_it_is_healthy_and_nobody_in_particular(box: Box) -> None:
    container = box.start("--env", "KECS_TEST_MODE=true")
    assert box.ready == "KECS ready at http://0.0.0.0:5373 (runtime: simulated)"
    assert run("docker", "exec", container, "id", "-u") == "5373"
    filters = ("--filter", f"container={container}", "--filter", "event=health_status")
    with subprocess.Popen(
        ["docker", "events", "--since", "1h", *filters, "--format", "{{.Action}}"], stdout=subprocess.PIPE, text=True
    ) as events:
        assert events.stdout is not None
        assert events.stdout.readline() == "health_status: healthy\n"
        events.terminate()
    run("docker", "stop", container)
    assert run("docker", "inspect", "--format", "{{.State.ExitCode}}", container) == "0"


@pytest.mark.long
@pytest.mark.docker
def test_what_it_is_made_of() -> None:
    found = docker("GET", f"/images/{kecs_image()}/json")[1]
    config = found["Config"]
    assert config["User"] == "5373"
    assert list(config["ExposedPorts"]) == ["5373/tcp"]
    assert list(config["Volumes"]) == ["/data"]
    assert config["Labels"]["org.opencontainers.image.title"] == "KECS"
    base = docker("GET", f"/images/{run(sys.executable, str(ROOT / 'tools/base_image.py'))}/json")[1]
    assert found["Size"] - base["Size"] < 60_000_000
    wanted = run("docker", "run", "--rm", kecs_image(), "version")
    assert wanted == run(sys.executable, "-m", "kecs", "version")


@pytest.mark.long
@pytest.mark.docker
def test_its_state_is_in_the_volume(box: Box) -> None:
    volume = f"kecs-test-{secrets.token_hex(4)}"
    try:
        first = box.start("--volume", f"{volume}:/data", "--env", "KECS_RUNTIME=simulated")
        assert clusters(first, "kept") == ["default", "kept"]
        run("docker", "stop", first)
        second = box.start("--volume", f"{volume}:/data", "--env", "KECS_RUNTIME=simulated")
        assert clusters(second) == ["default", "kept"]
    finally:
        box.remove()
        run("docker", "volume", "rm", volume)


@pytest.mark.long
@pytest.mark.docker
def test_any_user_of_group_0_may_run_it(box: Box) -> None:
    container = box.start("--user", "12345:0", "--env", "KECS_RUNTIME=simulated", "--read-only")
    assert clusters(container, "mine") == ["default", "mine"]
    run("docker", "exec", container, "kecs", "status", "--quiet")


@pytest.mark.long
@pytest.mark.docker
@pytest.mark.skipif(not Path(SOCKET).is_socket(), reason="the engine has no socket in the usual place")
def test_a_socket_that_it_may_not_use_is_one_clear_line(box: Box) -> None:
    group = Path(SOCKET).stat().st_gid
    advice = (
        f"the Docker socket {SOCKET} is there, but user 5373 may not use it: that takes the group {group} "
        f"(in a container: docker run --group-add {group})"
    )
    mounted = ("--volume", f"{SOCKET}:{SOCKET}")
    container = box.start(*mounted)
    assert box.ready.endswith("(runtime: simulated)")
    done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
    assert f"Containers are simulated, because {advice}.\n" in done.stderr
    refused = subprocess.run(
        ["docker", "run", "--rm", *mounted, "--env", "KECS_RUNTIME=docker", kecs_image()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, refused.stderr) == (1, f"Error: {advice}\n")
    box.start(*mounted, "--group-add", str(group))
    assert box.ready.endswith("(runtime: docker)")


def test_what_to_do_without_a_base(tmp_path: Path) -> None:
    """`make image` where Docker has no Python and no registry answers."""
    fake = tmp_path / "docker"
    fake.write_text('#!/bin/sh\necho "$@" >&2\nexit 1\n')
    fake.chmod(0o755)
    done = subprocess.run(
        ["make", "image", "PYTHON_IMAGE=python:0"],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "pull --quiet python:0" in done.stderr
    assert "Docker has no python:0 and cannot get it" in done.stderr
    assert "make image PYTHON_IMAGE=$(.venv/bin/python tools/base_image.py)" in done.stderr


def test_the_context_has_only_what_the_dockerfile_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    wanted = {name for names in copied for name in names.split()}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == wanted
    assert ignored[1] == "*"
    assert all((ROOT / name).exists() for name in wanted)
