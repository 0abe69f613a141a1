"""The commands that look at a running KECS or tell it something, against one in test mode."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner
from tests.cli.conftest import Shell
from tests.support.images import docker, test_image

from kecs.cli.client import call
from kecs.cli.demo.ecs import Ecs, wait_for
from kecs.cli.instances import Instance, Running
from kecs.cli.main import COMMANDS
from kecs.cli.stop import destroy_command


def exported(shell: Shell) -> dict[str, str]:
    return dict(line.removeprefix("export ").split("=", 1) for line in shell.ok("env").splitlines())


@pytest.fixture(scope="module")
def ecs(running: Shell) -> Iterator[Ecs]:
    with closing(Ecs(exported(running)["AWS_ENDPOINT_URL"])) as ecs:
        yield ecs


@pytest.mark.parametrize("command", ["status", "env", "reset", "events"])
def test_commands_say_when_nothing_runs(shell: Shell, command: str) -> None:
    assert "KECS is not running (instance default)" in shell.refused(command)


def test_logs_of_nothing(shell: Shell) -> None:
    assert "--detach" in shell.refused("logs")


def test_destroying_nothing_is_no_error(shell: Shell) -> None:
    assert "no KECS instance" in shell.ok("destroy")


def test_env_points_a_client_at_kecs(running: Shell) -> None:
    environment = exported(running)
    code = "import boto3; print(boto3.client('ecs').create_cluster(clusterName='of-env')['cluster']['clusterArn'])"
    arn = subprocess.check_output([sys.executable, "-c", code], env=os.environ | environment, text=True).strip()
    assert arn == "arn:aws:ecs:us-east-1:000000000000:cluster/of-env"


def test_status_counts(running: Shell, ecs: Ecs) -> None:
    running.ok("reset")
    ecs.call("CreateCluster", clusterName="counted")
    rows = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in running.ok("status").splitlines())
    assert rows["status"] == "ok"
    assert rows["runtime"] == "simulated, nothing kept on disk"
    assert int(rows["clusters"]) >= 1
    assert rows["tasks"] == "0 running or on their way, 0 stopped"


def test_a_quiet_status_is_an_exit_code(running: Shell, shell: Shell) -> None:
    assert running.ok("status", "--quiet") == ""
    assert "KECS is not running" in shell.refused("status", "--quiet")


def test_events_are_lines(running: Shell, ecs: Ecs) -> None:
    ecs.call("CreateCluster", clusterName="told")
    lines = running.ok("events").splitlines()
    assert any(
        re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  cluster told new -> ACTIVE", line) for line in lines
    )


def test_followed_events_come_as_they_happen_until_kecs_stops(shell: Shell) -> None:
    shell.ok("start", "--detach")
    command = [sys.executable, "-m", "kecs", "events", "-f"]
    with (
        closing(Ecs(exported(shell)["AWS_ENDPOINT_URL"])) as ecs,
        subprocess.Popen(command, env=shell.environment, stdout=subprocess.PIPE, text=True) as follower,
    ):
        ecs.call("CreateCluster", clusterName="before")
        assert follower.stdout is not None
        while "cluster before" not in follower.stdout.readline():
            assert follower.poll() is None
        ecs.call("CreateCluster", clusterName="after")
        while "cluster after" not in follower.stdout.readline():
            assert follower.poll() is None
        shell.ok("stop")
        follower.stdout.read()
    assert follower.returncode == 0


def test_reset_forgets(running: Shell, ecs: Ecs) -> None:
    ecs.call("CreateCluster", clusterName="forgotten")
    running.ok("reset")
    assert ecs.call("DescribeClusters", clusters=["forgotten"])["clusters"] == []


def test_destroy_takes_what_runs(shell: Shell) -> None:
    shell.ok("start", "--detach", "--runtime", "simulated", KECS_TEST_MODE="false")
    assert "destroyed" in shell.ok("destroy")
    assert list(shell.data.iterdir()) == []


def test_destroy_says_when_docker_is_needed_and_does_not_answer(shell: Shell) -> None:
    left = Instance(shell.data, "default")
    left.directory.mkdir()
    left.write(Running(1, "http://127.0.0.1:1", "docker", 0.0, "0" * 12, "us-east-1", ephemeral=False))
    nowhere = f"unix://{shell.data}/no.sock"
    assert "cannot be removed" in shell.refused("destroy", DOCKER_HOST=nowhere)
    assert left.exists()
    left.write(Running(1, "http://127.0.0.1:1", "simulated", 0.0, "0" * 12, "us-east-1", ephemeral=False))
    assert "destroyed" in shell.ok("destroy", DOCKER_HOST=nowhere)
    assert not left.exists()


def test_destroy_says_what_it_may_not_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = Instance(tmp_path, "default")
    left.directory.mkdir()
    left.write(Running(1, "http://127.0.0.1:1", "simulated", 0.0, "0" * 12, "us-east-1", ephemeral=False))
    monkeypatch.setattr(Instance, "remove", lambda _: None)
    result = CliRunner().invoke(destroy_command, ["--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"Files in {left.directory} belong to another user" in result.output


@pytest.mark.docker
def test_stop_leaves_containers_and_destroy_removes_them(shell: Shell) -> None:
    real = {"KECS_TEST_MODE": "false", "KECS_RUNTIME": "docker"}
    shell.ok("start", "--detach", **real)
    label = Instance(shell.data, "default").label
    container = {"name": "app", "image": test_image(), "memory": 32, "command": ["sleep", "600"]}
    with closing(Ecs(exported(shell)["AWS_ENDPOINT_URL"])) as ecs:
        ecs.call("RegisterTaskDefinition", family="app", containerDefinitions=[container])
        ecs.call("CreateService", serviceName="app", taskDefinition="app", desiredCount=1, launchType="EC2")

        def one_runs() -> bool | None:
            service = ecs.call("DescribeServices", services=["app"])["services"][0]
            return service["runningCount"] == 1 or None

        wait_for("a task", one_runs, 60)
    shell.ok("stop")
    assert len(containers(label)) == 1
    shell.ok("destroy")
    assert containers(label) == []


def containers(label: str) -> list[object]:
    """What Docker has of an instance."""
    filters = quote(json.dumps({"label": [f"io.kecs.instance={label}"]}))
    status, found = docker("GET", f"/containers/json?all=true&filters={filters}")
    assert status == 200
    return list(found)


def test_stop_leaves_the_wrong_process_alone(running: Shell, shell: Shell) -> None:
    """The registry may say what is no longer true: whoever answers at the address says which process it is."""
    known = Instance(running.data, "default").read()
    assert known is not None
    impostor = Instance(shell.data, "default")
    impostor.claim()
    impostor.write(Running(**known._asdict() | {"pid": os.getpid()}))
    assert "not stopped" in shell.refused("stop")
    impostor.forget()


def test_doctor_finds_a_port_in_use(running: Shell, shell: Shell) -> None:
    port = exported(running)["AWS_ENDPOINT_URL"].rsplit(":", 1)[1]
    done = shell.kecs("doctor", "--port", port)
    assert done.returncode == 1
    assert f"problem  Port: 127.0.0.1:{port}: Address already in use" in done.stdout
    assert f"Port: {port} is in use by this KECS" in running.ok("doctor", "--port", port)


def test_doctor_tells_that_moto_has_died(shell: Shell) -> None:
    shell.ok("start", "--detach")
    url = exported(shell)["AWS_ENDPOINT_URL"]

    def moto() -> Any:
        return call(url, "GET", "companions")["moto"]

    assert re.search(r"^ok +Companion: moto starts with the first request for it$", shell.ok("doctor"), re.MULTILINE)
    headers = {"X-Amz-Target": "AmazonSSM.DescribeParameters", "Content-Type": "application/x-amz-json-1.1"}
    urlopen(Request(url, b"{}", headers)).close()
    assert re.search(r"^ok +Companion: moto runs$", shell.ok("doctor"), re.MULTILINE)
    os.kill(moto()["pid"], signal.SIGKILL)
    wait_for("moto's death", lambda: moto()["last"], 10)
    found = shell.ok("doctor")
    assert re.search(r"^note +Companion: moto has ended by itself, the last of 1 at .* with status -9; ", found, re.M)


def test_doctor_without_docker_still_finds_all_well(shell: Shell) -> None:
    found = shell.ok("doctor", DOCKER_HOST=f"unix://{shell.data}/no.sock")
    assert re.search(r"^note +Docker: ", found, re.MULTILINE)
    assert "simulated containers only" in found


def test_doctor_finds_a_folder_that_cannot_be_used(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = shell.kecs("doctor", KECS_DATA_DIR=str(file))
    assert done.returncode == 1
    assert "problem  Data folder" in done.stdout


def test_help_names_every_command(shell: Shell) -> None:
    listed = shell.ok("--help")
    assert all(re.search(rf"^  {name} ", listed, re.MULTILINE) for name in COMMANDS)
    assert shell.kecs("nonsense").returncode == 2
