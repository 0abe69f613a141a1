"""The chart, installed by Helm in the cluster for tests: from its installation over an upgrade to its end."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.deploy.test_in_cluster import until
from tests.support.images import test_image
from tests.support.in_cluster import kubectl, objects, stored, way_in, with_authority
from tests.support.kecs_image import kecs_image
from tests.support.manifests import CHART, program
from tests.support.patience import PATIENCE

pytestmark = [pytest.mark.kubernetes, pytest.mark.docker, pytest.mark.long]

MADE = "pods,services,deployments,serviceaccounts,persistentvolumeclaims,roles,rolebindings"
EVERYWHERE = "clusterroles,clusterrolebindings"


class Release:
    """Of the chart, in the namespace `namespace`; `name` is that of all that it makes there."""

    def __init__(self, folder: Path) -> None:
        number = secrets.token_hex(4)
        self.namespace, self.name = f"kecs-test-{number}", f"kecs-{number}"
        self.of_it = ("--selector", f"app.kubernetes.io/instance={self.name}")
        self._homes = {f"HELM_{kind}_HOME": str(folder / kind) for kind in ("CACHE", "CONFIG", "DATA")}
        repository, _, tag = kecs_image().rpartition(":")
        self.values: dict[str, Any] = {"image": {"repository": repository, "tag": tag}}
        self.settings = {"instance": self.name}

    def helm(self, *arguments: str, values: dict[str, Any] | None = None) -> str:
        """What it prints."""
        command = [program("helm"), *arguments, "--namespace", self.namespace, "--timeout", f"{PATIENCE:g}s"]
        done = subprocess.run(
            [*command, "--kubeconfig", os.environ["KECS_TEST_KUBECONFIG"]],
            input=None if values is None else json.dumps(values),
            env=os.environ | self._homes,
            capture_output=True,
            text=True,
            timeout=PATIENCE + 60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def put(self, how: str, settings: dict[str, Any], **values: Any) -> str:
        """Install or upgrade it, with these values besides."""
        given = {**self.values, **values, "settings": self.settings | settings}
        return self.helm(how, self.name, str(CHART), "--wait", "--values", "-", values=given)

    def inside(self, *command: str) -> str:
        """What a command in KECS's container prints."""
        return kubectl("exec", "--namespace", self.namespace, f"deployment/{self.name}", "--", *command)

    def homes(self) -> list[str]:
        """The namespaces of its ECS clusters."""
        of_kecs = [each["metadata"] for each in objects("namespaces", "--selector", "kecs.dev/instance")]
        return [each["name"] for each in of_kecs if each["labels"]["kecs.dev/instance"].startswith(f"{self.name}-")]


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Release]:
    release = Release(tmp_path)
    kubectl("create", "namespace", release.namespace)
    try:
        with way_in() as certificate, stored(release.namespace, release.name, tmp_path / "state"):
            if certificate:
                literal = f"--from-literal=ca.crt={certificate}"
                kubectl("create", "configmap", "authority", "--namespace", release.namespace, literal)
                pod = with_authority()
                mounts = pod["containers"][0]["volumeMounts"]
                release.values |= {"volumes": pod["volumes"], "volumeMounts": mounts}
                release.values["serviceAccount"] = {"automount": False}
            try:
                yield release
            finally:
                release.helm("uninstall", release.name, "--ignore-not-found")
    finally:
        kubectl("delete", "namespace", release.namespace, *release.homes(), "--wait=false")


def client(release: Release) -> Any:
    """Of the Service, once it leads to KECS."""
    (service,) = objects("services", "--namespace", release.namespace, *release.of_it)
    url = f"http://{service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}"
    until(lambda: answers(url))
    return boto3.client(
        "ecs",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 5}),
    )


def answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_kecs/health", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def kept(*which: str) -> list[str]:
    """What is there and is not about to go."""
    found = [each["metadata"] for each in objects(*which)]
    return [each["name"] for each in found if "deletionTimestamp" not in each]


def test_a_release_from_beginning_to_end(release: Release) -> None:
    assert f"service/{release.name} 5373:5373" in release.put("install", {})
    ecs = client(release)
    assert len(ecs.list_clusters()["clusterArns"]) == 1
    container = {"name": "app", "image": test_image(), "memory": 64, "command": ["sleep", "900"], "stopTimeout": 2}
    ecs.register_task_definition(family="app", containerDefinitions=[container])
    task = ecs.run_task(taskDefinition="app")["tasks"][0]["taskArn"]

    def described() -> Any:
        return ecs.describe_tasks(tasks=[task])["tasks"][0]

    until(lambda: described()["lastStatus"] == "RUNNING")
    before = described()

    release.put("upgrade", {"log-level": "debug"}, service={"port": 80})
    assert release.inside("python3", "-c", "import os; print(os.environ['KECS_LOG_LEVEL'])") == "debug\n"
    ecs = client(release)
    after = described()
    assert (after["lastStatus"], after["startedAt"]) == ("RUNNING", before["startedAt"])
    assert [each["runtimeId"] for each in after["containers"]] == [each["runtimeId"] for each in before["containers"]]
    (home,) = release.homes()
    assert len(objects("pods", "--namespace", home)) == 1

    release.inside("kecs", "reset")
    until(lambda: release.homes() == [])
    release.helm("uninstall", release.name)
    until(lambda: kept(MADE, "--namespace", release.namespace, *release.of_it) == [])
    assert kept(EVERYWHERE, *release.of_it) == []
