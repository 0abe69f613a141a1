"""The task definition of an Express service: made, changed with each update, and read back as its primary container.

A revision starts from the one before, so what somebody added to it by hand (a sidecar, a health check) stays, as AWS
says of updates outside of Express Mode. Called by services.ecs.express and core.express.view.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import fields, replace

from kecs.aws.model import ecs as m
from kecs.core.express.rules import MAIN, NO_MAIN, main_container

# As the operation's documentation has them.
PORT = 80
CPU = "256"
MEMORY = "512"
STREAM_PREFIX = "ecs"

STOP_TIMEOUT = 30  # seconds
BUFFER = "25m"  # of output that waits to be sent

REGISTERED = frozenset(field.name for field in fields(m.RegisterTaskDefinitionRequest)) & frozenset(
    field.name for field in fields(m.TaskDefinition)
)
"""Members that a task definition is registered with, and has."""


def first(
    request: m.CreateExpressGatewayServiceRequest, family: str, log_group: str | None, region: str
) -> m.RegisterTaskDefinitionRequest:
    """The registration of a new service's definition; it logs into `log_group`, or as the request says."""
    logs = m.ExpressGatewayServiceAwsLogsConfiguration(log_group=log_group or "", log_stream_prefix=STREAM_PREFIX)
    container = m.ContainerDefinition(
        name=MAIN,
        essential=True,
        port_mappings=_ports(PORT),
        log_configuration=_logs(logs, region) if log_group else None,
        linux_parameters=m.LinuxParameters(init_process_enabled=True),
        stop_timeout=STOP_TIMEOUT,
        version_consistency="enabled",
    )
    return m.RegisterTaskDefinitionRequest(
        family=family,
        execution_role_arn=request.execution_role_arn,
        task_role_arn=request.task_role_arn,
        network_mode="awsvpc",
        container_definitions=[_changed(container, request.primary_container, region)],
        requires_compatibilities=["FARGATE"],
        cpu=request.cpu or CPU,
        memory=request.memory or MEMORY,
        runtime_platform=m.RuntimePlatform(
            cpu_architecture=request.cpu_architecture or "X86_64", operating_system_family="LINUX"
        ),
    )


def changed(
    definition: m.TaskDefinition, request: m.UpdateExpressGatewayServiceRequest, family: str, region: str
) -> m.RegisterTaskDefinitionRequest | None:
    """The registration of the definition with what the request changes; None when that is nothing.

    Raises InvalidParameterException when there is no container left that the request could change.
    """
    given: dict[str, Any] = {
        name: value
        for name in ("execution_role_arn", "task_role_arn", "cpu", "memory")
        if (value := getattr(request, name))
    }
    if request.cpu_architecture is not None:
        platform = definition.runtime_platform or m.RuntimePlatform(operating_system_family="LINUX")
        given["runtime_platform"] = replace(platform, cpu_architecture=request.cpu_architecture)
    if request.primary_container is not None:
        main = main_container(definition)
        if main is None:
            raise m.InvalidParameterException(NO_MAIN)
        after = _changed(main, request.primary_container, region)
        given["container_definitions"] = [after if c is main else c for c in definition.container_definitions or ()]
    if all(getattr(definition, name) == value for name, value in given.items()):
        return None
    kept = {name: getattr(definition, name) for name in REGISTERED}
    return m.RegisterTaskDefinitionRequest(**{**kept, **given, "family": family})


def primary_container(definition: m.TaskDefinition) -> m.ExpressGatewayContainer | None:
    """The container as the Express API shows it; None when nobody calls one Main any more."""
    container = main_container(definition)
    if container is None:
        return None
    credentials = container.repository_credentials
    return m.ExpressGatewayContainer(
        image=container.image or "",
        container_port=port(definition),
        aws_logs_configuration=logs(container),
        repository_credentials=m.ExpressGatewayRepositoryCredentials(
            credentials_parameter=credentials.credentials_parameter
        )
        if credentials
        else None,
        command=container.command,
        environment=container.environment or None,
        secrets=container.secrets,
    )


def port(definition: m.TaskDefinition) -> int | None:
    """The port that requests go to."""
    container = main_container(definition)
    mappings: Sequence[m.PortMapping] = (container.port_mappings if container else None) or ()
    return mappings[0].container_port if mappings else None


def logs(container: m.ContainerDefinition) -> m.ExpressGatewayServiceAwsLogsConfiguration | None:
    log = container.log_configuration
    options = (log.options if log else None) or {}
    if log is None or log.log_driver != "awslogs":
        return None
    return m.ExpressGatewayServiceAwsLogsConfiguration(
        log_group=options.get("awslogs-group", ""), log_stream_prefix=options.get("awslogs-stream-prefix", "")
    )


def _changed(
    container: m.ContainerDefinition, given: m.ExpressGatewayContainer | None, region: str
) -> m.ContainerDefinition:
    """The container with what is given; what is not stays."""
    if given is None:
        return container
    changes: dict[str, Any] = {"image": given.image}
    for name in ("command", "environment", "secrets"):
        if getattr(given, name) is not None:
            changes[name] = getattr(given, name)
    if given.container_port is not None and [p.container_port for p in container.port_mappings or ()] != [
        given.container_port
    ]:
        changes["port_mappings"] = _ports(given.container_port)
    if given.aws_logs_configuration is not None:
        changes["log_configuration"] = _logs(given.aws_logs_configuration, region)
    if given.repository_credentials is not None:
        secret = given.repository_credentials.credentials_parameter
        changes["repository_credentials"] = m.RepositoryCredentials(credentials_parameter=secret) if secret else None
    return replace(container, **changes)


def _ports(number: int) -> list[m.PortMapping]:
    return [m.PortMapping(name=f"main-{number}-tcp", container_port=number, protocol="tcp")]


def _logs(given: m.ExpressGatewayServiceAwsLogsConfiguration, region: str) -> m.LogConfiguration:
    return m.LogConfiguration(
        log_driver="awslogs",
        options={
            "awslogs-group": given.log_group,
            "awslogs-region": region,
            "awslogs-stream-prefix": given.log_stream_prefix,
            "mode": "non-blocking",
            "max-buffer-size": BUFFER,
        },
    )
