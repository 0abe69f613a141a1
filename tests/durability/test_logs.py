"""Output for CloudWatch Logs when KECS is killed while a container writes: nothing is missing, nothing there twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sdk.calls import until
from tests.support.images import test_image
from tests.support.servers import Server

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

GROUP = "/durable"
LINES = 20_000
# To both streams, a few thousand lines a second, one of them longer than what Docker stores in one piece.
WRITES = f"""
long=$(head -c 20000 /dev/zero | tr '\\0' x)
i=0
while [ $i -lt {LINES} ]; do
    j=0
    while [ $j -lt 100 ]; do echo $((i + j)); echo $((i + j + 1)) >&2; j=$((j + 2)); done
    echo $long
    i=$((i + 100))
    usleep 20000
done
"""


def run(server: Server, script: str, **options: str) -> str:
    """The ARN of a task whose container runs the script."""
    given = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-create-group": "true", "mode": "blocking"}
    given |= {name.replace("_", "-"): value for name, value in options.items()}
    container = {
        "name": "app",
        "image": test_image("v1"),
        "memory": 64,
        "command": ["sh", "-c", script],
        "logConfiguration": {"logDriver": "awslogs", "options": given},
    }
    ecs = server.client()
    ecs.register_task_definition(family="writes", containerDefinitions=[container])
    arn: str = ecs.run_task(taskDefinition="writes")["tasks"][0]["taskArn"]
    return arn


def messages(server: Server) -> list[str]:
    pages = server.client("logs").get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    return [event["message"] for page in pages for event in page["events"]]


def wait_for(server: Server, lines: int) -> None:
    until(lambda: GROUP in groups(server) and len(messages(server)) >= lines, 60, f"{lines} lines")


def groups(server: Server) -> set[str]:
    return {group["logGroupName"] for group in server.client("logs").describe_log_groups()["logGroups"]}


def wait_stopped(server: Server, task: str) -> None:
    until(lambda: server.client().describe_tasks(tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED", 60, "an end")


def test_as_fast_as_a_container_can(start: Any) -> None:
    server = start()
    task = run(server, "i=0; while [ $i -lt 50000 ]; do echo $i; i=$((i + 1)); done")
    wait_stopped(server, task)
    assert messages(server) == [str(number) for number in range(50_000)]


@pytest.mark.slow
@pytest.mark.long
def test_two_kills_in_the_middle(start: Any) -> None:
    server = start()
    task = run(server, WRITES)
    for lines in (LINES // 5, LINES // 2):
        wait_for(server, lines)
        server.kill()
        server = start()
    wait_stopped(server, task)
    found = messages(server)
    numbers = [int(message) for message in found if not message.startswith("x")]
    assert sorted(numbers) == list(range(LINES))
    assert [n for n in numbers if n % 2 == 0] == list(range(0, LINES, 2))  # those of one stream keep their order
    assert [len(message) for message in found if message.startswith("x")] == [20_000] * (LINES // 100)


def test_a_container_that_ends_while_nobody_is_there(start: Any) -> None:
    server = start()
    task = run(server, "echo first; sleep 1; echo last; printf 'no end'")
    wait_for(server, 1)
    server.kill()
    server = start()
    wait_stopped(server, task)
    assert messages(server) == ["first", "last", "no end"]


def test_an_event_of_several_lines_is_not_cut_in_two(start: Any) -> None:
    server = start()
    pattern = {"awslogs_multiline_pattern": "^!"}
    task = run(server, "echo '!one'; echo '!two'; echo and; sleep 1; echo more", **pattern)
    wait_for(server, 1)
    server.kill()
    server = start()
    wait_stopped(server, task)
    assert messages(server) == ["!one\n", "!two\nand\nmore\n"]
