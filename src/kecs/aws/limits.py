"""How much one request may ask for: limits that ECS documents in words and its model does not declare.

`decoding` holds every request against the tables of its operation. What a resource may contain (containers of a task
definition, rules of a placement, …) is no matter of the wire and stands with the resource, in `core`.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html, each operation's parameters
"""

from __future__ import annotations

from typing import Any, NamedTuple

from kecs.aws.model import ecs as m

MOST_ITEMS: dict[str, tuple[int, str]] = {
    "DeleteAttributes.attributes": (10, "attributes"),
    "DeleteTaskDefinitions.task_definitions": (10, "taskDefinitions"),
    "DescribeCapacityProviders.capacity_providers": (100, "capacityProviders"),
    "DescribeClusters.clusters": (100, "clusters"),
    "DescribeContainerInstances.container_instances": (100, "instanceIds"),
    "DescribeDaemonDeployments.daemon_deployment_arns": (20, "daemonDeploymentArns"),
    "DescribeDaemonRevisions.daemon_revision_arns": (20, "daemonRevisionArns"),
    "DescribeServiceDeployments.service_deployment_arns": (20, "serviceDeploymentArns"),
    "DescribeServiceRevisions.service_revision_arns": (20, "serviceRevisionArns"),
    "DescribeServices.services": (10, "service names"),
    "DescribeTasks.tasks": (100, "taskIds"),
    "GetTaskProtection.tasks": (100, "taskIds"),
    "ListGateways.names": (10, "names"),
    "PutAttributes.attributes": (10, "attributes"),
    "StartTask.container_instances": (10, "instanceIds"),
    "UpdateContainerInstancesState.container_instances": (10, "instanceIds"),
    "UpdateTaskProtection.tasks": (10, "taskIds"),
}
"""By operation and member of its request: how many items, and what ECS calls them."""

LARGEST_PAGE = 100
LARGEST_PAGES = {"DescribeCapacityProviders": 10, "DescribeGatewayResources": 20, "ListAccountSettings": 10}
"""The largest maxResults of operations that do not take LARGEST_PAGE."""

LONGEST_TOKEN = 36
LONGEST: dict[str, int] = {
    "RunTask.client_token": 64,
    "RunTask.started_by": 128,
    "StartTask.started_by": 36,
    "StopTask.reason": 1024,
}
"""Characters of a text; client tokens that are not listed may have LONGEST_TOKEN."""


class Limit(NamedTuple):
    """One limit of an operation's request."""

    member: str  # in Python
    name: str  # on the wire, or what ECS calls it in its text
    most: int

    def broken(self, request: Any) -> str | None:
        """What ECS says when the request asks for too much."""
        value = getattr(request, self.member)
        if value is None:
            return None
        if isinstance(value, int):
            return None if 1 <= value <= self.most else f"{self.name} must be between 1 and {self.most}"
        if isinstance(value, list):
            return None if len(value) <= self.most else f"{self.name} can have at most {self.most} items."
        if len(value) > self.most:
            return f"{self.name} longer than {self.most}."
        if self.member == "client_token" and not all("!" <= char <= "~" for char in value):
            return f"{self.name} contains invalid characters."
        return None


def limits_of(operation: str) -> tuple[Limit, ...]:
    """The limits of an operation's request."""
    limits = []
    members = m.OPERATIONS[operation].request.__struct_encode_fields__
    for member, wire in zip(m.OPERATIONS[operation].request.__struct_fields__, members, strict=True):
        key = f"{operation}.{member}"
        if key in MOST_ITEMS:
            most, name = MOST_ITEMS[key]
            limits.append(Limit(member, name, most))
        elif member == "max_results":
            limits.append(Limit(member, wire, LARGEST_PAGES.get(operation, LARGEST_PAGE)))
        elif key in LONGEST or member == "client_token":
            limits.append(Limit(member, wire, LONGEST.get(key, LONGEST_TOKEN)))
    return tuple(limits)
