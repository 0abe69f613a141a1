"""Nodes of Kubernetes as KECS sees them, and what it has done to them."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import msgspec
import pytest
from lightkube.core.resource import Resource
from lightkube.resources.core_v1 import Node as KubernetesNode
from lightkube.resources.core_v1 import Pod

from kecs.core.records import Node
from kecs.core.tasks.reports import Exited, Failed, Report
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone, Listing
from kecs.runtimes.kubernetes.nodes import KubernetesNodes, capacity_of, node_of
from kecs.runtimes.kubernetes.seeing.observing import Observing
from kecs.runtimes.kubernetes.seeing.reasons import DELETED, LOST

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


class Api:
    """An API server that answers requests about nodes with what it was told to; then it has done them."""

    def __init__(self, *answers: ClusterError) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    async def patch(self, _: type[Resource], name: str, change: Any) -> None:
        self._answer((name, change["spec"]["unschedulable"]))

    async def list(self, _: type[Resource], *, labels: str, fields: str) -> Listing:
        self._answer((labels, fields))
        return Listing([msgspec.convert({"metadata": {"name": "p", "namespace": "n", "uid": "u-p"}}, Pod)], "1")

    async def delete(self, _: type[Resource], name: str, namespace: str, *, grace: int, uid: str) -> None:
        self._answer((name, namespace, grace, uid))

    def _answer(self, asked: Any) -> None:
        self.asked.append(asked)
        if self.answers:
            raise self.answers.pop(0)

    async def settled(self, count: int) -> list[Any]:
        """All that has been asked, once it is so much."""
        async with asyncio.timeout(5):
            while True:
                if len(self.asked) >= count:
                    return self.asked
                await asyncio.sleep(0)


def nodes(api: Api) -> KubernetesNodes:
    return KubernetesNodes(cast("Cluster", api), "mine")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kecs.runtimes.kubernetes.nodes.PAUSE", 0.0)


async def test_cordoning_goes_on_when_the_api_server_answers_and_the_last_word_counts() -> None:
    api = Api(ClusterGone("away"), ClusterGone("away"))
    found = nodes(api)
    found.cordon("one", unschedulable=True)
    await api.settled(2)
    found.cordon("one", unschedulable=False)
    assert (await api.settled(3))[-1] == ("one", False)
    found.cordon("one", unschedulable=True)
    assert (await api.settled(4))[-1] == ("one", True)


async def test_what_may_not_be_done_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    api = Api(ClusterError(403, "Forbidden", "may not patch nodes"), ClusterError(404, "NotFound", "no such node"))
    found = nodes(api)
    for name in ("one", "two", "three"):
        found.cordon(name, unschedulable=True)
    assert len(await api.settled(3)) == 3
    assert [record.message for record in caplog.records] == ["Node one is not cordoned: may not patch nodes"]


async def test_pods_of_a_node_that_is_given_up_are_removed_without_asking_it() -> None:
    api = Api(ClusterGone("away"))
    found = nodes(api)
    found.give_up("one")
    assert (await api.settled(3))[-1] == ("p", "n", 0, "u-p")
    labels, fields = api.asked[1]
    assert (fields, "kecs.dev/instance=mine" in labels) == ("spec.nodeName=one", True)
    assert found.has_lost("one")
    assert not found.has_lost("two")


@pytest.mark.parametrize(("node", "reason"), [("one", LOST), ("two", DELETED)])
async def test_a_task_whose_pod_goes_with_its_node_says_so(node: str, reason: str) -> None:
    reports: list[Report] = []
    seen = Observing(reports.append, patience=60, lost=lambda name: name == "one")
    annotations = {"kecs.dev/task-arn": "arn:task", "kecs.dev/containers": '["app"]'}
    status = {"name": "app", "image": "i", "imageID": "i", "ready": True, "restartCount": 0, "state": {"running": {}}}
    pod = msgspec.convert(
        {
            "metadata": {"name": "p", "namespace": "n", "annotations": annotations},
            "spec": {"nodeName": node, "containers": [{"name": "app", "image": "i"}]},
            "status": {"phase": "Running", "containerStatuses": [status]},
        },
        Pod,
    )
    seen.adopt(pod)
    seen.gone(pod)
    failed = next(report for report in reports if isinstance(report, Failed))
    assert (failed.reason, failed.stop_code) == (reason, "TerminationNotice")
    assert [report.exit_code for report in reports if isinstance(report, Exited)] == [None]
