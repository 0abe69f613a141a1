"""The variables that a container finds in its environment: AWS's own, and those of its definition, which win.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/taskdef-envfiles.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
Called by each runtime when it creates a container; secrets and environment files are in the definition by then.
"""

from __future__ import annotations

from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.inside.names import Names
from kecs.core.tasks.plan import TaskPlan

ENDPOINT = "AWS_ENDPOINT_URL"
NO_PREFIX = "AWS_DISABLE_HOST_PREFIX_INJECTION"  # some operations have one, as in stream-127.0.0.1, which is nowhere
USUAL = "http://169.254.170.2"  # where SDKs look for a task's credentials if they are only told the path
_OTHERS = ("AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_")  # what says that a container has credentials already


class Way(NamedTuple):
    """How a container reaches KECS."""

    url: str  # of everything that KECS answers
    names: Names | None = None  # by which it asks for what is its own; None: for nothing of the kind
    credentials: str | None = None  # URL at which SDKs agree to fetch credentials; None: they cannot


def container_environment(plan: TaskPlan, container: m.ContainerDefinition, way: Way | None = None) -> dict[str, str]:
    """All variables of the container. AWS's SDKs go by the endpoint in them, unless the definition has one of its own;
    one that it has for one service wins for that service."""
    own = {pair.name: pair.value or "" for pair in container.environment or () if pair.name}
    values = {
        "AWS_EXECUTION_ENV": f"AWS_ECS_{plan.launch_type}",
        "AWS_REGION": plan.region,
        "AWS_DEFAULT_REGION": plan.region,
    }
    if way is not None and ENDPOINT not in own:
        values |= {ENDPOINT: way.url, NO_PREFIX: "true"}
    if way is not None and way.names is not None:
        name = way.names.container(plan.arn, container.name or "")
        values["ECS_CONTAINER_METADATA_URI"] = f"{way.url}/v3/{name}"
        values["ECS_CONTAINER_METADATA_URI_V4"] = f"{way.url}/v4/{name}"
        values["ECS_AGENT_URI"] = f"{way.url}/api/{name}"
        if plan.definition.task_role_arn and not any(name.startswith(_OTHERS) for name in own):
            values |= _credentials(plan, plan.definition.task_role_arn, way.names, way.credentials)
    return values | own


def _credentials(plan: TaskPlan, role: str, names: Names, at: str | None) -> dict[str, str]:
    """Where the task's credentials are; where no SDK would fetch them, the credentials."""
    path = f"/v2/credentials/{names.credentials(plan.arn)}"
    if at == USUAL:
        return {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path}
    if at is not None:
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": at + path}
    from kecs.core.inside.credentials import numbered  # few containers have them there

    first = numbered(names, plan.arn, role, 0.0, 0)
    return {
        "AWS_ACCESS_KEY_ID": first.access_key_id,
        "AWS_SECRET_ACCESS_KEY": first.secret_access_key,
        "AWS_SESSION_TOKEN": first.token,
    }
