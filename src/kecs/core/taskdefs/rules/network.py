"""Rules about networks: ports, and what a network mode does not go with."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, containers, mode, per_container, repeated

PORTS = range(1, 65535 + 1)
MOST_RANGES = 100  # of a container
PROXY_PROPERTIES = {
    "ProxyIngressPort": "Ingress port not found",
    "ProxyEgressPort": "Egress port not found",
    "AppPorts": "App ports not found",
}

IGNORED_BY_PROXY = {"IgnoredUID", "IgnoredGID"}

_PORT_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})")
_PORT_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,63}")

_NOT_WITH_AWSVPC: tuple[tuple[Callable[[m.ContainerDefinition], object], str], ...] = (
    (lambda c: c.hostname, "hostname is not supported on container when networkMode=awsvpc."),
    (lambda c: c.extra_hosts, "Extra hosts are not supported on container when networkMode=awsvpc."),
    (lambda c: c.dns_servers, "DNS servers are not supported on container when networkMode=awsvpc."),
    (lambda c: c.dns_search_domains, "DNS search domains are not supported on container when networkMode=awsvpc."),
    (lambda c: c.disable_networking, "Disable Networking is not supported on container when networkMode=awsvpc."),
)


def port_range(text: str) -> range | None:
    """The ports of `"8080-8090"`, or None when that is no range of ports."""
    match = _PORT_RANGE.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    return range(first, last + 1) if first < last and first in PORTS and last in PORTS else None


def _ports(container: m.ContainerDefinition) -> Iterator[str]:
    for mapping in container.port_mappings or ():
        if mapping.container_port_range is not None:
            if mapping.container_port is not None or mapping.host_port is not None:
                yield (
                    f"Invalid port mapping for container '{container.name}',"
                    " cannot specify both single port and port range."
                )
            if port_range(mapping.container_port_range) is None:
                yield f"Invalid 'containerPortRange' setting for container '{container.name}'."
        elif mapping.container_port not in PORTS:
            yield f"Invalid 'containerPort' setting for container '{container.name}'."
        elif mapping.host_port and mapping.host_port not in PORTS:
            yield f"Invalid 'hostPort' setting for container '{container.name}'."
        if mapping.name is not None and not _PORT_NAME.fullmatch(mapping.name):
            yield f"Invalid 'name' setting in a port mapping for container '{container.name}'."


def _ranges(container: m.ContainerDefinition) -> Iterator[str]:
    ranges = [mapping for mapping in container.port_mappings or () if mapping.container_port_range is not None]
    if len(ranges) > MOST_RANGES:
        yield f"Container '{container.name}' can have at most {MOST_RANGES} port ranges."


def _overlaps(container: m.ContainerDefinition) -> Iterator[str]:
    """A port that is in a range of the container is in none of its other mappings."""
    spans = []
    for mapping in container.port_mappings or ():
        single = mapping.container_port or 0
        ports = port_range(mapping.container_port_range or "") or range(single, single + 1)
        spans.append((mapping.protocol or "tcp", ports.start, ports.stop))
    spans.sort()
    overlap = any(kind == after and start < stop for (kind, _, stop), (after, start, _) in itertools.pairwise(spans))
    if overlap and any(stop - start > 1 for _, start, stop in spans):
        yield f"Invalid port mapping for container '{container.name}', port ranges must not overlap."


def _ports_of_mode(definition: m.TaskDefinition) -> Iterator[str]:
    mappings = [p for c in containers(definition) for p in c.port_mappings or ()]
    network = mode(definition)
    if network == "none" and mappings:
        yield "Port mappings are not supported when networkMode=none."
    if network == "host" and any(p.container_port_range for p in mappings):
        yield "Port ranges are not supported when networkMode=host."
    if network in ("awsvpc", "host") and any(p.host_port != p.container_port for p in mappings):
        yield f"When networkMode={network}, the host ports and container ports in port mappings must match."
    if repeated(p.name for p in mappings if p.name):
        yield f"When networkMode={network}, port mapping name is already used"


def _ports_once(definition: m.TaskDefinition) -> Iterator[str]:
    """Within awsvpc all containers share one set of ports, on an instance all tasks do."""
    awsvpc = mode(definition) == "awsvpc"
    used: set[tuple[str, int]] = set()
    told: set[tuple[str, int]] = set()
    for container in containers(definition):
        for mapping in container.port_mappings or ():
            single = mapping.container_port if awsvpc else mapping.host_port
            ports: range | tuple[int, ...] = (single,) if single else ()
            if awsvpc and mapping.container_port_range:
                ports = port_range(mapping.container_port_range) or ()
            for port in ports:
                key = (mapping.protocol or "tcp", port)
                if key in used and key not in told:
                    told.add(key)
                    yield _used_again(*key, awsvpc=awsvpc)
                used.add(key)


def _used_again(protocol: str, port: int, *, awsvpc: bool) -> str:
    if awsvpc:
        return f"{protocol.upper()} container port '{port}' is used multiple times in task when networkMode=awsvpc."
    return f"{protocol.upper()} host port '{port}' is mapped multiple times in task."


def _awsvpc(definition: m.TaskDefinition) -> Iterator[str]:
    if mode(definition) == "awsvpc":
        for container in containers(definition):
            for given, text in _NOT_WITH_AWSVPC:
                if given(container):
                    yield text


def _proxy(definition: m.TaskDefinition) -> Iterator[str]:
    proxy = definition.proxy_configuration
    if proxy is None:
        return
    if mode(definition) != "awsvpc":
        yield "APPMESH proxy configuration is only supported in networkMode=awsvpc"
    if proxy.container_name not in {c.name for c in containers(definition)}:
        yield f"Proxy container [{proxy.container_name}] does not exist."
    given = {p.name for p in proxy.properties or ()}
    for name, text in PROXY_PROPERTIES.items():
        if name not in given:
            yield text
    if not given & IGNORED_BY_PROXY:
        yield "One of [IgnoredUID, IgnoredGID] must be specified for the proxy."


def _fault_injection(definition: m.TaskDefinition) -> Iterator[str]:
    if definition.enable_fault_injection and mode(definition) not in ("awsvpc", "host"):
        yield "Fault injection is only supported in networkMode=awsvpc and networkMode=host."


RULES: tuple[Rule, ...] = (
    per_container(_ports),
    per_container(_ranges),
    _ports_of_mode,
    _ports_once,
    per_container(_overlaps),
    _awsvpc,
    _proxy,
    _fault_injection,
)
