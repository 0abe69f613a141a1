"""Code and programs that make AWS clients of their own find the test's KECS."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from tests.testing.conftest import Run

from kecs.testing import Clock, Faults, Server, create_test_task_definition, start_server, wait_for_task

CONFIGURATION = "[default]\nregion = eu-central-1\n[profile production]\nendpoint_url = http://127.0.0.1:9\n"


@pytest.fixture
def machine_of_somebody(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set there leads to accounts of theirs."""
    (tmp_path / "config").write_text(CONFIGURATION)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"):
        monkeypatch.setenv(name, "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session(region_name="eu-central-1"))


def test_nothing_of_the_machine_counts(
    machine_of_somebody: None, kecs_env: dict[str, str], kecs: Server, ecs_cluster: str
) -> None:
    client = boto3.client("ecs")
    assert client.meta.region_name == kecs.region
    assert client.describe_clusters(clusters=[ecs_cluster])["clusters"][0]["status"] == "ACTIVE"
    assert kecs_env == {name: os.environ[name] for name in kecs_env} == kecs.client_env
    client.close()


def test_waiters_of_its_clients_wait_on_the_clock(kecs_env: dict[str, str], ecs: Any, ecs_cluster: str) -> None:
    job = create_test_task_definition(ecs, command=["sleep", "86400"])
    task = ecs.run_task(cluster=ecs_cluster, taskDefinition=job)["tasks"][0]["taskArn"]
    client = boto3.client("ecs")
    waits = {"Delay": 3600, "MaxAttempts": 30}  # a day, if it slept
    client.get_waiter("tasks_stopped").wait(cluster=ecs_cluster, tasks=[task], WaiterConfig=waits)
    assert wait_for_task(ecs, ecs_cluster, task, "STOPPED", timeout=0)["containers"][0]["exitCode"] == 0
    client.close()


def test_retries_of_its_clients_wait_on_the_clock(
    kecs_env: dict[str, str], kecs_faults: Faults, kecs_clock: Clock, ecs_cluster: str
) -> None:
    throttled = kecs_faults.throttle("DescribeClusters", cluster=ecs_cluster, times=2)
    kecs_clock.freeze()
    before = kecs_clock.now
    client = boto3.client("ecs")
    assert client.describe_clusters(clusters=[ecs_cluster])["clusters"]
    assert throttled.struck == 2
    assert kecs_clock.now > before
    client.close()


def test_a_server_that_is_gone_is_the_clients_to_find_out(kecs_env: dict[str, str], kecs: Server) -> None:
    with start_server() as gone:
        client = boto3.client("ecs", endpoint_url=gone.endpoint)
    with pytest.raises(EndpointConnectionError):
        client.list_clusters()
    client.close()


def test_a_program(kecs: Server, ecs_cluster: str) -> None:
    program = "import boto3; print(boto3.client('ecs').list_clusters()['clusterArns'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **kecs.client_env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ecs_cluster in done.stdout


def test_afterwards_it_is_as_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    run(
        "import os, time, boto3, botocore.endpoint, botocore.waiter\n"
        "def test_it(kecs_env):\n"
        "    assert 'AWS_PROFILE' not in os.environ\n"
        "    assert os.environ['AWS_ENDPOINT_URL'].startswith('http://127.0.0.1:')\n"
        "def test_the_next():\n"
        "    assert os.environ['AWS_PROFILE'] == 'mine'\n"
        "    assert 'AWS_ENDPOINT_URL' not in os.environ\n"
        "    assert botocore.waiter.time is botocore.endpoint.time is time\n"
    )
