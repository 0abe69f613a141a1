"""The demo on Kubernetes: an image that nodes pull, requests through the API server, which reaches pods from anywhere,
and a way behind KECS's back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from lightkube.config.client_adapter import ConnectionParams
from lightkube.core.exceptions import ConfigError

from kecs.cli.demo.ecs import DemoFailed, Ecs
from kecs.cli.demo.stage import DemoImage, with_shell
from kecs.cli.demo.traffic import Target
from kecs.ports.runtime import RuntimeUnavailable
from kecs.runtimes.kubernetes.api.client import configured
from kecs.runtimes.kubernetes.api.wire import refusal
from kecs.runtimes.kubernetes.names import TASK, of_instance, selector

IMAGE = "busybox:1.36"


class KubernetesStage:
    """See stage.Stage. `label` is on all that KECS makes; `wanted` is the image that was asked for."""

    seconds = 180.0  # nodes pull the image first

    def __init__(self, label: str, wanted: str | None, kubeconfig: Path | None, context: str | None) -> None:
        """Raises DemoFailed."""
        self._labels = of_instance(label)
        self._wanted = wanted
        self._pods: dict[str, str] = {}  # path at the API server, by task
        try:
            params = ConnectionParams(timeout=httpx2.Timeout(10.0))
            self._api = httpx2.Client(**params.httpx_params(configured(kubeconfig, context)))
        except (RuntimeUnavailable, ConfigError, OSError, AssertionError) as error:
            raise DemoFailed(f"The cluster cannot be used: {error}") from error

    def image(self) -> DemoImage:
        return with_shell(self._wanted or IMAGE, "asked for" if self._wanted else "nodes pull it")

    def ask(self, target: Target) -> tuple[int, str]:
        try:
            answer = self._api.get(f"{self._pod(target.task)}:{target.port}/proxy/")
        except (httpx2.HTTPError, ConfigError) as error:
            raise ConnectionError(str(error) or type(error).__name__) from error
        return answer.status_code, answer.text

    def kill(self, _: Ecs, __: str, task: dict[str, Any]) -> None:
        """Delete the task's pod, as somebody might with kubectl."""
        now = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
        self._call("DELETE", self._pod(task["taskArn"]), json=now)

    def check_nothing_left(self) -> None:
        if left := self._find(self._labels):
            raise DemoFailed(f"Pods were left behind: {left}")

    def _pod(self, task: str) -> str:
        """The path of a task's pod. Raises DemoFailed."""
        if task not in self._pods:
            found = self._find({**self._labels, TASK: task.rsplit("/", 1)[-1]})
            if len(found) != 1:
                raise DemoFailed(f"Task {task} has {len(found)} pods.")
            self._pods[task] = found[0]
        return self._pods[task]

    def _find(self, labels: dict[str, str]) -> list[str]:
        found = self._call("GET", "/api/v1/pods", params={"labelSelector": selector(labels)})
        places = [item["metadata"] for item in found["items"]]
        return [f"/api/v1/namespaces/{place['namespace']}/pods/{place['name']}" for place in places]

    def _call(self, method: str, path: str, **members: Any) -> Any:
        try:
            answer = self._api.request(method, path, **members)
        except (httpx2.HTTPError, ConfigError) as error:
            raise DemoFailed(f"The API server does not answer: {error}") from error
        if answer.status_code >= 400:
            raise DemoFailed(f"Kubernetes refused: {refusal(answer.status_code, answer.content).message}")
        return answer.json()
