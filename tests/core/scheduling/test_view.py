"""DescribeServices' picture of a service."""

from __future__ import annotations

from tests.core.scheduling.world import World

from kecs.core.scheduling.view import service_view


def test_right_after_creation():
    world = World(3)
    view = service_view(world.service, [])
    assert (view.desired_count, view.running_count, view.pending_count) == (3, 0, 0)
    assert (view.status, view.service_name, view.events) == ("ACTIVE", "web", [])
    (deployment,) = view.deployments or []
    assert (deployment.status, deployment.rollout_state) == ("PRIMARY", "IN_PROGRESS")
    assert deployment.rollout_state_reason == f"ECS deployment {deployment.id} in progress."
    assert (deployment.desired_count, deployment.running_count, deployment.pending_count) == (3, 0, 0)
    assert deployment.failed_tasks == 0
    assert view.task_definition == deployment.task_definition


def test_in_the_middle_of_a_rollout():
    world = World(2)
    world.settle()
    world.deploy()
    world.reconcile()
    world.run(world.pending()[0])
    world.reconcile()
    view = service_view(world.service, list(world.tasks.values()))
    assert (view.running_count, view.pending_count) == (3, 1), "the old task that was told to stop still runs"
    new, old = view.deployments or []
    assert (new.status, new.desired_count, new.running_count, new.pending_count) == ("PRIMARY", 2, 1, 1)
    assert (old.status, old.desired_count, old.running_count, old.pending_count) == ("ACTIVE", 1, 2, 0)
    assert (new.rollout_state, old.rollout_state) == ("IN_PROGRESS", "COMPLETED")


def test_when_it_is_gone():
    world = World(1)
    world.settle()
    world.delete()
    world.settle()
    view = service_view(world.service, [])
    assert (view.status, view.desired_count, view.running_count, view.deployments) == ("INACTIVE", 0, 0, [])
