"""A task definition as ECS stores it: what the caller gave, and what ECS fills in.

Nothing that was given is lost, or Terraform and CloudFormation would see drift. Called by `register`.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.sizes import cpu_units, memory_mib

HEALTH_CHECK_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3}


def normalise(request: m.RegisterTaskDefinitionRequest) -> m.TaskDefinition:
    """The definition without what only its registration knows (ARN, revision, times, compatibilities).

    A network mode that was not given stays absent, as ECS has it; it then means bridge. Raises ClientException for
    a task-level cpu or memory that is no amount.
    """
    return m.TaskDefinition(
        family=request.family,
        task_role_arn=request.task_role_arn or None,
        execution_role_arn=request.execution_role_arn or None,
        network_mode=request.network_mode,
        container_definitions=[_container(c, request.network_mode) for c in request.container_definitions],
        volumes=[_volume(v) for v in request.volumes or ()],
        placement_constraints=request.placement_constraints or [],
        requires_compatibilities=request.requires_compatibilities or None,
        cpu=str(cpu_units(request.cpu)) if request.cpu else None,
        memory=str(memory_mib(request.memory)) if request.memory else None,
        pid_mode=request.pid_mode,
        ipc_mode=request.ipc_mode,
        proxy_configuration=_proxy(request.proxy_configuration),
        inference_accelerators=request.inference_accelerators or None,
        ephemeral_storage=request.ephemeral_storage,
        runtime_platform=request.runtime_platform,
        enable_fault_injection=request.enable_fault_injection,
        trusted_execution_configuration=request.trusted_execution_configuration,
    )


def _container(container: m.ContainerDefinition, network_mode: m.NetworkMode | None) -> m.ContainerDefinition:
    return msgspec.structs.replace(
        container,
        cpu=container.cpu or 0,
        essential=container.essential is not False,
        port_mappings=[_port_mapping(p, network_mode) for p in container.port_mappings or ()],
        environment=_environment(container.environment),
        mount_points=container.mount_points or [],
        volumes_from=container.volumes_from or [],
        system_controls=container.system_controls or [],
        health_check=_health_check(container.health_check),
    )


def _environment(environment: list[m.KeyValuePair] | None) -> list[m.KeyValuePair]:
    """Of a name that is given twice ECS keeps one; the last, as a shell would."""
    return list({pair.name: pair for pair in environment or ()}.values())


def _port_mapping(mapping: m.PortMapping, network_mode: m.NetworkMode | None) -> m.PortMapping:
    host_port = mapping.host_port or 0
    if network_mode in ("awsvpc", "host"):
        host_port = host_port or mapping.container_port or 0
    return msgspec.structs.replace(
        mapping,
        host_port=mapping.host_port if mapping.container_port_range else host_port,
        protocol=mapping.protocol or "tcp",
    )


def _health_check(check: m.HealthCheck | None) -> m.HealthCheck | None:
    if check is None:
        return None
    missing = {name: value for name, value in HEALTH_CHECK_DEFAULTS.items() if getattr(check, name) is None}
    return msgspec.structs.replace(check, **missing)


def _volume(volume: m.Volume) -> m.Volume:
    if volume.efs_volume_configuration is not None:
        efs = volume.efs_volume_configuration
        efs = msgspec.structs.replace(efs, root_directory=efs.root_directory or "/")
        return msgspec.structs.replace(volume, efs_volume_configuration=efs)
    if volume.docker_volume_configuration is not None:
        docker = volume.docker_volume_configuration
        docker = msgspec.structs.replace(docker, scope=docker.scope or "task")
        return msgspec.structs.replace(volume, docker_volume_configuration=docker)
    if (
        volume.s3files_volume_configuration is None
        and volume.fsx_windows_file_server_volume_configuration is None
        and not volume.configured_at_launch
    ):
        return msgspec.structs.replace(volume, host=volume.host or m.HostVolumeProperties())
    return volume


def _proxy(proxy: m.ProxyConfiguration | None) -> m.ProxyConfiguration | None:
    return proxy and msgspec.structs.replace(proxy, type=proxy.type or "APPMESH")
