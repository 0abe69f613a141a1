"""Nodes that run what they are given: pods of a `kubernetes_server` start at once, and end when they are told to.

They tell as much as a kubelet does and in its order, so what a client has to take in of each pod is as much as of a
real one: made, bound to a node, its containers being made, running.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any

from kecs.runtimes.kubernetes.manifests.images import HELD
from tests.support.kubernetes_objects import Object, Scope, merged
from tests.support.kubernetes_server import KubernetesServer

CAPACITY = {"cpu": "16", "memory": "64Gi", "pods": "110"}
INFO = "bootID containerRuntimeVersion kernelVersion kubeProxyVersion kubeletVersion machineID osImage systemUUID"


class Kubelets:
    """`count` nodes, each ready. Pods that no node is named for take turns on them."""

    def __init__(self, server: KubernetesServer, count: int) -> None:
        self._objects = server.objects
        self._objects.changed = self._changed
        self._addresses = itertools.count(1)
        self.names = [f"node-{number:03}" for number in range(count)]
        self._turns = itertools.cycle(self.names)
        for name in self.names:
            self._objects.put("nodes", _node(name))

    def pods(self, phase: str = "Running") -> list[Object]:
        """Those there are, by what they say of themselves."""
        return [pod for pod in self._all() if pod.get("status", {}).get("phase") == phase]

    def spread(self) -> list[int]:
        """How many pods each node has."""
        found = dict.fromkeys(self.names, 0)
        for pod in self._all():
            found[pod["spec"]["nodeName"]] += 1
        return list(found.values())

    def ready(self, pod: Object, value: bool) -> None:
        """Say so of its containers, as after a check."""
        containers = [{**status, "ready": value} for status in pod["status"]["containerStatuses"]]
        self._objects.put("pods", {**pod, "status": {**pod["status"], "containerStatuses": containers}})

    def _all(self) -> list[Object]:
        return self._objects.find(Scope("pods"))

    def _changed(self, kind: str, plural: str, found: Object) -> None:
        if plural == "pods" and kind != "DELETED":
            asyncio.get_running_loop().call_soon(self._go_on, found["metadata"]["namespace"], found["metadata"]["name"])

    def _go_on(self, namespace: str, name: str) -> None:
        """The next thing that happens to the pod, if anything does."""
        pod = self._objects.get("pods", namespace, name)
        if pod is None:
            return
        if "deletionTimestamp" in pod["metadata"]:
            self._objects.remove("pods", namespace, name)
        elif "nodeName" not in pod["spec"] or "status" not in pod:
            self._bind(pod)
        elif (status := self._status(pod)) != pod["status"]:
            self._objects.put("pods", {**pod, "status": status})

    def _bind(self, pod: Object) -> None:
        node = pod["spec"].get("nodeName") or _required(pod) or next(self._turns)
        bound = {"type": "PodScheduled", "status": "True", "lastTransitionTime": _now()}
        change = {"spec": {"nodeName": node}, "status": {"phase": "Pending", "conditions": [bound]}}
        self._objects.put("pods", merged(pod, change))

    def _status(self, pod: Object) -> Object:
        before: Object = pod["status"]
        containers = pod["spec"]["containers"]
        if "containerStatuses" not in before:
            made = [_container(each, {"waiting": {"reason": "ContainerCreating"}}) for each in containers]
            return {**before, "hostIP": "10.0.0.1", "startTime": _now(), "containerStatuses": made}
        statuses = {status["name"]: status for status in before["containerStatuses"]}
        now = [_moved(each, statuses[each["name"]]) for each in containers]
        running = any("running" in status["state"] for status in now)
        over = all("terminated" in status["state"] for status in now)
        address = before.get("podIP") or "10.{}.{}.{}".format(*_bytes(next(self._addresses)))
        phase = "Running" if running else "Succeeded" if over else before["phase"]
        return {**before, "phase": phase, "podIP": address, "containerStatuses": now}


def _moved(container: Object, before: Object) -> Object:
    state, image = before["state"], container["image"]
    if image != HELD and "waiting" in state:
        return _container(container, {"running": {"startedAt": _now()}})
    if image == HELD and "running" in state:
        ended = {"exitCode": 0, "reason": "Completed", **state["running"], "finishedAt": _now()}
        return _container(container, {"terminated": ended})
    if image == HELD and "waiting" in state:
        return _container(container, {"waiting": {"reason": "InvalidImageName"}})
    return before


def _container(container: Object, state: dict[str, Any]) -> Object:
    runs = "running" in state
    found = {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0, "state": state}
    return found | {"ready": runs, "started": runs, "containerID": f"containerd://{container['name']}" if runs else ""}


def _required(pod: Object) -> str | None:
    """The node that the pod's affinity or selector names."""
    text = pod["spec"].get("affinity", {}).get("nodeAffinity", {})
    terms = text.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms", ())
    for term in terms:
        for match in term.get("matchFields", ()):
            if match["key"] == "metadata.name":
                return str(match["values"][0])
    return None


def _node(name: str) -> Object:
    info = dict.fromkeys(INFO.split(), "") | {"operatingSystem": "linux", "architecture": "amd64"}
    ready = {"type": "Ready", "status": "True"}
    status = {"capacity": CAPACITY, "allocatable": CAPACITY, "conditions": [ready], "nodeInfo": info}
    return {"metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}}, "spec": {}, "status": status}


def _bytes(number: int) -> tuple[int, int, int]:
    return number >> 16, number >> 8 & 255, number & 255


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
