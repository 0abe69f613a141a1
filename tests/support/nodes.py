"""A runtime's nodes that are only talk: a test says what is told of them, and sees what is asked."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kecs.core.records import Node
from kecs.ports.nodes import All, Changed, Gone, Sink


def node(name: str = "one", **members: Any) -> Node:
    """A node with room for 4 CPUs and 8 GiB."""
    return Node(**{"name": name, "uid": f"uid-{name}", "cpu": 4096, "memory": 8192, **members})


class FakeNodes:
    """See ports.nodes.Nodes. What is asked happens at once, unless `slow`."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.slow = False
        self.cordoned: list[tuple[str, bool]] = []
        self.given_up: list[str] = []
        self._sink: Sink | None = None

    def tell(self, sink: Sink) -> None:
        self._sink = sink
        self._say(All(tuple(self.nodes.values())))

    def cordon(self, name: str, unschedulable: bool) -> None:
        self.cordoned.append((name, unschedulable))
        if not self.slow:
            self.change(name, unschedulable=unschedulable)

    def give_up(self, name: str) -> None:
        self.given_up.append(name)

    def add(self, node: Node) -> None:
        self.nodes[node.name] = node
        self._say(Changed(node))

    def change(self, name: str, **members: Any) -> None:
        self.add(replace(self.nodes[name], **members))

    def label(self, name: str, **labels: str | None) -> None:
        """Put labels on it, or take away those that are None; `__` stands for `.dev/`."""
        given = {key.replace("__", ".dev/").replace("_", "-"): value for key, value in labels.items()}
        merged = {**self.nodes[name].labels, **given}
        self.change(name, labels={key: value for key, value in merged.items() if value is not None})

    def remove(self, name: str) -> None:
        del self.nodes[name]
        self._say(Gone(name))

    def _say(self, told: Any) -> None:
        assert self._sink is not None
        self._sink(told)
