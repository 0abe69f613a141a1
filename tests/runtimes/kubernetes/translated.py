"""Task definitions as pods, for golden tests: what a definition says, and what alone that changes in the pod."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.records import LaunchVolume
from kecs.core.taskdefs.normalise import normalise
from kecs.core.taskdefs.overrides import apply_overrides
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes.manifests.claims import claims_of
from kecs.runtimes.kubernetes.manifests.pods import pod_of
from kecs.runtimes.kubernetes.manifests.secrets import secret_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

TASK_ID = "0123456789abcdef0123456789abcdef"
ARN = f"arn:aws:ecs:us-east-1:000000000000:task/dev/{TASK_ID}"
POD = f"web-{TASK_ID}"
NAMESPACE = "kecs-test-dev"
SETTINGS = PodSettings(instance="test")
BARE = {"name": "app", "image": "nginx", "memory": 64}


def plan(*containers: dict[str, Any], mode: str = "bridge", launch: str = "EC2", **fields: Any) -> TaskPlan:
    """A task of the definition web:7, in the API's JSON. Fields in camel case are the definition's, others the
    plan's."""
    theirs = {name: value for name, value in fields.items() if name in PLAN}
    mine = {name: value for name, value in fields.items() if name not in PLAN}
    filled = [BARE | container for container in containers or ({},)]
    request = {"family": "web", "networkMode": mode, "containerDefinitions": filled, **mine}
    definition = msgspec.structs.replace(
        normalise(msgspec.convert(request, m.RegisterTaskDefinitionRequest)), revision=7
    )
    about = {
        "arn": ARN,
        "id": TASK_ID,
        "cluster": "dev",
        "account": "000000000000",
        "region": "us-east-1",
        "group": "family:web",
        "cpu": definition.cpu,
        "memory": definition.memory,
    }
    containers_ = apply_overrides(definition, msgspec.convert(theirs.pop("overrides", {}), m.TaskOverride))
    return TaskPlan(
        definition=definition, containers=containers_, network_mode=mode, launch_type=launch, **(about | theirs)
    )


PLAN = {field.name for field in msgspec.structs.fields(TaskPlan)} - {"cpu", "memory", "launch_type"} | {"overrides"}


class Case(NamedTuple):
    """`changes` is all that a pod has that one of a bare container has not, by its parts: see `parts`."""

    name: str
    containers: list[dict[str, Any]]
    changes: dict[str, dict[str, Any]]
    task: dict[str, Any] = {}  # noqa: RUF012  never written to
    settings: PodSettings = SETTINGS

    @property
    def plan(self) -> TaskPlan:
        return plan(*self.containers, **self.task)

    def manifests(self) -> list[dict[str, Any]]:
        """Everything that a cluster gets for the task."""
        made = plan(*self.containers, **self.task)
        pod = pod_of(made, started=["app"], settings=self.settings)
        return [*filter(None, [secret_of(made, self.settings)]), *claims_of(made, self.settings), pod]


def one(name: str, container: dict[str, Any], changes: dict[str, Any], **rest: Any) -> Case:
    """A container called app whose definition says this, and what of it alone that changes."""
    return Case(name, [container], {"app": changes}, **rest)


def parts(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A pod by its parts: `labels`, `annotations`, `volumes` by name, each container by name, the rest is `pod`."""
    spec = dict(pod["spec"])
    containers = {container.pop("name"): container for container in map(dict, spec.pop("containers"))}
    volumes = {volume.pop("name"): volume for volume in map(dict, spec.pop("volumes", []))}
    metadata = pod["metadata"]
    return {
        "pod": spec,
        "volumes": volumes,
        "labels": metadata["labels"],
        "annotations": metadata["annotations"],
        **containers,
    }


def changes(case: Case) -> dict[str, dict[str, Any]]:
    """What is different in the case's pod; what it does not have any more is None."""
    mode = {"mode": case.task["mode"]} if "mode" in case.task else {}
    before = parts(pod_of(plan(**mode), started=["app"], settings=SETTINGS))
    after = parts(pod_of(case.plan, started=["app"], settings=case.settings))
    before["annotations"].pop("kecs.dev/containers")  # which test_pods looks at
    after["annotations"].pop("kecs.dev/containers")
    found: dict[str, dict[str, Any]] = {}
    for name in [*after, *(name for name in before if name not in after)]:
        then, now = before.get(name, {}), after.get(name, {})
        keys = dict.fromkeys([*now, *then])
        found[name] = {key: now.get(key) for key in keys if now.get(key) != then.get(key)}
    return {name: difference for name, difference in found.items() if difference}


def volume(name: str, size: int | None = None, kind: str | None = None) -> LaunchVolume:
    return LaunchVolume(name=name, size=size, type=kind)
