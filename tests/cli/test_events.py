"""`kecs events --service`: what a person reads of a deployment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import click
import pytest
from msgspec import to_builtins
from tests.cli.conftest import Shell
from tests.scenarios.world import World

from kecs.cli.demo.ecs import Ecs, wait_for
from kecs.cli.events import timeline

APP = {"name": "app", "image": "app:1", "memory": 64, "healthCheck": {"command": ["CMD", "true"], "interval": 5}}
STARTED = re.compile(r"s: deployment \d{19}, started \d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def story(world: World, service: str = "s") -> list[str]:
    return list(timeline(to_builtins(world.kernel.feed.recent()), service))


def told(lines: list[str]) -> Iterator[tuple[float, str]]:
    for line in lines:
        time, _, words = line.strip().partition(" s  ")
        yield float(time), words


@pytest.fixture
def deployed() -> World:
    """A service whose task was healthy after five seconds, and its next deployment."""
    world = World()
    world.runtime.set_script("app:*", {"health_seconds": 5})
    world.define_ec2("web", APP)
    world.define_ec2("next", {**APP, "image": "app:2"})
    for definition in ("web", "next"):
        given = {"launchType": "EC2", "networkConfiguration": None}
        if definition == "web":
            world.serve("s", 1, definition, **given)
        else:
            world.call("UpdateService", service="s", taskDefinition=definition)
        world.clock.advance(100)
    return world


def test_a_deployment_from_its_start(deployed: World) -> None:
    first = story(deployed)
    heading, *lines = first[: first.index("")]
    assert STARTED.fullmatch(heading)
    (task,) = {match[1] for line in lines if (match := re.search(r"task (\w+)", line))}
    assert len(task) == 8
    words = [text for _, text in told(lines)]
    deployment = re.findall(r"\d{19}", heading)[0]
    assert words == [
        f"has started 1 tasks: (task {task}).",
        f"task {task} ACTIVATING -> RUNNING",
        f"container app of task {task} is HEALTHY",
        f"(deployment ecs-svc/{deployment}) deployment completed.",
        "has reached a steady state.",
        words[-1],
    ]
    assert words[-1].endswith("IN_PROGRESS -> SUCCESSFUL")
    times = [time for time, _ in told(lines)]
    assert times == sorted(times)
    assert times[0] == 0.0 < times[2] < 10.0


def test_each_deployment_has_its_own_times(deployed: World) -> None:
    lines = story(deployed)
    second = lines[lines.index("") + 1 :]
    assert STARTED.fullmatch(second[0])
    (stopped,) = [time for time, text in told(second[1:]) if "-> STOPPED (Scaling activity initiated by" in text]
    assert 5.0 <= stopped < 40.0


def test_another_service_is_not_told_of(deployed: World) -> None:
    assert story(deployed, "other") == []
    assert story(deployed, "arn:aws:ecs:us-east-1:000000000000:service/default/s") == story(deployed)


def test_two_services_of_one_name_are_told_apart(deployed: World) -> None:
    deployed.call("CreateCluster", clusterName="b")
    deployed.serve("s", 1, cluster="b", launchType="EC2", networkConfiguration=None)
    deployed.clock.advance(10)
    with pytest.raises(click.ClickException, match=r"name one by its ARN: .*service/default/s, .*service/b/s"):
        story(deployed)
    assert story(deployed, "arn:aws:ecs:us-east-1:000000000000:service/b/s")


def test_the_command_tells_of_a_service(running: Shell) -> None:
    assert "KECS remembers nothing of a service s." in running.refused("events", "--service", "s")
    url = dict(line.removeprefix("export ").split("=", 1) for line in running.ok("env").splitlines())
    with closing(Ecs(url["AWS_ENDPOINT_URL"])) as ecs:
        ecs.call("RegisterTaskDefinition", family="web", containerDefinitions=[{**APP, "healthCheck": None}])
        ecs.call("CreateService", serviceName="s", taskDefinition="web", desiredCount=1, launchType="EC2")

        def steady() -> Any:
            (service,) = ecs.call("DescribeServices", services=["s"])["services"]
            return True if service["deployments"][0]["rolloutState"] == "COMPLETED" else None

        wait_for("a steady service", steady, 30)
    heading, first, *_, last = running.ok("events", "--service", "s").splitlines()
    assert STARTED.fullmatch(heading)
    assert "has started 1 tasks" in first
    assert last.endswith("IN_PROGRESS -> SUCCESSFUL")
