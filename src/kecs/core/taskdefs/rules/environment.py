"""Rules about what reaches a container from outside: environment, secrets, files with environment, credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, containers, per_container

MOST_ENVIRONMENT_FILES = 10

_S3_OBJECT = re.compile(r"arn:[\w-]+:s3:::[^/]+/.+")


def _environment(container: m.ContainerDefinition) -> Iterator[str]:
    if any(not (pair.name or "").strip() for pair in container.environment or ()):
        yield "Environment variable name cannot be null or blank."


def _environment_files(container: m.ContainerDefinition) -> Iterator[str]:
    files = container.environment_files or ()
    if len(files) > MOST_ENVIRONMENT_FILES:
        yield "The maximum number of environment files was exceeded. Specify ten or less and try again."
    if not all(_S3_OBJECT.fullmatch(file.value) for file in files):
        yield "Invalid arn syntax."
    for file in files:
        if not file.value.endswith(".env"):
            yield f"The environment file '{file.value}' must use the .env file extension."


def _secrets(container: m.ContainerDefinition) -> Iterator[str]:
    taken = {pair.name for pair in container.environment or ()}
    for secret in container.secrets or ():
        if not secret.name.strip():
            yield "Secret name cannot be null or blank."
        if not secret.value_from.strip():
            yield f"The valueFrom of secret '{secret.name}' cannot be null or blank."
        if secret.name in taken:
            yield (
                "The secret name must be unique and not shared with any new or existing environment variables"
                f" set on the container, such as '{secret.name}'."
            )
        taken.add(secret.name)


def _execution_role(definition: m.TaskDefinition) -> Iterator[str]:
    if definition.execution_role_arn:
        return
    for container in containers(definition):
        log_secrets = container.log_configuration and container.log_configuration.secret_options
        if container.secrets or log_secrets:
            yield "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
        if container.repository_credentials:
            yield (
                "Private repository authentication requires that the task definition specify a value for"
                " executionRoleArn."
            )


OVERRIDABLE: tuple[Rule, ...] = (
    per_container(_environment),
    per_container(_environment_files),
    per_container(_secrets),
)
"""Those that overrides of a task are held to as well."""

RULES: tuple[Rule, ...] = (*OVERRIDABLE, _execution_role)
