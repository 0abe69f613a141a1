"""Why a pod or one of its containers does not run, in ECS's words. Pure; called by `observing` and `gate`.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from lightkube.models.core_v1 import PodCondition
from lightkube.resources.core_v1 import Pod

from kecs.core.tasks.images import pull_failure
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes.seeing.sights import Sight

PULL = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable", "ImageInspectError")
IMAGE_NAME = "InvalidImageName"
START = ("RunContainerError", "ContainerCannotRun", "StartError", "PostStartHookError")
CREATE = ("CreateContainerConfigError", "CreateContainerError", "PreCreateHookError", "PreStartHookError")

DELETED = "The pod of the task was deleted"
LOST = "The node of the task was lost"
NOT_STARTED = "CannotStartContainerError: the container was stopped before it had started"

# Why a kubelet or a controller has ended a pod (`status.reason`, or that of the condition DisruptionTarget): what comes
# before its own explanation.
ENDED = {
    "Evicted": "The task was evicted",
    "EvictionByEvictionAPI": "The task was evicted",
    "TerminationByKubelet": "The task was evicted",
    "Preempting": "The task was preempted",
    "PreemptionByScheduler": "The task was preempted",
    "PreemptionByKubeScheduler": "The task was preempted",
    "NodeLost": LOST,
    "DeletionByTaintManager": LOST,
    "DeletionByPodGC": LOST,
    "Shutdown": "The node of the task was shut down",
    "Terminated": "The node of the task was shut down",
    "NodeShutdown": "The node of the task was shut down",
    "NodeAffinity": "The node no longer takes the task",
    "DeadlineExceeded": "The pod of the task has reached its deadline",
}
REFUSED = ("OutOf", "UnexpectedAdmissionError", "AppArmor", "SysctlForbidden", "Topology", "PodOSNotSupported")
"""How reasons begin for which a kubelet does not take a pod that was placed on its node."""

# What is missing on nodes, by what Kubernetes' scheduler says, in the words of RunTask's failures.
MISSING = (
    (re.compile(r"Insufficient cpu"), "RESOURCE:CPU"),
    (re.compile(r"Insufficient memory"), "RESOURCE:MEMORY"),
    (re.compile(r"Insufficient \S*gpu"), "RESOURCE:GPU"),
    (re.compile(r"Insufficient ephemeral-storage"), "RESOURCE:EPHEMERAL_STORAGE"),
    (re.compile(r"Insufficient pods|Too many pods"), "RESOURCE:PODS"),
    (re.compile(r"free ports"), "RESOURCE:PORTS"),
    (re.compile(r"[Vv]olume|persistentvolumeclaim"), "RESOURCE:VOLUME"),
    (re.compile(r"affinity|node selector|topology spread"), "ATTRIBUTE"),
    (re.compile(r"taint|unschedulable|no nodes available|not ready"), "AGENT"),
)

_WRAPPED = re.compile(r"^rpc error: code = \w+ desc = ")
_DAEMON = re.compile(r"^Error response from daemon: ")
_FAILED_TO = re.compile(r'^failed to (?:start|create) container "[0-9a-f]+": ')


class Ending(NamedTuple):
    """Why a task has to end that did not want to: see reports.Failed."""

    reason: str
    stop_code: str | None = None


def start_failure(sight: Sight, plan: TaskPlan | None) -> str | None:
    """The reason that ECS shows for a container that does not start; None while it may still do so."""
    message = plain(sight.message)
    if sight.reason in PULL:
        image = (plan.container(sight.container).image if plan else None) or ""
        return pull_failure(plan, image, message) if plan else f"CannotPullContainerError: {message}"
    if sight.reason == IMAGE_NAME and sight.state == "waiting":
        return f"CannotPullContainerError: {message}"
    if sight.reason in START or sight.state == "unstartable":
        return f"CannotStartContainerError: {message or sight.reason}"
    if sight.reason in CREATE:
        return f"CannotCreateContainerError: {message or sight.reason}"
    return None


def ending(pod: Pod) -> Ending | None:
    """Why the pod has ended, or is about to, other than by its containers; None if it has not."""
    status = pod.status
    reason, message = (status.reason or "", status.message or "") if status else ("", "")
    if reason.startswith(REFUSED):
        return Ending(f"ResourceInitializationError: the node does not take the task: {message or reason}")
    if reason in ENDED:
        return Ending(_sentence(ENDED[reason], message), "TerminationNotice")
    target = condition(pod, "DisruptionTarget")
    if target is not None and target.status == "True":
        text = ENDED.get(target.reason or "", "The task was ended by the cluster")
        return Ending(_sentence(text, target.message or ""), "TerminationNotice")
    return None


def unschedulable(pod: Pod) -> tuple[str, datetime | None] | None:
    """Why no node takes the pod, and since when; None if one has, or Kubernetes has not looked yet."""
    placed = condition(pod, "PodScheduled")
    if placed is None or placed.status != "False" or placed.reason != "Unschedulable":
        return None
    said = placed.message or ""
    missing = [name for pattern, name in MISSING if pattern.search(said)]
    found = f" ({', '.join(missing)})" if missing else ""
    return f"Capacity is unavailable at this time: no node can take the task{found}: {said}", placed.lastTransitionTime


def condition(pod: Pod, kind: str) -> PodCondition | None:
    found = (pod.status.conditions if pod.status else None) or ()
    return next((each for each in found if each.type == kind), None)


def plain(message: str) -> str:
    """A container runtime's message without what the layers above it have put around it."""
    message = _WRAPPED.sub("", " ".join(message.split()))
    return _DAEMON.sub("", _FAILED_TO.sub("", message))


def _sentence(text: str, explanation: str) -> str:
    explanation = " ".join(explanation.split())
    return f"{text}: {explanation}" if explanation else text
