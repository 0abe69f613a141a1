"""From a RegisterTaskDefinition request to the task definition that ECS keeps. Called by its handler."""

from __future__ import annotations

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.taskdefs.attributes import required_attributes
from kecs.core.taskdefs.normalise import normalise
from kecs.core.taskdefs.rules import validate
from kecs.core.taskdefs.rules.launch_types import LAUNCH_TYPES, compatibilities

LARGEST = (
    65536  # bytes of a definition; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
)


def define(request: m.RegisterTaskDefinitionRequest) -> m.TaskDefinition:
    """The definition, normalised and validated, with compatibilities and attributes. Raises ClientException."""
    size = len(msgspec.json.encode(request))
    if size > LARGEST:
        raise m.ClientException(f"Actual length: '{size}'. Max allowed length is '{LARGEST}' bytes.")
    definition = normalise(request)
    validate(definition)
    launch_types = compatibilities(definition)
    if not launch_types:
        # Nothing could run it: say why the launch type that allows most cannot.
        raise m.ClientException(next(problem for rule in LAUNCH_TYPES["EC2"] for problem in rule(definition)))
    return msgspec.structs.replace(
        definition,
        compatibilities=launch_types,
        requires_attributes=required_attributes(definition),
    )


def revision_of(
    definition: m.TaskDefinition, scope: Scope, revision: int, *, registered_by: str, now: float
) -> m.TaskDefinition:
    """The definition as a revision of its family, registered at `now` (seconds) by the principal of that ARN."""
    return msgspec.structs.replace(
        definition,
        task_definition_arn=scope.task_definition(definition.family or "", revision),
        revision=revision,
        status="ACTIVE",
        registered_at=now,
        registered_by=registered_by,
    )
