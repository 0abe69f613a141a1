"""The configuration of a service with task sets: what CreateService makes of a request, what UpdateService changes.

Pure; called by services.ecs.external. What is refused stands in `rules`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.deployments.configuration import deployment_configuration
from kecs.core.records import TaskDefinitionRecord
from kecs.core.services import KEPT as OF_ANY_SERVICE
from kecs.core.services import common, configured
from kecs.core.tasks.options import LaunchOptions

KEPT = tuple(member for member in OF_ANY_SERVICE if member not in ("load_balancers", "service_registries"))
"""Members that UpdateService takes over as they are given; those left out are its task sets'."""

OFF = {
    "strategy": "ROLLING",
    "bake_time_in_minutes": 0,
    "deployment_circuit_breaker": m.DeploymentCircuitBreaker(enable=False, rollback=False),
}
"""Members of a deployment configuration that say no more than nothing."""

ONLY_PERCENTS = (
    "Only maximumPercent and minimumHealthyPercent of a deployment configuration can be used with the deployment "
    "controllers CODE_DEPLOY and EXTERNAL."
)


def configured_external(request: m.CreateServiceRequest, principal: str) -> m.Service:
    """The configuration of a service with the EXTERNAL deployment controller, which has no task set yet."""
    return replace(
        common(request, principal), deployment_configuration=percents(None, request.deployment_configuration)
    )


def configured_code_deploy(
    request: m.CreateServiceRequest, definition: TaskDefinitionRecord, options: LaunchOptions, principal: str
) -> m.Service:
    """The configuration of a service with the CODE_DEPLOY deployment controller. Raises modelled errors."""
    service = configured(replace(request, deployment_configuration=None), definition, options, principal)
    return replace(
        service,
        task_definition=definition.arn,
        deployment_configuration=percents(None, request.deployment_configuration),
    )


def updated(service: m.Service, request: m.UpdateServiceRequest) -> m.Service:
    """The configuration after an update; what the request leaves out stays."""
    changes: dict[str, Any] = {field: value for field in KEPT if (value := getattr(request, field)) is not None}
    if request.deployment_configuration is not None:
        changes["deployment_configuration"] = percents(
            service.deployment_configuration, request.deployment_configuration
        )
    return replace(service, **changes)


def percents(
    before: m.DeploymentConfiguration | None, given: m.DeploymentConfiguration | None
) -> m.DeploymentConfiguration:
    """`given` over `before` over the defaults: all that there is of a deployment configuration here is percentages.

    Raises InvalidParameterException.
    """
    fields = m.DeploymentConfiguration.__struct_fields__
    named = {f: value for f in fields if (value := getattr(given, f, None)) is not None}
    wanted = {f: named.pop(f, getattr(before, f, None)) for f in ("maximum_percent", "minimum_healthy_percent")}
    for field, value in named.items():
        if value != OFF.get(field):
            raise m.InvalidParameterException(ONLY_PERCENTS)
    checked = deployment_configuration(None, m.DeploymentConfiguration(**wanted))
    return m.DeploymentConfiguration(
        maximum_percent=checked.maximum_percent, minimum_healthy_percent=checked.minimum_healthy_percent
    )
