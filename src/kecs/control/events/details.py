"""What an event of the feed says of the thing that changed, beside its status: what a history is searched by.

`feed` calls it when it makes an event.
"""

from __future__ import annotations

from typing import Any

from kecs.core.arns import last_part
from kecs.core.records import ServiceRecord, TaskRecord
from kecs.core.scheduling.counts import serves
from kecs.core.scheduling.limits import limits


def details(table: str, kind: str, arn: str, record: Any) -> dict[str, Any]:
    """Further members of the FeedEvent of this kind about `arn`; `record` is what holds after the change."""
    if table == "tasks":
        return _of_task(kind, arn, record)
    if table == "services":
        return _of_service(kind, arn, record)
    return {
        "service": getattr(record, "service_arn", None),
        "reason": getattr(record, "status_reason", None),
    }


def _of_task(kind: str, arn: str, task: TaskRecord) -> dict[str, Any]:
    known: dict[str, Any] = {
        "service": task.service_arn,
        "task": task.arn,
        "task_definition": task.definition_arn,
        "deployment": task.deployment_id,
        "health": task.health if task.has_health_check else None,
        "healthy": serves(task),
    }
    if kind == "task":
        images = tuple(container.image for container in task.containers)
        return known | {"images": images, "reason": task.stopped_reason, "stop_code": task.stop_code}
    if kind == "target-health":
        return known | {"reason": next(target.reason for target in task.targets if target.group == arn)}
    container = next(container for container in task.containers if container.arn == arn)
    return known | {
        "container": container.name,
        "images": (container.image,),
        "exit_code": container.exit_code,
        "reason": container.reason,
    }


def _of_service(kind: str, arn: str, service: ServiceRecord) -> dict[str, Any]:
    if kind == "deployment":
        deployment = next(d for d in service.deployments if last_part(d.id) == last_part(arn))
        return {
            "service": service.arn,
            "deployment": deployment.id,
            "task_definition": deployment.task_definition,
            "reason": deployment.rollout_state_reason or None,
        }
    if kind == "limits":
        return {"service": service.arn, "limits": limits(service)}
    return {"service": service.arn}
