"""Assertions about services and tasks. One that fails says why, in ECS's terms."""

from __future__ import annotations

import re
from typing import Any

from kecs.testing.explaining import explain_service, explain_task, service_of, task_of
from kecs.testing.tracebacks import told

__tracebackhide__ = told

_FAILURE = re.compile(r"\bunable to\b|\bfailed\b|\bfailure\b|\bunhealthy\b|\brolling back\b", re.IGNORECASE)


def assert_service_healthy(client: Any, cluster: str, service: str) -> None:
    """The service is ACTIVE, runs as many tasks as it should, and since its newest deployment began no event has
    reported a failure.
    """
    found = service_of(client, cluster, service)
    problems = [f"cluster {cluster} has no such service"] if found is None else _problems(found)
    if problems:
        why = explain_service(client, cluster, service) if found else ""
        raise AssertionError(f"Service {service} is not healthy: {'; '.join(problems)}.\n{why}".rstrip())


def assert_task_completed(client: Any, cluster: str, task: str) -> None:
    """The task is STOPPED, and each of its containers has exited with code 0."""
    found = task_of(client, cluster, task)
    if found is None:
        raise AssertionError(f"Task {task} has not completed: cluster {cluster} has no such task.")
    if found["lastStatus"] != "STOPPED":
        problems = [f"it is {found['lastStatus']}"]
    else:
        problems = [_unfinished(container) for container in found["containers"] if container.get("exitCode") != 0]
    if problems:
        why = explain_task(client, cluster, task)
        raise AssertionError(f"Task {task} has not completed: {'; '.join(problems)}.\n{why}")


def _problems(service: dict[str, Any]) -> list[str]:
    problems = []
    if service["status"] != "ACTIVE":
        problems.append(f"it is {service['status']}")
    if service["runningCount"] != service["desiredCount"]:
        problems.append(f"{service['runningCount']} of {service['desiredCount']} tasks run")
    began = max((deployment["createdAt"] for deployment in service["deployments"]), default=service["createdAt"])
    failures = [
        event["message"]
        for event in service["events"]
        if event["createdAt"] >= began and _FAILURE.search(event["message"].replace(service["serviceName"], ""))
    ]
    if failures:
        problems.append(f"{len(failures)} events report a failure, the last one: {failures[0].rstrip('.')}")
    return problems


def _unfinished(container: dict[str, Any]) -> str:
    if "exitCode" in container:
        return f"container {container['name']} exited with code {container['exitCode']}"
    return f"container {container['name']} has no exit code"
