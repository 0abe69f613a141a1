"""The namespaces of ECS clusters: made with the first task of each, found again by their labels. Called by `gate`."""

from __future__ import annotations

import asyncio
from typing import Any

from lightkube.resources.core_v1 import Namespace
from lightkube.resources.networking_v1 import NetworkPolicy

from kecs.core.arns import Scope
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.client import Cluster, ClusterError
from kecs.runtimes.kubernetes.manifests.network import policy_of, without_network
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.removal import made


class Homes:
    """The namespaces of one KECS instance."""

    def __init__(self, cluster: Cluster, settings: PodSettings) -> None:
        self._cluster = cluster
        self._settings = settings
        self._there: set[str] = set()
        self._sealed: set[str] = set()  # those with a policy for tasks without a network
        self._lock = asyncio.Lock()

    def of(self, plan: TaskPlan) -> str:
        return names.namespace_of(self._settings.instance, self._settings.home, plan)

    async def ensure(self, plan: TaskPlan) -> str:
        """The namespace of the task, which is there now. Raises ClusterError."""
        home = self.of(plan)
        sealed = without_network(plan)
        if home in self._there and (not sealed or home in self._sealed):
            return home
        async with self._lock:
            if home not in self._there:
                await made(self._cluster.create(Namespace, self._manifest(plan, home)))
                self._there.add(home)
            if sealed and home not in self._sealed:
                scope = Scope(plan.account, plan.region)
                policy = policy_of(self._settings.instance, self._settings.home, scope, plan.cluster)
                await made(self._cluster.create(NetworkPolicy, policy, home))
                self._sealed.add(home)
        return home

    def forget(self, home: str) -> None:
        """Somebody has removed it."""
        self._there.discard(home)
        self._sealed.discard(home)

    async def all(self) -> list[str]:
        """The names of those that are there, whoever has made them. Raises ClusterError."""
        labels = names.selector(names.of_instance(self._settings.instance))
        return [item.metadata.name for item in (await self._cluster.list(Namespace, None, labels=labels)).items]

    async def remove(self) -> list[str]:
        """Remove each, with everything in it; which that were. Raises ClusterError."""
        found = await self.all()
        for home in found:
            self.forget(home)
            try:
                await self._cluster.delete(Namespace, home)
            except ClusterError as error:
                if error.status not in (404, 409):  # somebody else removes it
                    raise
        return found

    def _manifest(self, plan: TaskPlan, home: str) -> dict[str, Any]:
        labels = names.of_instance(self._settings.instance) | {names.CLUSTER: names.label_value(plan.cluster)}
        return {"metadata": {"name": home, "labels": labels, "annotations": {names.CLUSTER_NAME: plan.cluster}}}
