"""Live Tail through boto3 and the AWS CLI: an answer that goes on until its reader leaves."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from tests.sdk.calls import until
from tests.support.servers import AWS, Server, running

MOST = 15  # sessions


@pytest.fixture(scope="module")
def alone() -> Iterator[Server]:
    with running("--test-mode", "--port", "0") as server:
        yield server


@pytest.fixture
def logs(server: Server) -> Any:
    return client(server)


def client(server: Server) -> Any:
    """One that does not put anything before the host, which is an address."""
    return boto3.client(
        "logs",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="111111111111",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20, inject_host_prefix=False),
    )


def group(logs: Any, name: str) -> str:
    """The ARN of a new group, with a stream of the same name."""
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName=name)
    arn: str = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupArn"]
    return arn


def put(logs: Any, name: str, message: str) -> None:
    event = {"timestamp": int(time.time() * 1000), "message": message}
    logs.put_log_events(logGroupName=name, logStreamName=name, logEvents=[event])


@contextlib.contextmanager
def session(logs: Any, **members: Any) -> Iterator[Iterator[dict[str, Any]]]:
    """The events of a session that has begun."""
    stream = logs.start_live_tail(**members)["responseStream"]
    try:
        events = iter(stream)
        assert "sessionStart" in next(events)
        yield events
    finally:
        stream.close()


def messages(events: Iterator[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        yield from (result["message"] for result in event["sessionUpdate"]["sessionResults"])


def test_output_of_a_container_is_told_as_it_is_written(
    server: Server, ecs: Any, cluster: str, image: Any, logs: Any
) -> None:
    arn = group(logs, cluster)
    container = {
        "name": "app",
        "image": image(),
        "memory": 64,
        "command": ["sh", "-c", "echo one; sleep 3; echo two"],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": cluster, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"},
        },
    }
    ecs.register_task_definition(family=cluster, containerDefinitions=[container])
    with session(logs, logGroupIdentifiers=[arn], logStreamNamePrefixes=["web/app/"]) as events:
        found = messages(events)
        ecs.run_task(cluster=cluster, taskDefinition=cluster)
        assert next(found) == "one"
        (task,) = ecs.list_tasks(cluster=cluster)["taskArns"]  # it runs
        assert next(found) == "two"
    until(lambda: stopped(ecs, cluster, task), 30, "an end")


def stopped(ecs: Any, cluster: str, task: str) -> bool:
    return bool(ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED")


def test_sessions_whose_readers_have_left_are_over(alone: Server) -> None:
    logs = client(alone)
    arn = group(logs, "left")
    for _ in range(2):
        streams = [logs.start_live_tail(logGroupIdentifiers=[arn])["responseStream"] for _ in range(MOST)]
        with pytest.raises(ClientError, match="LimitExceededException"):
            logs.start_live_tail(logGroupIdentifiers=[arn])
        for stream in streams:
            stream.close()
        until(lambda: begins(logs, arn), 10, "room for another session")


def begins(logs: Any, arn: str) -> bool:
    try:
        with session(logs, logGroupIdentifiers=[arn]):
            return True
    except ClientError:
        return False


def test_a_session_ends_after_three_hours_with_an_error_in_the_stream(alone: Server) -> None:
    logs = client(alone)
    arn = group(logs, "long")
    with session(logs, logGroupIdentifiers=[arn]) as events:
        advance = urllib.request.Request(f"{alone.url}/_kecs/clock", b'{"advance": 10800}', method="POST")
        urllib.request.urlopen(advance).close()
        with pytest.raises(EventStreamError, match="SessionTimeoutException"):
            list(events)


def test_a_session_ends_when_kecs_does() -> None:
    with running("--test-mode", "--port", "0") as server:
        logs = client(server)
        arn = group(logs, "g")
        stream = logs.start_live_tail(logGroupIdentifiers=[arn])["responseStream"]
    with pytest.raises(ProtocolError):
        list(stream)


def test_a_request_whose_body_comes_later(alone: Server) -> None:
    logs = client(alone)
    body = json.dumps({"logGroupIdentifiers": [group(logs, "pieces")]}).encode()
    url = urlsplit(alone.url)
    head = (
        "POST / HTTP/1.1\r\nHost: kecs\r\nX-Amz-Target: Logs_20140328.StartLiveTail\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/logs/aws4_request, x=y\r\n"
        f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.makefile("rb")
        assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert answer.readline() == b"\r\n"
        connection.sendall(body)
        assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
        headers = dict(line.strip().split(b": ") for line in iter(answer.readline, b"\r\n"))
        assert headers[b"content-type"] == b"application/vnd.amazon.eventstream"
        buffer: Any = EventStreamBuffer()  # its stub has numbers for headers
        names: list[str] = []
        while len(names) < 3:
            size = int(answer.readline(), 16)
            buffer.add_data(answer.read(size + 2)[:-2])
            names += [message.headers[":event-type"] for message in buffer]
    assert names == ["initial-response", "sessionStart", "sessionUpdate"]


def test_the_aws_cli_tails() -> None:
    with running("--test-mode", "--port", "0") as server:
        logs = client(server)
        arn = group(logs, "cli")
        command = [AWS, "--endpoint-url", server.url, "logs", "start-live-tail", "--log-group-identifiers", arn]
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "111111111111",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "PYTHONUNBUFFERED": "1",
        }
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        ) as cli:
            until(lambda: "StartLiveTail" in metrics(server), 30, "the session of the CLI")
            put(logs, "cli", "hello")
            assert cli.stdout is not None
            assert cli.stdout.readline() == "hello\n"
            cli.terminate()


def metrics(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/_kecs/metrics") as answer:
        text: str = answer.read().decode()
    return text
