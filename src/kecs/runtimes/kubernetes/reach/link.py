"""The Service through which pods reach KECS, wherever that runs; docs/adr/0013 has the why.

Nothing selects its pods: its Endpoints are KECS's own address. So what a container was told stays right when KECS comes
back somewhere else. It is of the type LoadBalancer, of a class that no cloud knows, and its status says that
169.254.170.2 is its address, where AWS's SDKs look for the credentials of a task: every node then leads what pods send
there to KECS.

Called by `reach`. Rights: services (list, everywhere: whose the ports of that address are); in the namespace of the
Service services (create, delete), services/status (patch), endpoints (create, patch).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

from lightkube.resources.core_v1 import Endpoints, Service, ServiceStatus
from lightkube.types import PatchType

from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import ALL, Cluster, ClusterError, ClusterGone

HOST = "169.254.170.2"
HTTP = 80
NEXT, MOST = 5373, 6373  # the ports of further KECS in the cluster
SETTLES = 1.0  # seconds for which a node gathers changes before it follows them: a container may come sooner
BALANCER = "LoadBalancer"
CLASS = "kecs.dev/link"
LABELS = {names.MANAGED_BY: names.KECS, CLASS: "true"}
_CONFLICT, _UNKNOWN = 409, 404

log = logging.getLogger(__name__)


class Ways(NamedTuple):
    """The URLs of KECS for pods; `credentials` is the one on AWS's own address, if that leads here."""

    url: str
    credentials: str | None


class Front(NamedTuple):
    """The Service of some KECS, as it is now."""

    namespace: str
    name: str
    age: tuple[Any, str]  # smaller for an older one
    address: str
    port: int
    leads: bool  # from HOST too, or will do so
    told: bool  # the cluster has been told that HOST is its address


class Link:
    """The Service of one KECS."""

    def __init__(self, cluster: Cluster, instance: str) -> None:
        self._cluster = cluster
        self._namespace = cluster.namespace
        self._labels = LABELS | names.of_instance(instance)
        self._name = names.dns_label(f"{names.KECS}-link-{instance}")

    async def open(self, host: str, port: int) -> Ways:
        """Have pods reach KECS at this address (IPv4 or IPv6), from now on. Raises ClusterError."""
        there = await self._all()
        found = self._ours(there)
        front = found or await self._make(there)
        await self.lead(host, port)
        told = front.leads and (front.told or await self._tell())
        if found is None:
            await asyncio.sleep(SETTLES)
        return Ways(_url(front.address, front.port), _url(HOST, front.port) if told else None)

    async def found(self) -> Front | None:
        """The Service, if KECS has made it. Raises ClusterError."""
        return self._ours(await self._all())

    async def lead(self, host: str, port: int) -> None:
        """Have the Service lead to this address. Raises ClusterError."""
        subsets = [{"addresses": [{"ip": host}], "ports": [{"port": port}]}]
        await self._cluster.apply(Endpoints, {"metadata": self._metadata(), "subsets": subsets}, self._namespace)

    async def remove(self) -> None:
        """Its Endpoints go with it. Raises ClusterError."""
        try:
            await self._cluster.delete(Service, self._name, self._namespace)
        except ClusterError as error:
            if error.status != _UNKNOWN:
                raise

    def _ours(self, fronts: Iterable[Front]) -> Front | None:
        return next((front for front in fronts if (front.namespace, front.name) == (self._namespace, self._name)), None)

    async def _make(self, there: Iterable[Front]) -> Front:
        """With a port of its own on HOST: whoever comes at the same time and is younger tries the next."""
        while True:
            taken = {front.port for front in there}
            made = await self._create(next(port for port in (HTTP, *range(NEXT, MOST)) if port not in taken))
            there = await self._all()
            if all(made.age <= front.age for front in there if front.port == made.port):
                return made
            await self.remove()

    async def _create(self, port: int) -> Front:
        ports = {"ports": [{"port": port}]}
        balanced = {"type": BALANCER, "loadBalancerClass": CLASS, "allocateLoadBalancerNodePorts": False}
        try:
            return await self._post(ports | balanced)
        except ClusterGone:
            raise
        except ClusterError as error:
            if error.status == _CONFLICT:
                return _front(await self._cluster.get(Service, self._name, self._namespace))
            _warn(error)
        return await self._post(ports)

    async def _post(self, spec: dict[str, Any]) -> Front:
        manifest = {"metadata": self._metadata(), "spec": spec}
        return _front(await self._cluster.create(Service, manifest, self._namespace))

    async def _tell(self) -> bool:
        """Have every node lead from HOST to KECS; whether the cluster allows it."""
        status = {"status": {"loadBalancer": {"ingress": [{"ip": HOST}]}}}
        try:
            await self._cluster.patch(ServiceStatus, self._name, status, self._namespace, way=PatchType.MERGE)
        except ClusterGone:
            raise
        except ClusterError as error:
            _warn(error)
            return False
        return True

    async def _all(self) -> list[Front]:
        """Those of every KECS in the cluster."""
        return [_front(item) for item in (await self._cluster.list(Service, ALL, labels=names.selector(LABELS))).items]

    def _metadata(self) -> dict[str, Any]:
        return {"name": self._name, "labels": self._labels}


def _front(service: Any) -> Front:  # every field of lightkube's may be missing
    meta, spec = service.metadata, service.spec
    balancer = service.status.loadBalancer if service.status else None
    return Front(
        namespace=meta.namespace,
        name=meta.name,
        age=(meta.creationTimestamp, meta.uid),
        address=spec.clusterIP,
        port=spec.ports[0].port,
        leads=spec.type == BALANCER,
        told=any(ingress.ip == HOST for ingress in (balancer and balancer.ingress) or ()),
    )


def _url(host: str, port: int) -> str:
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}" if port == HTTP else f"http://{host}:{port}"


def _warn(error: ClusterError) -> None:
    log.warning("tasks have their credentials in variables, nothing leads to %s: %s", HOST, error.message)
