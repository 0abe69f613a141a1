"""A task's role on the simulated runtime: what containers are told, and whom AWS's clients are with its credentials."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.credentials import ContainerProvider

from kecs.testing import Images, Server, wait_for_task

ROLE = "arn:aws:iam::000000000000:role/team/app"


def run(server: Server, cluster: str, image: str = "busybox", **definition: Any) -> tuple[str, dict[str, str]]:
    """A running task's ARN, and the variables of its container."""
    client = server.ecs_client()
    container = {"name": "app", "image": image, "memory": 64, "command": ["sh", "-c", "env; sleep 1000"]}
    client.register_task_definition(family=cluster, containerDefinitions=[container], **definition)
    (task,) = client.run_task(cluster=cluster, taskDefinition=cluster, launchType="EC2")["tasks"]
    arn: str = task["taskArn"]
    wait_for_task(client, cluster, arn, "RUNNING")
    lines = read(f"{server.endpoint}/_kecs/tasks/{cluster}/{arn.rpartition('/')[2]}/logs/app").splitlines()
    return arn, dict(line.split("=", 1) for line in lines)


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def as_the_task(variables: dict[str, str]) -> boto3.Session:
    """A session with the credentials that an SDK finds by such variables."""
    found = ContainerProvider(environ=variables).load().get_frozen_credentials()
    return boto3.Session(found.access_key, found.secret_key, found.token, region_name="us-east-1")


def test_a_simulated_container_is_told_of_itself(server: Server, cluster: str) -> None:
    arn, variables = run(server, cluster)
    assert variables["ECS_CONTAINER_METADATA_URI_V4"].startswith(server.endpoint)
    assert json.loads(read(variables["ECS_CONTAINER_METADATA_URI_V4"]))["Name"] == "app"
    assert json.loads(read(variables["ECS_CONTAINER_METADATA_URI_V4"] + "/task"))["TaskARN"] == arn
    assert json.loads(read(variables["ECS_CONTAINER_METADATA_URI"] + "/task"))["TaskARN"] == arn
    assert not any("CREDENTIALS" in name for name in variables)


def test_an_sdk_is_the_task(server: Server, cluster: str) -> None:
    arn, variables = run(server, cluster, taskRoleArn=ROLE)
    session = as_the_task(variables)
    caller = session.client("sts", endpoint_url=server.endpoint).get_caller_identity()
    assert caller["Account"] == "000000000000"
    assert caller["Arn"] == f"arn:aws:sts::000000000000:assumed-role/app/{arn.rpartition('/')[2]}"
    again = session.client("sts", endpoint_url=server.endpoint).get_caller_identity()
    assert again["UserId"] == caller["UserId"]
    assert "assumed-role" not in server.client("sts").get_caller_identity()["Arn"]


def test_it_finds_what_is_of_its_account(server: Server, cluster: str) -> None:
    arn, variables = run(server, cluster, taskRoleArn="arn:aws:iam::999999999999:role/of-another-account")
    session = as_the_task(variables)
    ecs = session.client("ecs", endpoint_url=server.endpoint)
    assert ecs.list_tasks(cluster=cluster)["taskArns"] == [arn]
    server.client("s3").create_bucket(Bucket=cluster.replace("_", "-"))
    s3 = session.client("s3", endpoint_url=server.endpoint)
    assert cluster.replace("_", "-") in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_a_token_of_nobody_is_nobody(server: Server, cluster: str) -> None:
    _, variables = run(server, cluster, taskRoleArn=ROLE)
    found = ContainerProvider(environ=variables).load().get_frozen_credentials()
    session = boto3.Session(found.access_key, found.secret_key, "made up", region_name="us-east-1")
    caller = session.client("sts", endpoint_url=server.endpoint).get_caller_identity()
    assert "assumed-role" not in caller["Arn"]
    assert caller["Account"] == "000000000000"


def test_a_function_that_stands_for_an_image_is_told_the_same(server: Server, cluster: str, image: Images) -> None:
    told: dict[str, str] = {}

    @image("inside:*")
    def app(container: Any) -> None:
        told.update(container.environment)
        container.sleep(1000)

    client = server.ecs_client()
    client.register_task_definition(
        family=cluster, taskRoleArn=ROLE, containerDefinitions=[{"name": "app", "image": "inside:1", "memory": 64}]
    )
    (task,) = client.run_task(cluster=cluster, taskDefinition=cluster, launchType="EC2")["tasks"]
    wait_for_task(client, cluster, task["taskArn"], "RUNNING")
    assert json.loads(read(told["ECS_CONTAINER_METADATA_URI_V4"] + "/task"))["TaskARN"] == task["taskArn"]
    assert json.loads(read(told["AWS_CONTAINER_CREDENTIALS_FULL_URI"]))["RoleArn"] == ROLE


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_no_web_page_asks(server: Server, cluster: str, headers: dict[str, str]) -> None:
    _, variables = run(server, cluster)
    request = urllib.request.Request(variables["ECS_CONTAINER_METADATA_URI_V4"], headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    refused.value.close()
    assert refused.value.code in (403, 404)
