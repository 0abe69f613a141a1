"""A real API server takes every manifest of the golden tests. It is only asked whether it would (dry run).

It is asked to apply them: unlike a creation, that refuses fields which Kubernetes does not have.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lightkube.resources.core_v1 import PersistentVolumeClaim, Pod, Secret
from lightkube.resources.networking_v1 import NetworkPolicy
from lightkube.types import PatchType
from tests.runtimes.kubernetes import (
    test_constraints,
    test_containers,
    test_placing,
    test_pods,
    test_ports,
    test_resources,
    test_secrets,
    test_volumes,
)
from tests.runtimes.kubernetes.translated import plan

from kecs.runtimes.kubernetes.api.client import FIELD_MANAGER, Cluster, ClusterError
from kecs.runtimes.kubernetes.manifests.network import policy_of
from kecs.runtimes.kubernetes.manifests.settings import HOME

pytestmark = pytest.mark.kubernetes

SOURCES = (
    test_constraints,
    test_containers,
    test_pods,
    test_ports,
    test_placing,
    test_resources,
    test_secrets,
    test_volumes,
)
KINDS = {"Pod": Pod, "Secret": Secret, "PersistentVolumeClaim": PersistentVolumeClaim, "NetworkPolicy": NetworkPolicy}
WHERE = "default"  # a namespace that is there; nothing comes into it
OFTEN = {"restartPolicy": {"enabled": True}, "portMappings": [{"containerPort": 80, "hostPort": 8080}]}


def manifests() -> dict[str, list[dict[str, Any]]]:
    found = {
        f"{source.__name__.rpartition('.')[2]}: {case.name}": case.manifests()
        for source in SOURCES
        for case in source.CASES
    }
    found |= {f"claims: {case.name}": case.manifests() for case, _ in test_volumes.CLAIMS}
    found["slots"] = test_secrets.Case("", [OFTEN], {}).manifests()
    found["policy"] = [policy_of("test", HOME, HOME, "dev")]
    return found


async def refusal(cluster: Cluster, manifest: dict[str, Any]) -> str | None:
    """Why the API server does not take it."""
    body = manifest | {"metadata": {name: value for name, value in manifest["metadata"].items() if name != "namespace"}}
    params = {"fieldManager": FIELD_MANAGER, "force": "true", "dryRun": "All"}
    kind, name = KINDS[manifest["kind"]], manifest["metadata"]["name"]
    try:
        await cluster._send_patch("apply", kind, name, body, WHERE, PatchType.APPLY, params)
    except ClusterError as error:
        return error.message
    return None


async def test_the_api_server_takes_every_manifest(cluster: Cluster) -> None:
    asked = [(name, each) for name, made in manifests().items() for each in made]
    answers = await asyncio.gather(*(refusal(cluster, each) for _, each in asked))
    refused = {name: answer for (name, _), answer in zip(asked, answers, strict=True) if answer is not None}
    assert refused == {}
    assert len(asked) > 100


async def test_and_not_what_is_none(cluster: Cluster) -> None:
    (pod,) = test_containers.Case("", [{}], {}).manifests()
    assert await refusal(cluster, pod) is None
    assert "nonsense" in (await refusal(cluster, pod | {"spec": pod["spec"] | {"nonsense": 1}}) or "")
    assert plan({}).id in pod["metadata"]["name"]
