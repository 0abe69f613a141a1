"""A task as the manifest of a pod. Pure: `gate` sends what comes of it.

Kubernetes runs what it is told and restarts nothing; which container's turn it is, its image says (`images.HELD`).
Called by `gate` when the first containers of a task start. Kubernetes API, Pod v1 core.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from kecs.core.arns import last_part
from kecs.core.tasks.environment import Way
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.step import DEFAULT_STOP_TIMEOUT
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.containers import Source, containers_of, spares
from kecs.runtimes.kubernetes.manifests.network import is_host, network_of, without_network
from kecs.runtimes.kubernetes.manifests.placing import placing_of
from kecs.runtimes.kubernetes.manifests.probes import command_of, deadline
from kecs.runtimes.kubernetes.manifests.problems import problem_of
from kecs.runtimes.kubernetes.manifests.security import annotations_of, pod_security_of, shares_processes
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.manifests.volumes import volumes_of
from kecs.runtimes.kubernetes.output.outlets import logs_of

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")  # of an annotation, after its prefix
_NOT_THEIRS = ("kubernetes.io/", "k8s.io/", "kecs.dev/")  # what stands in these says what a pod may do


class Untranslatable(Exception):
    """What the task asks for does not exist on Kubernetes; the text is the reason that ECS shows."""


def pod_of(
    plan: TaskPlan, *, started: Collection[str], settings: PodSettings, way: Way | None = None
) -> dict[str, Any]:
    """The manifest of the task's pod, in which the containers of these names start at once and the others are held.
    Raises Untranslatable."""
    if (problem := problem_of(plan, settings)) is not None:
        raise Untranslatable(problem)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": names.pod_name(plan),
            "namespace": names.namespace_of(settings.instance, settings.home, plan),
            "labels": _labels(plan, settings),
            "annotations": _annotations(plan),
        },
        "spec": _spec(plan, started, settings, None if without_network(plan) else way),
    }


def grace(plan: TaskPlan) -> int:
    """Seconds between the stop signal and KILL for the container that may take longest."""
    return max(int(container.stop_timeout or DEFAULT_STOP_TIMEOUT) for container in plan.containers)


def _spec(plan: TaskPlan, started: Collection[str], settings: PodSettings, way: Way | None) -> dict[str, Any]:
    given = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": grace(plan),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "imagePullSecrets": [{"name": names.secret_name(plan)}] if plan.logins else None,
        "hostPID": plan.definition.pid_mode == "host" or None,
        "hostIPC": plan.definition.ipc_mode == "host" or None,
        "shareProcessNamespace": shares_processes(plan) or None,
        "securityContext": pod_security_of(plan),
        **network_of(plan),
        **placing_of(plan, settings),
        "volumes": volumes_of(plan, settings),
        "containers": [
            made
            for container in plan.containers
            for made in containers_of(Source(plan, container, settings, way), started=container.name in started)
        ],
    }
    return {key: value for key, value in given.items() if value is not None}


def _labels(plan: TaskPlan, settings: PodSettings) -> dict[str, str]:
    values = {
        names.CLUSTER: plan.cluster,
        names.SERVICE: plan.service,
        names.GROUP: plan.group.replace(":", "."),  # service:NAME is no value of a label
        names.FAMILY: plan.definition.family,
        names.DEPLOYMENT: plan.deployment and last_part(plan.deployment),
        names.NETWORK: "none" if without_network(plan) else plan.network_mode,
        names.DISTINCT: plan.group if plan.wishes and plan.wishes.distinct else None,
    }
    ours = names.of_task(settings.instance, plan.id)
    return ours | {name: names.label_value(value) for name, value in values.items() if value}


def _annotations(plan: TaskPlan) -> dict[str, str]:
    """Docker labels whose names can be those of annotations are annotations too, of the first container that has one;
    none that means something to Kubernetes."""
    containers = [container.name or "" for container in plan.containers]
    docker_labels = {c.name: c.docker_labels for c in plan.containers if c.docker_labels}
    checks = {
        c.name: deadline(c.health_check) for c in plan.containers if c.health_check and command_of(c.health_check)
    }
    values = {
        names.TASK_ARN: plan.arn,
        names.TASK_DEFINITION: f"{plan.definition.family}:{plan.definition.revision}",
        names.CLUSTER_NAME: plan.cluster,
        names.SERVICE_NAME: plan.service,
        names.DEPLOYMENT_ID: plan.deployment,
        names.CONTAINERS: json.dumps(containers),
        names.HEALTHY_WITHIN: json.dumps(checks) if checks else None,
        names.LOGS: logs_of(plan),
        names.DOCKER_LABELS: json.dumps(docker_labels) if docker_labels else None,
    }
    theirs = {
        name: value
        for labels in reversed(docker_labels.values())
        for name, value in labels.items()
        if _is_annotation(name)
    }
    profiles: dict[str, str] = {}
    for container in plan.containers:
        slots = [names.slot_name(container.name or "", slot) for slot in range(spares(container) + 1)]
        profiles |= annotations_of(container, slots)
    return theirs | profiles | {name: value for name, value in values.items() if value}


def _is_annotation(name: str) -> bool:
    prefix, _, own = name.rpartition("/")
    theirs = not any(owner in name for owner in _NOT_THEIRS)
    return theirs and (not prefix or (is_host(prefix) and prefix.islower())) and _NAME.fullmatch(own) is not None
