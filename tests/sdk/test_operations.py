"""Every operation with the JavaScript SDK, and of each resource some with the AWS CLI: they read what was said.

A request goes over TCP to one world and without any client to another that is the same; both answers have to agree.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from kecs.services.ecs import HANDLERS
from tests.support import javascript
from tests.support.front import Front, front
from tests.support.furnished import Furnished, valid_requests
from tests.support.javascript import JavaScript
from tests.support.servers import AWS

# The AWS CLI needs a second for each; ExecuteCommand would need the Session Manager plugin too.
WITH_THE_CLI = [
    "CreateCluster", "DescribeClusters", "RegisterTaskDefinition", "DescribeTaskDefinition", "ListTaskDefinitions",
    "RunTask", "DescribeTasks", "ListTasks", "CreateService", "UpdateService", "DescribeServices",
    "DescribeContainerInstances", "StartTask", "PutAttributes", "ListAttributes", "CreateCapacityProvider",
    "DescribeCapacityProviders", "PutAccountSetting", "ListAccountSettings", "TagResource", "ListTagsForResource",
    "UpdateTaskProtection", "GetTaskProtection", "CreateTaskSet", "DescribeTaskSets", "ListServiceDeployments",
    "DescribeServiceDeployments", "DescribeServiceRevisions", "StopServiceDeployment", "RegisterDaemonTaskDefinition",
    "CreateDaemon", "DescribeDaemon", "CreateExpressGatewayService", "DescribeExpressGatewayService", "CreateGateway",
]  # fmt: skip
NEWER = {
    "cpuArchitecture",
    "totalWithoutDaemonCount",
    "withoutDaemonCount",
}  # members that this AWS CLI does not know yet
ACCOUNT = "000000000000"


@pytest.fixture(scope="module")
def there() -> Furnished:
    return Furnished()


@pytest.fixture(scope="module")
def server() -> Iterator[Front]:
    with front() as opened:
        yield opened


@pytest.fixture(scope="module")
def sdk(server: Front) -> Iterator[JavaScript]:
    if reason := javascript.problem():
        pytest.skip(reason)
    with javascript.sdk(server.url, ACCOUNT) as client:
        yield client


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_the_javascript_sdk(operation: str, there: Furnished, server: Front, sdk: JavaScript) -> None:
    request = valid_requests(there)[operation]
    server.world = there.world()
    answer = sdk.call(operation, **request)
    assert answer.pop("$metadata")["httpStatusCode"] == 200
    assert told_apart(there.world().call(operation, **request), answer) == []


@pytest.mark.parametrize("operation", WITH_THE_CLI)
def test_the_aws_cli(operation: str, there: Furnished, server: Front) -> None:
    command = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in operation).strip("-")
    request = valid_requests(there)[operation]
    server.world = there.world()
    options = ["--endpoint-url", server.url, "--output", "json", "--no-paginate"]
    done = subprocess.run(
        [AWS, *options, "ecs", command, "--cli-input-json", json.dumps(request)],
        env={
            **os.environ,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "invalid choice" in done.stderr.lower():
        pytest.skip(f"this AWS CLI does not know {command} yet")
    assert done.returncode == 0, done.stderr
    different = told_apart(there.world().call(operation, **request), json.loads(done.stdout or "{}"))
    assert [line for line in different if line.rsplit(".", 1)[1] not in {f"{name} is missing" for name in NEWER}] == []


def told_apart(said: Any, read: Any, path: str = "answer") -> list[str]:
    """Where what a client has read is not what was said; clients have types of their own for timestamps."""
    if isinstance(said, dict) and isinstance(read, dict) and read.keys() != {"date"}:
        missing = [f"{path}.{name} is missing" for name in said.keys() - read.keys()]
        too_much = [f"{path}.{name} is too much" for name in read.keys() - said.keys()]
        common = [told_apart(said[name], read[name], f"{path}.{name}") for name in said.keys() & read.keys()]
        return missing + too_much + [line for lines in common for line in lines]
    if isinstance(said, list) and isinstance(read, list) and len(said) == len(read):
        return [
            line for n, pair in enumerate(zip(said, read, strict=True)) for line in told_apart(*pair, f"{path}[{n}]")
        ]
    if isinstance(said, float) and abs(said - _seconds(read)) < 0.001:
        return []
    return [] if said == read else [f"{path}: {said!r} was said and {read!r} read"]


def _seconds(stamp: Any) -> float:
    if isinstance(stamp, dict):
        return float(stamp["date"])
    return datetime.fromisoformat(stamp).timestamp() if isinstance(stamp, str) else float(stamp)
