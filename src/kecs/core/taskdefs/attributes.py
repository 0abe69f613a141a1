"""`requiresAttributes`: the capabilities that a container instance needs to run tasks of a definition.

Names: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html and what the ECS
container agent registers. Called by `register`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kecs.aws.model import ecs as m

ECR_IMAGE = re.compile(r"\d{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)/.+")

_ECS = "ecs.capability."
_COM = "com.amazonaws.ecs.capability."
_API = "com.amazonaws.ecs.capability.docker-remote-api."

# The Docker Remote API version that came with each log driver.
_LOG_DRIVER_API = {"json-file": "1.18", "syslog": "1.18", "splunk": "1.22"}
_OTHER_LOG_DRIVER_API = "1.19"

TASK: tuple[tuple[Callable[[m.TaskDefinition], object], tuple[str, ...]], ...] = (
    (lambda d: d.task_role_arn and d.network_mode == "host", (f"{_COM}task-iam-role-network-host",)),
    (lambda d: d.task_role_arn and d.network_mode != "host", (f"{_COM}task-iam-role",)),
    (lambda d: d.network_mode == "awsvpc", (f"{_API}1.18", f"{_ECS}task-eni")),
    (lambda d: d.pid_mode or d.ipc_mode, (f"{_ECS}pid-ipc-namespace-sharing",)),
    (lambda d: d.proxy_configuration, (f"{_ECS}aws-appmesh",)),
    (lambda d: d.enable_fault_injection, (f"{_ECS}fault-injection",)),
)
"""What a definition as a whole uses, and the capabilities that takes."""

VOLUME: tuple[tuple[Callable[[m.Volume], object], tuple[str, ...]], ...] = (
    (lambda v: v.efs_volume_configuration, (f"{_API}1.25", f"{_ECS}efs", f"{_ECS}efsAuth")),
    (lambda v: v.docker_volume_configuration, (f"{_API}1.25",)),
    (lambda v: v.fsx_windows_file_server_volume_configuration, (f"{_ECS}fsxWindowsFileServer",)),
    (lambda v: v.configured_at_launch, (f"{_ECS}storage.ebs-task-volume-attach",)),
)

CONTAINER: tuple[tuple[Callable[[m.ContainerDefinition], object], tuple[str, ...]], ...] = (
    (lambda c: ECR_IMAGE.fullmatch(c.image or ""), (f"{_COM}ecr-auth",)),
    (lambda c: c.privileged, (f"{_COM}privileged-container",)),
    (lambda c: c.readonly_root_filesystem, (f"{_API}1.17",)),
    (lambda c: c.docker_labels or c.ulimits, (f"{_API}1.18",)),
    (lambda c: c.memory_reservation, (f"{_API}1.21",)),
    (
        lambda c: c.linux_parameters and (c.linux_parameters.shared_memory_size or c.linux_parameters.tmpfs),
        (f"{_API}1.22",),
    ),
    (lambda c: c.linux_parameters and c.linux_parameters.init_process_enabled, (f"{_API}1.25",)),
    (lambda c: c.health_check, (f"{_ECS}container-health-check",)),
    (lambda c: c.health_check and c.health_check.start_period is None, (f"{_API}1.24",)),
    (lambda c: c.health_check and c.health_check.start_period is not None, (f"{_API}1.29",)),
    (lambda c: c.depends_on or c.start_timeout or c.stop_timeout, (f"{_ECS}container-ordering",)),
    (lambda c: c.restart_policy and c.restart_policy.enabled, (f"{_ECS}container-restart-policy",)),
    (lambda c: any(p.container_port_range for p in c.port_mappings or ()), (f"{_ECS}container-port-range",)),
    (lambda c: c.environment_files, (f"{_ECS}env-files.s3",)),
    (lambda c: c.repository_credentials, (f"{_ECS}private-registry-authentication.secretsmanager",)),
    (lambda c: _security_option(c, "label:"), (f"{_COM}selinux",)),
    (lambda c: _security_option(c, "apparmor:"), (f"{_COM}apparmor",)),
    (lambda c: _credential_spec(c, "credentialspec:"), (f"{_ECS}gmsa",)),
    (lambda c: _credential_spec(c, "credentialspecdomainless:"), (f"{_ECS}gmsa-domainless",)),
)
"""What a container uses, and the capabilities that takes."""


def required_attributes(definition: m.TaskDefinition) -> list[m.Attribute] | None:
    """The attributes that a normalised definition requires, each once; None when there are none."""
    names = dict.fromkeys(_names(definition))
    return [m.Attribute(name=name) for name in names] or None


def _names(definition: m.TaskDefinition) -> Iterator[str]:
    for uses, names in TASK:
        if uses(definition):
            yield from names
    for volume in definition.volumes or ():
        for has, names in VOLUME:
            if has(volume):
                yield from names
        if volume.docker_volume_configuration:
            yield f"{_ECS}docker-plugin.{volume.docker_volume_configuration.driver or 'local'}"
    for container in definition.container_definitions or ():
        for needs, names in CONTAINER:
            if needs(container):
                yield from names
        yield from _log_names(container.log_configuration)
        yield from _firelens_names(container.firelens_configuration)
        yield from _secret_names(container.secrets, "environment-variables")
        if definition.execution_role_arn:
            yield from _execution_role_names(container)


def _log_names(log: m.LogConfiguration | None) -> Iterator[str]:
    if log is None:
        return
    yield f"{_API}{_LOG_DRIVER_API.get(log.log_driver, _OTHER_LOG_DRIVER_API)}"
    yield f"{_COM}logging-driver.{log.log_driver}"
    yield from _secret_names(log.secret_options, "bootstrap.log-driver")


def _firelens_names(firelens: m.FirelensConfiguration | None) -> Iterator[str]:
    if firelens is None:
        return
    yield f"{_ECS}firelens.{firelens.type}"
    if kind := (firelens.options or {}).get("config-file-type"):
        yield f"{_ECS}firelens.options.config.{kind}"


def _secret_names(secrets: list[m.Secret] | None, use: str) -> Iterator[str]:
    for secret in secrets or ():
        store = "asm" if ":secretsmanager:" in secret.value_from else "ssm"
        yield f"{_ECS}secrets.{store}.{use}"


def _execution_role_names(container: m.ContainerDefinition) -> Iterator[str]:
    if ECR_IMAGE.fullmatch(container.image or ""):
        yield f"{_ECS}execution-role-ecr-pull"
    if container.log_configuration and container.log_configuration.log_driver == "awslogs":
        yield f"{_ECS}execution-role-awslogs"


def _security_option(container: m.ContainerDefinition, prefix: str) -> bool:
    return any(option.startswith(prefix) for option in container.docker_security_options or ())


def _credential_spec(container: m.ContainerDefinition, prefix: str) -> bool:
    specs = (*(container.credential_specs or ()), *(container.docker_security_options or ()))
    return any(spec.startswith(prefix) for spec in specs)
