"""PutScalingPolicy, DeleteScalingPolicy, DescribeScalingPolicies; control.autoscaling does what they say."""

from __future__ import annotations

from kecs.aws.model import application_autoscaling as a
from kecs.core.autoscaling.policies import MOST_POLICIES, alarms, policy_arn, policy_view, put
from kecs.core.records.autoscaling import ScalingPolicyRecord, named
from kecs.services.application_autoscaling.listings import described, key_in, paged, those
from kecs.services.application_autoscaling.targets import find_target
from kecs.services.context import Context


def put_scaling_policy(context: Context, request: a.PutScalingPolicyRequest) -> a.PutScalingPolicyResponse:
    table, target = context.store.scaling_policies, find_target(context, request)
    existing = table.get(named(target.service_arn, request.policy_name))
    new = ScalingPolicyRecord(
        arn=policy_arn(target.service_arn, context.ids.uuid(), request.policy_name),
        service_arn=target.service_arn,
        name=request.policy_name,
        created_at=context.now,
        alarm_id=context.ids.uuid(),
    )
    policy = put(existing, request, new)
    if existing is None and len(table.keys("service", target.service_arn)) >= MOST_POLICIES:
        raise a.LimitExceededException(f"There can be at most {MOST_POLICIES} scaling policies per scalable target")
    table.put(policy)
    return a.PutScalingPolicyResponse(policy_arn=policy.arn, alarms=alarms(policy))


def delete_scaling_policy(context: Context, request: a.DeleteScalingPolicyRequest) -> a.DeleteScalingPolicyResponse:
    table = context.store.scaling_policies
    table.delete(key_in(context, table, request, "scaling policy", request.policy_name))
    return a.DeleteScalingPolicyResponse()


def describe_scaling_policies(
    context: Context, request: a.DescribeScalingPoliciesRequest
) -> a.DescribeScalingPoliciesResponse:
    policies = those(described(context, context.store.scaling_policies, request), request.policy_names)
    found, token = paged(policies, lambda policy: policy.key, request.next_token, request.max_results)
    return a.DescribeScalingPoliciesResponse(scaling_policies=list(map(policy_view, found)), next_token=token)
