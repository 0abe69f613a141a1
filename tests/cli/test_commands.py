"""The commands that look at a running KECS or tell it something, against one in test mode."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.conftest import Shell

from kecs.cli.demo.ecs import Ecs


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


def test_stop_leaves_the_wrong_process_alone(running: Shell, shell: Shell) -> None:
    """The registry may say what is no longer true: whoever answers at the address says which process it is."""
    from kecs.cli.instances import Instance, Running

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
    from kecs.cli.main import COMMANDS

    listed = shell.ok("--help")
    assert all(re.search(rf"^  {name} ", listed, re.MULTILINE) for name in COMMANDS)
    assert shell.kecs("nonsense").returncode == 2
