"""Which tasks count as healthy, and for how long failed checks are ignored.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html (minimumHealthyPercent)
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html (healthCheckGracePeriodSeconds)
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.core.scheduling.world import GROUPS, World
from tests.core.tasks.tasks import World as TaskWorld
from tests.core.tasks.tasks import container

from kecs.core.records.targets import TargetRecord
from kecs.core.scheduling.counts import is_healthy
from kecs.core.scheduling.snapshot import service_task

# Containers, as (essential, health; None: no check) -> whether a RUNNING task of them is healthy
HEALTHY = [
    ([(True, None)], True),
    ([(True, "HEALTHY")], True),
    ([(True, "UNKNOWN")], False),
    ([(True, "UNHEALTHY")], False),
    ([(True, "HEALTHY"), (True, "UNKNOWN")], False),
    ([(True, "HEALTHY"), (True, "UNHEALTHY")], False),
    ([(True, "HEALTHY"), (True, None)], True),
    ([(True, None), (False, "UNHEALTHY")], True),
    ([(True, "HEALTHY"), (False, "UNHEALTHY")], True),
]


@pytest.mark.parametrize(("containers", "healthy"), HEALTHY)
def test_the_checks_of_essential_containers_decide(containers, healthy):
    task = TaskWorld(*(container(f"c{number}") for number in range(len(containers)))).task
    checked = zip(task.containers, containers, strict=True)
    own = tuple(replace(container, essential=e, health=health) for container, (e, health) in checked)
    running = replace(task, containers=own, last_status="RUNNING")
    assert is_healthy(service_task(running)) is healthy
    assert not is_healthy(service_task(replace(running, last_status="PENDING")))
    assert not is_healthy(service_task(replace(running, desired_status="STOPPED")))


# Check of the container (None: it has none), and what each load balancer says -> whether a RUNNING task is healthy
BALANCED = [
    (None, ["healthy"], True),
    (None, ["initial"], False),
    (None, ["unused"], False),
    (None, ["unhealthy"], False),
    (None, ["healthy", "healthy"], True),
    (None, ["healthy", "initial"], False),
    (None, ["unhealthy", "healthy"], False),
    ("HEALTHY", ["healthy"], True),
    ("HEALTHY", ["initial"], False),
    ("UNKNOWN", ["healthy"], False),
    ("UNHEALTHY", ["healthy"], False),
]


@pytest.mark.parametrize(("check", "balancers", "healthy"), BALANCED)
def test_every_load_balancer_has_to_agree(check, balancers, healthy):
    task = TaskWorld(container("app")).task
    targets = tuple(
        TargetRecord(group=str(number), container="app", port=80, health=health)
        for number, health in enumerate(balancers)
    )
    containers = tuple(replace(container, health=check) for container in task.containers)
    running = replace(task, containers=containers, targets=targets, last_status="RUNNING")
    assert is_healthy(service_task(running)) is healthy


@pytest.mark.parametrize(
    ("container", "targets", "reason"),
    [
        ("UNHEALTHY", [], "Task failed container health checks"),
        ("UNHEALTHY", ["unhealthy"], "Task failed container health checks"),
        ("HEALTHY", ["healthy", "unhealthy"], f"Task failed ELB health checks in (target-group {GROUPS[1]})"),
    ],
)
def test_what_the_stopped_task_says(container, targets, reason):
    world = World(1, checks=True, balancers=len(targets))
    world.settle()
    task = world.running()[0]
    world.check(task, container)
    for number, health in enumerate(targets):
        world.check_target(world.tasks[task.arn], number, health)
    world.reconcile()
    (other,) = world.pending()
    world.run(other)
    world.check(world.tasks[other.arn], "HEALTHY")
    for number in range(len(targets)):
        world.check_target(world.tasks[other.arn], number, "healthy")
    world.reconcile()
    stopped = [event for event in world.messages() if "health checks" in event or "is unhealthy in" in event]
    assert len(stopped) == 1
    assert world.reasons[task.arn] == reason


def unhealthy(grace: int) -> World:
    """A service of two tasks, one of which fails its check 10 seconds after it has started."""
    world = World(2, checks=True, grace=grace)
    world.settle()
    world.now += 10
    world.check(world.running()[0], "UNHEALTHY")
    world.reconcile()
    return world


@pytest.mark.parametrize(("grace", "replaced"), [(0, 1), (10, 1), (11, 0), (2_147_483_647, 0)])
def test_failed_checks_count_once_the_grace_period_is_over(grace, replaced):
    assert len(unhealthy(grace).pending()) == replaced


def test_a_task_that_gets_well_in_its_grace_period_stays():
    world = unhealthy(60)
    task = next(task for task in world.running() if task.health == "UNHEALTHY")
    world.check(task, "HEALTHY")
    world.now += 120
    world.reconcile()
    assert (len(world.running()), world.pending(), world.service.steady) == (2, [], True)


def test_of_too_many_tasks_those_that_fail_their_checks_stop_first_in_their_grace_period_too():
    world = unhealthy(60)
    world.scale(1)
    world.reconcile()
    assert [task.health for task in world.stopping()] == ["UNHEALTHY"]


def test_the_service_is_not_steady_in_the_meantime():
    world = unhealthy(60)
    assert not world.service.steady
    assert world.last is not None
    assert world.last.wake_at == world.now + 50
