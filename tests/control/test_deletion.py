"""DeleteTaskDefinitions takes effect once nothing uses the definition any more."""

from __future__ import annotations

import pytest
from tests.scenarios.world import Refused, World


def delete(world: World, *arns: str) -> None:
    for arn in arns:
        world.call("DeregisterTaskDefinition", taskDefinition=arn)
    answer = world.call("DeleteTaskDefinitions", taskDefinitions=list(arns))
    assert [d["status"] for d in answer["taskDefinitions"]] == ["DELETE_IN_PROGRESS"] * len(arns)


def status(world: World, arn: str) -> str | None:
    """The definition's status, None once it is gone."""
    try:
        return str(world.call("DescribeTaskDefinition", taskDefinition=arn)["taskDefinition"]["status"])
    except Refused:
        return None


def test_a_definition_without_users_is_gone_soon(world: World) -> None:
    arn, other = world.define(), world.define()
    delete(world, arn)
    world.clock.advance(1)
    assert (status(world, arn), status(world, other)) == (None, "ACTIVE")


def test_a_definition_is_there_as_long_as_its_task_runs(world: World) -> None:
    arn = world.define()
    task = world.run()["tasks"][0]["taskArn"]
    delete(world, arn)
    world.clock.advance(600)
    assert status(world, arn) == "DELETE_IN_PROGRESS"
    assert world.task(task)["lastStatus"] == "RUNNING"
    world.call("StopTask", task=task)
    world.clock.advance(60)
    assert status(world, arn) is None
    assert world.task(task)["lastStatus"] == "STOPPED"


def test_a_definition_is_there_until_its_service_lets_go_of_it(world: World) -> None:
    arn = world.define()
    world.serve(count=2)
    world.settle()
    delete(world, arn)
    victim = world.tasks()[0]["taskArn"]
    world.runtime.exit_container(victim, "app", 1)
    world.clock.advance(60)
    assert world.stable()  # the service still replaces its tasks
    assert status(world, arn) == "DELETE_IN_PROGRESS"
    world.define()
    world.call("UpdateService", service="s", taskDefinition="web")
    world.settle()
    world.clock.advance(60)
    assert status(world, arn) is None


def test_a_definition_outlives_a_service_only_until_its_tasks_are_gone(world: World) -> None:
    arn = world.define()
    world.serve(count=2)
    world.settle()
    delete(world, arn)
    world.call("DeleteService", service="s", force=True)
    assert status(world, arn) == "DELETE_IN_PROGRESS"
    world.clock.advance(60)
    assert status(world, arn) is None


def test_a_definition_that_is_being_deleted_starts_nothing_new(world: World) -> None:
    arn = world.define()
    world.run()
    delete(world, arn)
    with pytest.raises(Refused):
        world.run(arn)
    with pytest.raises(Refused):
        world.serve(definition=arn)


def test_revisions_go_on_after_all_were_deleted(world: World) -> None:
    delete(world, world.define())
    world.clock.advance(1)
    assert world.define().endswith("/web:2")
