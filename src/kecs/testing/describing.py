"""Clusters, services and tasks as lines for people, in ECS's terms, from what ECS describes of them.

`explaining` shows what an AWS client was told, `diagnostics` and the clock what /_kecs/state says; times may be of any
type that can be ordered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kecs.core.arns import last_part

LAST_EVENTS = 5  # of a service
LAST_TASKS = 3  # of each kind: that stopped, that are not up

Output = Callable[[str, str], list[str]]
"""The last lines that a container printed, by the ARN of its task and its name."""


def cluster_lines(cluster: dict[str, Any]) -> list[str]:
    """A cluster's status and counts."""
    counts = ", ".join(
        f"{cluster[f'{name}Count']} {words}"
        for name, words in _COUNTS.items()
        if cluster.get(f"{name}Count") is not None
    )
    return [f"cluster {cluster['clusterName']} is {cluster['status']}{f': {counts}' if counts else ''}"]


_COUNTS = {
    "activeServices": "active services",
    "runningTasks": "running tasks",
    "pendingTasks": "pending tasks",
    "registeredContainerInstances": "container instances",
}


def service_lines(service: dict[str, Any], events: int = LAST_EVENTS) -> list[str]:
    """A service's counts, deployments and last events."""
    counts = ", ".join(f"{name} {service[f'{name}Count']}" for name in ("desired", "running", "pending"))
    newest = service["events"][:events]
    return [
        f"Service {service['serviceName']} is {service['status']}: {counts}",
        *(_deployment(deployment) for deployment in service["deployments"]),
        *(["  last events:"] if newest else []),
        *(f"    {event['message']}" for event in reversed(newest)),
    ]


def task_lines(task: dict[str, Any], output: Output) -> list[str]:
    """A task's status and why it stopped, the exit code and the last output of each container."""
    name = last_part(task["taskArn"])
    lines = [f"task {name} ({last_part(task['taskDefinitionArn'])}) is {task['lastStatus']}"]
    if reason := task.get("stoppedReason"):
        lines[0] += f": {reason} ({task.get('stopCode', 'no stopCode')})"
    for container in task["containers"]:
        lines.append(f"  container {container['name']}: {_container(container)}")
        lines += [f"    | {line}" for line in output(task["taskArn"], container["name"])]
    return lines


def telling(tasks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks that tell why something is not as it should be: the last that have stopped without having been asked
    to make way, and the last that are meant to run and do not."""
    known = sorted(tasks, key=lambda task: task["createdAt"])
    stopped = [t for t in known if t["desiredStatus"] == "STOPPED" and not _made_way(t)]
    coming = [t for t in known if t["desiredStatus"] == "RUNNING" and t["lastStatus"] != "RUNNING"]
    ailing = [t for t in known if t["desiredStatus"] == t["lastStatus"] == "RUNNING" and _is_ailing(t)]
    return [task for group in (stopped, coming, ailing) for task in group[-LAST_TASKS:]]


def _made_way(task: dict[str, Any]) -> bool:
    """For a deployment or a lower count: nothing was wrong with it."""
    return str(task.get("stoppedReason", "")).startswith("Scaling activity initiated by")


def _is_ailing(task: dict[str, Any]) -> bool:
    return task.get("healthStatus") == "UNHEALTHY" or any("exitCode" in c for c in task["containers"])


def _deployment(deployment: dict[str, Any]) -> str:
    state = deployment.get("rolloutState", "")
    reason = deployment.get("rolloutStateReason", "")
    return (
        f"  deployment {deployment['id']} ({deployment['status']}, {last_part(deployment['taskDefinition'])}): "
        f"desired {deployment['desiredCount']}, running {deployment['runningCount']}, "
        f"failed {deployment.get('failedTasks', 0)}; {state}: {reason}"
    )


def _container(container: dict[str, Any]) -> str:
    code = container.get("exitCode")
    parts = [
        container["lastStatus"] if code is None else f"exit code {code}",
        container.get("reason", ""),
        container["healthStatus"] if container.get("healthStatus", "UNKNOWN") != "UNKNOWN" else "",
    ]
    return "; ".join(filter(None, parts))
