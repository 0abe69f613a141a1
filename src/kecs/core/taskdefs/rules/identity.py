"""Rules about names: the family, the containers and their images, the roles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, containers, per_container, repeated

LONGEST_NAME = 255
MOST_CONTAINERS = 10

NAME = re.compile(r"[A-Za-z0-9_-]*")
_IMAGE = re.compile(r"[A-Za-z0-9_:./#@+-]*")
_DIGEST = re.compile(r"sha256:[A-Fa-f0-9]{64}")
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+|[\w+=,.@-]{1,64}")


def _family(definition: m.TaskDefinition) -> Iterator[str]:
    family = definition.family or ""
    if not family.strip():
        yield "Family can not be blank."
    if not NAME.fullmatch(family):
        yield "Family contains invalid characters."
    if len(family) > LONGEST_NAME:
        yield f"Family should be {LONGEST_NAME} characters or less"


def _container_count(definition: m.TaskDefinition) -> Iterator[str]:
    if not containers(definition):
        yield "Container list cannot be empty."
    if len(containers(definition)) > MOST_CONTAINERS:
        yield "Too many containers."


def _container_name(container: m.ContainerDefinition) -> Iterator[str]:
    if not container.name:
        yield "Container.name should not be null or empty."
    elif not NAME.fullmatch(container.name):
        yield "Container.name contains invalid characters."
    elif len(container.name) > LONGEST_NAME:
        yield f"Container.name should be {LONGEST_NAME} characters or less"


def _image(container: m.ContainerDefinition) -> Iterator[str]:
    if not container.image:
        yield "Container.image should not be null or empty."
    elif not _IMAGE.fullmatch(container.image):
        yield "Container.image contains invalid characters."
    elif "@" in container.image and not _DIGEST.fullmatch(container.image.partition("@")[2]):
        yield "Container.image has an invalid digest: it must be sha256 and 64 hexadecimal digits."
    elif len(container.image.partition("@")[0]) > LONGEST_NAME:
        yield f"Container.image should be {LONGEST_NAME} characters or less"


def _unique_names(definition: m.TaskDefinition) -> Iterator[str]:
    if repeated(c.name for c in containers(definition)):
        yield "Container names must be unique within a task definition."


def _essential(definition: m.TaskDefinition) -> Iterator[str]:
    if not any(c.essential for c in containers(definition)):
        yield "Task definition doesn't have any essential container."


def _roles(definition: m.TaskDefinition) -> Iterator[str]:
    for role in (definition.task_role_arn, definition.execution_role_arn):
        if role and not _ROLE.fullmatch(role):
            yield "Role is not valid"


OVERRIDABLE: tuple[Rule, ...] = (_roles,)
"""Those that overrides of a task are held to as well."""

RULES: tuple[Rule, ...] = (
    _family,
    _container_count,
    per_container(_container_name),
    per_container(_image),
    _unique_names,
    _essential,
    *OVERRIDABLE,
)
