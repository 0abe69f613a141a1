"""A restart from the journal, at any instant of whatever is under way, comes to the end it would have come to anyway.

Two worlds live through the same calls and accidents; one of them is killed in between. Time then passes until nothing
moves any more, and both tell the same of themselves. What a restart costs by nature is left out: the simulated
containers that died with it, and so the times, events and identifiers of their successors.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.properties.watching import content
from tests.scenarios.machines import machine
from tests.scenarios.shifting import BALANCER, DAY, ELB
from tests.scenarios.world import START, Refused, World
from tests.support.journals import MemoryJournal

SCRIPTS: dict[str, dict[str, Any]] = {
    "slow": {"pull_seconds": 20, "start_seconds": 3},
    "gone": {"pull_error": "manifest unknown"},
    "broken": {"start_error": "no such file"},
    "sick": {"health": "UNHEALTHY@3"},
}
CHECK = {"command": ["CMD-SHELL", "true"]}
FAMILIES = ("app", "slow", "gone", "broken", "sick")
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
STRATEGIES: tuple[dict[str, Any], ...] = (
    {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 2},
    {"strategy": "LINEAR", "bakeTimeInMinutes": 1, "linearConfiguration": {"stepPercent": 33.3}},
    {"strategy": "CANARY", "bakeTimeInMinutes": 1, "canaryConfiguration": {"canaryPercent": 12.5}},
    {"strategy": "ROLLING", "bakeTimeInMinutes": 1},
)
GROUPS = tuple(f"{ELB}:targetgroup/{name}" for name in ("one/1", "two/2", "three/3"))
BALANCERS = [{"targetGroupArn": GROUPS[2], "containerName": "app", "containerPort": 80}]
ON_INSTANCES: dict[str, Any] = {"launchType": "EC2", "networkConfiguration": None}
SERVICES: dict[str, dict[str, Any]] = {
    "rolling": {"count": 3, "loadBalancers": BALANCERS, "deploymentConfiguration": BREAKER},
    "packed": {"count": 2, **ON_INSTANCES, "deploymentConfiguration": BREAKER},
    "daemon": {"count": None, **ON_INSTANCES, "schedulingStrategy": "DAEMON", "deploymentConfiguration": BREAKER},
    "shifting": {"count": 2, "loadBalancers": [BALANCER], "deploymentConfiguration": {**STRATEGIES[0], **BREAKER}},
}
NAMES = st.sampled_from(list(SERVICES))
REPLICAS = st.sampled_from(["rolling", "packed", "shifting"])
SECONDS = st.sampled_from([0.0, 0.0005, 0.001, 0.0025, 0.01, 1.0, 21.0, 70.0, 130.0, 600.0])
Step = tuple[Any, ...]  # a function of the world, and its other arguments


def furnish(world: World) -> None:
    """Two instances, and a service of each kind at rest."""
    for number, zone in enumerate(("us-east-1a", "us-east-1b")):
        machine(world, number, zone)
    for image in FAMILIES:
        container = {"name": "app", "image": image, "memory": 128, "healthCheck": CHECK}
        world.define(image, {**container, "portMappings": [{"containerPort": 80, "name": "http"}]})
        world.define_ec2(f"{image}-ec2", container)
    for name, members in SERVICES.items():
        world.serve(name, definition=family(name, "app"), **members)
    world.clock.advance(600)


def family(service: str, image: str) -> str:
    return f"{image}-ec2" if SERVICES[service].get("launchType") == "EC2" else image


def ask(world: World, operation: str, **members: Any) -> None:
    try:
        world.call(operation, **members)
    except Refused as refused:
        if refused.status != 400:
            raise


# -- what happens meanwhile -------------------------------------------------------------------------------------------


def scale(world: World, service: str, count: int) -> None:
    ask(world, "UpdateService", service=service, desiredCount=count)


def deploy(world: World, service: str, image: str, strategy: dict[str, Any]) -> None:
    configuration = BREAKER | (strategy if service == "shifting" else {})
    members = {"taskDefinition": family(service, image), "deploymentConfiguration": configuration}
    ask(world, "UpdateService", service=service, forceNewDeployment=True, **members)


def delete(world: World, service: str) -> None:
    ask(world, "DeleteService", service=service, force=True)


def stop_a_task(world: World, service: str) -> None:
    for task in world.call("ListTasks", serviceName=service)["taskArns"][:1]:
        ask(world, "StopTask", task=task)


def sicken(world: World, service: str) -> None:
    """A task fails the health checks of its service's load balancer."""
    arns = world.call("ListTasks", serviceName=service)["taskArns"]
    for task in world.targets.all():
        if task["task"] in arns[:1]:
            with suppress(ValueError):
                world.targets.set("default", task["task"], "unhealthy")


def check_targets(world: World, group: str, health: Any) -> None:
    """Health checks of a target group go on without a verdict, or have one again."""
    world.targets.set_group(group, health)


def turn(world: World, status: str) -> None:
    """The first instance; the second always has room for tasks that a restart has cost."""
    instance = next(iter(world.kernel.store.instances)).arn
    world.call("UpdateContainerInstancesState", containerInstances=[instance], status=status)


def another_instance(world: World) -> None:
    machine(world, len(list(world.kernel.store.instances)))


STEPS = st.one_of(
    st.tuples(st.just(scale), REPLICAS, st.integers(0, 5)),
    st.tuples(st.just(deploy), NAMES, st.sampled_from(FAMILIES), st.sampled_from(STRATEGIES)),
    st.tuples(st.just(stop_a_task), NAMES),
    st.tuples(st.just(sicken), st.sampled_from(["rolling", "shifting"])),
    st.tuples(st.just(check_targets), st.sampled_from(GROUPS), st.sampled_from(["initial", "healthy"])),
    st.tuples(st.just(turn), st.sampled_from(["DRAINING", "ACTIVE"])),
    st.tuples(st.just(another_instance)),
    st.tuples(st.just(delete), NAMES),
)


# -- two lives --------------------------------------------------------------------------------------------------------


def born(journal: MemoryJournal, now: float, seed: int) -> World:
    world = World(journal=journal, start=now, seed=seed)
    for image, script in SCRIPTS.items():
        world.runtime.set_script(image, script)
    return world


def restarted(before: World, journal: MemoryJournal) -> World:
    world = born(journal, before.clock.now(), seed=2)
    assert content(world) == content(before)
    asyncio.run(world.kernel.recover())
    return world


def end(steps: list[tuple[Step, float]], killed: int | None = None, moment: float = 0.0) -> dict[str, Any]:
    """What there is in the end; `killed` is the step after which, when `moment` has passed, KECS starts again."""
    journal = MemoryJournal()
    world = born(journal, START, seed=1)
    furnish(world)
    for number, ((call, *arguments), seconds) in enumerate(steps):
        call(world, *arguments)
        if number == killed:
            world.clock.advance(min(moment, seconds))
            world = restarted(world, journal)
            world.clock.advance(seconds - min(moment, seconds))
        else:
            world.clock.advance(seconds)
    for group in GROUPS:
        check_targets(world, group, "healthy")
    world.clock.advance(2 * DAY)
    assert not world.kernel.control.queue.busy
    return shown(world)


def shown(world: World) -> dict[str, Any]:
    """Services, their deployments and tasks as callers see them."""
    services = world.call("DescribeServices", services=list(SERVICES))["services"]
    return {service["serviceName"]: one(world, service) for service in services}


def one(world: World, service: dict[str, Any]) -> dict[str, Any]:
    tasks = world.tasks(service["serviceName"]) if service["status"] == "ACTIVE" else []
    return {
        "service": [service[name] for name in ("status", "desiredCount", "runningCount", "pendingCount")],
        "deployments": [
            (d["status"], d["rolloutState"], d["taskDefinition"], d["desiredCount"], d["runningCount"])
            for d in service["deployments"]
        ],
        "tasks": Counter((task["taskDefinitionArn"], task["lastStatus"]) for task in tasks),
        "traffic": [share(d) for d in world.kernel.store.services if d.name == service["serviceName"]],
    }


def share(service: Any) -> list[tuple[float | None, float | None]]:
    return [(deployment.production_weight, deployment.test_weight) for deployment in service.deployments]


@settings(max_examples=50)
@given(steps=st.lists(st.tuples(STEPS, SECONDS), min_size=1, max_size=6), killed=st.integers(0, 5), moment=SECONDS)
@example(steps=[((deploy, "packed", "broken", {}), 70.0)], killed=0, moment=0.0025)  # between pull and start
@example(  # baking, with no task whose loss would tell the scheduler
    steps=[((scale, "shifting", 0), 600.0), ((deploy, "shifting", "app", STRATEGIES[0]), 600.0)], killed=1, moment=21.0
)
def test_a_restart_comes_to_the_same_end(steps: list[tuple[Step, float]], killed: int, moment: float) -> None:
    assert end(steps, killed % len(steps), moment) == end(steps)
