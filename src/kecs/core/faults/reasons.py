"""What ECS shows of a fault, in AWS's words.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
"""

from __future__ import annotations

from kecs.core.placement.resources import REASONS
from kecs.core.tasks.images import full_reference, pull_failure, with_tag
from kecs.core.tasks.launch import NO_FARGATE_CAPACITY
from kecs.core.tasks.plan import TaskPlan

FARGATE = "FARGATE"  # what a user says for a lack of capacity on Fargate
PLACEMENT = {FARGATE: NO_FARGATE_CAPACITY} | {
    name if " " in text else text: text
    for name, text in REASONS.items()
    if name != "inactive"  # nothing is placed on such an instance anyway
}
"""The reasons of `no-capacity`, by what users may call them."""
NO_START = "CannotStartContainerError: Error response from daemon: failed to create task for container"
SECRETS = "ResourceInitializationError: unable to pull secrets or registry auth"
_ASM = (
    "unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {name} from "
    "secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret."
)
_SSM = "unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: {name}"


def refusal(reason: str | None, launch_type: str) -> str | None:
    """Why a task of that launch type is not placed, for a `no-capacity` of that reason; None when it may be."""
    if launch_type == "FARGATE":
        return NO_FARGATE_CAPACITY if reason in (None, FARGATE) else None
    return None if reason == FARGATE else PLACEMENT[reason or REASONS["cpu"]]


def no_image(plan: TaskPlan, image: str) -> str:
    """The image that cannot be pulled, as a registry says it that does not have it."""
    if plan.launch_type == "FARGATE":
        return pull_failure(plan, image, f"{full_reference(image)}: not found")
    return pull_failure(plan, image, f"manifest for {with_tag(image)} not found: manifest unknown: manifest unknown")


def secrets_of(plan: TaskPlan) -> list[str]:
    """Where the secrets of its containers are kept, as its definition says it."""
    return [secret.value_from for container in plan.containers for secret in container.secrets or ()]


def no_secret(name: str) -> str:
    """The secret that is not there. `name` is what its definition calls it, not what it is."""
    text = _ASM if ":secretsmanager:" in name else _SSM
    return f"{SECRETS}: execution resource retrieval failed: {text.format(name=name)}"


def with_code(reason: str, code: str) -> str:
    """A reason of the user's own, with ECS's name for its kind before it unless it has one."""
    return reason if reason.partition(":")[0].endswith("Error") else f"{code}: {reason}"
