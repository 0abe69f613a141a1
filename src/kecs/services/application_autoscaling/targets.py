"""RegisterScalableTarget, DeregisterScalableTarget, DescribeScalableTargets, and tags, which only targets have.

They write down what is wanted; control.autoscaling brings it about.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import application_autoscaling as a
from kecs.core.arns import scope_key
from kecs.core.autoscaling.targets import (
    check_kind,
    not_registered,
    registered,
    service_of,
    tagged,
    target_arn,
    target_view,
)
from kecs.core.records.autoscaling import ScalableTargetRecord
from kecs.services.application_autoscaling.listings import paged
from kecs.services.context import Context

MOST_TARGETS = 3000  # of ECS in a Region


def register_scalable_target(
    context: Context, request: a.RegisterScalableTargetRequest
) -> a.RegisterScalableTargetResponse:
    store = context.store
    arn = service_of(context.scope, request.service_namespace, request.scalable_dimension, request.resource_id)
    service, existing = store.services.get(arn), store.scalable_targets.get(arn)
    active = service if service is not None and service.status == "ACTIVE" else None
    if existing is None and len(store.scalable_targets.keys("scope", scope_key(context.scope))) >= MOST_TARGETS:
        raise a.LimitExceededException(f"There are {MOST_TARGETS} scalable targets already")
    new_arn = target_arn(context.scope, f"0ec5{context.ids.hex32()}"[:36])
    target = registered(existing, active, request, new_arn, context.now)
    store.scalable_targets.put(target)
    return a.RegisterScalableTargetResponse(scalable_target_arn=target.arn)


def deregister_scalable_target(
    context: Context, request: a.DeregisterScalableTargetRequest
) -> a.DeregisterScalableTargetResponse:
    """Its policies and scheduled actions go with it."""
    target = find_target(context, request)
    store = context.store
    for policy in store.scaling_policies.where("service", target.service_arn):
        store.scaling_policies.delete(policy.key)
    for action in store.scheduled_actions.where("service", target.service_arn):
        store.scheduled_actions.delete(action.key)
    store.scalable_targets.delete(target.service_arn)
    return a.DeregisterScalableTargetResponse()


def describe_scalable_targets(
    context: Context, request: a.DescribeScalableTargetsRequest
) -> a.DescribeScalableTargetsResponse:
    check_kind(request.service_namespace, request.scalable_dimension)
    if request.scalable_dimension is not None and not request.resource_ids:
        raise a.ValidationException("Scalable dimension must not be specified without a resource ID")
    targets = context.store.scalable_targets.where("scope", scope_key(context.scope))
    if request.resource_ids:
        targets = [target for target in targets if target.resource_id in request.resource_ids]
    found, token = paged(targets, lambda target: target.arn, request.next_token, request.max_results)
    return a.DescribeScalableTargetsResponse(scalable_targets=list(map(target_view, found)), next_token=token)


def find_target(
    context: Context,
    request: a.DeregisterScalableTargetRequest | a.PutScalingPolicyRequest | a.PutScheduledActionRequest,
) -> ScalableTargetRecord:
    """The target that a request identifies. Raises ObjectNotFoundException and ValidationException."""
    arn = service_of(context.scope, request.service_namespace, request.scalable_dimension, request.resource_id)
    target = context.store.scalable_targets.get(arn)
    if target is None:
        raise a.ObjectNotFoundException(not_registered(request.resource_id))
    return target


# -- tags -------------------------------------------------------------------------------------------------------------


def tag_resource(context: Context, request: a.TagResourceRequest) -> a.TagResourceResponse:
    target = _by_arn(context, request.resource_arn)
    context.store.scalable_targets.put(tagged(target, request.tags))
    return a.TagResourceResponse()


def untag_resource(context: Context, request: a.UntagResourceRequest) -> a.UntagResourceResponse:
    target = _by_arn(context, request.resource_arn)
    kept = tuple(pair for pair in target.tags if pair[0] not in request.tag_keys)
    context.store.scalable_targets.put(replace(target, tags=kept))
    return a.UntagResourceResponse()


def list_tags_for_resource(context: Context, request: a.ListTagsForResourceRequest) -> a.ListTagsForResourceResponse:
    return a.ListTagsForResourceResponse(tags=dict(_by_arn(context, request.resource_arn).tags))


def _by_arn(context: Context, arn: str) -> ScalableTargetRecord:
    found = context.store.scalable_targets.where("arn", arn)
    if not found or found[0].scope != context.scope:
        raise a.ResourceNotFoundException(f"The specified resource doesn't exist: {arn}", ResourceName=arn)
    return found[0]
