"""Which nodes pods may run on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.runtimes.kubernetes.translated import SETTINGS, Case, changes

from kecs.runtimes.kubernetes.manifests.settings import PodSettings

LINUX = {"kubernetes.io/os": "linux"}
SPOT = PodSettings(instance="test", pools={"FARGATE_SPOT": {"karpenter.sh/capacity-type": "spot"}})
FARGATE = {"launch": "FARGATE", "mode": "awsvpc", "zone": "us-east-1b", "capacity_provider": "FARGATE"}


def placed(name: str, changed: dict[str, Any], settings: PodSettings = SETTINGS, **task: Any) -> Case:
    return Case(name, [{}], {"pod": changed} if changed else {}, task, settings)


def on(cpu: str | None = None, system: str | None = None) -> dict[str, Any]:
    platform = {"cpuArchitecture": cpu, "operatingSystemFamily": system}
    return {"runtimePlatform": {name: value for name, value in platform.items() if value}}


def drawn(*labels: tuple[str, str]) -> dict[str, Any]:
    preferred = [
        {"weight": 100, "preference": {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}}
        for key, value in labels
    ]
    return {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}}


def tolerant(provider: str) -> dict[str, Any]:
    return {"tolerations": [{"key": "kecs.dev/capacity-provider", "operator": "Equal", "value": provider}]}


def spread(service: str) -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/managed-by": "kecs",
        "kecs.dev/instance": "test",
        "kecs.dev/service": service,
    }
    return {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": labels},
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ]
    }


ZONE_B = ("topology.kubernetes.io/zone", "us-east-1b")
CASES = [
    placed("X86_64", {"nodeSelector": LINUX | {"kubernetes.io/arch": "amd64"}}, **on("X86_64")),
    placed("ARM64", {"nodeSelector": LINUX | {"kubernetes.io/arch": "arm64"}}, **on("ARM64", "LINUX")),
    placed("Linux", {}, **on(None, "LINUX")),
    placed(
        "Windows",
        {
            "nodeSelector": {"kubernetes.io/os": "windows", "node.kubernetes.io/windows-build": "10.0.17763"},
            "securityContext": None,
        },
        **on(None, "WINDOWS_SERVER_2019_FULL"),
    ),
    placed(
        "the node that its container instance is",
        {
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}
                        ]
                    }
                }
            },
            "tolerations": [
                {"key": "kecs.dev/capacity-provider", "operator": "Exists"},
                {"key": "kecs.dev/cluster", "operator": "Exists"},
            ],
        },
        node="node-1",
        zone="us-east-1b",
        capacity_provider="mine",
    ),
    placed(
        "Fargate, in its zone",
        drawn(ZONE_B, ("kecs.dev/capacity-provider", "FARGATE")) | tolerant("FARGATE"),
        **FARGATE,
    ),
    placed(
        "Fargate Spot, in a pool",
        {"nodeSelector": LINUX | {"karpenter.sh/capacity-type": "spot"}} | drawn(ZONE_B) | tolerant("FARGATE_SPOT"),
        SPOT,
        **FARGATE | {"capacity_provider": "FARGATE_SPOT"},
    ),
    placed(
        "Fargate Spot, where no pool is named",
        drawn(ZONE_B, ("kecs.dev/capacity-provider", "FARGATE_SPOT")) | tolerant("FARGATE_SPOT"),
        **FARGATE | {"capacity_provider": "FARGATE_SPOT"},
    ),
    Case(
        "a service's tasks apart",
        [{}],
        {"pod": drawn(ZONE_B) | spread("web"), "labels": {"kecs.dev/service": "web"}},
        {"service": "web", "zone": "us-east-1b"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_where_a_pod_runs(case: Case) -> None:
    found = changes(case)
    found.pop("app", None)  # AWS_EXECUTION_ENV
    if case.task.get("service"):
        found["annotations"].pop("kecs.dev/service-name")
        found.pop("annotations")
    assert found == case.changes


def test_on_a_certain_node_a_pod_is_in_no_pool_and_not_spread() -> None:
    pinned = placed("", {}, SPOT, node="n", service="web", capacity_provider="FARGATE_SPOT")
    assert set(changes(pinned)["pod"]) == {"affinity", "tolerations"}
