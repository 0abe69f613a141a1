"""(h) RunTask to RUNNING on Kubernetes, against creating the same pod with kubectl."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from bench import docker_api
from bench.api import ACCOUNT, REGION, Api, wait_until
from bench.cases.containers import answers, timed_task
from bench.docker_api import IMAGE, Engine
from bench.model import Case, Column, Goal, Sample
from bench.servers import CLUSTER, kecs_on_kubernetes, network, running
from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan

TASKS = 5  # a round's sample is the median of as many, after one that is not counted
PAUSE = 1.0  # seconds in which the container of the pod before ends
KUBECONFIG = "KECS_TEST_KUBECONFIG"
FAMILY = "pod"
_CONTAINER = {"name": "app", "image": IMAGE, "command": ["/wait"], "essential": True}
_PHASES = '{.metadata.name} {.status.phase}{"\\n"}'


def unavailable() -> str | None:
    """Why no pod can be started here, or None."""
    if not os.environ.get(KUBECONFIG):
        return f"{KUBECONFIG} names no Kubernetes cluster"
    return docker_api.unavailable() if shutil.which("kubectl") else "there is no kubectl"


def measure(name: str) -> Sample:
    """One round with one subject."""
    engine = Engine()
    try:
        engine.make_image()
    finally:
        engine.close()
    times = _kecs() if name == "kecs" else _kubectl()
    return {"time": statistics.median(times[1:]) * 1000}


def _kubectl() -> list[float]:
    """Seconds from each `kubectl create` until `kubectl get --watch` shows the pod Running."""
    with _namespace() as where, _watch(where) as seen:
        return [_timed_pod(where, seen) for _ in range(TASKS + 1)]


def _timed_pod(where: str, seen: Iterator[str]) -> float:
    manifest = _manifest(where)
    name = manifest["metadata"]["name"]
    began = time.perf_counter()
    _run("create", "--namespace", where, "-f", "-", input=json.dumps(manifest))
    while next(seen).split() != [name, "Running"]:
        pass
    elapsed = time.perf_counter() - began
    _run("delete", "--namespace", where, "pod", name, "--grace-period", "0", "--force", stderr=subprocess.DEVNULL)
    time.sleep(PAUSE)
    return elapsed


def _manifest(where: str) -> dict[str, Any]:
    """The pod that KECS makes of the task."""
    from kecs.runtimes.kubernetes.manifests.pods import pod_of  # which not every environment has what it takes for
    from kecs.runtimes.kubernetes.manifests.settings import PodSettings

    task = secrets.token_hex(16)
    plan = TaskPlan(
        arn=f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/{task}",
        id=task,
        cluster=CLUSTER,
        account=ACCOUNT,
        region=REGION,
        definition=m.TaskDefinition(family=FAMILY, revision=1, cpu="256", memory="512", network_mode="awsvpc"),
        containers=(msgspec.convert(_CONTAINER, m.ContainerDefinition),),
        network_mode="awsvpc",
        launch_type="FARGATE",
    )
    manifest = pod_of(plan, started=["app"], settings=PodSettings(instance=f"bench-{task}"), way=None)
    return {"apiVersion": "v1", "kind": "Pod", **manifest, "metadata": {**manifest["metadata"], "namespace": where}}


@contextlib.contextmanager
def _namespace() -> Iterator[str]:
    """A namespace in which pods can be made."""
    name = f"kecs-bench-{secrets.token_hex(4)}"
    _run("create", "namespace", name)
    try:
        wait_until(lambda: bool(_accounts(name)), 60, "the namespace", pause=0.1)
        yield name
    finally:
        _run("delete", "namespace", name, "--wait=false")


def _accounts(where: str) -> str:
    return _run("get", "serviceaccounts", "--namespace", where, "-o", "name")


@contextlib.contextmanager
def _watch(where: str) -> Iterator[Iterator[str]]:
    """The name and phase of every pod of the namespace, as they change."""
    command = ["get", "pods", "--namespace", where, "--watch", "-o", f"jsonpath={_PHASES}"]
    with subprocess.Popen(_command(*command), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.terminate()


def _run(*arguments: str, **options: Any) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        _command(*arguments), stdout=subprocess.PIPE, text=True, check=True, **options
    )
    return done.stdout


def _command(*arguments: str) -> list[str]:
    return ["kubectl", "--kubeconfig", os.environ[KUBECONFIG], *arguments]


def _kecs() -> list[float]:
    """Seconds from each RunTask until DescribeTasks shows RUNNING."""
    with running(kecs_on_kubernetes(os.environ[KUBECONFIG])) as server:
        api = Api(server.port)
        wait_until(lambda: answers(api), 30, "KECS on Kubernetes")
        api.call("CreateCluster", clusterName=CLUSTER)
        api.call(
            "RegisterTaskDefinition",
            family=FAMILY,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[_CONTAINER],
        )
        place = {"launchType": "FARGATE", "networkConfiguration": network("subnet-0123456789abcdef0")}
        return [timed_task(api, FAMILY, place) for _ in range(TASKS + 1)]


CASE = Case(
    key="h",
    title="RunTask to RUNNING on Kubernetes",
    subjects=("kubectl", "kecs"),
    reference="kubectl",
    columns=(Column("time", "time", "ms", 0, ratio=True),),
    goals=(Goal("within 1.3 times kubectl", "kecs", "time", of="kubectl", at_most=1.3),),
    notes=(
        "kubectl: from the start of `kubectl create -f -` until `kubectl get pods --watch`, which runs all the while, "
        "shows the pod Running. KECS: from RunTask until DescribeTasks, asked every 5 ms, shows RUNNING. The pod is "
        "the same, made of the task definition by KECS's own translation; one small image that the node has; one after "
        "the other, on the cluster of KECS_TEST_KUBECONFIG."
    ),
)
