"""Scalable targets: registering, changing and showing them. Called by services.application_autoscaling."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from kecs.aws.model import application_autoscaling as a
from kecs.core.arns import Scope, scope_of
from kecs.core.records import ServiceRecord
from kecs.core.records.autoscaling import ScalableTargetRecord

NAMESPACE: a.ServiceNamespace = "ecs"
DIMENSION: a.ScalableDimension = "ecs:service:DesiredCount"
UNSUPPORTED = "Unsupported service namespace, resource type or scalable dimension"
MOST_TAGS = 50
_RESOURCE = re.compile(r"service/([^/:]+)/([^/:]+)")


def service_of(scope: Scope, namespace: str, dimension: str | None, resource_id: str) -> str:
    """The ARN of the service that identifies a target. Raises ValidationException for what is no service of ECS."""
    check_kind(namespace, dimension)
    match = _RESOURCE.fullmatch(resource_id)
    if match is None:
        raise a.ValidationException(UNSUPPORTED)
    return scope.service(match[1], match[2])


def check_kind(namespace: str, dimension: str | None) -> None:
    """Raises ValidationException unless it is about desired counts of ECS; None is any dimension."""
    if namespace != NAMESPACE or dimension not in (None, DIMENSION):
        raise a.ValidationException(UNSUPPORTED)


def not_registered(resource_id: str) -> str:
    """AWS's text for what needs a target that is not there."""
    return (
        f"No scalable target registered for service namespace: {NAMESPACE}, resource ID: {resource_id}, "
        f"scalable dimension: {DIMENSION}"
    )


def role_arn(scope: Scope) -> str:
    """The service-linked role, which Application Auto Scaling uses for ECS whatever role is given."""
    name = "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
    return f"arn:aws:iam::{scope.account}:role/aws-service-role/{name}"


def target_arn(scope: Scope, target_id: str) -> str:
    return f"arn:aws:application-autoscaling:{scope.region}:{scope.account}:scalable-target/{target_id}"


def registered(
    existing: ScalableTargetRecord | None,
    service: ServiceRecord | None,
    request: a.RegisterScalableTargetRequest,
    new_arn: str,
    now: float,
) -> ScalableTargetRecord:
    """The target, new or changed by what the request gives. Raises ValidationException."""
    if existing is None and service is None:
        raise a.ValidationException(f"ECS service doesn't exist: {request.resource_id}")
    if service is not None and service.service.scheduling_strategy == "DAEMON":
        raise a.ValidationException(f"ECS service can't be scaled: {request.resource_id} has the DAEMON strategy")
    minimum, maximum = request.min_capacity, request.max_capacity
    if existing is None and (minimum is None or maximum is None):
        raise a.ValidationException("Minimum and maximum capacity must be specified for a new scalable target")
    before = existing or ScalableTargetRecord(
        arn=new_arn,
        service_arn=service.arn if service else "",
        minimum=0,
        maximum=0,
        role_arn=role_arn(scope_of(new_arn)),
        created_at=now,
        suspended=suspended_state(None, None),
    )
    after = replace(
        with_bounds(before, minimum, maximum),
        suspended=suspended_state(before.suspended, request.suspended_state),
    )
    return tagged(after, request.tags) if request.tags else after


def with_bounds(target: ScalableTargetRecord, minimum: int | None, maximum: int | None) -> ScalableTargetRecord:
    """The target with these bounds; None leaves one as it is. Raises ValidationException."""
    low = target.minimum if minimum is None else minimum
    high = target.maximum if maximum is None else maximum
    check_bounds(low, high)
    return replace(target, minimum=low, maximum=high, bounds_changed=True)


def check_bounds(minimum: int | None, maximum: int | None) -> None:
    """Raises ValidationException for bounds that no service can be within."""
    if (minimum or 0) < 0 or (maximum or 0) < 0:
        raise a.ValidationException("Minimum and maximum capacity must be greater than or equal to 0")
    if minimum is not None and maximum is not None and maximum < minimum:
        raise a.ValidationException("Maximum capacity cannot be less than minimum capacity")


def tagged(target: ScalableTargetRecord, tags: Mapping[str, str]) -> ScalableTargetRecord:
    """The target with these tags put in. Raises ValidationException and TooManyTagsException."""
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise a.ValidationException("A tag has a key of 1 to 128 characters and a value of at most 256")
        if key.lower().startswith("aws:"):
            raise a.ValidationException("Tag keys that begin with aws: are reserved")
    merged = {**dict(target.tags), **tags}
    if len(merged) > MOST_TAGS:
        raise a.TooManyTagsException(f"A resource has at most {MOST_TAGS} tags", ResourceName=target.arn)
    return replace(target, tags=tuple(merged.items()))


def target_view(target: ScalableTargetRecord) -> a.ScalableTarget:
    """The target as DescribeScalableTargets shows it."""
    return a.ScalableTarget(
        service_namespace=NAMESPACE,
        resource_id=target.resource_id,
        scalable_dimension=DIMENSION,
        min_capacity=target.minimum,
        max_capacity=target.maximum,
        role_arn=target.role_arn,
        creation_time=target.created_at,
        suspended_state=target.suspended,
        scalable_target_arn=target.arn,
    )


def suspended_state(before: a.SuspendedState | None, given: a.SuspendedState | None) -> a.SuspendedState:
    """What is suspended: as given, else as before, else nothing."""
    names = a.SuspendedState.__struct_fields__
    values = {name: getattr(given, name, None) for name in names}
    return a.SuspendedState(
        **{name: bool(getattr(before, name, False)) if value is None else value for name, value in values.items()}
    )
