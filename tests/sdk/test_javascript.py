"""The main job with AWS's JavaScript SDK, its waiters included, and what its parser makes of answers and errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import javascript
from tests.support.javascript import JavaScript, SdkError
from tests.support.servers import Server

from .calls import NETWORK

RUN = {"launchType": "FARGATE", "networkConfiguration": NETWORK}


@pytest.fixture(scope="session")
def sdk(server: Server) -> Iterator[JavaScript]:
    if reason := javascript.problem():
        pytest.skip(reason)
    with javascript.sdk(server.url) as client:
        yield client


def define(sdk: JavaScript, family: str, image: str, **container: Any) -> Any:
    return sdk.call(
        "RegisterTaskDefinition",
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "app", "image": image, "stopTimeout": 5, **container}],
    )["taskDefinition"]


def test_a_service_from_beginning_to_end(sdk: JavaScript, cluster: str, image: Any) -> None:
    definition = define(sdk, "js", image())
    assert definition["registeredAt"].keys() == {"date"}
    members = {"cluster": cluster, "services": ["web"]}
    service = sdk.call("CreateService", cluster=cluster, serviceName="web", taskDefinition="js", desiredCount=2, **RUN)[
        "service"
    ]
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (0, "IN_PROGRESS")
    assert sdk.wait("ServicesStable", **members) == "SUCCESS"
    (service,) = sdk.call("DescribeServices", **members)["services"]
    assert (service["status"], service["runningCount"]) == ("ACTIVE", 2)
    assert all(event["createdAt"].keys() == {"date"} for event in service["events"])
    sdk.call("DeleteService", cluster=cluster, service="web", force=True)
    assert sdk.wait("ServicesInactive", **members) == "SUCCESS"


def test_a_job_from_beginning_to_end(sdk: JavaScript, cluster: str, image: Any) -> None:
    define(sdk, "js-job", image())
    overrides = {"containerOverrides": [{"name": "app", "command": ["sh", "-c", "sleep 2; exit 3"]}]}
    (task,) = sdk.call("RunTask", cluster=cluster, taskDefinition="js-job", overrides=overrides, **RUN)["tasks"]
    members = {"cluster": cluster, "tasks": [task["taskArn"]]}
    assert sdk.wait("TasksRunning", **members) == "SUCCESS"
    assert sdk.wait("TasksStopped", **members) == "SUCCESS"
    (task,) = sdk.call("DescribeTasks", **members)["tasks"]
    assert (task["lastStatus"], task["containers"][0]["exitCode"]) == ("STOPPED", 3)
    assert task["createdAt"]["date"] <= task["startedAt"]["date"] <= task["stoppedAt"]["date"]


def test_a_waiter_ends_when_what_it_waits_for_is_missing(sdk: JavaScript, cluster: str) -> None:
    with pytest.raises(SdkError, match="MISSING"):
        sdk.wait("ServicesStable", cluster=cluster, services=["nothing"])


def test_errors_are_the_exceptions_of_the_sdk(sdk: JavaScript, cluster: str) -> None:
    for name, call in {
        "ClusterNotFoundException": lambda: sdk.call("DeleteCluster", cluster="nothing"),
        "ServiceNotFoundException": lambda: sdk.call("UpdateService", cluster=cluster, service="nothing"),
        "InvalidParameterException": lambda: sdk.call("RunTask"),
    }.items():
        with pytest.raises(SdkError) as refused:
            call()
        assert (refused.value.name, refused.value.status, refused.value.modelled) == (name, 400, True)
