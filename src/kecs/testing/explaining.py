"""Why a service or a task is as it is, in ECS's terms: for the messages of assertions and waiters."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from kecs.core.arns import last_part
from kecs.testing import admin
from kecs.testing.listing import tasks_of

LAST_LINES = 10  # of a container's output
LAST_EVENTS = 5  # of a service
LAST_TASKS = 3  # stopped ones


def service_of(client: Any, cluster: str, service: str) -> dict[str, Any] | None:
    """What DescribeServices knows of it; None when there is no such service."""
    found: list[dict[str, Any]] = client.describe_services(cluster=cluster, services=[service])["services"]
    return found[0] if found else None


def task_of(client: Any, cluster: str, task: str) -> dict[str, Any] | None:
    """What DescribeTasks knows of it; None when there is no such task."""
    found: list[dict[str, Any]] = client.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
    return found[0] if found else None


def explain_service(client: Any, cluster: str, service: str) -> str:
    """A service's counts, deployments, last events, and the tasks that stopped last."""
    found = service_of(client, cluster, service)
    if found is None:
        return f"Cluster {cluster} has no service {service}."
    counts = ", ".join(f"{name} {found[f'{name}Count']}" for name in ("desired", "running", "pending"))
    return "\n".join(
        [
            f"Service {found['serviceName']} is {found['status']}: {counts}",
            *(_deployment(deployment) for deployment in found["deployments"]),
            *_events(found),
            *_stopped_tasks(client, cluster, found["serviceName"]),
        ]
    )


def explain_task(client: Any, cluster: str, task: str) -> str:
    """A task's status and why it stopped, the exit code and the last output of each container."""
    found = task_of(client, cluster, task)
    if found is None:
        return f"Cluster {cluster} has no task {task}."
    return "\n".join(_task(client, cluster, found))


def _deployment(deployment: dict[str, Any]) -> str:
    state = deployment.get("rolloutState", "")
    reason = deployment.get("rolloutStateReason", "")
    return (
        f"  deployment {deployment['id']} ({deployment['status']}, {last_part(deployment['taskDefinition'])}): "
        f"desired {deployment['desiredCount']}, running {deployment['runningCount']}, "
        f"failed {deployment.get('failedTasks', 0)}; {state}: {reason}"
    )


def _events(service: dict[str, Any]) -> list[str]:
    newest = service["events"][:LAST_EVENTS]
    return ["  last events:", *(f"    {event['message']}" for event in reversed(newest))] if newest else []


def _stopped_tasks(client: Any, cluster: str, service: str) -> list[str]:
    """The tasks that stopped last, but for those that were asked to stop."""
    tasks = tasks_of(client, cluster, service, "STOPPED")
    failed = [task for task in tasks if task.get("stopCode") != "ServiceSchedulerInitiated"]
    failed.sort(key=lambda task: task["createdAt"])
    return [f"  {line}" for task in failed[-LAST_TASKS:] for line in _task(client, cluster, task)]


def _task(client: Any, cluster: str, task: dict[str, Any]) -> list[str]:
    name = last_part(task["taskArn"])
    lines = [f"task {name} ({last_part(task['taskDefinitionArn'])}) is {task['lastStatus']}"]
    if reason := task.get("stoppedReason"):
        lines[0] += f": {reason} ({task.get('stopCode', 'no stopCode')})"
    for container in task["containers"]:
        lines.append(f"  container {container['name']}: {_container(container)}")
        lines += [f"    | {line}" for line in last_output(client, cluster, name, container["name"])]
    return lines


def _container(container: dict[str, Any]) -> str:
    code = container.get("exitCode")
    parts = [
        container["lastStatus"] if code is None else f"exit code {code}",
        container.get("reason", ""),
        container["healthStatus"] if container.get("healthStatus", "UNKNOWN") != "UNKNOWN" else "",
    ]
    return "; ".join(filter(None, parts))


def last_output(client: Any, cluster: str, task: str, container: str) -> list[str]:
    """The last lines that a container printed; none where there is no KECS to ask."""
    path = f"tasks/{quote(cluster, safe=':/')}/{task}/logs/{quote(container)}?tail={LAST_LINES}"
    try:
        return admin.read(client.meta.endpoint_url, "GET", path).splitlines()
    except (OSError, admin.Refused):
        return []
