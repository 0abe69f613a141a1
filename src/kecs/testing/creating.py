"""What most tests set up, and how it is taken away again."""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

from kecs.testing.builders import TaskDefinitionBuilder
from kecs.testing.explaining import explain_cluster, service_of
from kecs.testing.listing import all_of, tasks_of
from kecs.testing.tracebacks import told
from kecs.testing.waiting import TIMEOUT, passes_until, wait_for_stable_service

__tracebackhide__ = told

_NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-testing"]}}


def create_test_task_definition(
    client: Any, family: str | None = None, image: str = "busybox", **container: Any
) -> str:
    """Register a task definition of one container, `app`; its ARN.

    `container`: what TaskDefinitionBuilder.with_container takes. Without a family it gets one that is not in use.
    """
    return TaskDefinitionBuilder(family or _unused("task")).with_container("app", image, **container).register(client)


def run_test_task(client: Any, cluster: str, task_definition: str, **members: Any) -> str:
    """Run a task; its ARN. `members`: further ones of RunTask, such as launchType or overrides.

    Raises AssertionError, which says why, when ECS finds no place for it.
    """
    if members.get("launchType") == "FARGATE":
        members.setdefault("networkConfiguration", _NETWORK)
    answer = client.run_task(cluster=cluster, taskDefinition=task_definition, **members)
    if not answer["tasks"]:
        reasons = ", ".join(dict.fromkeys(failure["reason"] for failure in answer["failures"]))
        raise AssertionError(f"Cluster {cluster} has no place for a task of {task_definition}: {reasons}.")
    arn: str = answer["tasks"][0]["taskArn"]
    return arn


def create_test_service(
    client: Any, cluster: str, task_definition: str, name: str | None = None, count: int = 1, **members: Any
) -> dict[str, Any]:
    """Create a service, of launch type EC2 unless something else is said; as CreateService answers it.

    `members`: further ones of CreateService.
    """
    if not members.keys() & {"launchType", "capacityProviderStrategy", "deploymentController"}:
        members["launchType"] = "EC2"
    if members.get("launchType") == "FARGATE":
        members.setdefault("networkConfiguration", _NETWORK)
    if members.get("schedulingStrategy") != "DAEMON":
        members["desiredCount"] = count
    answer = client.create_service(
        cluster=cluster, serviceName=name or _unused("service"), taskDefinition=task_definition, **members
    )
    service: dict[str, Any] = answer["service"]
    return service


def deploy_service(
    client: Any,
    cluster: str,
    name: str,
    image: str = "busybox",
    count: int = 1,
    *,
    task_definition: str | None = None,
    service: dict[str, Any] | None = None,
    timeout: float = TIMEOUT,
    **container: Any,
) -> dict[str, Any]:
    """Bring about that a service of this name runs `count` tasks of one container of this image; the stable service.

    A service that is there is updated, by a new revision of the family of its name. `container`: what
    TaskDefinitionBuilder.with_container takes; or `task_definition` is one of your own, and image and container do not
    count. `service`: further members of CreateService or UpdateService. Raises TimeoutError.
    """
    definition = task_definition or create_test_task_definition(client, name, image, **container)
    found = service_of(client, cluster, name)
    if found is None or found["status"] == "INACTIVE":
        create_test_service(client, cluster, definition, name, count, **(service or {}))
    else:
        client.update_service(
            cluster=cluster, service=name, taskDefinition=definition, desiredCount=count, **(service or {})
        )
    return wait_for_stable_service(client, cluster, name, timeout)


def running_tasks(client: Any, cluster: str, service: str | None = None) -> list[dict[str, Any]]:
    """The tasks of a cluster, or of one service, that are RUNNING and meant to be, as DescribeTasks has them."""
    tasks = tasks_of(client, cluster, service, "RUNNING")
    return [task for task in tasks if (task["lastStatus"], task["desiredStatus"]) == ("RUNNING", "RUNNING")]


def cleanup_cluster(client: Any, cluster: str, timeout: float = TIMEOUT) -> None:
    """Delete a cluster with all that is in it: services, tasks, container instances. One that is not there is left so.

    Raises TimeoutError when something stays.
    """
    found = client.describe_clusters(clusters=[cluster])["clusters"]
    if not found or found[0]["status"] == "INACTIVE":
        return

    left = ""

    def gone() -> bool:
        nonlocal left
        _empty(client, cluster)
        try:
            client.delete_cluster(cluster=cluster)
        except (
            client.exceptions.ClusterContainsServicesException,
            client.exceptions.ClusterContainsTasksException,
            client.exceptions.ClusterContainsContainerInstancesException,
            client.exceptions.UpdateInProgressException,
        ) as error:
            left = error.response["Error"]["Message"]
            return False
        return True

    if not passes_until(client, gone, timeout):
        raise TimeoutError(
            f"Cluster {cluster} is still there after {timeout:g} s: {left}\n{explain_cluster(client, cluster)}"
        )


def _empty(client: Any, cluster: str) -> None:
    """Ask for the end of all that is in the cluster; what ends meanwhile by itself is as good."""
    errors = client.exceptions
    for service in all_of(client, "list_services", "serviceArns", cluster=cluster):
        with contextlib.suppress(errors.ServiceNotFoundException, errors.ServiceNotActiveException):
            client.delete_service(cluster=cluster, service=service, force=True)
    for task in all_of(client, "list_tasks", "taskArns", cluster=cluster, desiredStatus="RUNNING"):
        with contextlib.suppress(errors.InvalidParameterException):
            client.stop_task(cluster=cluster, task=task, reason="The test is over")
    for instance in all_of(client, "list_container_instances", "containerInstanceArns", cluster=cluster):
        with contextlib.suppress(errors.InvalidParameterException):
            client.deregister_container_instance(cluster=cluster, containerInstance=instance, force=True)


def _unused(kind: str) -> str:
    return f"test-{kind}-{secrets.token_hex(4)}"
