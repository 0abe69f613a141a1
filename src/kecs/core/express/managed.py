"""The resources of an Express service as DescribeServiceRevisions shows them around each revision.

Called by services.ecs.deployments. The load balancer's alarms are left out: there are none.
"""

from __future__ import annotations

from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.autoscaling.express import METRICS, managed_policy, managed_target_arn
from kecs.core.express.definition import port
from kecs.core.express.resources import ACCESS, configuration_of
from kecs.core.gateways.resources import security_group_arn
from kecs.core.records import DeploymentRecord, ExpressRecord


def managed_resources(
    record: ExpressRecord, deployment: DeploymentRecord, definition: m.TaskDefinition | None
) -> m.ECSManagedResources:
    """`deployment` is the revision's, `definition` its task definition, if it is still there."""
    state: dict[str, Any] = {"status": record.status, "updated_at": record.changed_at}
    group = security_group_arn(record.scope, record.security_group)
    return m.ECSManagedResources(
        ingress_paths=[_ingress(record, deployment, definition, state)],
        auto_scaling=_auto_scaling(record, configuration_of(record, deployment.id).scaling, state),
        service_security_groups=[m.ManagedSecurityGroup(arn=group, **state)],
        log_groups=_log_groups(record, state),
    )


def _ingress(
    record: ExpressRecord, deployment: DeploymentRecord, definition: m.TaskDefinition | None, state: dict[str, Any]
) -> m.ManagedIngressPath:
    number = (port(definition) if definition else None) or 0
    path, group = configuration_of(record, deployment.id).health_check_path, record.balancer.security_group
    network = deployment.network_configuration
    vpc = network.awsvpc_configuration if network else None
    return m.ManagedIngressPath(
        access_type=ACCESS,
        endpoint=record.host,
        load_balancer=m.ManagedLoadBalancer(
            arn=record.balancer.arn,
            scheme="internet-facing",
            subnet_ids=vpc.subnets if vpc else None,
            security_group_ids=[group],
            **state,
        ),
        load_balancer_security_groups=[m.ManagedSecurityGroup(arn=security_group_arn(record.scope, group), **state)],
        certificate=m.ManagedCertificate(arn=record.certificate_arn, domain_name=record.host, **state),
        listener=m.ManagedListener(arn=record.balancer.listener_arn, **state),
        rule=m.ManagedListenerRule(arn=record.rule_arn, **state),
        target_groups=[
            m.ManagedTargetGroup(arn=arn, health_check_path=path, health_check_port=number, port=number, **state)
            for arn in record.target_group_arns
        ],
    )


def _auto_scaling(
    record: ExpressRecord, scaling: m.ExpressGatewayScalingTarget, state: dict[str, Any]
) -> m.ManagedAutoScaling:
    policy = managed_policy(record, scaling, record.changed_at)
    return m.ManagedAutoScaling(
        scalable_target=m.ManagedScalableTarget(
            arn=managed_target_arn(record),
            min_capacity=scaling.min_task_count,
            max_capacity=scaling.max_task_count,
            **state,
        ),
        application_auto_scaling_policies=[
            m.ManagedApplicationAutoScalingPolicy(
                arn=policy.arn,
                policy_type="TargetTrackingScaling",
                target_value=float(scaling.auto_scaling_target_value or 0),
                metric=METRICS[scaling.auto_scaling_metric or "AVERAGE_CPU"],
                **state,
            )
        ],
    )


def _log_groups(record: ExpressRecord, state: dict[str, Any]) -> list[m.ManagedLogGroup] | None:
    if record.log_group is None:
        return None
    arn = f"arn:aws:logs:{record.scope.region}:{record.scope.account}:log-group:{record.log_group}"
    return [m.ManagedLogGroup(arn=arn, log_group_name=record.log_group, **state)]
