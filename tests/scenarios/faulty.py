"""Faults of a world, and what has come of them."""

from __future__ import annotations

from typing import Any

from .world import World


def fault(world: World, kind: str, **members: Any) -> str:
    """Set one; its id."""
    key: str = world.kernel.faults.add({"kind": kind, **members})["id"]
    return key


def struck(world: World, key: str) -> int:
    return int(next(one["struck"] for one in world.kernel.faults.all() if one["id"] == key))


def served(world: World, count: int = 2, *containers: dict[str, Any], **members: Any) -> World:
    world.define("web", *containers)
    world.serve(count=count, **members)
    world.settle()
    return world


def stopped(world: World) -> list[Any]:
    """The tasks that have stopped, oldest first."""
    return [world.task(arn) for arn in world.statuses_of_all("STOPPED")]


def end_of(task: Any) -> tuple[str, str, int | None]:
    return task["stopCode"], task["stoppedReason"], task["containers"][0].get("exitCode")


def messages(world: World) -> list[str]:
    return [event["message"].removeprefix("(service s) ") for event in reversed(world.service()["events"])]
