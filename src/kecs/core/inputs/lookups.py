"""The calls of other AWS services that a task needs before its containers are created, each once for all of them.

Called by `control.inputs`, which makes them, and by `equip`, which finds their answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.inputs.references import (
    InvalidReference,
    Parameter,
    S3Object,
    SecretVersion,
    login_reference,
    object_reference,
    secret_reference,
)
from kecs.core.tasks.plan import TaskPlan

MOST_PARAMETERS = 10  # names of one GetParameters


class Lookup(NamedTuple):
    """A call, in the names that boto3 has for it."""

    service: str
    operation: str
    scope: Scope
    parameters: tuple[tuple[str, Any], ...]  # lists as tuples, so that equal calls are one

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self.parameters}


class Refusal(NamedTuple):
    """Why there is no answer: the service's error, or that it cannot be reached."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


Answer = Mapping[str, Any] | Refusal


def has_inputs(plan: TaskPlan) -> bool:
    """Whether there is anything to look up, or to ask for."""
    return any(access_points_of(plan)) or any(
        c.secrets
        or c.environment_files
        or c.repository_credentials
        or (c.log_configuration and c.log_configuration.secret_options)
        for c in plan.containers
    )


def lookups(plan: TaskPlan) -> tuple[Lookup, ...]:
    """The calls to make, in the order of the definition. What cannot be looked up is left to `equip`."""
    scope = scope_of(plan)
    parameters: dict[Scope, dict[str, None]] = {}
    for parameter in parameters_of(plan):
        parameters.setdefault(parameter.scope, {}).update(dict.fromkeys(parameter.names))
    calls: dict[Lookup, None] = {}
    for container in plan.containers:
        for secret in secrets_of(container):
            found = _reference(secret, scope)
            if isinstance(found, SecretVersion):
                calls[secret_value(found)] = None
        if container.repository_credentials:
            login = login_reference(container.repository_credentials.credentials_parameter, scope)
            calls[secret_value(login)] = None
        for file in container.environment_files or ():
            calls[object_content(object_reference(file.value), scope)] = None
    batches = (batch for where, names in parameters.items() for batch in parameter_batches(where, names))
    return (*batches, *calls)


def parameters_of(plan: TaskPlan) -> Iterator[Parameter]:
    """The parameters that the task's secrets name, in the order of the definition."""
    for container in plan.containers:
        for secret in secrets_of(container):
            found = _reference(secret, scope_of(plan))
            if isinstance(found, Parameter):
                yield found


def access_points_of(plan: TaskPlan) -> Iterator[tuple[str, str]]:
    """File system and access point of each volume of the task that names one."""
    for volume in plan.definition.volumes or ():
        efs = volume.efs_volume_configuration
        if efs and efs.authorization_config and efs.authorization_config.access_point_id:
            yield efs.file_system_id, efs.authorization_config.access_point_id


def _reference(secret: m.Secret, scope: Scope) -> Parameter | SecretVersion | None:
    try:
        return secret_reference(secret.value_from, scope)
    except InvalidReference:
        return None


def secrets_of(container: m.ContainerDefinition) -> Iterator[m.Secret]:
    """All secrets of a container, those of its log driver last."""
    yield from container.secrets or ()
    if container.log_configuration:
        yield from container.log_configuration.secret_options or ()


def scope_of(plan: TaskPlan) -> Scope:
    return Scope(plan.account, plan.region)


def secret_value(wanted: SecretVersion) -> Lookup:
    given = {"SecretId": wanted.secret, "VersionStage": wanted.stage, "VersionId": wanted.version}
    parameters = tuple((name, value) for name, value in given.items() if value is not None)
    return Lookup("secretsmanager", "GetSecretValue", wanted.scope, parameters)


def object_content(wanted: S3Object, scope: Scope) -> Lookup:
    return Lookup("s3", "GetObject", scope, (("Bucket", wanted.bucket), ("Key", wanted.key)))


def parameter_batches(scope: Scope, names: Iterable[str]) -> Iterator[Lookup]:
    ordered = tuple(names)
    for start in range(0, len(ordered), MOST_PARAMETERS):
        batch = ordered[start : start + MOST_PARAMETERS]
        yield Lookup("ssm", "GetParameters", scope, (("Names", batch), ("WithDecryption", True)))
