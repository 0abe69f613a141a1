"""Which nodes a task's pod may run on, and which it had better. Called by `pods`.

Where KECS has placed a task on a container instance that is a node, by its constraints and strategies, that is the
node, while it is as the constraints want it. A task on Fargate is left to Kubernetes' scheduler: the platform and a
pool that the settings name are binding; Availability Zone and capacity provider draw it to nodes that have these
labels, and of a service's tasks no zone and no node has many more than another, if there is a choice.
"""

from __future__ import annotations

from typing import Any

from kecs.core.taskdefs.fargate import is_windows
from kecs.core.tasks.plan import TaskPlan, Wishes
from kecs.core.tasks.platforms import image_platform
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.constraints import terms_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

OS, ARCHITECTURE = "kubernetes.io/os", "kubernetes.io/arch"
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
BUILD = "node.kubernetes.io/windows-build"
BUILDS = {"2016": "10.0.14393", "2019": "10.0.17763", "2004": "10.0.19041", "20H2": "10.0.19042"}
BUILDS |= {"2022": "10.0.20348", "2025": "10.0.26100"}
"""Of Windows Server, by the part of ECS's operating system family that says which: containers run on their own only."""

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_MOST = 100  # the weight of a preference


def placing_of(plan: TaskPlan, settings: PodSettings) -> dict[str, Any]:
    """The pod's `nodeSelector`, `affinity`, `tolerations` and `topologySpreadConstraints`, as far as it has any."""
    found = {
        "nodeSelector": _platform(plan) | _pool(plan, settings),
        "affinity": _affinity(plan, settings),
        "tolerations": _tolerations(plan),
        "topologySpreadConstraints": _spread(plan, settings),
    }
    return {name: value for name, value in found.items() if value}


def _platform(plan: TaskPlan) -> dict[str, str]:
    """Without a platform in the definition, Linux on whatever processor there is."""
    platform = plan.definition.runtime_platform
    labels = {OS: "windows" if is_windows(platform) else "linux"}
    if platform is not None and platform.cpu_architecture:
        labels[ARCHITECTURE] = (image_platform(plan.definition) or "").partition("/")[2]
    family = (platform and platform.operating_system_family) or ""
    build = next((build for year, build in BUILDS.items() if f"_{year}_" in family), None)
    return labels | ({BUILD: build} if build else {})


def _pool(plan: TaskPlan, settings: PodSettings) -> dict[str, str]:
    """A task that is on a certain node is in no pool beside."""
    return dict(settings.pools.get(plan.capacity_provider or "", {})) if plan.node is None else {}


def _affinity(plan: TaskPlan, settings: PodSettings) -> dict[str, Any]:
    if plan.node is not None:
        return _chosen(plan.node, plan.wishes or Wishes()) | _apart(plan)
    wanted = {ZONE: plan.zone, names.POOL: None if plan.capacity_provider in settings.pools else plan.capacity_provider}
    preferred = [
        {
            "weight": _MOST,
            "preference": {"matchExpressions": [{"key": label, "operator": "In", "values": [value]}]},
        }
        for label, value in wanted.items()
        if value
    ]
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}} if preferred else {}


def _chosen(node: str, wishes: Wishes) -> dict[str, Any]:
    """On that node, while it is as was wished for."""
    there = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    terms = [
        {**there, "matchExpressions": [need.manifest() for need in term]} if term else there
        for term in terms_of(wishes)
    ]
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}


def _apart(plan: TaskPlan) -> dict[str, Any]:
    """Not beside another task of its group that is told the same. Kubernetes heeds that in both directions, and perhaps
    not all tasks of the group have asked for it, so it goes by a label of those that have."""
    if plan.wishes is None or not plan.wishes.distinct:
        return {}
    term = {"labelSelector": {"matchLabels": {names.DISTINCT: names.label_value(plan.group)}}, "topologyKey": HOST}
    return {"podAntiAffinity": {REQUIRED: [term]}}


def _tolerations(plan: TaskPlan) -> list[dict[str, str]]:
    """Nodes that are kept for a capacity provider by a taint of its name take its tasks. On a certain node no taint of
    KECS's stands in the way: whose container instance it is has been decided."""
    if plan.node is not None:
        return [{"key": key, "operator": "Exists"} for key in (names.POOL, names.CLUSTER)]
    if not plan.capacity_provider:
        return []
    value = names.label_value(plan.capacity_provider)
    return [{"key": names.POOL, "operator": "Equal", "value": value}]


def _spread(plan: TaskPlan, settings: PodSettings) -> list[dict[str, Any]]:
    """AWS spreads the tasks of a service on Fargate over zones, and no two of them share a machine."""
    if plan.service is None or plan.node is not None:
        return []
    labels = names.of_instance(settings.instance) | {names.SERVICE: names.label_value(plan.service)}
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
        for key in (ZONE, HOST)
    ]
