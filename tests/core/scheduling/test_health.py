"""Which tasks count as healthy, and for how long failed checks are ignored.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html (minimumHealthyPercent)
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html (healthCheckGracePeriodSeconds)
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.core.scheduling.world import World
from tests.core.tasks.tasks import World as TaskWorld
from tests.core.tasks.tasks import container

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
