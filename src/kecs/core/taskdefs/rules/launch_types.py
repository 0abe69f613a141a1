"""Rules that hold for one launch type only.

A definition that requires a launch type is refused when it breaks one of its rules; the launch types whose rules it
keeps are its `compatibilities`.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.attributes import ECR_IMAGE
from kecs.core.taskdefs.fargate import check_fargate_size, is_windows
from kecs.core.taskdefs.rules.common import Rule, containers, mode, volumes

FARGATE_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
MANAGED_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens", "json-file")
LONGEST_FARGATE_TIMEOUT = 120  # seconds

_UNSUPPORTED = "Fargate compatible task definitions do not support "
_LINUX = m.LinuxParameters()

_NOT_ON_FARGATE: tuple[tuple[Callable[[m.TaskDefinition], object], str], ...] = (
    (lambda d: d.ipc_mode, f"{_UNSUPPORTED}ipcMode"),
    (
        lambda d: d.pid_mode == "host",
        "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
    ),
    (lambda d: d.placement_constraints, f"{_UNSUPPORTED}constraints"),
    (lambda d: any(v.host and v.host.source_path for v in volumes(d)), f"{_UNSUPPORTED}sourcePath"),
    (
        lambda d: any(v.docker_volume_configuration for v in volumes(d)),
        f"{_UNSUPPORTED}dockerVolumeConfiguration",
    ),
    (
        lambda d: any(v.fsx_windows_file_server_volume_configuration for v in volumes(d)),
        f"{_UNSUPPORTED}fsxWindowsFileServerVolumeConfiguration",
    ),
)

_CONTAINER_NOT_ON_FARGATE: tuple[tuple[Callable[[m.ContainerDefinition], object], str], ...] = (
    (lambda c: c.privileged, "Fargate requires that the ‘privileged’ setting be ‘false’ at the container level."),
    (lambda c: c.docker_security_options, f"{_UNSUPPORTED}dockerSecurityOptions"),
    (lambda c: (c.linux_parameters or _LINUX).devices, f"{_UNSUPPORTED}devices"),
    (lambda c: (c.linux_parameters or _LINUX).shared_memory_size is not None, f"{_UNSUPPORTED}sharedMemorySize"),
    (lambda c: (c.linux_parameters or _LINUX).max_swap is not None, f"{_UNSUPPORTED}maxSwap"),
    (lambda c: (c.linux_parameters or _LINUX).swappiness is not None, f"{_UNSUPPORTED}swappiness"),
    (
        lambda c: any(r.type == "GPU" for r in c.resource_requirements or ()),
        "Tasks using the Fargate launch type do not support GPU resource requirements.",
    ),
    (
        lambda c: c.firelens_configuration and (c.firelens_configuration.options or {}).get("config-file-type") == "s3",
        "Fargate launch type does not support FirelensConfiguration config file from 's3'",
    ),
    (
        lambda c: (c.start_timeout or 0) > LONGEST_FARGATE_TIMEOUT,
        "Tasks using the Fargate launch type must have a container start timeout of less than 120 seconds.",
    ),
    (
        lambda c: (c.stop_timeout or 0) > LONGEST_FARGATE_TIMEOUT,
        "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
    ),
)


def _fargate_network(definition: m.TaskDefinition) -> Iterator[str]:
    if mode(definition) != "awsvpc":
        yield "Fargate only supports network mode ‘awsvpc’."


def _fargate_size(definition: m.TaskDefinition) -> Iterator[str]:
    cpu = int(definition.cpu) if definition.cpu else None
    memory = int(definition.memory) if definition.memory else None
    try:
        check_fargate_size(cpu, memory, windows=is_windows(definition.runtime_platform))
    except m.ClientException as refusal:
        yield refusal.message


def _fargate_unsupported(definition: m.TaskDefinition) -> Iterator[str]:
    for given, text in _NOT_ON_FARGATE:
        if given(definition):
            yield text
    for container in containers(definition):
        for used, text in _CONTAINER_NOT_ON_FARGATE:
            if used(container):
                yield text
        added = (container.linux_parameters or _LINUX).capabilities or m.KernelCapabilities()
        for capability in added.add or ():
            if capability != "SYS_PTRACE":
                yield f"{capability} is not allowed on Fargate."


def _fargate_execution_role(definition: m.TaskDefinition) -> Iterator[str]:
    if definition.execution_role_arn:
        return
    needs = "Fargate requires task definition to have execution role ARN to support"
    for container in containers(definition):
        if ECR_IMAGE.fullmatch(container.image or ""):
            yield f"{needs} ECR images."
        if container.log_configuration and container.log_configuration.log_driver == "awslogs":
            yield f"{needs} log driver awslogs."


def _log_drivers(drivers: tuple[str, ...]) -> Rule:
    def rule(definition: m.TaskDefinition) -> Iterator[str]:
        for container in containers(definition):
            log = container.log_configuration
            if log and log.log_driver not in drivers:
                yield f"{log.log_driver} is not a valid log driver. Must be one of [{','.join(drivers)}]"

    return rule


def _fargate_log_stream(definition: m.TaskDefinition) -> Iterator[str]:
    for container in containers(definition):
        log = container.log_configuration
        if log and log.log_driver == "awslogs" and "awslogs-stream-prefix" not in (log.options or ()):
            yield (
                "Fargate requires log configuration options to include awslogs-stream-prefix"
                " to support log driver awslogs."
            )


def _instance_storage(launch_type: str) -> Rule:
    def rule(definition: m.TaskDefinition) -> Iterator[str]:
        if definition.ephemeral_storage and "FARGATE" not in (definition.requires_compatibilities or ()):
            yield f"Tasks using the {launch_type} launch type do not support EphemeralStorage."

    return rule


def _external(definition: m.TaskDefinition) -> Iterator[str]:
    if mode(definition) == "awsvpc":
        yield "Tasks using the External launch type do not support network mode 'awsvpc'."
    for volume in volumes(definition):
        if volume.efs_volume_configuration:
            yield "Tasks using the External launch type do not support efsVolumeConfiguration."
        if volume.configured_at_launch:
            yield "Tasks using the External launch type do not support volumes configured at launch."
    if any(r.sharing_strategy for c in containers(definition) for r in c.resource_requirements or ()):
        yield "Tasks using the External launch type do not support GPU sharing."


def _managed_instances(definition: m.TaskDefinition) -> Iterator[str]:
    if mode(definition) not in ("awsvpc", "host"):
        yield "Managed Instances only support network modes 'awsvpc' and 'host'."
    if is_windows(definition.runtime_platform):
        yield "Managed Instances only support operating system family 'LINUX'."


def _neuron(definition: m.TaskDefinition) -> Iterator[str]:
    if any(r.type == "NeuronDevice" for c in containers(definition) for r in c.resource_requirements or ()):
        yield "'NeuronDevice' resource requirements are only supported for Managed Instances."


def _trusted_execution(definition: m.TaskDefinition) -> Iterator[str]:
    if definition.trusted_execution_configuration is not None:
        yield "Trusted execution is only supported for Managed Instances."


LAUNCH_TYPES: dict[m.Compatibility, tuple[Rule, ...]] = {
    "EXTERNAL": (_external, _instance_storage("External"), _neuron, _trusted_execution),
    "EC2": (_instance_storage("EC2"), _neuron, _trusted_execution),
    "FARGATE": (
        _fargate_network,
        _fargate_size,
        _fargate_unsupported,
        _fargate_execution_role,
        _log_drivers(FARGATE_LOG_DRIVERS),
        _fargate_log_stream,
        _neuron,
        _trusted_execution,
    ),
    "MANAGED_INSTANCES": (
        _managed_instances,
        _log_drivers(MANAGED_LOG_DRIVERS),
        _instance_storage("Managed Instances"),
    ),
}
"""In the order in which ECS lists them."""


def compatibilities(definition: m.TaskDefinition) -> list[m.Compatibility]:
    """The launch types that could run tasks of the definition."""
    return [
        launch_type
        for launch_type, rules in LAUNCH_TYPES.items()
        if not any(problem for rule in rules for problem in rule(definition))
    ]
