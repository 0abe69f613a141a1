"""KECS in a pod of the cluster on which it runs tasks, as deploy/kustomize installs it."""

from __future__ import annotations

import contextlib
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.support.images import test_image
from tests.support.in_cluster import Installed, kubectl, objects, reachable, stored
from tests.support.kecs_image import kecs_image
from tests.support.patience import PATIENCE

pytestmark = [pytest.mark.kubernetes, pytest.mark.docker, pytest.mark.long]

ROLE = "arn:aws:iam::000000000000:role/app"
ASK = """
wget -qO- "${AWS_CONTAINER_CREDENTIALS_FULL_URI-http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}" |
    grep -o '"AccessKeyId":"[A-Z0-9]*"'
wget -qO- "$ECS_CONTAINER_METADATA_URI_V4" | grep -o '"DockerId":"[0-9a-f][0-9a-f]*"'
true
"""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    image, _, tag = kecs_image().rpartition(":")
    installed = Installed(tmp_path)
    installed.change(images=[{"name": "kecs", "newName": image, "newTag": tag}])
    with reachable(installed), stored(installed.name, installed.object, tmp_path / "state"):
        try:
            installed.apply()
            yield installed
            for namespace in namespaces(installed):
                kubectl("delete", "namespace", namespace, "--wait=false")
        finally:
            installed.remove()


def namespaces(installed: Installed) -> list[str]:
    """Of the ECS clusters of the KECS that is installed."""
    label = kubectl("exec", "--namespace", installed.name, f"deployment/{installed.object}", "--", "kecs", "kubeconfig")
    (named,) = [line.split()[1] for line in label.splitlines() if line.startswith("instance")]
    return [each["metadata"]["name"] for each in objects("namespaces", "--selector", f"kecs.dev/instance={named}")]


def ready(installed: Installed, before: str | None = None) -> str:
    """The name of the pod of KECS, which answers: not that of the one before it."""
    found: list[str] = []

    def stands() -> bool:
        there = [pod for pod in objects("pods", *ours(installed)) if "deletionTimestamp" not in pod["metadata"]]
        found[:] = [pod["metadata"]["name"] for pod in there if is_ready(pod)]
        stand = len(there) == len(found) == 1 and before not in found
        return stand and led_to(installed) == found and answers(installed)

    until(stands)
    return found[0]


def ours(installed: Installed) -> tuple[str, ...]:
    return ("--namespace", installed.name, "--selector", "app.kubernetes.io/name=kecs")


def is_ready(pod: Any) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))


def led_to(installed: Installed) -> list[str]:
    """The pods behind the Service."""
    subsets = [each for endpoints in objects("endpoints", *ours(installed)) for each in endpoints.get("subsets", ())]
    return [each["targetRef"]["name"] for subset in subsets for each in subset.get("addresses", ())]


def answers(installed: Installed) -> bool:
    """Nodes follow what the Service leads to a moment later."""
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url(installed)}/_kecs/health", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def url(installed: Installed) -> str:
    (service,) = objects("services", *ours(installed))
    return f"http://{service['spec']['clusterIP']}:5373"


def client(installed: Installed) -> Any:
    return boto3.client(
        "ecs",
        endpoint_url=url(installed),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 5}),
    )


def until(what: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            pytest.fail(kubectl("describe", "pods", "--all-namespaces"))
        time.sleep(0.1)


def test_tasks_outlive_the_pod_of_kecs(installed: Installed) -> None:
    first = ready(installed)
    ecs = client(installed)
    container = {"name": "app", "image": test_image(), "memory": 64, "command": ["sleep", "600"], "stopTimeout": 2}
    ecs.register_task_definition(family="app", containerDefinitions=[container])
    task = ecs.run_task(taskDefinition="app")["tasks"][0]["taskArn"]

    def described() -> Any:
        return ecs.describe_tasks(tasks=[task])["tasks"][0]

    until(lambda: described()["lastStatus"] == "RUNNING")
    before = described()
    kubectl("delete", "pod", first, "--namespace", installed.name, "--grace-period=0", "--force")
    ready(installed, before=first)
    after = described()
    assert after["lastStatus"] == "RUNNING"
    assert [each["runtimeId"] for each in after["containers"]] == [each["runtimeId"] for each in before["containers"]]
    assert after["startedAt"] == before["startedAt"]
    (home,) = namespaces(installed)
    assert len(objects("pods", "--namespace", home)) == 1
    ecs.stop_task(task=task)
    until(lambda: described()["lastStatus"] == "STOPPED")
    assert described()["containers"][0]["exitCode"] in (137, 143)
    until(lambda: objects("pods", "--namespace", home) == [])


def test_tasks_find_kecs_in_another_pod(installed: Installed) -> None:
    first = ready(installed)
    ecs = client(installed)
    container = {"name": "app", "image": test_image(), "memory": 64, "command": ["sleep", "600"], "stopTimeout": 2}
    ecs.register_task_definition(family="app", taskRoleArn=ROLE, containerDefinitions=[container])
    task = ecs.run_task(taskDefinition="app")["tasks"][0]["taskArn"]
    until(lambda: ecs.describe_tasks(tasks=[task])["tasks"][0]["lastStatus"] == "RUNNING")
    (home,) = namespaces(installed)
    (pod,) = [each["metadata"]["name"] for each in objects("pods", "--namespace", home)]

    def told() -> list[str]:
        return kubectl("exec", "--namespace", home, pod, "--", "sh", "-c", ASK).split()

    until(lambda: len(told()) == 2)
    before = told()
    kubectl("delete", "pod", first, "--namespace", installed.name, "--grace-period=0", "--force")
    ready(installed, before=first)
    until(lambda: told() == before)


def test_it_may_do_all_that_it_has_to(installed: Installed) -> None:
    pod = ready(installed)
    said = kubectl("exec", "--namespace", installed.name, pod, "--", "kecs", "doctor")
    assert "the account of this pod" in said
    assert f"as system:serviceaccount:{installed.name}:{installed.object}" in said
    lacking = [line for line in said.splitlines() if " Rights: may not" in line]
    assert [line.partition("may not ")[2].partition(":")[0] for line in lacking] == ["get nodes/proxy"]
