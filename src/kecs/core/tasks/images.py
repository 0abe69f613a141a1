"""References of images, and how ECS says that one cannot be pulled: for runtimes and faults.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
"""

from __future__ import annotations

from kecs.core.tasks.plan import TaskPlan


def with_tag(image: str) -> str:
    """The reference with the tag that is meant when it has none."""
    name = image.rsplit("/", 1)[-1]
    return image if ":" in name or "@" in name else f"{image}:latest"


def full_reference(image: str) -> str:
    """The reference with the registry and repository that Docker fills in, as AWS's messages show it."""
    registry, slash, _ = image.partition("/")
    image = with_tag(image)
    if not slash:
        return f"docker.io/library/{image}"
    return image if "." in registry or ":" in registry or registry == "localhost" else f"docker.io/{image}"


def pull_failure(plan: TaskPlan, image: str, message: str) -> str:
    """The reason that ECS shows: Fargate's containerd and Docker on an instance say it differently."""
    if plan.launch_type == "FARGATE":
        ref = full_reference(image)
        return (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
            f"failed to resolve ref {ref}: {message}"
        )
    return f"CannotPullContainerError: Error response from daemon: {message}"
