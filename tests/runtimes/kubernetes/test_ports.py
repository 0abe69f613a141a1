"""Ports of containers in their pods, and the network bindings that ECS shows of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.runtimes.kubernetes.translated import SETTINGS, Case, changes, plan

from kecs.aws.model import ecs as m
from kecs.runtimes.kubernetes.manifests.pods import pod_of
from kecs.runtimes.kubernetes.manifests.ports import DYNAMIC, bindings_of, on_node

POD_IP = "10.42.0.7"
NODE_IP = "192.0.2.1"


def mapped(*mappings: tuple[int, int | None] | str, protocol: str = "tcp") -> dict[str, Any]:
    """A container with these ports: a port and its host port, or a range."""
    found = [
        {"containerPortRange": given, "protocol": protocol}
        if isinstance(given, str)
        else {"containerPort": given[0], "protocol": protocol} | ({} if given[1] is None else {"hostPort": given[1]})
        for given in mappings
    ]
    return {"portMappings": found}


def ported(name: str, container: dict[str, Any], *ports: dict[str, Any], mode: str = "bridge") -> Case:
    changed: dict[str, dict[str, Any]] = {"app": {"ports": [*ports]}} if ports else {}
    return Case(name, [container], changed, {"mode": mode})


def port(number: int, host: int | None = None, protocol: str = "TCP") -> dict[str, Any]:
    return {"containerPort": number, "protocol": protocol} | ({} if host is None else {"hostPort": host})


CASES = [
    ported("awsvpc", mapped((80, 80), (81, None)), port(80), port(81), mode="awsvpc"),
    ported("awsvpc, a range", mapped("8000-8010"), mode="awsvpc"),
    ported("awsvpc, UDP", mapped((53, None), protocol="udp"), port(53, protocol="UDP"), mode="awsvpc"),
    ported("bridge, any host port", mapped((80, 0), (81, None)), port(80), port(81)),
    ported("bridge, a host port", mapped((80, 8080)), port(80, 8080)),
    ported("bridge, one twice", mapped((80, 0), (80, 0)), port(80)),
    ported("bridge, one of both kinds", mapped((80, 8080), (81, 0)), port(80, 8080), port(81, 57314)),
    ported("bridge, a range", mapped("8000-8010")),
    ported("host", mapped((80, 80), (81, None)), port(80, 80), port(81, 81), mode="host"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ports(case: Case) -> None:
    found = changes(case)
    assert found == case.changes


def test_the_hosts_network() -> None:
    spec = pod_of(plan({}, mode="host"), started=["app"], settings=SETTINGS)["spec"]
    assert spec["hostNetwork"] is True
    assert "hostNetwork" not in pod_of(plan({}), started=["app"], settings=SETTINGS)["spec"]


def binding(ip: str, number: int, host: int, protocol: m.TransportProtocol = "tcp") -> m.NetworkBinding:
    return m.NetworkBinding(bind_ip=ip, container_port=number, host_port=host, protocol=protocol)


@pytest.mark.parametrize(
    ("mode", "container", "node", "bindings"),
    [
        ("awsvpc", mapped((80, None)), False, ()),
        ("none", {}, False, ()),
        ("bridge", mapped((80, 0), (81, None)), False, (binding(POD_IP, 80, 80), binding(POD_IP, 81, 81))),
        ("bridge", mapped((53, 0), protocol="udp"), False, (binding(POD_IP, 53, 53, "udp"),)),
        ("bridge", mapped((80, 8080)), True, (binding(NODE_IP, 80, 8080),)),
        ("host", mapped((80, 80)), True, (binding(NODE_IP, 80, 80),)),
        (
            "bridge",
            mapped("8000-8010"),
            False,
            (
                m.NetworkBinding(
                    bind_ip=POD_IP, container_port_range="8000-8010", host_port_range="8000-8010", protocol="tcp"
                ),
            ),
        ),
    ],
)
def test_network_bindings(
    mode: str, container: dict[str, Any], node: bool, bindings: tuple[m.NetworkBinding, ...]
) -> None:
    made = plan(container, mode=mode)
    assert on_node(made) is node
    assert bindings_of(made, made.containers[0], NODE_IP if node else POD_IP) == bindings


def test_a_task_with_a_host_port_is_at_its_node_with_all_of_its_ports() -> None:
    made = plan(mapped((80, 8080), (81, 0)), mode="bridge")
    fixed, drawn = bindings_of(made, made.containers[0], NODE_IP)
    assert (fixed.host_port, drawn.bind_ip) == (8080, NODE_IP)
    assert drawn.host_port in DYNAMIC
    other = plan(mapped((80, 8080), (81, 0)), mode="bridge", id="f" * 32)
    assert bindings_of(other, other.containers[0], NODE_IP)[1].host_port != drawn.host_port
