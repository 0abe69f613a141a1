"""The protocol between KECS and a runtime that has machines of its own: what it tells of them and does with them.

`runtimes/` implements it where there are such machines, `control.instances.nodes` makes container instances of what it
hears. Commands return at once, and what comes of them is told as a change of the node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kecs.core.records import Node, Record


class All(Record):
    """These nodes are there and no others."""

    nodes: tuple[Node, ...]


class Changed(Record):
    """A node is new, or something of it that KECS knows is different."""

    node: Node


class Gone(Record):
    """The node of this name is there no more."""

    name: str


Told = All | Changed | Gone
Sink = Callable[[Told], None]


class Nodes(Protocol):
    """The machines that a runtime runs tasks on."""

    def tell(self, sink: Sink) -> None:
        """Tell of all nodes there are as soon as that is known, at once if it is, and from then on of every change.
        When asked once more: once more from the beginning, to the new sink alone."""

    def cordon(self, name: str, unschedulable: bool) -> None:
        """Have nothing new placed on the node, or have it placed there again; the last word counts. It is tried until
        it has been done or refused, or the node is gone."""

    def give_up(self, name: str) -> None:
        """The node will not come back with what is on it: remove its tasks without waiting for it. Exited follows for
        each of their containers."""
