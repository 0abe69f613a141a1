"""Whole lists of ECS, page after page, for the helpers beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

AT_ONCE = 100  # tasks that DescribeTasks takes


def all_of(client: Any, operation: str, member: str, **members: Any) -> Iterator[str]:
    """What every page of a listing has under `member`."""
    for page in client.get_paginator(operation).paginate(**members):
        yield from page[member]


def tasks_of(client: Any, cluster: str, service: str | None, desired: str) -> list[dict[str, Any]]:
    """The tasks of a cluster, or of one service, that are meant to be RUNNING or STOPPED, as DescribeTasks has them."""
    of = {} if service is None else {"serviceName": service}
    arns = list(all_of(client, "list_tasks", "taskArns", cluster=cluster, desiredStatus=desired, **of))
    return [
        task
        for start in range(0, len(arns), AT_ONCE)
        for task in client.describe_tasks(cluster=cluster, tasks=arns[start : start + AT_ONCE])["tasks"]
    ]
