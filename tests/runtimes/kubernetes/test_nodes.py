"""Nodes of Kubernetes as KECS sees them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from lightkube.resources.core_v1 import Node as KubernetesNode

from kecs.core.records import Node
from kecs.runtimes.kubernetes.nodes import capacity_of, node_of

READY = {"type": "Ready", "status": "True"}
PLAIN = Node(name="one", uid="u-1", cpu=4014, memory=7822)


def info(system: str, architecture: str) -> dict[str, str]:
    """The members that it has to have."""
    empty = "bootID containerRuntimeVersion kernelVersion kubeProxyVersion kubeletVersion machineID osImage systemUUID"
    return dict.fromkeys(empty.split(), "") | {"operatingSystem": system, "architecture": architecture}


def told(*, spec: dict[str, Any] | None = None, labels: dict[str, str] | None = None, **status: Any) -> Node:
    given = {
        "allocatable": {"cpu": "3920m", "memory": "8010152Ki", "pods": "110"},
        "capacity": {"cpu": "4", "memory": "8Gi"},
        "conditions": [{"type": "MemoryPressure", "status": "False"}, READY],
        "nodeInfo": info("linux", "amd64"),
        **status,
    }
    found = {"metadata": {"name": "one", "uid": "u-1", "labels": labels}, "spec": spec or {}, "status": given}
    return node_of(msgspec.convert(found, KubernetesNode))


def taint(key: str, effect: str) -> dict[str, Any]:
    return {"taints": [{"key": key, "effect": effect}]}


def test_a_node_tells_what_tasks_may_use_of_it() -> None:
    assert told() == PLAIN
    assert told(labels={"disk": "ssd"}).labels == {"disk": "ssd"}
    assert told(allocatable={"cpu": "2", "memory": "1G", "nvidia.com/gpu": "2"}).gpus == 2
    assert told(allocatable={"cpu": "1500m", "memory": "1073741824"}).memory == 1024
    assert told(allocatable=None).cpu == 4096


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_is_ready_when_it_says_so(status: str) -> None:
    assert not told(conditions=[{"type": "Ready", "status": status}]).ready
    assert not told(conditions=None).ready


def test_a_node_says_what_machine_it_is() -> None:
    arm = told(nodeInfo=info("windows", "arm64"))
    assert (arm.os, arm.architecture) == ("windows", "arm64")
    assert told(spec={"providerID": "aws:///eu-west-1a/i-0123456789abcdef0"}).ec2_instance_id == "i-0123456789abcdef0"
    assert told(spec={"providerID": "kind://docker/kind/one"}).ec2_instance_id is None


@pytest.mark.parametrize(
    ("key", "effect", "reserved"),
    [
        ("node-role.kubernetes.io/control-plane", "NoSchedule", True),
        ("dedicated", "NoExecute", True),
        ("dedicated", "PreferNoSchedule", False),
        ("node.kubernetes.io/unschedulable", "NoSchedule", False),
        ("node.kubernetes.io/unreachable", "NoExecute", False),
        ("kecs.dev/capacity-provider", "NoSchedule", False),
    ],
)
def test_taints_reserve_a_node(key: str, effect: str, *, reserved: bool) -> None:
    assert told(spec=taint(key, effect)).reserved is reserved


def test_a_cordoned_node_takes_nothing_new() -> None:
    assert told(spec={"unschedulable": True}).unschedulable
    assert not told().unschedulable


def test_what_there_is_altogether() -> None:
    away, kept = (
        Node(name="b", uid="b", cpu=1, memory=1, ready=False),
        Node(name="c", uid="c", cpu=1, memory=1, reserved=True),
    )
    arm = Node(name="d", uid="d", cpu=1024, memory=512, architecture="arm64")
    found = capacity_of([away, kept, arm, PLAIN])
    assert (found.cpu, found.memory, found.architecture) == (5038, 8334, "arm64")
    assert capacity_of([]).cpu == 0
