"""What the container agent tells of itself and of its tasks. `endpoints.inside` calls this.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-introspection.html
"""

from __future__ import annotations

from kecs.core.inside.metadata import Document, Subject, container_document, task_document
from kecs.core.records import InstanceRecord

_OF_A_CONTAINER = ("DockerId", "DockerName", "Name", "Ports", "Networks", "Volumes")


def agent_document(cluster: str, instance: InstanceRecord | None) -> Document:
    """`/v1/metadata`."""
    told = instance.instance.version_info if instance else None
    return {
        "Cluster": cluster,
        "ContainerInstanceArn": instance.arn if instance else None,
        "Version": f"Amazon ECS Agent - v{(told.agent_version if told else None) or '1.0.0'} (KECS)",
    }


def agent_task(of: Subject) -> Document:
    """A task of `/v1/tasks`."""
    task = task_document(of, "v3")
    return {
        "Arn": of.task.arn,
        "DesiredStatus": task["DesiredStatus"],
        "KnownStatus": task["KnownStatus"],
        "Family": task["Family"],
        "Version": task["Revision"],
        "Containers": [
            {name: value for name, value in container_document(of, c, "v3").items() if name in _OF_A_CONTAINER}
            for c in of.task.containers
        ],
    }
