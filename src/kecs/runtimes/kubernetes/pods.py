"""A task as the manifest of a pod. Pure: `gate` sends what comes of it.

Kubernetes runs what it is told and restarts nothing; which container's turn it is, is in the images (`containers.HELD`).
Called by `gate` when the first containers of a task start. Kubernetes API, Pod v1 core.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from kecs.core.tasks.environment import Way
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.step import DEFAULT_STOP_TIMEOUT
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.containers import Source, containers_of
from kecs.runtimes.kubernetes.settings import PodSettings


class Untranslatable(Exception):
    """What the task asks for does not exist on Kubernetes; the text is the reason that ECS shows."""


def pod_of(
    plan: TaskPlan, *, started: Collection[str], settings: PodSettings, way: Way | None = None
) -> dict[str, Any]:
    """The manifest of the task's pod, in which the containers of these names start at once and the others are held.
    Raises Untranslatable."""
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": grace(plan),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [
            made
            for container in plan.containers
            for made in containers_of(Source(plan, container, settings, way), started=container.name in started)
        ],
    }
    metadata = {
        "name": names.pod_name(plan),
        "namespace": names.namespace_of(settings.instance, settings.home, plan),
        "labels": _labels(plan, settings),
        "annotations": _annotations(plan),
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def grace(plan: TaskPlan) -> int:
    """Seconds between the stop signal and KILL for the container that may take longest."""
    return max(int(container.stop_timeout or DEFAULT_STOP_TIMEOUT) for container in plan.containers)


def _labels(plan: TaskPlan, settings: PodSettings) -> dict[str, str]:
    values = {
        names.CLUSTER: plan.cluster,
        names.SERVICE: plan.service,
        names.GROUP: plan.group.replace(":", "."),  # service:NAME is no value of a label
        names.FAMILY: plan.definition.family,
        names.NETWORK: plan.network_mode,
    }
    ours = names.of_task(settings.instance, plan.id)
    return ours | {name: names.label_value(value) for name, value in values.items() if value}


def _annotations(plan: TaskPlan) -> dict[str, str]:
    values = {
        names.TASK_ARN: plan.arn,
        names.TASK_DEFINITION: f"{plan.definition.family}:{plan.definition.revision}",
        names.CLUSTER_NAME: plan.cluster,
        names.SERVICE_NAME: plan.service,
        names.CONTAINERS: json.dumps([container.name for container in plan.containers]),
    }
    return {name: value for name, value in values.items() if value}
