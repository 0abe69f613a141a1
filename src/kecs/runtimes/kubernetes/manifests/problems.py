"""What a task may ask for that Kubernetes has no way to give: it is refused, in a text like the ECS agent's.

What is left undone and harms nobody is not here, but in services/ecs/unacted_on_kubernetes.py. Called by `gate` before
anything is made for a task, and by `pods`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from kecs.aws.model import ecs as m
from kecs.core.logs.firelens import FROM_S3
from kecs.core.taskdefs.fargate import is_windows
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes.manifests.claims import LOCAL
from kecs.runtimes.kubernetes.manifests.network import is_host
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

CREATE, VOLUME = "CannotCreateContainerError", "CannotCreateVolumeError"

_VARIABLE = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z][-._a-zA-Z0-9]*")
_USER = re.compile(r"(root|\d+)(:(root|\d+))?")

Check = Callable[[m.ContainerDefinition], Iterator[str]]


def problem_of(plan: TaskPlan, settings: PodSettings) -> str | None:
    """The reason that ECS shows for a task that cannot be a pod; None when it can."""
    return next(_problems(plan, settings), None)


def _problems(plan: TaskPlan, settings: PodSettings) -> Iterator[str]:
    windows = is_windows(plan.definition.runtime_platform)
    for container in plan.containers:
        for check in _OF_CONTAINER if windows else (_user, *_OF_CONTAINER):
            for text in check(container):
                yield f"{CREATE}: container '{container.name}': {text}"
    yield from _networks(plan)
    yield from _ports(plan)
    yield from _host_ports(plan)
    yield from _drivers(plan, settings)


def _user(container: m.ContainerDefinition) -> Iterator[str]:
    if container.user and not _USER.fullmatch(container.user):
        yield (
            f"user '{container.user}' has to be given as a number on Kubernetes, which does not look into the image's "
            "/etc/passwd"
        )


def _variables(container: m.ContainerDefinition) -> Iterator[str]:
    for pair in container.environment or ():
        if not _VARIABLE.fullmatch(pair.name or ""):
            yield f"'{pair.name}' is no name of an environment variable on Kubernetes"


def _devices(container: m.ContainerDefinition) -> Iterator[str]:
    linux = container.linux_parameters
    if linux is not None and linux.devices and not container.privileged:
        yield "Kubernetes gives devices of a node to privileged containers only"


def _gpus(container: m.ContainerDefinition) -> Iterator[str]:
    if any(asked.type == "GPU" and asked.value == "ALL" for asked in container.resource_requirements or ()):
        yield "Kubernetes gives GPUs by their number, not ALL that a node has"


def _credentials(container: m.ContainerDefinition) -> Iterator[str]:
    if any(option.startswith("credentialspec") for option in container.docker_security_options or ()):
        yield "credential specs are not supported on Kubernetes"


def _escalation(container: m.ContainerDefinition) -> Iterator[str]:
    options = container.docker_security_options or ()
    added = (container.linux_parameters and container.linux_parameters.capabilities) or m.KernelCapabilities()
    powerful = container.privileged or "SYS_ADMIN" in (added.add or ())
    if powerful and any(option.startswith("no-new-privileges") for option in options):
        yield "Kubernetes does not combine no-new-privileges with privileged or the capability SYS_ADMIN"


def _hosts(container: m.ContainerDefinition) -> Iterator[str]:
    links = [link.partition(":")[::2] for link in container.links or ()]
    hosts = [*(alias or name for name, alias in links), *(entry.hostname for entry in container.extra_hosts or ())]
    for host in hosts:
        if not is_host(host):
            yield f"'{host}' is no host name on Kubernetes"


def _firelens(container: m.ContainerDefinition) -> Iterator[str]:
    firelens = container.firelens_configuration
    if firelens is not None and (firelens.options or {}).get("config-file-type") == "s3":
        yield FROM_S3


_OF_CONTAINER: tuple[Check, ...] = (_variables, _devices, _gpus, _credentials, _escalation, _hosts, _firelens)


def _networks(plan: TaskPlan) -> Iterator[str]:
    without = [container.name for container in plan.containers if container.disable_networking]
    if without and len(without) < len(plan.containers):
        yield (
            f"{CREATE}: container '{without[0]}': the containers of a pod share their network, so networking is "
            "disabled for all of a task or for none"
        )


def _ports(plan: TaskPlan) -> Iterator[str]:
    """In bridge mode each container of a task has ports of its own; in a pod they share them."""
    uses = Counter(
        (mapping.container_port, mapping.protocol or "tcp")
        for container in plan.containers
        for mapping in {(p.container_port, p.protocol): p for p in container.port_mappings or ()}.values()
        if mapping.container_port
    )
    for (port, protocol), count in uses.items():
        if count > 1:
            yield (
                f"{CREATE}: {protocol.upper()} container port '{port}' is used by {count} containers of the task, "
                "which share their ports on Kubernetes"
            )


def _host_ports(plan: TaskPlan) -> Iterator[str]:
    """A pod has each of a container's ports once."""
    for container in plan.containers if plan.network_mode == "bridge" else ():
        hosts: dict[tuple[int | None, str], int | None] = {}
        for mapping in container.port_mappings or ():
            key = (mapping.container_port, mapping.protocol or "tcp")
            if mapping.container_port and hosts.setdefault(key, mapping.host_port) != mapping.host_port:
                yield (
                    f"{CREATE}: container '{container.name}': {key[1].upper()} container port '{key[0]}' has more than "
                    "one host port, and on Kubernetes can have one"
                )


def _drivers(plan: TaskPlan, settings: PodSettings) -> Iterator[str]:
    for volume in plan.definition.volumes or ():
        docker = volume.docker_volume_configuration or m.DockerVolumeConfiguration()
        driver = docker.driver or LOCAL
        if driver in settings.storage_classes:
            continue
        if driver != LOCAL:
            yield (
                f"{VOLUME}: volume '{volume.name}': there is no Docker volume driver '{driver}' on Kubernetes; a "
                "storage class can be given in its place"
            )
        elif docker.driver_opts:
            yield f"{VOLUME}: volume '{volume.name}': options of Docker volume drivers mean nothing on Kubernetes"
