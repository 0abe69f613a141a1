"""Task sets of services whose deployments are somebody else's business: made, scaled, promoted, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .world import NETWORK, Refused, World

TAGS = [{"key": "team", "value": "a"}]
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/{}/0123456789abcdef"


def serve(world: World, count: int | None = 4, name: str = "s", **members: Any) -> Any:
    given = {"desiredCount": count, "deploymentController": {"type": "EXTERNAL"}, **members}
    given = {key: value for key, value in given.items() if value is not None}
    return world.call("CreateService", serviceName=name, **given)["service"]


def add(world: World, scale: float | None = 100, definition: str = "web", **members: Any) -> Any:
    given = {"launchType": "FARGATE", "networkConfiguration": NETWORK, **members}
    given = {key: value for key, value in given.items() if value is not None}
    if scale is not None:
        given["scale"] = {"value": scale, "unit": "PERCENT"}
    return world.call("CreateTaskSet", cluster="default", service="s", taskDefinition=definition, **given)["taskSet"]


def change(world: World, operation: str, task_set: Any, **members: Any) -> Any:
    name = "primaryTaskSet" if operation == "UpdateServicePrimaryTaskSet" else "taskSet"
    return world.call(operation, cluster="default", service="s", **{name: task_set["id"]}, **members)["taskSet"]


def scale(world: World, task_set: Any, value: float) -> Any:
    return change(world, "UpdateTaskSet", task_set, scale={"value": value, "unit": "PERCENT"})


def promote(world: World, task_set: Any) -> Any:
    return change(world, "UpdateServicePrimaryTaskSet", task_set)


def described(world: World, *task_sets: Any, **members: Any) -> list[Any]:
    names = [task_set["id"] for task_set in task_sets]
    answer = world.call("DescribeTaskSets", cluster="default", service="s", taskSets=names, **members)
    assert answer["failures"] == []
    found: list[Any] = answer["taskSets"]
    return found


def settle(world: World, *task_sets: Any) -> None:
    world.until(lambda: all(s["stabilityStatus"] == "STEADY_STATE" for s in described(world, *task_sets)))


def started(world: World, task_set: Any) -> list[str]:
    arns: list[str] = world.call("ListTasks", startedBy=task_set["id"])["taskArns"]
    return arns


def messages(world: World) -> list[str]:
    return [event["message"].split(": (task")[0] for event in reversed(world.service()["events"])]


def refusal(world: World, operation: str, **members: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        world.call(operation, **members)
    assert refused.value.status == 400
    return refused.value.code, refused.value.text


def test_a_service_for_task_sets_needs_no_more_than_a_name(world: World) -> None:
    service = serve(world, None)
    assert (service["desiredCount"], service["deployments"], service["taskSets"]) == (0, [], [])
    assert service["deploymentConfiguration"] == {"maximumPercent": 200, "minimumHealthyPercent": 100}
    assert "taskDefinition" not in service
    assert "launchType" not in service
    world.clock.advance(60)
    assert world.service()["events"] == []


def test_create_task_set_answers_before_anything_runs(world: World) -> None:
    arn = world.define()
    serve(world)
    task_set = add(world, None, externalId="mine", tags=TAGS)
    assert task_set["id"].startswith("ecs-svc/")
    assert task_set["taskSetArn"] == f"arn:aws:ecs:us-east-1:000000000000:task-set/default/s/{task_set['id']}"
    assert (task_set["status"], task_set["stabilityStatus"], task_set["externalId"]) == (
        "ACTIVE",
        "STABILIZING",
        "mine",
    )
    assert task_set["scale"] == {"value": 0, "unit": "PERCENT"}
    assert (task_set["computedDesiredCount"], task_set["runningCount"], task_set["pendingCount"]) == (0, 0, 0)
    assert (task_set["taskDefinition"], task_set["platformVersion"]) == (arn, "1.4.0")
    assert "startedBy" not in task_set
    settle(world, task_set)
    assert world.tasks() == []


def test_a_task_set_reaches_its_steady_state(world: World) -> None:
    world.define()
    serve(world, 3)
    task_set = add(world, 50)
    settle(world, task_set)
    (after,) = described(world, task_set)
    assert (after["computedDesiredCount"], after["runningCount"], after["pendingCount"]) == (2, 2, 0)
    assert after["stabilityStatusAt"] > task_set["stabilityStatusAt"]
    service = world.service()
    assert (service["desiredCount"], service["runningCount"], service["taskSets"]) == (3, 2, [after])
    assert [(t["startedBy"], t["group"]) for t in world.tasks()] == [(task_set["id"], "service:s")] * 2
    assert sorted(started(world, task_set)) == sorted(task["taskArn"] for task in world.tasks())
    assert messages(world) == [
        f"(service s) updated computedDesiredCount for taskSet {task_set['id']} to 2.",
        f"(service s, taskSet {task_set['id']}) has started 2 tasks",
        f"(service s, taskSet {task_set['id']}) updated state to STEADY_STATE.",
        "(service s) has reached a steady state.",
    ]


def test_scales_and_the_desired_count_go_up_and_down(world: World) -> None:
    world.define()
    serve(world, 4)
    blue, green = add(world, 100), add(world, 0)
    settle(world, blue, green)
    assert scale(world, green, 30)["stabilityStatus"] == "STABILIZING"
    settle(world, green)
    assert (len(started(world, blue)), len(started(world, green))) == (4, 2)
    world.call("UpdateService", service="s", desiredCount=10)
    settle(world, blue, green)
    assert (len(started(world, blue)), len(started(world, green))) == (10, 3)
    scale(world, blue, 0)
    settle(world, blue, green)
    assert (len(started(world, blue)), len(started(world, green))) == (0, 3)
    world.until(lambda: world.service()["runningCount"] == 3)


def test_a_task_that_dies_is_replaced(world: World) -> None:
    world.define()
    serve(world, 2)
    task_set = add(world)
    settle(world, task_set)
    victim = started(world, task_set)[0]
    world.runtime.exit_container(victim, "app", 1)
    world.until(lambda: described(world, task_set)[0]["stabilityStatus"] == "STABILIZING")
    settle(world, task_set)
    assert len(started(world, task_set)) == 2
    assert victim not in started(world, task_set)


def test_tasks_that_cannot_start_are_tried_again_more_and_more_slowly(world: World) -> None:
    world.runtime.set_script("app:1", {"pull_error": "no such image"})
    world.define()
    serve(world, 1)
    task_set = add(world)
    world.clock.advance(600)
    assert 3 < len(world.statuses_of_all("STOPPED")) < 30
    throttled = f"(service s, taskSet {task_set['id']}) is unable to consistently start tasks successfully."
    assert any(message.startswith(throttled) for message in messages(world))
    world.runtime.set_script("app:1", {})
    settle(world, task_set)


def test_the_primary_task_set_is_what_the_service_shows(world: World) -> None:
    world.define("web", {"name": "app", "image": "app:1", "portMappings": [{"containerPort": 80}]})
    new = world.define("web", {"name": "app", "image": "app:2", "portMappings": [{"containerPort": 80}]})
    serve(world)
    balancer = {"targetGroupArn": GROUP.format("blue"), "containerName": "app", "containerPort": 80}
    registry = {"registryArn": "arn:aws:servicediscovery:us-east-1:000000000000:service/srv-1"}
    blue = add(world, 100, "web:1", loadBalancers=[balancer], serviceRegistries=[registry])
    green = add(world, 100)
    assert (blue["loadBalancers"], blue["serviceRegistries"]) == ([balancer], [registry])
    assert promote(world, blue)["status"] == "PRIMARY"
    service = world.service()
    assert (service["loadBalancers"], service["serviceRegistries"]) == ([balancer], [registry])
    assert (service["launchType"], service["platformVersion"]) == ("FARGATE", "1.4.0")
    settle(world, blue, green)
    steady_at = described(world, green)[0]["stabilityStatusAt"]
    world.clock.advance(60)
    green = promote(world, green)
    assert (green["status"], green["stabilityStatusAt"]) == ("PRIMARY", steady_at)
    assert green["updatedAt"] > steady_at
    service = world.service()
    assert (service["taskDefinition"], service["loadBalancers"]) == (new, [])
    assert [s["status"] for s in service["taskSets"]] == ["ACTIVE", "PRIMARY"]
    assert world.call("ListServices", launchType="FARGATE")["serviceArns"] == [service["serviceArn"]]


def test_a_deleted_task_set_drains_and_is_gone(world: World) -> None:
    world.define()
    world.runtime.set_script("app:1", {"stop_seconds": 5})
    serve(world)
    blue, green = add(world), add(world, 50)
    promote(world, blue)
    settle(world, blue, green)
    tasks = started(world, blue)
    scaled_up = ("InvalidParameterException", "The task set cannot be deleted while it is scaled above 0.")
    assert refusal(world, "DeleteTaskSet", cluster="default", service="s", taskSet=blue["id"]) == scaled_up
    after = change(world, "DeleteTaskSet", blue, force=True)
    assert (after["status"], after["stabilityStatus"]) == ("DRAINING", "STABILIZING")
    assert "taskDefinition" not in world.service()
    world.clock.advance(1)
    (draining,) = described(world, blue)
    assert (draining["status"], draining["computedDesiredCount"]) == ("DRAINING", 0)
    assert change(world, "DeleteTaskSet", blue)["status"] == "DRAINING"
    for operation, name, members in (
        ("UpdateTaskSet", "taskSet", {"scale": {"value": 1, "unit": "PERCENT"}}),
        ("UpdateServicePrimaryTaskSet", "primaryTaskSet", {}),
    ):
        told = {"cluster": "default", "service": "s", name: blue["id"], **members}
        assert refusal(world, operation, **told)[0] == "InvalidParameterException"
    world.until(lambda: [s["id"] for s in world.service()["taskSets"]] == [green["id"]])
    assert {world.task(arn)["stoppedReason"] for arn in tasks} == {
        f"Scaling activity initiated by (deployment {blue['id']})"
    }
    assert len(started(world, green)) == 2
    gone = refusal(world, "DeleteTaskSet", cluster="default", service="s", taskSet=blue["id"])
    assert gone[0] == "TaskSetNotFoundException"
    world.clock.advance(60)
    assert world.service()["runningCount"] == 2


def test_a_task_set_of_no_tasks_is_deleted_without_force_unless_it_is_primary(world: World) -> None:
    world.define()
    serve(world)
    blue, green = add(world, 0), add(world, 0)
    promote(world, blue)
    told = {"cluster": "default", "service": "s"}
    code, text = refusal(world, "DeleteTaskSet", **told, taskSet=blue["id"])
    assert (code, "primary" in text) == ("InvalidParameterException", True)
    assert change(world, "DeleteTaskSet", green)["status"] == "DRAINING"
    world.clock.advance(1)
    assert [s["id"] for s in world.service()["taskSets"]] == [blue["id"]]


def test_a_deleted_service_takes_its_task_sets_along(world: World) -> None:
    world.define()
    serve(world)
    task_set = add(world)
    settle(world, task_set)
    assert refusal(world, "DeleteService", service="s")[0] == "InvalidParameterException"
    assert world.call("DeleteService", service="s", force=True)["service"]["status"] == "DRAINING"
    refused = refusal(world, "CreateTaskSet", cluster="default", service="s", taskDefinition="web")
    assert refused == ("ServiceNotActiveException", "Service was not ACTIVE.")
    world.until(lambda: world.service()["status"] == "INACTIVE")
    assert world.service()["taskSets"] == []
    assert len(world.kernel.store.task_sets) == 0
    world.clock.advance(60)
    assert serve(world)["taskSets"] == []


def test_a_call_that_is_repeated_with_its_token_makes_no_second_task_set(world: World) -> None:
    world.define()
    serve(world)
    first = add(world, clientToken="once")
    settle(world, first)
    assert add(world, clientToken="once")["id"] == first["id"]
    assert len(world.service()["taskSets"]) == 1
    with pytest.raises(Refused, match="InvalidParameterException"):
        add(world, 50, clientToken="once")
    assert add(world)["id"] != first["id"]


def test_a_service_has_five_task_sets_at_most(world: World) -> None:
    world.define()
    serve(world)
    for _ in range(5):
        add(world, 0)
    with pytest.raises(Refused, match="5 deployments exist on the service") as refused:
        add(world, 0)
    assert refused.value.code == "InvalidParameterException"


def test_tags_of_task_sets_and_of_their_tasks(world: World) -> None:
    world.define(tags=[{"key": "of", "value": "definition"}])
    serve(world, 1, propagateTags="SERVICE", tags=TAGS, enableECSManagedTags=True)
    own = [{"key": "of", "value": "set"}]
    task_set = add(world, tags=own)
    settle(world, task_set)
    assert task_set["tags"] == own
    assert described(world, task_set, include=["TAGS"])[0]["tags"] == own
    assert "tags" not in described(world, task_set)[0]
    world.call("TagResource", resourceArn=task_set["taskSetArn"], tags=TAGS)
    assert world.call("ListTagsForResource", resourceArn=task_set["taskSetArn"])["tags"] == own + TAGS
    (arn,) = started(world, task_set)
    managed = [{"key": "aws:ecs:clusterName", "value": "default"}, {"key": "aws:ecs:serviceName", "value": "s"}]
    assert world.call("ListTagsForResource", resourceArn=arn)["tags"] == TAGS + managed


def test_a_protected_task_outlives_scaling_in_but_not_its_task_set(world: World) -> None:
    world.define()
    serve(world, 2)
    task_set = add(world)
    settle(world, task_set)
    kept = started(world, task_set)[0]
    world.call("UpdateTaskProtection", cluster="default", tasks=[kept], protectionEnabled=True, expiresInMinutes=60)
    scale(world, task_set, 0)
    world.clock.advance(60)
    assert started(world, task_set) == [kept]
    change(world, "DeleteTaskSet", task_set)
    world.until(lambda: world.service()["taskSets"] == [])
    assert world.task(kept)["desiredStatus"] == "STOPPED"


def test_a_task_definition_stays_as_long_as_a_task_set_has_it(world: World) -> None:
    world.define()
    serve(world)
    task_set = add(world, 0)
    world.call("DeregisterTaskDefinition", taskDefinition="web:1")
    world.call("DeleteTaskDefinitions", taskDefinitions=["web:1"])
    world.clock.advance(60)
    assert (
        world.call("DescribeTaskDefinition", taskDefinition="web:1")["taskDefinition"]["status"] == "DELETE_IN_PROGRESS"
    )
    change(world, "DeleteTaskSet", task_set)
    world.clock.advance(60)
    assert refusal(world, "DescribeTaskDefinition", taskDefinition="web:1")[0] == "ClientException"


async def test_task_sets_outlive_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define()
    serve(world, 4)
    blue, green, old = add(world, 100, tags=TAGS), add(world, 50, externalId="mine"), add(world, 25)
    promote(world, blue)
    settle(world, blue, green, old)
    world.runtime.set_script("app:1", {"stop_seconds": 30})
    scale(world, green, 100)
    change(world, "DeleteTaskSet", old, force=True)
    before = described(world, blue, green, old, include=["TAGS"])
    again = World(journal=journal, start=world.clock.now(), seed=2)
    await again.kernel.recover()
    assert described(again, blue, green, old, include=["TAGS"]) == before
    again.until(lambda: len(again.service()["taskSets"]) == 2)
    settle(again, blue, green)
    assert (len(started(again, blue)), len(started(again, green)), len(started(again, old))) == (4, 4, 0)
    assert [s["status"] for s in again.service()["taskSets"]] == ["PRIMARY", "ACTIVE"]
