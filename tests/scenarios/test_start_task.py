"""StartTask: on the instances that are named, and on no others."""

from __future__ import annotations

from typing import Any

import pytest

from .machines import described, machine
from .managed import Managed
from .world import NETWORK, Refused, World

UNKNOWN = "0" * 32


def start(world: World, *instances: str, **members: Any) -> Any:
    given = {"taskDefinition": "web", "containerInstances": list(instances), **members}
    return world.call("StartTask", **given)


def test_a_task_starts_on_each_instance_that_is_named(world: World) -> None:
    world.define_ec2("web")
    first, second, _other = (machine(world, number) for number in range(3))
    tags = [{"key": "team", "value": "a"}]
    answer = start(world, first, second.split("/")[-1], first, startedBy="me", tags=tags)
    assert [task["containerInstanceArn"] for task in answer["tasks"]] == [first, second, first]
    assert {(task["startedBy"], task["group"], task["launchType"]) for task in answer["tasks"]} == {
        ("me", "family:web", "EC2")
    }
    assert answer["tasks"][0]["tags"] == tags
    world.clock.advance(5)
    assert [described(world, arn)["runningTasksCount"] for arn in (first, second)] == [2, 1]


def test_each_instance_that_takes_none_is_a_failure(world: World) -> None:
    world.define_ec2("web")
    world.call("CreateCluster", clusterName="other")
    fit, elsewhere = machine(world, 1), machine(world, 2, cluster="other")
    answer = start(world, UNKNOWN, fit, elsewhere)
    assert [task["containerInstanceArn"] for task in answer["tasks"]] == [fit]
    unknown = fit.replace(fit.split("/")[-1], UNKNOWN)
    assert answer["failures"] == [{"arn": unknown, "reason": "MISSING"}, {"arn": elsewhere, "reason": "MISSING"}]


def test_what_is_external_or_managed_shows_with_the_task(world: World) -> None:
    world.define_ec2("web")
    external = machine(world, attributes=[{"name": "ecs.capability.external"}])
    assert start(world, external)["tasks"][0]["launchType"] == "EXTERNAL"
    managed = Managed(world)
    managed.run()
    world.until(lambda: managed.statuses() == ["ACTIVE"] * 2)
    small = {"networkMode": "host", "requiresCompatibilities": ["MANAGED_INSTANCES"], "cpu": "128", "memory": "128"}
    world.define("small", **small)
    (task,) = start(world, managed.instances[-1].arn, taskDefinition="small")["tasks"]
    assert (task["launchType"], task["capacityProviderName"]) == ("MANAGED_INSTANCES", "mi")


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"containerInstances": []}, "Container Instances cannot be empty."),
        ({"containerInstances": [UNKNOWN] * 11}, "instanceIds can have at most 10 items."),
        ({"startedBy": "x" * 37}, "startedBy longer than 36."),
        ({"taskDefinition": "nothing"}, "TaskDefinition not found."),
        ({"networkConfiguration": NETWORK}, "Network Configuration is not valid"),
        ({"propagateTags": "SERVICE"}, "Tags cannot be propagated from a service"),
        ({"enableExecuteCommand": True}, "a valid task role is not being used"),
        ({"overrides": {"containerOverrides": [{"name": "x", "cpu": 1}]}}, "named x is not a container"),
        ({"cluster": "elsewhere"}, "ClusterNotFoundException"),
    ],
)
def test_what_cannot_start_is_refused(world: World, members: dict[str, Any], text: str) -> None:
    world.define_ec2("web")
    arn = machine(world)
    with pytest.raises(Refused, match=text):
        start(world, **{"containerInstances": [arn], **members})
    assert len(world.kernel.store.tasks) == 0
