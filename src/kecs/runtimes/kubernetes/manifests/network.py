"""What a task's network mode and its containers' names and resolvers make of a pod's network. Called by `pods`.

The containers of a pod share everything here, as those of an awsvpc task do on ECS; in bridge mode each has its own
there, so in a pod they get what all of them ask for together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from kecs.core.arns import Scope
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes import names

LOOPBACK = "127.0.0.1"
LONGEST_HOST = 253
MOST_SERVERS, MOST_DOMAINS = 3, 6  # a resolver's; Kubernetes refuses more

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")


def network_of(plan: TaskPlan) -> dict[str, Any]:
    """The pod's `hostNetwork`, `hostname`, `hostAliases`, `dnsPolicy` and `dnsConfig`, as far as it has any."""
    servers = _all(container.dns_servers for container in plan.containers)[:MOST_SERVERS]
    domains = _all(container.dns_search_domains for container in plan.containers)[:MOST_DOMAINS]
    name = next((container.hostname for container in plan.containers if container.hostname), None)
    aliases = _aliases(plan)
    found = {
        "hostNetwork": plan.network_mode == "host" or None,
        "hostname": _host_name(name) if name else None,
        "hostAliases": [{"ip": ip, "hostnames": hosts} for ip, hosts in aliases.items()] or None,
        "dnsPolicy": "None" if servers else None,
        "dnsConfig": {k: v for k, v in (("nameservers", servers), ("searches", domains)) if v} or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def is_host(name: str) -> bool:
    """Whether a pod can have it as the name of a host."""
    return _HOST.fullmatch(name.lower()) is not None and len(name) <= LONGEST_HOST


def without_network(plan: TaskPlan) -> bool:
    """Whether nothing may reach the task, nor it anything."""
    return plan.network_mode == "none" or all(container.disable_networking for container in plan.containers)


def policy_of(instance: str, home: Scope, scope: Scope, cluster: str) -> dict[str, Any]:
    """The NetworkPolicy of an ECS cluster's namespace, by which the pods of such tasks have no traffic: as far as the
    cluster's network heeds policies. Kubernetes API, NetworkPolicy v1 networking.k8s.io."""
    metadata = {
        "name": names.NO_NETWORK,
        "namespace": names.namespace(instance, home, scope, cluster),
        "labels": names.of_instance(instance),
    }
    spec = {"podSelector": {"matchLabels": {names.NETWORK: "none"}}, "policyTypes": ["Ingress", "Egress"]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _host_name(name: str) -> str | None:
    """The first part of the name, with what a pod's name may have; None when nothing is left."""
    return re.sub(r"[^a-z0-9-]+", "-", name.partition(".")[0].lower())[: names.LONGEST].strip("-") or None


def _aliases(plan: TaskPlan) -> dict[str, list[str]]:
    """Host names by address. A container that another links to is in the same pod."""
    found: dict[str, dict[str, None]] = {}
    for ip, host in (*_linked(plan), *_extra(plan)):
        found.setdefault(ip, {})[host] = None
    return {ip: list(hosts) for ip, hosts in found.items()}


def _linked(plan: TaskPlan) -> Iterator[tuple[str, str]]:
    for container in plan.containers:
        for link in container.links or ():
            name, _, alias = link.partition(":")
            yield from ((LOOPBACK, host.lower()) for host in (alias, name) if is_host(host))


def _extra(plan: TaskPlan) -> Iterator[tuple[str, str]]:
    for container in plan.containers:
        for entry in container.extra_hosts or ():
            yield entry.ip_address, entry.hostname.lower()


def _all(lists: Iterable[list[str] | None]) -> list[str]:
    return list(dict.fromkeys(item for items in lists for item in items or ()))
