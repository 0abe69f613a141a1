"""A container definition as the containers of a pod: its first run, and the slots in which it may run again.

A table like that of the Docker runtime: each row says which key of Kubernetes' Container it fills, from which fields,
and how; a value of None leaves the key out, so that the image's own setting or Kubernetes' default holds. A test checks
that every field of the model stands in a row, in another part of the pod, or in a list of what is not acted on.
Model shape ContainerDefinition; Kubernetes API, Container v1 core. Called by `pods`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.tasks import ecr
from kecs.core.tasks.environment import Way, container_environment
from kecs.core.tasks.images import with_tag
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.settings import PodSettings

HELD = "HELD:not-due-yet"
"""The image of a container whose turn has not come. Repositories have no capitals, so a kubelet finds it invalid: it
asks no registry, starts nothing and waits for another."""

PULL = {"missing": "IfNotPresent", "always": "Always", "never": "Never"}

_REFERENCE = re.compile(r"\$(?=[$(])")


class Source(NamedTuple):
    """All that a container of a pod depends on."""

    plan: TaskPlan
    container: m.ContainerDefinition
    settings: PodSettings
    way: Way | None = None  # how it reaches KECS


class Row(NamedTuple):
    key: str
    fields: tuple[str, ...]
    value: Callable[[Source], Any]


def image_of(plan: TaskPlan, container: str, settings: PodSettings) -> str:
    """The image that starts the container. One of ECR's comes from what stands in for ECR, if there is anything."""
    image = plan.container(container).image or ""
    return with_tag(ecr.names(image, settings.ecr_registry)[-1] if settings.ecr_registry else image)


def may_restart(container: m.ContainerDefinition) -> bool:
    return container.restart_policy is not None and bool(container.restart_policy.enabled)


def spares(container: m.ContainerDefinition) -> int:
    """How many times it can be started again in its pod."""
    return names.SPARES if may_restart(container) else 0


def containers_of(source: Source, *, started: bool) -> Iterator[dict[str, Any]]:
    """Its container in the pod, held unless it is `started`, then its spare slots."""
    name = source.container.name or ""
    image = image_of(source.plan, name, source.settings) if started else HELD
    values = ((row.key, row.value(source)) for row in ROWS)
    body = {key: value for key, value in values if value is not None}
    yield {"name": names.slot_name(name), "image": image, **body}
    for number in range(1, spares(source.container) + 1):
        yield {"name": names.slot_name(name, number), "image": HELD, **body}


def literal(text: str) -> str:
    """The text so that Kubernetes, which replaces `$(NAME)` in commands and variables, leaves it as it is."""
    return _REFERENCE.sub("$$", text)


def _literals(texts: list[str] | None) -> list[str] | None:
    return [literal(text) for text in texts or ()] or None


def _environment(s: Source) -> list[dict[str, Any]]:
    values = container_environment(s.plan, s.container, s.way)
    return [{"name": name, "value": literal(value)} for name, value in values.items()]


ROWS: tuple[Row, ...] = (
    Row("imagePullPolicy", ("image",), lambda s: PULL[s.settings.pull]),
    Row("command", ("entry_point",), lambda s: _literals(s.container.entry_point)),
    Row("args", ("command",), lambda s: _literals(s.container.command)),
    Row("workingDir", ("working_directory",), lambda s: s.container.working_directory),
    Row("env", ("environment",), _environment),
)
