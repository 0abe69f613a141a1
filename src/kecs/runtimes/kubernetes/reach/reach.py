"""How the containers of a pod reach KECS: at a Service, and so at the same URLs wherever KECS is at the time.

KECS listens where the Service leads to: an address of its machine, or of its own pod, that is found out with the first
task unless it is given. Called by `runtime`. Rights: nodes (list), and those of `link`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from lightkube.resources.core_v1 import Node

from kecs.core.tasks.environment import Way
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.endpoint import TaskEndpoint
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.reach.link import Link, Ways
from kecs.runtimes.once import Once

ANYWHERE = "198.51.100.1"  # nobody's (RFC 5737): the route to it is the one to the world

log = logging.getLogger(__name__)


class Reach:
    """The way from the pods of one cluster to KECS."""

    def __init__(self, cluster: Cluster, endpoint: TaskEndpoint | None, instance: str, host: str | None = None) -> None:
        """`host`: KECS as pods see it, an address or a name; None: find out."""
        self._cluster = cluster
        self._endpoint = endpoint
        self._host = host
        self._link = Link(cluster, instance)
        self._ways: Ways | None = None
        self._once = Once(self._open)

    async def way(self, plan: TaskPlan) -> Way | None:
        """How containers of the task reach KECS; None when there is no way. Raises ClusterGone."""
        if self._endpoint is None or plan.network_mode == "none":
            return None
        try:
            await self._once.ensure()
        except ClusterGone:
            raise
        except ClusterError as error:
            log.warning("containers of %s cannot reach KECS: %s", plan.arn, error.message)
            return None
        return Way(self._ways.url, self._endpoint.names, self._ways.credentials) if self._ways is not None else None

    async def resume(self) -> None:
        """Be where containers that run were told to look. Raises ClusterGone."""
        if self._endpoint is None:
            return
        try:
            if await self._link.found() is not None:
                await self._once.ensure()
        except ClusterGone:
            raise
        except ClusterError as error:
            log.warning("containers that run no longer find KECS: %s", error.message)

    async def clear(self) -> None:
        """Nobody needs a way any more. Raises ClusterError."""
        if self._endpoint is not None:
            self._once.forget()
            await self._link.remove()

    async def _open(self) -> None:
        assert self._endpoint is not None
        host = await self._address()
        if host is None:
            log.warning(
                "pods cannot reach KECS: no address of this machine leads here; say with --pods-reach which does"
            )
            return
        port = urlsplit(await self._endpoint.at(host)).port
        self._ways = await self._link.open(host, port or 80)

    async def _address(self) -> str | None:
        if self._host is not None:
            return await _resolved(self._host)
        nodes = (await self._cluster.list(Node)).items
        return next(filter(None, map(_seen_from, (*_addresses(nodes), _host_of(self._cluster.url), ANYWHERE))), None)


def _addresses(nodes: list[Node]) -> Iterator[str]:
    """Where the nodes are in their own network."""
    for node in nodes:
        for each in (node.status.addresses if node.status else None) or ():
            if each.type == "InternalIP":
                yield each.address


def _seen_from(address: str) -> str | None:
    """This machine's own address on the way to another; None when nobody else could use it. Nothing is sent."""
    there = _address_in(address)
    if there is None:
        return None
    with socket.socket(socket.AF_INET6 if there.version == 6 else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return None
        here = ip_address(probe.getsockname()[0])
    return None if here.is_loopback or here.is_link_local or here.is_unspecified else str(here)


def _address_in(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


async def _resolved(host: str) -> str | None:
    """Endpoints have addresses only."""
    if _address_in(host) is not None:
        return host
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        log.warning("pods cannot reach KECS: %s is not known here: %s", host, error)
        return None
    return str(found[0][4][0])
