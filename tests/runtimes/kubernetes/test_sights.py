"""What a pod's status says, and why one does not run."""

from __future__ import annotations

from typing import Any

import pytest
from lightkube.resources.core_v1 import Pod
from tests.runtimes.plans import make_plan

from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.images import HELD
from kecs.runtimes.kubernetes.manifests.pods import pod_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.seeing import reasons, sights

PLAN = make_plan({"restartPolicy": {"enabled": True}})
ENDED = {"exitCode": 3, "startedAt": "2026-11-26T08:00:00Z", "finishedAt": "2026-11-26T08:00:07Z", "reason": "Error"}


def pod(status: dict[str, Any], *, started: tuple[str, ...] = ("app",)) -> Pod:
    return Pod.from_dict({**pod_of(PLAN, started=started, settings=PodSettings()), "status": status})  # type: ignore[return-value]


def having(state: dict[str, Any], *, slot: int = 0, **fields: Any) -> dict[str, Any]:
    name = names.slot_name("app", slot)
    status = {"name": name, "image": "i", "imageID": "", "ready": False, "restartCount": 0, "state": state, **fields}
    return {"containerStatuses": [status]}


def test_a_container_that_is_not_due_is_held() -> None:
    sight = sights.current(pod({}, started=()))["app"]
    assert (sight.state, sight.image_held, sight.confirmed) == ("held", True, False)
    assert sights.never_opened(sight)


def test_one_that_was_opened_is_held_until_its_kubelet_has_seen_that() -> None:
    waiting = {"waiting": {"reason": "InvalidImageName", "message": f'couldn\'t parse image reference "{HELD}"'}}
    sight = sights.current(pod(having(waiting)))["app"]
    assert (sight.state, sight.image_held) == ("held", False)
    assert reasons.start_failure(sight, PLAN) is None


def test_how_a_container_ended() -> None:
    sight = sights.current(pod(having({"terminated": ENDED | {"containerID": "docker://abc"}})))["app"]
    assert (sight.state, sight.exit_code, sight.id, sight.out_of_memory) == ("exited", 3, "abc", False)
    assert sight.started_at is not None
    assert sight.finished_at is not None
    assert 7 <= sight.finished_at - sight.started_at < 8


def test_out_of_memory() -> None:
    killed = ENDED | {"exitCode": 137, "reason": "OOMKilled"}
    assert sights.current(pod(having({"terminated": killed})))["app"].out_of_memory


def test_an_end_that_nobody_has_seen_has_no_exit_code() -> None:
    unknown = ENDED | {"exitCode": 137, "reason": "ContainerStatusUnknown"}
    assert sights.current(pod(having({"terminated": unknown})))["app"].exit_code is None


def test_the_last_slot_that_was_opened_is_the_container() -> None:
    running = having({"running": {"startedAt": "2026-11-26T08:00:07Z"}}, slot=1)
    ended = having({"terminated": ENDED})
    both = pod({"containerStatuses": [*ended["containerStatuses"], *running["containerStatuses"]]})
    sight = sights.current(both)["app"]
    assert (sight.number, sight.state) == (1, "running")
    first = next(each for each in sights.sights(both) if each.number == 0)
    assert sight.started_at is not None
    assert first.finished_at is not None
    assert sight.started_at >= first.finished_at, "it started after the other had ended"


def test_the_digest_is_that_of_the_repository() -> None:
    running = {"running": {"startedAt": "2026-11-26T08:00:00Z"}}
    pulled = pod(having(running, imageID="docker-pullable://registry/app@sha256:abc"))
    local = pod(having(running, imageID="docker://sha256:abc"))
    assert [sights.current(each)["app"].digest for each in (pulled, local)] == ["sha256:abc", None]


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("ErrImagePull", "CannotPullContainerError: Error response from daemon: not found"),
        ("ImagePullBackOff", "CannotPullContainerError: Error response from daemon: not found"),
        ("CreateContainerConfigError", "CannotCreateContainerError: not found"),
        ("RunContainerError", "CannotStartContainerError: not found"),
        ("ContainerCreating", None),
    ],
)
def test_why_a_container_does_not_start(reason: str, says: str | None) -> None:
    message = "rpc error: code = Unknown desc = Error response from daemon: not found"
    sight = sights.current(pod(having({"waiting": {"reason": reason, "message": message}})))["app"]
    assert reasons.start_failure(sight, PLAN) == says


def test_a_command_that_cannot_be_executed() -> None:
    refused = ENDED | {"exitCode": 127, "reason": "ContainerCannotRun", "message": "no such file"}
    sight = sights.current(pod(having({"terminated": refused})))["app"]
    assert reasons.start_failure(sight, PLAN) == "CannotStartContainerError: no such file"


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (
            {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."},
            "The task was evicted: The node was low on resource: memory.",
            "TerminationNotice",
        ),
        (
            {"phase": "Failed", "reason": "OutOfcpu", "message": "Pod Node didn't have enough resource: cpu"},
            "ResourceInitializationError: the node does not take the task: Pod Node didn't have enough resource: cpu",
            None,
        ),
        ({"phase": "Running", "reason": "NodeLost"}, "The node of the task was lost", "TerminationNotice"),
        (
            {"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]},
            "The task was preempted",
            "TerminationNotice",
        ),
        (
            {"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}]},
            "The task was evicted",
            "TerminationNotice",
        ),
        (
            {"phase": "Failed", "reason": "Shutdown", "message": "Node is shutting down, evicting pods"},
            "The node of the task was shut down: Node is shutting down, evicting pods",
            "TerminationNotice",
        ),
        (
            {
                "phase": "Failed",
                "reason": "Terminated",
                "message": "Pod was terminated in response to imminent node shutdown.",
                "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}],
            },
            "The node of the task was shut down: Pod was terminated in response to imminent node shutdown.",
            "TerminationNotice",
        ),
        (
            {"phase": "Failed", "reason": "NodeShutdown", "message": "Pod was rejected: node is shutting down"},
            "The node of the task was shut down: Pod was rejected: node is shutting down",
            "TerminationNotice",
        ),
    ],
)
def test_why_a_pod_ends(status: dict[str, Any], reason: str, code: str | None) -> None:
    assert reasons.ending(pod(status)) == (reason, code)


def test_a_pod_that_runs_has_no_such_reason() -> None:
    assert reasons.ending(pod({"phase": "Running"})) is None


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        ("0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory.", "RESOURCE:CPU, RESOURCE:MEMORY"),
        ("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", "RESOURCE:GPU"),
        ("1 node(s) didn't have free ports for the requested pod ports.", "RESOURCE:PORTS"),
        ("1 node(s) didn't match node selector.", "ATTRIBUTE"),
        ("1 node(s) had taint {node.kubernetes.io/not-ready: }, that the pod didn't tolerate.", "AGENT"),
    ],
)
def test_what_no_node_has(message: str, missing: str) -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    found = reasons.unschedulable(pod({"conditions": [condition]}))
    assert found is not None
    assert found[0] == f"Capacity is unavailable at this time: no node can take the task ({missing}): {message}"
