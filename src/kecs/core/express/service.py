"""The ECS service of an Express service: what it is created with, its network, its desired count.

Called by services.ecs.express.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

from __future__ import annotations

import re

from kecs.aws.model import ecs as m
from kecs.core.arns import scope_of
from kecs.core.express.resources import default_subnets
from kecs.core.records import ExpressRecord
from kecs.core.taskdefs.rules.identity import LONGEST_NAME
from kecs.core.tasks.options import LaunchOptions

OPTIONS = LaunchOptions(None, (m.CapacityProviderStrategyItem(capacity_provider="FARGATE", base=1, weight=1),))
GRACE_PERIOD = 300  # seconds
LONGEST_STEM = 240  # characters of an image's name in that of a service
MEDDLESOME = re.compile(r"[^A-Za-z0-9_-]+")


def created(
    name: str, definition: str, configuration: m.NetworkConfiguration, scaling: m.ExpressGatewayScalingTarget
) -> m.CreateServiceRequest:
    """What CreateService would be asked for. `definition` is an ARN."""
    return m.CreateServiceRequest(
        service_name=name,
        task_definition=definition,
        desired_count=scaling.min_task_count,
        capacity_provider_strategy=list(OPTIONS.strategy),
        platform_version="LATEST",
        deployment_configuration=m.DeploymentConfiguration(
            deployment_circuit_breaker=m.DeploymentCircuitBreaker(enable=True, rollback=True)
        ),
        network_configuration=configuration,
        health_check_grace_period_seconds=GRACE_PERIOD,
        scheduling_strategy="REPLICA",
        availability_zone_rebalancing="ENABLED",
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
    )


def network(
    record: ExpressRecord,
    given: m.ExpressGatewayServiceNetworkConfiguration | None,
    before: m.NetworkConfiguration | None = None,
) -> m.NetworkConfiguration:
    """Where the tasks are: what is given, else as before, else the default VPC and a security group of the service's.

    Subnets count as public: their tasks get a public address.
    """
    last = before.awsvpc_configuration if before else None
    given = given or m.ExpressGatewayServiceNetworkConfiguration()
    subnets = given.subnets if given.subnets is not None else last.subnets if last else None
    groups = given.security_groups if given.security_groups is not None else last.security_groups if last else None
    return m.NetworkConfiguration(
        awsvpc_configuration=m.AwsVpcConfiguration(
            subnets=subnets or default_subnets(scope_of(record.arn)),
            security_groups=groups or [record.security_group],
            assign_public_ip=(last.assign_public_ip if last else None) or "ENABLED",
        )
    )


def bounded(count: int, scaling: m.ExpressGatewayScalingTarget) -> int:
    """The desired count within the bounds, as Application Auto Scaling sees to it when they are set."""
    return min(max(count, scaling.min_task_count or 0), scaling.max_task_count or count)


def family_name(cluster: str, service: str) -> str:
    """The family of the task definitions that are made for a service."""
    return f"{cluster}-{service}"[:LONGEST_NAME]


def service_name(image: str, digits: str) -> str:
    """The name of a service that was given none: its image's, and 4 digits."""
    stem = MEDDLESOME.sub("-", image.partition("@")[0].rpartition("/")[2].partition(":")[0])
    return f"{stem[:LONGEST_STEM] or 'service'}-{digits[:4]}"
