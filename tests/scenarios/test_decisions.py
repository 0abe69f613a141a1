"""What was decided for a service, and from what: kept, exported as JSON, and decided again by the pure scheduler."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kecs.app.console import KernelConsole
from kecs.control.services import decisions as module
from kecs.core.scheduling.replay import decisions_of, replay

from .machines import machine
from .test_task_sets import add, settle
from .test_task_sets import serve as serve_externally
from .world import World

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def export(world: World, service: str | None = "s") -> Any:
    """As it comes over HTTP."""
    return json.loads(json.dumps(KernelConsole(world.kernel, "test").state(service=service, history=True)))


@pytest.fixture
def rolled_back(world: World) -> World:
    """A service that was deployed, scaled, updated to an image that is not there, and taken back."""
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("web", {"name": "app", "image": "app:1", "healthCheck": {"command": ["CMD", "true"]}})
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(count=2)
    world.clock.advance(60)
    world.call("UpdateService", service="s", desiredCount=5)
    world.clock.advance(60)
    world.call("UpdateService", service="s", taskDefinition="bad", deploymentConfiguration=BREAKER)
    world.clock.advance(3600)
    return world


def test_the_scheduler_decides_the_same_again(rolled_back: World) -> None:
    decisions = decisions_of(export(rolled_back))
    assert [sum(launch.count for launch in d.plan.launches) for d in decisions if d.plan.launches][:2] == [2, 3]
    texts = {event["message"].partition(") ")[2] for event in rolled_back.service()["events"]}
    assert any(text.startswith("rolling back to deployment") for text in texts)
    assert texts - {event.message.partition(") ")[2] for event in decisions[-1].plan.service.events} == set()
    assert replay(decisions) == []


def test_another_decision_is_shown_with_what_it_was(rolled_back: World) -> None:
    exported = export(rolled_back)
    first = exported["history"][0]["decisions"][0]
    first["plan"]["launches"][0]["count"] = 1
    ((decision, planned),) = replay(decisions_of(exported))
    assert (decision.plan.launches[0].count, planned.launches[0].count) == (1, 2)


def test_task_sets_are_decided_again_too(world: World) -> None:
    world.define()
    serve_externally(world, 4)
    settle(world, add(world, 50), add(world, 100))
    decisions = decisions_of(export(world))
    assert len({decision.task_set for decision in decisions}) == 2
    assert replay(decisions) == []


def test_daemon_services_are_decided_again_too(world: World) -> None:
    for number in range(3):
        machine(world, number)
    world.define_ec2("web")
    world.serve(count=None, launchType="EC2", networkConfiguration=None, schedulingStrategy="DAEMON")
    world.settle()
    decisions = decisions_of(export(world))
    assert sum(len(launch.instances) for d in decisions for launch in d.plan.launches) == 3
    assert replay(decisions) == []


def test_what_did_nothing_is_not_kept(world: World) -> None:
    world.define()
    world.serve(count=1)
    world.clock.advance(60)
    before = decisions_of(export(world))
    arn = world.service()["serviceArn"]
    world.call("TagResource", resourceArn=arn, tags=[{"key": "team", "value": "a"}])
    world.clock.advance(60)
    assert decisions_of(export(world)) == before


def test_a_service_alone(world: World) -> None:
    world.define("web")
    world.define("job")
    world.serve("s", 1)
    world.serve("other", 1)
    world.run("job")
    world.settle()
    state = export(world)
    assert [service["serviceName"] for service in state["services"]] == ["s"]
    assert [task["group"] for task in state["tasks"]] == ["service:s"]
    assert [history["service"].rsplit("/", 1)[1] for history in state["history"]] == ["s"]
    assert {record["service_arn"] for record in state["records"]["service_deployments"]} == {
        "arn:aws:ecs:us-east-1:000000000000:service/default/s"
    }
    assert export(world, state["services"][0]["serviceArn"]) == state
    assert len(export(world, None)["history"]) == 2
    assert (export(world, "nothing")["services"], export(world, "nothing")["clusters"]) == ([], [])


def test_only_the_newest_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_TASKS", 12)
    world.define()
    world.serve(count=1)
    world.settle()
    for count in (3, 1, 3, 1, 3):
        world.call("UpdateService", service="s", desiredCount=count)
        world.settle()
    decisions = decisions_of(export(world))
    assert len(decisions) > 2
    assert sum(len(decision.snapshot.tasks) for decision in decisions) <= 12
    assert decisions[-1].plan.service.steady
    assert replay(decisions) == []


def test_services_beyond_the_most_are_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SERVICES", 2)
    world.define()
    for name in ("a", "b", "c"):
        world.serve(name, 1)
        world.settle(name)
    assert [bool(history["decisions"]) for history in export(world, None)["history"]] == [False, True, True]
