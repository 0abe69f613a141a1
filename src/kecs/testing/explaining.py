"""Why a cluster, a service or a task is as it is, in ECS's terms: for the messages of assertions and waiters."""

from __future__ import annotations

from typing import Any

from kecs.testing import admin
from kecs.testing.describing import Output, cluster_lines, service_lines, task_lines, telling
from kecs.testing.listing import tasks_of

LAST_LINES = 10  # of a container's output


def service_of(client: Any, cluster: str, service: str) -> dict[str, Any] | None:
    """What DescribeServices knows of it; None when there is no such service."""
    found: list[dict[str, Any]] = client.describe_services(cluster=cluster, services=[service])["services"]
    return found[0] if found else None


def task_of(client: Any, cluster: str, task: str) -> dict[str, Any] | None:
    """What DescribeTasks knows of it; None when there is no such task."""
    found: list[dict[str, Any]] = client.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
    return found[0] if found else None


def explain_service(client: Any, cluster: str, service: str) -> str:
    """A service's counts, deployments, last events, and the tasks that tell why it is so."""
    found = service_of(client, cluster, service)
    if found is None:
        return f"Cluster {cluster} has no service {service}."
    return "\n".join([*service_lines(found), *_tasks(client, cluster, found["serviceName"])])


def explain_task(client: Any, cluster: str, task: str) -> str:
    """A task's status and why it stopped, the exit code and the last output of each container."""
    found = task_of(client, cluster, task)
    if found is None:
        return f"Cluster {cluster} has no task {task}."
    return "\n".join(task_lines(found, outputs(client.meta.endpoint_url, cluster)))


def explain_cluster(client: Any, cluster: str) -> str:
    """What is in a cluster: its counts, and the tasks that tell why something does not end or begin."""
    found = client.describe_clusters(clusters=[cluster], include=["STATISTICS"])["clusters"]
    if not found:
        return f"There is no cluster {cluster}."
    return "\n".join([*cluster_lines(found[0]), *_tasks(client, cluster, None)])


def _tasks(client: Any, cluster: str, service: str | None) -> list[str]:
    tasks = [task for desired in ("STOPPED", "RUNNING") for task in tasks_of(client, cluster, service, desired)]
    output = outputs(client.meta.endpoint_url, cluster)
    return [f"  {line}" for task in telling(tasks) for line in task_lines(task, output)]


def outputs(endpoint: str, cluster: str, lines: int = LAST_LINES, seconds: float = admin.SECONDS) -> Output:
    """What gives the last lines that a container printed; none where there is no KECS to ask."""

    def output(task: str, container: str) -> list[str]:
        try:
            return admin.output(endpoint, cluster, task, container, tail=lines, seconds=seconds)
        except (OSError, admin.Refused):
            return []

    return output
