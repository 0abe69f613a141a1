"""A container definition as the containers of a pod: its first run, and the slots in which it may run again.

A table like that of the Docker runtime: each row says which key of Kubernetes' Container it fills, from which fields,
and how; a value of None leaves the key out, so that the image's own setting or Kubernetes' default holds. A test checks
that every field of the model stands in a row here, in OF_THE_POD or in what is decided elsewhere or not acted on.
Model shape ContainerDefinition; Kubernetes API, Container v1 core. Called by `pods`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.logs import firelens
from kecs.core.tasks.environment import Way, container_environment
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.images import HELD, image_of
from kecs.runtimes.kubernetes.manifests.literals import literal, literals
from kecs.runtimes.kubernetes.manifests.network import LOOPBACK
from kecs.runtimes.kubernetes.manifests.ports import ports_of
from kecs.runtimes.kubernetes.manifests.probes import probe_of
from kecs.runtimes.kubernetes.manifests.resources import gpus, resources_of
from kecs.runtimes.kubernetes.manifests.secrets import key_of, secret_names
from kecs.runtimes.kubernetes.manifests.security import security_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.manifests.volumes import mounts_of

PULL = {"missing": "IfNotPresent", "always": "Always", "never": "Never"}

OF_THE_POD = {
    "links": "network",
    "hostname": "network",
    "dns_servers": "network",
    "dns_search_domains": "network",
    "extra_hosts": "network",
    "disable_networking": "network",
    "system_controls": "security",
    "linux_parameters.init_process_enabled": "security",
    "stop_timeout": "pods",
    "docker_labels": "pods",
    "repository_credentials": "secrets",
}
"""Fields that a pod has once, or that are in another object, and the module that sees to them."""

DECIDED_BY_CORE = (
    "essential",
    "depends_on",
    "start_timeout",
    "version_consistency",
    "environment_files",
)
"""Fields that say when a container starts and what an exit means, or of which nothing is left to translate."""

NOT_ACTED_ON = {
    "ulimits": "Kubernetes has none; containers have those of their node",
    "linux_parameters.max_swap": "Kubernetes gives containers no swap, unless a node is set up to",
    "linux_parameters.swappiness": "likewise",
    "log_configuration": "output is read from the node, whatever the driver; see `shipping`",
    "credential_specs": "for Windows and for machines of a domain",
}
"""Fields that no manifest has anything of, and why."""


class Source(NamedTuple):
    """All that a container of a pod depends on."""

    plan: TaskPlan
    container: m.ContainerDefinition
    settings: PodSettings
    way: Way | None = None  # how it reaches KECS
    slot: int = 0


class Row(NamedTuple):
    key: str
    fields: tuple[str, ...]
    value: Callable[[Source], Any]


def spares(container: m.ContainerDefinition) -> int:
    """How many times the container can start again in its pod: each time takes a slot that is there from the beginning.
    None with GPUs, of which each slot would take as many."""
    policy = container.restart_policy
    return names.SPARES if policy is not None and policy.enabled and not gpus(container) else 0


def containers_of(source: Source, *, started: bool) -> Iterator[dict[str, Any]]:
    """Its container in the pod, held unless it is `started`, then its spare slots."""
    name = source.container.name or ""
    for slot in range(spares(source.container) + 1):
        values = ((row.key, row.value(source._replace(slot=slot))) for row in ROWS)
        held = slot or not started
        yield {
            "name": names.slot_name(name, slot),
            "image": HELD if held else image_of(source.plan, name, source.settings),
            **{key: value for key, value in values if value is not None},
        }


def _environment(s: Source) -> list[dict[str, Any]]:
    """All variables; of secrets where they are to be found."""
    values = container_environment(s.plan, s.container, s.way)
    if firelens.is_routed(s.container) and _listens(s.plan):
        values = {"FLUENT_HOST": LOOPBACK, "FLUENT_PORT": str(firelens.PORT)} | values
    secret = secret_names(s.container)
    return [_variable(s, name, None if name in secret else value) for name, value in values.items()]


def _listens(plan: TaskPlan) -> bool:
    """Whether the task has a log router that listens for what the others send by themselves."""
    return plan.network_mode in ("awsvpc", "bridge") and firelens.router_of(plan.containers) is not None


def _variable(s: Source, name: str, value: str | None) -> dict[str, Any]:
    if value is not None:
        return {"name": name, "value": literal(value)}
    reference = {"name": names.secret_name(s.plan), "key": key_of(s.container.name or "", name)}
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


ROWS: tuple[Row, ...] = (
    Row("imagePullPolicy", ("name", "image"), lambda s: PULL[s.settings.pull]),
    Row("command", ("entry_point",), lambda s: literals(s.container.entry_point)),
    Row("args", ("command",), lambda s: literals(s.container.command)),
    Row("workingDir", ("working_directory",), lambda s: s.container.working_directory),
    Row("env", ("environment", "secrets"), _environment),
    # The spare slots of a container are reached at its ports too; a node's port is taken once for a pod.
    Row("ports", ("port_mappings",), lambda s: None if s.slot else ports_of(s.plan, s.container)),
    Row(
        "resources",
        ("cpu", "memory", "memory_reservation", "resource_requirements", "restart_policy"),
        lambda s: resources_of(s.plan, s.container, spare=s.slot > 0),
    ),
    Row(
        "volumeMounts",
        (
            "mount_points",
            "volumes_from",
            "firelens_configuration",
            "linux_parameters.tmpfs",
            "linux_parameters.shared_memory_size",
            "linux_parameters.devices",
        ),
        lambda s: mounts_of(s.plan, s.container),
    ),
    Row("readinessProbe", ("health_check",), lambda s: probe_of(s.container.health_check)),
    Row(
        "securityContext",
        (
            "user",
            "privileged",
            "readonly_root_filesystem",
            "docker_security_options",
            "linux_parameters.capabilities",
        ),
        lambda s: security_of(s.plan, s.container),
    ),
    Row("stdin", ("interactive",), lambda s: s.container.interactive),
    Row("tty", ("pseudo_terminal",), lambda s: s.container.pseudo_terminal),
)
