"""References of images, and how ECS says that one cannot be pulled: for runtimes and faults.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
"""

from __future__ import annotations

import re

from kecs.core.tasks.plan import TaskPlan

_NO_PLATFORM = re.compile(r"no matching manifest for (\S+)")


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


def no_platform(platform: str) -> str:
    """What Docker says of an image that was not made for the platform."""
    return f"no matching manifest for {platform} in the manifest list entries"


def pull_failure(plan: TaskPlan, image: str, message: str) -> str:
    """The reason that ECS shows: Fargate's containerd and Docker on an instance say it differently."""
    if plan.launch_type == "FARGATE":
        ref = full_reference(image)
        if unmade := _NO_PLATFORM.search(message):
            return (
                "CannotPullContainerError: pull image manifest has been retried 7 time(s): "
                f"image Manifest does not contain descriptor matching platform '{unmade[1]}'"
            )
        return (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
            f"failed to resolve ref {ref}: {message}"
        )
    return f"CannotPullContainerError: Error response from daemon: {message}"
