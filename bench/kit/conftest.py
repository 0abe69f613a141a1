"""Where the tests of this folder get their ECS from: KECS, moto in this process, or MiniStack beside it.

The environment variable BENCH_ECS says which; `bench.cases.kit` sets it. The tests see a client and a cluster.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

WHICH = os.environ.get("BENCH_ECS", "kecs")


@pytest.fixture(scope="session")
def server() -> Iterator[str | None]:
    """The endpoint of what has to be started; None where others see to that."""
    match WHICH:
        case "ministack":
            from bench.servers import TARGETS, running

            with running(TARGETS["ministack"]) as started:
                yield f"http://127.0.0.1:{started.port}"
        case "moto":
            from moto import mock_aws

            with mock_aws():
                yield None
        case _:
            yield None


def _boto3(service: str, endpoint: str | None) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Any:
    if WHICH == "kecs":
        return request.getfixturevalue("ecs")
    return _boto3("ecs", request.getfixturevalue("server"))


@pytest.fixture(scope="session")
def network(server: str | None) -> dict[str, list[str]]:
    """A subnet and a security group: of those who look, ones that are there."""
    if WHICH == "kecs":
        return {"subnets": ["subnet-0123456789abcdef0"], "securityGroups": ["sg-0123456789abcdef0"]}
    ec2 = _boto3("ec2", server)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    return {"subnets": [subnet], "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]]}


@pytest.fixture
def cluster(request: pytest.FixtureRequest, client: Any) -> str:
    if WHICH == "kecs":
        name: str = request.getfixturevalue("ecs_cluster")
        return name
    name = f"test-{secrets.token_hex(4)}"
    client.create_cluster(clusterName=name)
    return name
