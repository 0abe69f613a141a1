from __future__ import annotations

import builtins
import concurrent.futures
import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.sdk.calls import answers, until
from tests.support.images import docker, test_image
from tests.support.kecs_image import SETTINGS, kecs_image

from kecs.testing import (
    NotStarted,
    Server,
    assert_service_healthy,
    assert_task_completed,
    create_test_task_definition,
    deploy_service,
    running_tasks,
    start_container,
    wait_for_stable_service,
    wait_for_task,
)
from kecs.testing.admin import call


@pytest.fixture
def image() -> str:
    return kecs_image()


@pytest.fixture
def noted() -> Iterator[Callable[[Server], None]]:
    """Takes note of a server; nothing of it, nor of any other start of this process, is on the engine afterwards."""
    from testcontainers.core.labels import LABEL_SESSION_ID, SESSION_ID

    volumes: list[str] = []
    labels = [f"{LABEL_SESSION_ID}={SESSION_ID}"]

    def note(server: Server) -> None:
        container = server._host._container.get_wrapped_container()  # type: ignore[attr-defined]
        container.reload()
        volumes.extend(mount["Name"] for mount in container.attrs["Mounts"] if mount["Type"] == "volume")
        labels.append(f"io.kecs.instance={call(server.endpoint, 'GET', 'health')['instance']}")

    yield note
    for label in labels:
        assert labelled("containers", label, "&all=true") == []
        assert labelled("networks", label) == []
    for volume in volumes:
        assert docker("GET", f"/volumes/{volume}")[0] == 404


def labelled(what: str, label: str, more: str = "") -> Any:
    """The containers or networks that the engine has with this label."""
    filters = quote(json.dumps({"label": [label]}))
    return docker("GET", f"/{what}{'/json' if what == 'containers' else ''}?filters={filters}{more}")[1]


def main_job(server: Server, image: str) -> None:
    """A service of three that heals, and a job whose exit code is told."""
    client = server.ecs_client()
    client.create_cluster(clusterName="shop")
    deploy_service(client, "shop", "web", image, count=3)
    victim = running_tasks(client, "shop", "web")[0]["taskArn"]
    client.stop_task(cluster="shop", task=victim)
    wait_for_task(client, "shop", victim, "STOPPED")
    wait_for_stable_service(client, "shop", "web")
    assert_service_healthy(client, "shop", "web")
    assert victim not in [task["taskArn"] for task in running_tasks(client, "shop", "web")]
    job = create_test_task_definition(client, "job", image, command=["sh", "-c", "echo out of paper; exit 3"])
    task = client.run_task(cluster="shop", taskDefinition=job)["tasks"][0]["taskArn"]
    wait_for_task(client, "shop", task, "STOPPED")
    with pytest.raises(AssertionError, match="container app: exit code 3\n    \\| out of paper"):
        assert_task_completed(client, "shop", task)


@pytest.mark.long
@pytest.mark.docker
def test_the_main_job_in_test_mode(image: str, noted: Callable[[Server], None]) -> None:
    heard: list[str] = []
    settings = {"KECS_ACCOUNT": "222222222222", "PYTHONVERBOSE": "1"}
    with start_container(image=image, region="eu-west-1", env=settings, log_consumer=heard.append) as server:
        noted(server)
        assert server.runtime == "simulated"
        main_job(server, "web:1")
        arn = server.ecs_client().describe_clusters(clusters=["shop"])["clusters"][0]["clusterArn"]
        assert arn == "arn:aws:ecs:eu-west-1:222222222222:cluster/shop"
        before = server.clock.now
        server.clock.freeze()
        server.clock.advance(hours=1)
        assert server.clock.now >= before + 3600
        with pytest.raises(NotStarted, match=r"KECS did not start: .*port"):
            start_container(image=image, port=int(server.endpoint.rsplit(":", 1)[-1]))
    assert heard == server.logs().splitlines()
    assert any("import 'kecs.app.server'" in line for line in heard)
    server.cleanup()


@pytest.mark.long
@pytest.mark.docker
def test_the_main_job_on_the_engine_that_runs_kecs(image: str, noted: Callable[[Server], None]) -> None:
    real = test_image("v1")
    with start_container(image=image, docker_socket=True) as server:
        noted(server)
        assert server.runtime == "docker"
        main_job(server, real)
        client = server.ecs_client()
        deploy_service(client, "shop", "front", real, ports=[8080])
        (binding,) = running_tasks(client, "shop", "front")[0]["containers"][0]["networkBindings"]
        until(lambda: answers(f"http://127.0.0.1:{binding['hostPort']}/"), 20, "the published port")
        label = f"io.kecs.instance={call(server.endpoint, 'GET', 'health')['instance']}"
        assert len(labelled("containers", label)) == 4


@pytest.mark.long
@pytest.mark.docker
def test_containers_side_by_side(image: str, noted: Callable[[Server], None]) -> None:
    def work(number: int) -> list[str]:
        with start_container(image=image) as server:
            noted(server)
            server.ecs_client().create_cluster(clusterName=f"c{number}")
            return [arn.rsplit("/", 1)[-1] for arn in server.ecs_client().list_clusters()["clusterArns"]]

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(work, range(3))) == [["default", f"c{number}"] for number in range(3)]


@pytest.mark.long
@pytest.mark.docker
def test_only_this_machine_reaches_it_where_the_engine_is_here(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from testcontainers.core import config

    monkeypatch.setattr(config.testcontainers_config, "connection_mode_override", config.ConnectionMode.docker_host)
    monkeypatch.setattr(config.testcontainers_config, "tc_host_override", "localhost")
    with start_container(image=image) as server:
        assert server.endpoint.startswith("http://127.0.0.1:")
        (published,) = server._host._container.get_wrapped_container().ports["5373/tcp"]  # type: ignore[attr-defined]
        assert published["HostIp"] == "127.0.0.1"
        assert len(server.ecs_client().list_clusters()["clusterArns"]) == 1


@pytest.mark.long
@pytest.mark.docker
def test_a_container_that_nobody_cleaned_up_ends_with_the_process(image: str) -> None:
    program = (
        "from kecs.testing import start_container; server = start_container(); "
        "print(server.runtime, server._host._container.get_container_id())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=os.environ | SETTINGS,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    runtime, container = done.stdout.split()
    assert runtime == "simulated"
    assert docker("GET", f"/containers/{container}/json")[0] == 404


@pytest.mark.long
@pytest.mark.docker
def test_a_container_that_somebody_else_ends(image: str) -> None:
    with start_container(image=image) as killed, start_container(image=image) as removed:
        assert killed.ended() is None
        container = killed._host._container.get_wrapped_container()  # type: ignore[attr-defined]
        container.kill()
        container.wait()
        assert killed.ended() == "its container has ended with code 137"
        removed._host._container.get_wrapped_container().remove(force=True, v=True)  # type: ignore[attr-defined]
        assert "No such container" in (removed.ended() or "")


@pytest.mark.long
@pytest.mark.docker
def test_the_reaper_of_testcontainers_may_have_no_image(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from testcontainers.core.config import testcontainers_config

    monkeypatch.setattr(testcontainers_config, "_ryuk_disabled", False)
    monkeypatch.setattr(testcontainers_config, "ryuk_image", "kecs-test/nothing:1")
    told = "^KECS did not start: testcontainers needs kecs-test/nothing:1, or TESTCONTAINERS_RYUK_DISABLED=true in the "
    with pytest.raises(NotStarted, match=told):
        start_container(image=image)


@pytest.mark.long
@pytest.mark.docker
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"wait_timeout": 0}, "KECS did not start: it was not ready after 0 s"),
        ({"env": {"KECS_PULL": "sometimes"}}, r"(?s)it ended\n.*'sometimes' is not one of"),
        ({"test_mode": False, "env": {"KECS_RUNTIME": "docker"}}, "it ended\nError: no Docker Engine found"),
        ({"image": "kecs-test/nothing:1"}, "there is no image kecs-test/nothing:1; make it with `make image`"),
    ],
)
def test_what_does_not_start_says_why(
    image: str, options: dict[str, Any], text: str, noted: Callable[[Server], None]
) -> None:
    before = threading.active_count()
    with pytest.raises(NotStarted, match=text):
        start_container(**{"image": image} | options)
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # docker-py leaves it when nothing is there
def test_without_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(NotStarted, match=r"KECS did not start: no Docker Engine answers: .*No such file"):
        start_container()
    gc.collect()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"docker_socket": True, "test_mode": True}, "In test mode containers are simulated"),
        ({"env": {"KECS_PORT": "1"}}, "env has no KECS_PORT: an argument says it"),
        ({"env": {"KECS_HOST": "::"}}, "env has no KECS_HOST: an argument says it"),
    ],
)
def test_arguments_that_contradict_each_other(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        start_container(**options)


def test_without_testcontainers_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("testcontainers"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"pip install 'kecs\[containers\]'"):
        start_container()
