"""The namespaces of ECS clusters: made with the first task of each, found again by their labels.

One that is being removed takes nothing in, and its name is free when its last pod has gone: whoever needs it waits for
that, and makes it anew. Called by `gate`, and by `runtime` when namespaces are to go.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

from lightkube.resources.core_v1 import Namespace, PersistentVolumeClaim
from lightkube.resources.networking_v1 import NetworkPolicy

from kecs.core.arns import Scope, last_part, scope_of
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.manifests.network import policy_of, without_network
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.removal import made, there
from kecs.runtimes.launching import LaunchError

GOES_WITHIN = 300.0  # seconds that a namespace may take to go; Kubernetes looks at its pods once a minute at last

log = logging.getLogger(__name__)


class Homes:
    """The namespaces of one KECS instance."""

    def __init__(self, cluster: Cluster, settings: PodSettings) -> None:
        self._cluster = cluster
        self._settings = settings
        self._there: set[str] = set()
        self._sealed: set[str] = set()  # those with a policy for tasks without a network
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def named(self, cluster: str) -> str:
        """The namespace of the ECS cluster with this ARN."""
        return names.namespace(self._settings.instance, self._settings.home, scope_of(cluster), last_part(cluster))

    def of(self, plan: TaskPlan) -> str:
        return names.namespace_of(self._settings.instance, self._settings.home, plan)

    async def ensure(self, plan: TaskPlan) -> str:
        """The namespace of the task, which is there now. Raises ClusterError, and LaunchError where it does not come
        free."""
        home = self.of(plan)
        sealed = without_network(plan)
        if home in self._there and (not sealed or home in self._sealed):
            return home
        try:
            async with asyncio.timeout(GOES_WITHIN), self._locks[home]:
                await self._make(plan, home, sealed=sealed)
        except TimeoutError:
            reason = f"ResourceInitializationError: the namespace {home} is being removed, and has not gone"
            raise LaunchError(reason) from None
        return home

    async def vacate(self, clusters: Sequence[str], in_use: Callable[[], set[str]]) -> None:
        """Remove those of these ECS clusters (ARNs): nothing is in them any more, unless one is `in_use` again or has
        claims, which are data. What comes from here on waits, and finds it removed or not. Raises ClusterGone."""
        homes = {self.named(cluster) for cluster in clusters}
        try:
            # A start asks for every cluster that there ever was.
            for home in homes.intersection(await self.all()) if len(homes) > 1 else homes:
                async with self._locks[home]:
                    if home not in in_use():
                        self.forget(home)
                        await self._remove_empty(home)
        except ClusterGone:
            raise
        except ClusterError as error:
            log.warning("namespaces of deleted clusters are left: %s", error)

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

    async def _remove_empty(self, home: str) -> None:
        labels = names.selector(names.of_instance(self._settings.instance))
        found = (await self._cluster.list(Namespace, None, labels=labels, fields=_only(home))).items
        if found and not (await self._cluster.list(PersistentVolumeClaim, home)).items:
            await there(self._cluster.delete(Namespace, home, uid=found[0].metadata.uid))

    async def _make(self, plan: TaskPlan, home: str, *, sealed: bool) -> None:
        if home not in self._there:
            while not await self._is_made(self._manifest(plan, home), home):
                pass  # its name is free now
            self._there.add(home)
        if sealed and home not in self._sealed:
            scope = Scope(plan.account, plan.region)
            policy = policy_of(self._settings.instance, self._settings.home, scope, plan.cluster)
            await made(self._cluster.create(NetworkPolicy, policy, home))
            self._sealed.add(home)

    async def _is_made(self, manifest: dict[str, Any], home: str) -> bool:
        """Whether it is there and stays; one that goes has gone when this answers. Raises ClusterError."""
        try:
            await self._cluster.create(Namespace, manifest)
        except ClusterError as error:
            if error.status != 409:
                raise
            return await self._stays(home)
        return True

    async def _stays(self, home: str) -> bool:
        listing = await self._cluster.list(Namespace, None, fields=_only(home))
        if not listing.items or listing.items[0].metadata.deletionTimestamp is None:
            return bool(listing.items)
        await self._goes(home, listing.version)
        return False

    async def _goes(self, home: str, version: str) -> None:
        """Wait until it has gone, or had better be looked for once more. Raises ClusterError."""
        events = self._cluster.watch(Namespace, version, None, fields=_only(home))
        try:
            async with aclosing(events) as stream:  # type: ignore[type-var]
                async for event in stream:
                    if event.type == "DELETED":
                        return
        except ClusterError as error:
            if error.status != 410:
                raise

    def _manifest(self, plan: TaskPlan, home: str) -> dict[str, Any]:
        labels = names.of_instance(self._settings.instance) | {names.CLUSTER: names.label_value(plan.cluster)}
        return {"metadata": {"name": home, "labels": labels, "annotations": {names.CLUSTER_NAME: plan.cluster}}}


def _only(home: str) -> str:
    """The field selector of the one namespace."""
    return f"metadata.name={home}"
