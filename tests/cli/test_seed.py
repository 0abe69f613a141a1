"""`kecs start --seed`: what a server begins with is there before its ready line."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from tests.cli.conftest import Shell
from tests.cli.test_start import url_of

SEED = """
clusters: [{clusterName: shop}]
taskDefinitions: [{family: web, containerDefinitions: [{name: app, image: web, memory: 64}]}]
services: [{cluster: shop, serviceName: web, taskDefinition: web, desiredCount: 1, launchType: EC2}]
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "seed.yaml").write_text(SEED)
    return str(tmp_path / "seed.yaml")


def services(url: str) -> list[str]:
    ecs = boto3.client(
        "ecs", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    arns: list[str] = ecs.list_services(cluster="shop")["serviceArns"]
    return arns


def test_it_is_there_when_the_server_is_ready(shell: Shell, file: str) -> None:
    assert len(services(url_of(shell.ok("start", "--detach", "--seed", file)))) == 1
    assert len(services(url_of(shell.ok("start", "--detach", KECS_SEED=file)))) == 1


def test_a_server_that_keeps_its_state_is_seeded_once(shell: Shell, file: str) -> None:
    keeping = {"KECS_TEST_MODE": "false", "KECS_RUNTIME": "simulated"}
    for _ in range(2):
        assert len(services(url_of(shell.ok("start", "--detach", "--seed", file, **keeping)))) == 1
        shell.ok("stop")


@pytest.mark.parametrize("options", [[], ["--detach"]])
def test_a_seed_that_is_refused_is_one_clear_line(shell: Shell, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "seed.yaml").write_text(SEED.replace("taskDefinition: web", "taskDefinition: other"))
    line = shell.refused("start", "--seed", str(tmp_path / "seed.yaml"), *options)
    assert "seed.yaml, services[0] (web): CreateService is refused with ClientException: TaskDefinition not" in line
    assert "cannot be read" in shell.refused("start", "--seed", str(tmp_path / "nothing.yaml"), *options)


def test_a_snapshot_is_a_seed_too(shell: Shell, file: str, tmp_path: Path) -> None:
    shell.ok("start", "--detach", "--instance", "first", "--seed", file)
    shell.ok("snapshot", "-o", str(tmp_path / "state.json"), "--instance", "first")
    assert len(services(url_of(shell.ok("start", "--detach", "--seed", str(tmp_path / "state.json"))))) == 1
