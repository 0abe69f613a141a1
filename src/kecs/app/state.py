"""Everything that a kernel knows, or what belongs to one cluster or service, for GET /_kecs/state."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from kecs.app.kernel import Kernel
from kecs.aws.model import ecs as m
from kecs.core.gateways.view import gateway_view, route_summary
from kecs.core.records import ServiceRecord
from kecs.core.scheduling.counts import serves
from kecs.core.scheduling.snapshot import service_task
from kecs.core.scheduling.view import service_view
from kecs.core.tasks.view import task_view
from kecs.services.ecs.express import shown
from kecs.store.memory import MemoryStore

# What is shown as ECS does, and what only tells repeated requests apart; of everything else there are the records.
_SHOWN = {
    "clusters",
    "services",
    "tasks",
    "families",
    "task_definitions",
    "capacity_providers",
    "instances",
    "gateways",
    "gateway_routes",
    "express_services",
    "tokens",
}


def state_of(kernel: Kernel, cluster: str | None, service: str | None, *, history: bool) -> dict[str, Any]:
    """See ports.console.Console.state."""
    store = kernel.store
    services = [s for s in store.services if service in (None, s.arn, s.name)]
    clusters = [
        c
        for c in store.clusters
        if cluster in (None, c.arn, c.name) and (service is None or any(s.cluster_arn == c.arn for s in services))
    ]
    wanted = {c.arn for c in clusters}
    services = [s for s in services if s.cluster_arn in wanted]
    state: dict[str, Any] = {
        "clusters": [c.cluster for c in clusters],
        "services": [_service(store, s) for s in services],
        **_around(store, services, wanted, everything=cluster is None and service is None, alone=service is not None),
        "expressServices": [
            shown(store, express, s, tags=True)
            for s in services
            if (express := store.express_services.get(s.arn)) is not None
        ],
    }
    state["lastEvent"] = kernel.feed.last  # what came after it is not in here
    if history:
        of = kernel.control.decisions.of
        state["history"] = [{"service": s.arn, "decisions": of(s.arn)} for s in services]
    result: dict[str, Any] = msgspec.to_builtins(state)
    return result


def _service(store: MemoryStore, service: ServiceRecord) -> m.Service:
    tasks = [service_task(task) for task in store.tasks.where("unaccounted", service.arn)]
    return service_view(service, tasks, store.task_sets.where("service", service.arn))


def _around(
    store: MemoryStore, services: Sequence[ServiceRecord], clusters: Collection[str], *, everything: bool, alone: bool
) -> dict[str, Any]:
    """What is beside the services; `alone`: only what is of them."""
    arns = {s.arn for s in services}

    def belongs(record: Any) -> bool:
        if alone:
            return getattr(record, "service_arn", None) in arns
        return everything or getattr(record, "cluster_arn", None) in clusters

    tasks = [task for task in store.tasks if belongs(task)]
    used = {t.definition_arn for t in tasks} | {d.task_definition for s in services for d in s.deployments}
    places = {t.container_instance_arn for t in tasks} if alone else None
    return {
        "tasks": [task_view(t, tags=True) for t in tasks],
        "healthyTasks": [t.arn for t in tasks if serves(t)],
        "taskDefinitions": [d.definition for d in store.task_definitions if everything or d.arn in used],
        "capacityProviders": [p.provider for p in store.capacity_providers if everything],
        "containerInstances": [
            i.instance for i in store.instances if i.cluster_arn in clusters and (places is None or i.arn in places)
        ],
        "gateways": [gateway_view(g) for g in store.gateways],
        "gatewayRoutes": [route_summary(r) for r in store.gateway_routes if belongs(r)],
        "records": {
            table.name: [record for record in table if belongs(record)]
            for table in store.tables.values()
            if table.name not in _SHOWN
        },
    }
