"""What a pod finds inside: AWS's variables, and behind them a KECS that may come back somewhere else."""

from __future__ import annotations

import base64
import os
import secrets
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.calls import until
from tests.support.images import test_image, unavailable
from tests.support.patience import PATIENCE
from tests.support.servers import Server
from tools.base_image import NoBase, base_image

pytestmark = pytest.mark.kubernetes

ROLE = "arn:aws:iam::000000000000:role/app"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
UNCHANGED = """
import boto3
s3 = boto3.client("s3")
s3.create_bucket(Bucket="from-a-pod")
s3.put_object(Bucket="from-a-pod", Key="key", Body=b"what a pod has written")
print("found", s3.get_object(Bucket="from-a-pod", Key="key")["Body"].read().decode())
print("by", boto3.Session().get_credentials().method, boto3.client("sts").get_caller_identity()["Arn"])
"""
ASKS = """
ask() { wget -qO- "$1" || echo; }
while sleep 0.2; do
    pid=$(ask "$AWS_ENDPOINT_URL/_kecs/health" | grep -o '"pid":[0-9]*')
    key=$(ask "${AWS_CONTAINER_CREDENTIALS_FULL_URI-http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}" |
        grep -o '"AccessKeyId":"[A-Z0-9]*"')
    me=$(ask "$ECS_CONTAINER_METADATA_URI_V4" | grep -o '"DockerId":"[0-9a-f][0-9a-f]*"')
    echo "$pid $key $me"
done
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Starts a KECS on the same data folder each time, on another port."""
    started: list[Server] = []
    name = f"inside-{secrets.token_hex(3)}"
    cluster = ("--runtime", "kubernetes", "--kubeconfig", os.environ["KECS_TEST_KUBECONFIG"])

    def start() -> Server:
        started.append(Server(*cluster, "--port", "0", "--data-dir", str(tmp_path), "--instance", name))
        return started[-1]

    yield start
    started[-1].reset()
    started[-1].stop()


def run(server: Server, **container: Any) -> str:
    """The ARN of a task with this container."""
    ecs = server.client()
    definition = {"name": "app", "memory": 256, "stopTimeout": 2, **container}
    ecs.register_task_definition(family="x", networkMode="awsvpc", taskRoleArn=ROLE, containerDefinitions=[definition])
    (task,) = ecs.run_task(taskDefinition="x", launchType="EC2", networkConfiguration=NETWORK)["tasks"]
    return str(task["taskArn"])


def status(server: Server, task: str) -> str:
    return str(server.client().describe_tasks(tasks=[task])["tasks"][0]["lastStatus"])


def lines(server: Server, task: str) -> list[str]:
    """What the container has said so far."""
    path = f"/_kecs/tasks/default/{task.rpartition('/')[2]}/logs/app"
    with urllib.request.urlopen(server.url + path, timeout=30) as response:
        return str(response.read().decode()).splitlines()


def test_an_unchanged_sdk_is_the_task_and_reaches_other_services(start: Any) -> None:
    try:
        image = base_image("boto3")
    except NoBase as error:
        unavailable(str(error))
    server = start()
    script = base64.b64encode(UNCHANGED.encode()).decode()
    runs = f"echo {script} | python3 -c 'import base64, sys; exec(base64.b64decode(sys.stdin.read()))'"
    task = run(server, image=image, command=["sh", "-c", f"python3 -m pip install -q boto3 2>/dev/null; {runs}"])
    until(lambda: status(server, task) == "STOPPED", PATIENCE, "stopped")
    found, by = lines(server, task)[-2:]
    assert found == "found what a pod has written"
    assert by == f"by container-role arn:aws:sts::111111111111:assumed-role/app/{task.rpartition('/')[2]}"


def test_a_container_that_went_on_finds_kecs_where_it_is_now(start: Any) -> None:
    server = start()
    task = run(server, image=test_image("v1"), command=["sh", "-c", ASKS])

    def answer() -> list[str]:
        """Process of KECS, access key and container, as the container was told last."""
        last = lines(server, task)[-1:] if status(server, task) == "RUNNING" else []
        return last[0].split() if last else []

    until(lambda: len(answer()) == 3, PATIENCE, "told")
    before = answer()
    server.kill()
    server = start()
    until(lambda: len(answer()) == 3 and answer()[0] != before[0], PATIENCE, "told again")
    assert answer()[1:] == before[1:]
