"""What a runtime sees of a task that no record says: for the metadata inside it. Runtimes fill it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kecs.core.records import Record

Statistics = dict[str, Any]
"""Of a container, in the shape of Docker's ContainerStats."""


class SeenVolume(Record):
    destination: str
    name: str | None = None
    source: str | None = None


class SeenContainer(Record):
    """A container that has been created."""

    name: str  # what the runtime calls it
    id: str | None = None
    image_id: str | None = None
    created_at: float | None = None
    started_at: float | None = None
    addresses: tuple[str, ...] = ()  # IPv4, in the network of its network mode
    volumes: tuple[SeenVolume, ...] = ()
    health: Mapping[str, Any] = {}  # of its last check: statusSince, exitCode, output
    written: int = 0  # bytes on the task's storage


class SeenTask(Record):
    """A task: its containers by name, and the subnet of its network interface."""

    containers: Mapping[str, SeenContainer] = {}
    subnet: str | None = None  # as 172.18.0.0/16
    gateway: str | None = None
    name_servers: tuple[str, ...] = ()


NOTHING = SeenTask()
