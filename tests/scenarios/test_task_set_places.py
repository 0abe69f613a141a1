"""Where the tasks of task sets run: on the capacity of a strategy, on container instances that come, drain and go."""

from __future__ import annotations

from .machines import machine
from .test_task_sets import add, change, described, messages, refusal, scale, serve, settle, started
from .world import World

EC2 = {"launchType": "EC2", "networkConfiguration": None}


def test_a_capacity_provider_strategy_of_a_task_set(world: World) -> None:
    world.define()
    strategy = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[],
    )
    serve(world, 5)
    task_set = add(world, launchType=None, capacityProviderStrategy=strategy)
    assert "launchType" not in task_set
    assert [item["capacityProvider"] for item in task_set["capacityProviderStrategy"]] == ["FARGATE", "FARGATE_SPOT"]
    settle(world, task_set)
    providers = [task["capacityProviderName"] for task in world.tasks()]
    assert (providers.count("FARGATE"), providers.count("FARGATE_SPOT")) == (2, 3)
    scale(world, task_set, 0)
    settle(world, task_set)
    removal = {"cluster": "default", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}
    assert refusal(world, "PutClusterCapacityProviders", **removal)[0] == "ResourceInUseException"
    change(world, "DeleteTaskSet", task_set)
    world.clock.advance(60)
    world.call("PutClusterCapacityProviders", **removal)


def test_tasks_leave_a_container_instance_that_drains(world: World) -> None:
    world.define_ec2("job")
    first, second = machine(world, 1), machine(world, 2)
    serve(world, 4)
    task_set = add(world, 100, "job", **EC2)
    settle(world, task_set)
    assert len(world.call("ListTasks", containerInstance=first)["taskArns"]) == 2
    world.call("UpdateContainerInstancesState", containerInstances=[first], status="DRAINING")
    world.until(lambda: described(world, task_set)[0]["stabilityStatus"] == "STABILIZING")
    while described(world, task_set)[0]["stabilityStatus"] == "STABILIZING":
        world.until_news()
        assert world.service()["runningCount"] >= 4
    assert len(world.call("ListTasks", containerInstance=second)["taskArns"]) == 4
    assert world.call("ListTasks", containerInstance=first)["taskArns"] == []


def test_tasks_that_find_no_room_start_when_there_is_some(world: World) -> None:
    world.define_ec2("job", {"name": "app", "image": "app:1", "memory": 3000})
    machine(world, 1)
    serve(world, 2)
    task_set = add(world, 100, "job", **EC2)
    world.clock.advance(5)
    assert len(started(world, task_set)) == 1
    unplaced = f"(service s, taskSet {task_set['id']}) was unable to place a task because no container instance met"
    assert any(message.startswith(unplaced) for message in messages(world))
    world.clock.advance(600)
    machine(world, 2)
    world.clock.advance(0.1)
    assert len(started(world, task_set)) == 2
    settle(world, task_set)
