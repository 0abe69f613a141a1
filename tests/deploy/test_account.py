"""KECS under exactly the account of deploy/: through all that tasks do, the cluster refuses it nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config
from tests.cli.conftest import Shell
from tests.deploy.test_in_cluster import until
from tests.support.images import test_image
from tests.support.in_cluster import Installed, objects
from tests.support.session_client import connected
from tests.support.tapping import Tap, tapped

from kecs.cli.instances import Instance
from kecs.runtimes.kubernetes.api.client import Cluster

pytestmark = [pytest.mark.kubernetes, pytest.mark.docker, pytest.mark.slow]
ROLE = "arn:aws:iam::000000000000:role/task"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Installed]:
    installed = Installed(tmp_path, only=("namespace.yaml", "account.yaml", "rbac.yaml"))
    installed.apply()
    yield installed
    installed.remove()


@pytest.fixture
async def tap() -> Any:
    cluster = Cluster.named(Path(os.environ["KECS_TEST_KUBECONFIG"]))
    with tapped(cluster) as tap:
        yield tap
    await cluster.close()


@pytest.fixture
def shell(account: Installed, tap: Tap, tmp_path: Path) -> Iterator[Shell]:
    """In which KECS runs under the account."""
    config = tmp_path / "kubeconfig"
    user = {"name": "kecs", "user": {"token": account.token()}}
    context = {"name": "it", "context": {"cluster": "it", "user": "kecs", "namespace": account.name}}
    clusters = [{"name": "it", "cluster": {"server": tap.url}}]
    config.write_text(
        yaml.safe_dump({"clusters": clusters, "users": [user], "contexts": [context], "current-context": "it"})
    )
    (tmp_path / "data").mkdir()
    shell = Shell(tmp_path / "data")
    shell.environment |= {"KECS_TEST_MODE": "false", "KECS_RUNTIME": "kubernetes", "KECS_KUBECONFIG": str(config)}
    shell.environment.pop("KUBECONFIG", None)
    shell.ok("start", "--detach")
    yield shell
    shell.ok("destroy")


@pytest.fixture
def client(shell: Shell) -> Callable[[str], Any]:
    exported = dict(line.removeprefix("export ").split("=", 1) for line in shell.ok("env").splitlines())
    options = {name.lower(): value for name, value in exported.items() if name.startswith("AWS_") and "KEY" in name}
    url, region = exported["AWS_ENDPOINT_URL"], exported["AWS_REGION"]
    return lambda name: boto3.client(
        name, endpoint_url=url, region_name=region, config=Config(retries={"total_max_attempts": 2}), **options
    )


async def test_it_may_do_all_that_tasks_do(shell: Shell, tap: Tap, client: Callable[[str], Any]) -> None:
    ecs = client("ecs")
    secret = client("ssm").put_parameter(Name="/word", Value="open sesame", Type="SecureString") and "/word"
    container = {
        "name": "app",
        "image": test_image(),
        "memory": 64,
        "command": ["sh", "-c", 'echo "says $WORD"; sleep 600'],
        "stopTimeout": 2,
        "secrets": [{"name": "WORD", "valueFrom": secret}],
    }
    ecs.register_task_definition(
        family="app", taskRoleArn=ROLE, executionRoleArn=ROLE, containerDefinitions=[container]
    )
    ecs.create_service(
        serviceName="app", taskDefinition="app", desiredCount=2, launchType="EC2", enableExecuteCommand=True
    )

    def stands() -> bool:
        (found,) = ecs.describe_services(services=["app"])["services"]
        return len(found["deployments"]) == 1 and found["runningCount"] == found["desiredCount"]

    until(stands)
    task = ecs.list_tasks(serviceName="app")["taskArns"][0]
    session = ecs.execute_command(task=task, container="app", command='sh -c "echo in $WORD; exit 4"', interactive=True)
    async with connected(dict(session["session"])) as terminal:
        await terminal.ends()
    assert (terminal.screen, terminal.exit_code) == ("in open sesame\r\n", 4)
    assert "says open sesame" in logged(shell, task)
    ecs.update_service(service="app", desiredCount=1)
    until(stands)
    ecs.update_service(service="app", desiredCount=0)
    until(stands)
    shell.ok("stop")
    shell.ok("start", "--detach")
    shell.ok("reset")
    assert tap.refused == []
    assert tap.statuses[101] > 0  # the session


async def test_it_may_make_what_is_around_a_task(tap: Tap, client: Callable[[str], Any]) -> None:
    ecs = client("ecs")
    container = {"name": "app", "image": test_image(), "memory": 64, "command": ["sleep", "600"], "stopTimeout": 2}
    ecs.register_task_definition(family="sealed", networkMode="none", containerDefinitions=[container])
    container["mountPoints"] = [{"sourceVolume": "files", "containerPath": "/files"}]
    volume = {"name": "files", "efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0"}}
    ecs.register_task_definition(family="stored", volumes=[volume], containerDefinitions=[container])
    tasks = [ecs.run_task(taskDefinition=name)["tasks"][0]["taskArn"] for name in ("sealed", "stored")]
    until(lambda: all(made(tap, kind) for kind in ("networkpolicies", "persistentvolumeclaims", "pods")))
    for task in tasks:
        ecs.stop_task(task=task)
    until(lambda: {each["lastStatus"] for each in ecs.describe_tasks(tasks=tasks)["tasks"]} == {"STOPPED"})
    assert tap.refused == []


async def test_destroy_leaves_nothing_of_a_kecs_that_has_stopped(
    shell: Shell, tap: Tap, account: Installed, client: Callable[[str], Any]
) -> None:
    ecs = client("ecs")
    container = {"name": "app", "image": test_image(), "memory": 64, "command": ["sleep", "600"]}
    ecs.register_task_definition(family="left", containerDefinitions=[container])
    task = ecs.run_task(taskDefinition="left")["tasks"][0]["taskArn"]
    until(lambda: ecs.describe_tasks(tasks=[task])["tasks"][0]["lastStatus"] == "RUNNING")
    shell.ok("stop")
    selector = ("--selector", f"kecs.dev/instance={Instance(shell.data, 'default').label}")
    (home,) = [each["metadata"]["name"] for each in objects("namespaces", *selector)]
    assert home in shell.ok("kubeconfig")
    shell.ok("destroy")
    assert objects("services", "--namespace", account.name) == []
    until(lambda: objects("namespaces", *selector) == [])
    assert {asked.rpartition("/")[2] for asked in tap.refused} <= {"selfsubjectreviews"}  # new in Kubernetes 1.28


def made(tap: Tap, kind: str) -> bool:
    return any(asked.startswith("POST ") and asked.partition("?")[0].endswith(f"/{kind}") for asked in tap.asked)


def logged(shell: Shell, task: str) -> str:
    """The output of a container, as the admin API has it."""
    from urllib.request import urlopen

    url = json.loads((shell.data / "default/instance.json").read_text())["url"]
    cluster, one = task.split("/")[-2:]
    with urlopen(f"{url}/_kecs/tasks/{cluster}/{one}/logs/app") as answer:
        return str(answer.read().decode())
