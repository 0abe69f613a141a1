"""Images of Amazon ECR on a machine without it: `{account}.dkr.ecr.{region}.amazonaws.com/name:tag` by other names.

Called by the Docker runtime. What ECS shows is always the name that the task definition has.
"""

from __future__ import annotations

from kecs.core.taskdefs.attributes import ECR_IMAGE


def names(image: str, registry: str | None) -> tuple[str, ...]:
    """What the image may be called here, the likeliest first: as it is, without ECR's registry, in `registry`
    (HOST:PORT). An image that is not of ECR has one name only."""
    if not ECR_IMAGE.fullmatch(image):
        return (image,)
    name = image.partition("/")[2]
    return (image, name, f"{registry}/{name}") if registry else (image, name)
