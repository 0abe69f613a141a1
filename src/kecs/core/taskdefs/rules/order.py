"""Rules about containers that need each other: links, volumesFrom and dependsOn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, containers, has_cycle, mode


def _linked(container: m.ContainerDefinition) -> list[str]:
    return [link.partition(":")[0] for link in container.links or ()]


def _mounted(container: m.ContainerDefinition) -> list[str]:
    return [source.source_container or "null" for source in container.volumes_from or ()]


def _awaited(container: m.ContainerDefinition) -> list[str]:
    return [dependency.container_name for dependency in container.depends_on or ()]


def _all(container: m.ContainerDefinition) -> list[str]:
    return [*_linked(container), *_mounted(container), *_awaited(container)]


def _links(definition: m.TaskDefinition) -> Iterator[str]:
    if mode(definition) != "bridge" and any(c.links for c in containers(definition)):
        yield f"Links are not supported when networkMode={mode(definition)}."


def _known(of: Callable[[m.ContainerDefinition], list[str]], text: str) -> Rule:
    def rule(definition: m.TaskDefinition) -> Iterator[str]:
        names = {c.name for c in containers(definition)}
        for container in containers(definition):
            for name in of(container):
                if name not in names:
                    yield text.format(name)

    return rule


def _acyclic(of: Callable[[m.ContainerDefinition], list[str]], text: str) -> Rule:
    def rule(definition: m.TaskDefinition) -> Iterator[str]:
        if has_cycle({c.name or "": of(c) for c in containers(definition)}):
            yield text

    return rule


def _conditions(definition: m.TaskDefinition) -> Iterator[str]:
    by_name = {c.name: c for c in containers(definition)}
    for container in containers(definition):
        for dependency in container.depends_on or ():
            target = by_name[dependency.container_name]
            if dependency.condition in ("SUCCESS", "COMPLETE") and target.essential:
                yield "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
            if dependency.condition == "HEALTHY" and target.health_check is None:
                yield "A dependency container with HEALTHY condition must have health check configured"


RULES: tuple[Rule, ...] = (
    _links,
    _known(_linked, "Invalid 'links' setting. Unknown container: '{}'."),
    _known(_mounted, "Invalid 'volumesFrom' setting. Unknown container: '{}'."),
    _known(_awaited, "Cannot depend on container + '{}' because it does not exist"),
    _acyclic(_linked, "Container links should not have a cycle"),
    _acyclic(_mounted, "Container volumesFrom should not have a cycle"),
    _acyclic(_all, "Container dependencies should not have a cycle"),
    _conditions,
)
