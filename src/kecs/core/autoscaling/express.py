"""The scalable target and the scaling policy that AWS makes for an Express Gateway service.

Called by control.express. They bear the names that DescribeServiceRevisions shows (core.express.managed).
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import application_autoscaling as a
from kecs.aws.model import ecs as m
from kecs.core.autoscaling.policies import policy_arn
from kecs.core.autoscaling.targets import role_arn, suspended_state, target_arn
from kecs.core.records import ExpressRecord
from kecs.core.records.autoscaling import ScalableTargetRecord, ScalingPolicyRecord

METRICS: dict[str, a.MetricType] = {
    "AVERAGE_CPU": "ECSServiceAverageCPUUtilization",
    "AVERAGE_MEMORY": "ECSServiceAverageMemoryUtilization",
    "REQUEST_COUNT_PER_TARGET": "ALBRequestCountPerTarget",
}
"""What Application Auto Scaling calls them."""


def managed_target(
    express: ExpressRecord,
    scaling: m.ExpressGatewayScalingTarget,
    existing: ScalableTargetRecord | None,
    now: float,
) -> ScalableTargetRecord:
    """The service's target; itself when it is as it should be."""
    minimum, maximum = scaling.min_task_count or 0, scaling.max_task_count or 0
    if existing is None or not is_managed(express, existing.arn):
        existing = ScalableTargetRecord(
            arn=managed_target_arn(express),
            service_arn=express.arn,
            minimum=minimum,
            maximum=maximum,
            role_arn=role_arn(express.scope),
            created_at=now,
            suspended=suspended_state(None, None),
            bounds_changed=True,
        )
    if (existing.minimum, existing.maximum) == (minimum, maximum):
        return existing
    return replace(existing, minimum=minimum, maximum=maximum, bounds_changed=True)


def managed_policy(
    express: ExpressRecord, scaling: m.ExpressGatewayScalingTarget, created_at: float
) -> ScalingPolicyRecord:
    """The policy that keeps the metric at its target value."""
    metric = METRICS[scaling.auto_scaling_metric or "AVERAGE_CPU"]
    name = f"{express.name}{metric}"
    label = None
    if metric == "ALBRequestCountPerTarget":
        balancer, group = express.balancer.arn.partition(":loadbalancer/")[2], express.target_group_arns[0]
        label = f"{balancer}/{group.rpartition(':')[2]}"
    return ScalingPolicyRecord(
        arn=policy_arn(express.arn, express.scaling_id, name),
        service_arn=express.arn,
        name=name,
        created_at=created_at,
        tracking=a.TargetTrackingScalingPolicyConfiguration(
            target_value=float(scaling.auto_scaling_target_value or 0),
            predefined_metric_specification=a.PredefinedMetricSpecification(
                predefined_metric_type=metric, resource_label=label
            ),
        ),
        alarm_id=express.scaling_id,
    )


def managed_target_arn(express: ExpressRecord) -> str:
    return target_arn(express.scope, express.scaling_id)


def is_managed(express: ExpressRecord, arn: str) -> bool:
    """Whether the target or policy of this ARN was made for the service, and not by a caller."""
    return express.scaling_id in arn
