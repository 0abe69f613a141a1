"""What all rules share: their form, and walking over what a definition contains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from kecs.aws.model import ecs as m

Rule = Callable[[m.TaskDefinition], Iterator[str]]
"""What is wrong with a normalised definition, in ECS's words; nothing when the rule is kept."""


def containers(definition: m.TaskDefinition) -> Sequence[m.ContainerDefinition]:
    return definition.container_definitions or ()


def volumes(definition: m.TaskDefinition) -> Sequence[m.Volume]:
    return definition.volumes or ()


def mode(definition: m.TaskDefinition) -> str:
    """The network mode that tasks of the definition get."""
    return definition.network_mode or "bridge"


def per_container(check: Callable[[m.ContainerDefinition], Iterator[str]]) -> Rule:
    """The rule that makes `check` of each container."""

    def rule(definition: m.TaskDefinition) -> Iterator[str]:
        for container in containers(definition):
            yield from check(container)

    return rule


def repeated(values: Iterable[str | None]) -> str | None:
    """The first value that was there before."""
    seen: set[str | None] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def has_cycle(graph: Mapping[str, Iterable[str]]) -> bool:
    """Whether following the edges of `graph` from some node leads back to it."""
    finished: set[str] = set()
    open_path: dict[str, Iterator[str]] = {}
    for start in graph:
        stack = [] if start in finished else [start]
        while stack:
            node = stack[-1]
            edges = open_path.setdefault(node, iter(graph.get(node, ())))
            following = next(edges, None)
            if following is None:
                finished.add(stack.pop())
                del open_path[node]
            elif following in open_path:
                return True
            elif following not in finished:
                stack.append(following)
    return False
