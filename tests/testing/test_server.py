from __future__ import annotations

import asyncio
import builtins
import concurrent.futures
import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kecs.app.options import ServerOptions
from kecs.app.server import Answering, answering
from kecs.testing import NotStarted, Server, deploy_service, host, start_server

HOSTS = pytest.mark.parametrize("in_process", [True, False], ids=["this process", "a child"])


@HOSTS
def test_a_server_answers_and_is_gone_afterwards(in_process: bool) -> None:
    with start_server(in_process=in_process, region="eu-west-1") as server:
        assert server.runtime == "simulated"
        client = server.ecs_client()
        arn = client.create_cluster(clusterName="a")["cluster"]["clusterArn"]
        assert arn == "arn:aws:ecs:eu-west-1:000000000000:cluster/a"
    with pytest.raises(ConnectionRefusedError):
        server.clock.now  # noqa: B018
    server.cleanup()


@HOSTS
def test_settings_as_in_the_environment(in_process: bool) -> None:
    settings = {"KECS_ACCOUNT": "222222222222", "KECS_NO_LOCAL_INSTANCE": "true"}
    with start_server(in_process=in_process, env=settings) as server:
        client = server.ecs_client()
        assert ":222222222222:" in client.create_cluster()["cluster"]["clusterArn"]
        client.register_task_definition(family="f", containerDefinitions=[{"name": "c", "image": "i", "memory": 8}])
        with pytest.raises(client.exceptions.InvalidParameterException, match="No Container Instances were found"):
            client.run_task(taskDefinition="f")


@HOSTS
@pytest.mark.parametrize("settings", [{"LOG_LEVEL": "DEBUG"}, {"DEBUG": "true"}, {"KECS_LOG_LEVEL": "debug"}])
def test_a_verbose_log_has_every_change(in_process: bool, settings: dict[str, str]) -> None:
    heard = threading.Event()

    def consume(line: str) -> None:
        if "DEBUG   kecs.control.events.feed: task-definition f:1 new -> ACTIVE" in line:
            heard.set()

    with start_server(in_process=in_process, env=settings, log_consumer=consume) as server, start_server() as other:
        for client in (other.ecs_client(), server.ecs_client()):
            client.register_task_definition(family="f", containerDefinitions=[{"name": "c", "image": "i", "memory": 8}])
        assert heard.wait(10)
        assert "DEBUG" not in other.logs()


def test_a_verbose_log_for_all_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LOG_LEVEL", "debug"), ("LOG_LEVEL", "noisy"), ("DEBUG", "1")):
        monkeypatch.setenv(name, value)
        with start_server() as server:
            deploy_service(server.ecs_client(), "default", "web")
            assert ("DEBUG   kecs.control.events.feed: service web new -> ACTIVE" in server.logs()) == (
                value != "noisy"
            )


@HOSTS
def test_a_client_for_another_account_and_region(in_process: bool) -> None:
    with start_server(in_process=in_process) as server:
        client = server.client("ecs", account="333333333333", region="eu-north-1")
        arn = client.create_cluster(clusterName="b")["cluster"]["clusterArn"]
        assert arn == "arn:aws:ecs:eu-north-1:333333333333:cluster/b"
        assert server.client("events").list_rules()["Rules"] == []


@HOSTS
def test_a_port_in_use_is_one_clear_line(server: Server, in_process: bool) -> None:
    port = int(server.endpoint.rsplit(":", 1)[-1])
    with pytest.raises(NotStarted, match=f"Port {port} on 127.0.0.1 is in use"):
        start_server(in_process=in_process, port=port)


def test_what_a_child_prints_is_heard(server: Server) -> None:
    heard: list[str] = []
    port = int(server.endpoint.rsplit(":", 1)[-1])
    with pytest.raises(NotStarted):
        start_server(in_process=False, port=port, log_consumer=heard.append)
    assert heard == [f"Error: Port {port} on 127.0.0.1 is in use; choose another with --port."]


def test_a_reset_forgets_everything() -> None:
    with start_server() as server:
        client = server.ecs_client()
        client.create_cluster(clusterName="a")
        server.reset()
        assert [arn.rsplit("/", 1)[-1] for arn in client.list_clusters()["clusterArns"]] == ["default"]


@HOSTS
def test_a_runtime_that_does_not_answer(in_process: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(NotStarted, match="Docker"):
        start_server(in_process=in_process, runtime="docker")


def test_a_start_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    before = set(threading.enumerate())

    @contextlib.asynccontextmanager
    async def slow(options: ServerOptions) -> AsyncIterator[Answering]:
        await asyncio.to_thread(go_on.wait, 10)
        async with answering(options) as server:
            yield server

    monkeypatch.setattr("kecs.app.server.answering", slow)
    with pytest.raises(NotStarted, match="it was not ready after 0 s"):
        start_server(wait_timeout=0)
    (thread,) = [thread for thread in set(threading.enumerate()) - before if thread.name == "kecs"]
    go_on.set()
    thread.join(10)
    assert not thread.is_alive()


def test_one_that_does_not_stop_says_what_it_is_at(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    @contextlib.asynccontextmanager
    async def sticky(options: ServerOptions) -> AsyncIterator[Answering]:
        async with answering(options) as server:
            yield server
        await asyncio.to_thread(go_on.wait, 10)

    monkeypatch.setattr("kecs.app.server.answering", sticky)
    monkeypatch.setattr(host, "_STOP_SECONDS", 0.5)
    server = start_server()
    with pytest.raises(host.NotStopped, match=r"has not stopped in 0.5 s; it is at\n(.*\n)?ThisProcess._serve:\d+ > "):
        server.cleanup()
    go_on.set()


def test_a_child_that_takes_too_long_is_ended() -> None:
    with pytest.raises(NotStarted, match="it was not ready after 0 s"):
        start_server(in_process=False, wait_timeout=0)


def test_clients_are_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with start_server() as server:
        assert len(server.ecs_client().list_clusters()["clusterArns"]) == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"env": {"KECS_COLOUR": "blue"}}, "no setting KECS_COLOUR"),
        ({"env": {"KECS_ACCOUNT": "12"}}, "KECS_ACCOUNT is 12 digits, not '12'"),
        ({"env": {"LOG_LEVEL": "loud"}}, "LOG_LEVEL is one of trace, debug"),
        ({"env": {"KECS_PULL": "sometimes"}}, "KECS_PULL is missing, always or never"),
        ({"env": {"KECS_NO_LOCAL_INSTANCE": "perhaps"}}, "KECS_NO_LOCAL_INSTANCE is true or false"),
        ({"env": {"KECS_PORT": "1"}, "in_process": False}, "env has no KECS_PORT: an argument says it"),
        ({"port": 70_000}, "KECS_PORT is a port"),
        ({"region": "Mars!"}, "KECS_REGION is a name"),
        ({"runtime": "lxc"}, "runtime is simulated, docker, kubernetes or auto"),
        ({"runtime": "docker", "test_mode": True}, "Test mode has a runtime of its own"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        start_server(**options)


def test_each_server_has_a_state_and_a_log_of_its_own() -> None:
    heard: list[str] = []
    with start_server(log_consumer=heard.append) as one, start_server() as other:
        one.ecs_client().create_cluster(clusterName="only-here")
        clusters = other.ecs_client().list_clusters()["clusterArns"]
        assert [arn.rsplit("/", 1)[-1] for arn in clusters] == ["default"]
        said = threading.Event()
        one._host._loop.call_soon_threadsafe(lambda: (logging.getLogger("kecs.x").warning("heard?"), said.set()))  # type: ignore[attr-defined]
        assert said.wait(10)
        assert "WARNING kecs.x: heard?" in one.logs()
        assert "heard?" not in other.logs()
        assert heard == one.logs().splitlines()


def test_many_threads_share_a_server(server: Server) -> None:
    def work(number: int) -> list[str]:
        client = server.ecs_client()
        client.register_task_definition(
            family=f"t{number}", containerDefinitions=[{"name": "c", "image": "i", "memory": 8}]
        )
        task = client.run_task(taskDefinition=f"t{number}")["tasks"][0]["taskArn"]
        client.get_waiter("tasks_running").wait(tasks=[task])
        return [task["lastStatus"] for task in client.describe_tasks(tasks=[task])["tasks"]]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(16))) == [["RUNNING"]] * 16


def test_a_server_that_nobody_cleaned_up_ends_with_the_process() -> None:
    program = "from kecs.testing import start_server; print(start_server(in_process=False).endpoint, start_server())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    with start_server(port=int(done.stdout.split()[0].rsplit(":", 1)[-1])) as server:  # the port is free again
        assert server.endpoint == done.stdout.split()[0]


def test_without_boto3_the_message_says_what_to_install(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("boto3"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"pip install 'kecs\[testing\]'"):
        server.ecs_client()
