"""A service whose deployments are looked at and stopped."""

from __future__ import annotations

from typing import Any

from .world import World

SECURE = {"awsvpcConfiguration": {"subnets": ["subnet-2"], "securityGroups": ["sg-1"]}}


def rolled_out(world: World) -> World:
    """A world with a service `s` of three tasks that has rolled out once, and an image that cannot be pulled."""
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("web")
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(count=3)
    world.settle()
    world.clock.advance(60)
    return world


def listed(world: World, **members: Any) -> list[Any]:
    found: list[Any] = world.call("ListServiceDeployments", service="s", **members)["serviceDeployments"]
    return found


def described(world: World, arn: str | None = None) -> Any:
    arns = [arn or listed(world)[0]["serviceDeploymentArn"]]
    answer = world.call("DescribeServiceDeployments", serviceDeploymentArns=arns)
    assert answer["failures"] == []
    return answer["serviceDeployments"][0]


def revision(world: World, arn: str) -> Any:
    return world.call("DescribeServiceRevisions", serviceRevisionArns=[arn])["serviceRevisions"][0]


def update(world: World, **members: Any) -> Any:
    return world.call("UpdateService", service="s", **members)["service"]


def stop(world: World, kind: str | None = None, arn: str | None = None) -> str:
    arn = arn or listed(world)[0]["serviceDeploymentArn"]
    members = {"stopType": kind} if kind else {}
    answer = world.call("StopServiceDeployment", serviceDeploymentArn=arn, **members)
    assert answer == {"serviceDeploymentArn": arn}
    return arn


def statuses(world: World, arn: str) -> list[str | None]:
    return [event.after for event in world.events("service-deployment") if event.arn == arn]


def counts(summary: Any) -> tuple[int, int, int]:
    return summary["requestedTaskCount"], summary["runningTaskCount"], summary["pendingTaskCount"]
