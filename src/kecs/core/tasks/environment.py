"""The variables that a container finds in its environment: AWS's own, and those of its definition, which win.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/taskdef-envfiles.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
Called by each runtime when it creates a container; secrets and environment files are in the definition by then.
"""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan

ENDPOINT = "AWS_ENDPOINT_URL"


def container_environment(
    plan: TaskPlan, container: m.ContainerDefinition, endpoint: str | None = None
) -> dict[str, str]:
    """All variables of the container. `endpoint` is the URL at which it reaches KECS, if it can; AWS's SDKs go by it,
    unless the definition has an endpoint of its own, be it for one service only."""
    own = {pair.name: pair.value or "" for pair in container.environment or () if pair.name}
    values = {
        "AWS_EXECUTION_ENV": f"AWS_ECS_{plan.launch_type}",
        "AWS_REGION": plan.region,
        "AWS_DEFAULT_REGION": plan.region,
    }
    if endpoint is not None and not any(name.startswith(ENDPOINT) for name in own):
        values[ENDPOINT] = endpoint
    return values | own
