"""A health check that fails: a service replaces the task, and nobody touches one that was run by hand."""

from __future__ import annotations

from typing import Any

import pytest

from .calls import NETWORK, define, tasks, until

FAILS = {"command": ["CMD-SHELL", "exit 1"], "interval": 5, "timeout": 2, "retries": 1}
OBEYS = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]


@pytest.mark.long
def test_what_becomes_of_an_unhealthy_task(ecs: Any, cluster: str, image: Any) -> None:
    define(ecs, "sick", image(), command=OBEYS, healthCheck=FAILS)
    where = {"cluster": cluster, "launchType": "FARGATE", "networkConfiguration": NETWORK, "taskDefinition": "sick"}
    alone = ecs.run_task(**where)["tasks"][0]["taskArn"]
    ecs.create_service(serviceName="web", desiredCount=1, **where)

    def shown() -> Any:
        return ecs.describe_tasks(cluster=cluster, tasks=[alone])["tasks"][0]

    until(lambda: shown().get("healthStatus") == "UNHEALTHY", 60, "the check has failed")

    def replaced() -> list[Any]:
        return tasks(ecs, cluster, serviceName="web", desiredStatus="STOPPED")

    until(lambda: bool(replaced()), 60, "the service has replaced its task")
    assert "failed container health checks" in replaced()[0]["stoppedReason"]
    after = shown()
    assert (after["lastStatus"], after["desiredStatus"]) == ("RUNNING", "RUNNING")
    assert after["containers"][0]["healthStatus"] == "UNHEALTHY"
