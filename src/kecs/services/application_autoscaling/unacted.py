"""What Application Auto Scaling accepts and does not (fully) act on; see services.ecs.unacted."""

from __future__ import annotations

UNACTED: dict[str, str] = {
    "RegisterScalableTarget.RoleARN": "Accepted and dropped, as by AWS for ECS. The service-linked role is shown.",
    "PutScalingPolicy.PredictiveScalingPolicyConfiguration": "Refused. KECS makes no forecasts.",
    "PredefinedMetricSpecification.ResourceLabel": (
        "Checked for being there, kept and shown. The requests a target gets are those that a test says."
    ),
    "CustomizedMetricSpecification.Dimensions": (
        "Kept and shown. A test says what the metric is, by namespace and name, for each service."
    ),
    "CustomizedMetricSpecification.Statistic": "Kept and shown. There is one value a minute.",
    "CustomizedMetricSpecification.Unit": "Kept and shown. There is one value a minute.",
    "CustomizedMetricSpecification.Metrics": "Kept and shown. There is no metric math, so the policy gets no data.",
    "StepScalingPolicyConfiguration.MetricAggregationType": "Kept and shown. An alarm goes off with one value.",
}
"""By `Operation.Member` for members of a request, `Shape.Member` for members of what it contains: what happens."""
