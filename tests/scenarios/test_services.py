"""Services: started, healed, scaled, updated, deleted."""

from __future__ import annotations

import pytest

from kecs.core.settings import Settings

from .world import NETWORK, Refused, World


def test_create_service_answers_before_anything_runs(world: World) -> None:
    arn = world.define()
    service = world.serve(count=3)
    assert (service["status"], service["runningCount"], service["pendingCount"]) == ("ACTIVE", 0, 0)
    assert service["taskDefinition"] == arn
    (deployment,) = service["deployments"]
    assert (deployment["status"], deployment["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")


def test_a_service_reaches_its_steady_state(world: World) -> None:
    world.define()
    world.serve(count=3)
    world.settle()
    service = world.service()
    assert (service["runningCount"], service["pendingCount"]) == (3, 0)
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    texts = [event["message"] for event in reversed(service["events"])]
    assert texts[0].startswith("(service s) has started 3 tasks: (task ")
    assert texts[-1] == "(service s) has reached a steady state."
    for task in world.tasks():
        assert task["group"] == "service:s"
        assert task["startedBy"] == service["deployments"][0]["id"]


def test_a_task_that_is_stopped_is_replaced(world: World) -> None:
    world.define()
    world.serve(count=3)
    world.settle()
    victim = world.tasks()[0]["taskArn"]
    world.call("StopTask", task=victim)
    world.clock.advance(30)
    arns = [task["taskArn"] for task in world.tasks()]
    assert len(arns) == 3
    assert victim not in arns
    assert world.stable()


def test_a_task_whose_container_dies_is_replaced(world: World) -> None:
    world.define()
    world.serve(count=2)
    world.settle()
    victim = world.tasks()[0]["taskArn"]
    world.runtime.exit_container(victim, "app", 1)
    world.clock.advance(30)
    assert victim not in [task["taskArn"] for task in world.tasks()]
    assert world.stable()


def test_scaling_to_any_count_and_to_none(world: World) -> None:
    world.define()
    world.serve(count=1)
    for count in (5, 2, 0, 4):
        world.call("UpdateService", service="s", desiredCount=count)
        world.settle()
        assert len(world.tasks()) == count
    assert len(world.service()["deployments"]) == 1


def test_an_update_never_has_too_few_or_too_many(world: World) -> None:
    world.define()
    world.serve(count=4)
    world.settle()
    new = world.define("web", {"name": "app", "image": "app:2"})
    world.call("UpdateService", service="s", taskDefinition="web")
    statuses = [d["status"] for d in world.service()["deployments"]]
    assert statuses == ["PRIMARY", "ACTIVE"]
    while not world.stable():
        tasks = world.tasks()
        assert sum(task["lastStatus"] == "RUNNING" for task in tasks) >= 4
        assert len(tasks) <= 8
        world.until_news()
    assert {task["taskDefinitionArn"] for task in world.tasks()} == {new}
    (deployment,) = world.service()["deployments"]
    assert deployment["rolloutState"] == "COMPLETED"


def test_force_new_deployment_replaces_every_task(world: World) -> None:
    world.define()
    world.serve(count=3)
    world.settle()
    before = {task["taskArn"] for task in world.tasks()}
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.settle()
    assert before.isdisjoint(task["taskArn"] for task in world.tasks())


def test_an_update_that_changes_nothing_rolls_nothing(world: World) -> None:
    world.define(taskRoleArn="arn:aws:iam::000000000000:role/task")
    world.serve(count=2)
    world.settle()
    before = world.service()["deployments"][0]["id"]
    world.call("UpdateService", service="s", taskDefinition="web:1", enableExecuteCommand=True)
    world.settle()
    assert world.service()["deployments"][0]["id"] == before
    assert world.service()["enableExecuteCommand"] is True


def test_delete_service_drains_and_frees_the_name(world: World) -> None:
    world.define()
    world.serve(count=2)
    world.settle()
    with pytest.raises(Refused, match="The service cannot be stopped while it is scaled above 0"):
        world.call("DeleteService", service="s")
    assert world.call("DeleteService", service="s", force=True)["service"]["status"] == "DRAINING"
    with pytest.raises(Refused, match="Unable to Start a service that is still Draining"):
        world.serve(count=1)
    world.until(lambda: world.service()["status"] == "INACTIVE")
    assert world.call("ListServices")["serviceArns"] == []
    with pytest.raises(Refused, match=r"ServiceNotActiveException: Service was not ACTIVE\."):
        world.call("UpdateService", service="s", desiredCount=1)
    with pytest.raises(Refused, match="ServiceNotFoundException"):
        world.call("DeleteService", service="s")
    world.serve(count=1)
    world.settle()


def test_the_same_service_twice(world: World) -> None:
    world.define()
    first = world.serve(count=2)
    assert world.serve(count=2)["serviceArn"] == first["serviceArn"]
    with pytest.raises(Refused, match=r"Creation of service was not idempotent\."):
        world.serve(count=3)


def test_tasks_that_never_start_are_tried_ever_more_slowly(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("web", {"name": "app", "image": "gone:1"})
    world.serve(count=1)
    world.clock.advance(3600)
    started = [event for event in world.events("task") if event.after == "PROVISIONING"]
    assert 5 < len(started) < 60
    service = world.service()
    assert any("unable to consistently start tasks successfully" in event["message"] for event in service["events"])
    assert service["deployments"][0]["failedTasks"] > 3
    # Mending it mends the service.
    world.define("web")
    world.call("UpdateService", service="s", taskDefinition="web")
    world.settle()


def test_an_unhealthy_task_is_replaced(world: World) -> None:
    check = {"command": ["CMD-SHELL", "true"]}
    world.define("web", {"name": "app", "image": "app", "healthCheck": check})
    world.serve(count=2)
    world.settle()
    victim = world.tasks()[0]["taskArn"]
    world.runtime.set_health(victim, "app", "UNHEALTHY")
    world.clock.advance(60)
    assert victim not in [task["taskArn"] for task in world.tasks()]
    assert world.stable()
    stopped = world.task(victim)
    assert stopped["stopCode"] == "ServiceSchedulerInitiated"
    assert "health checks" in stopped["stoppedReason"]


def test_no_room_is_said_in_the_events(world: World) -> None:
    world.define_ec2("web", {"name": "app", "image": "app", "memory": 3000})
    world.serve(count=3, launchType="EC2", networkConfiguration=None)
    world.clock.advance(120)
    service = world.service()
    assert service["runningCount"] == 2
    assert any("was unable to place a task" in event["message"] for event in service["events"])
    world.call("UpdateService", service="s", desiredCount=2)
    world.settle()


def test_without_any_instance_tasks_are_refused_and_services_wait() -> None:
    world = World(Settings(local_instance=False))
    world.define_ec2()
    with pytest.raises(Refused, match=r"No Container Instances were found in your cluster\."):
        world.run(launchType="EC2", networkConfiguration=None)
    world.serve(count=1, launchType="EC2", networkConfiguration=None)
    world.clock.advance(60)
    service = world.service()
    assert (service["status"], service["runningCount"], service["pendingCount"]) == ("ACTIVE", 0, 0)
    assert service["events"][-1]["message"].startswith(
        "(service s) was unable to place a task because no container instance met all of its requirements. "
        "Reason: No Container Instances were found in your cluster."
    )


def test_the_newest_hundred_events_are_kept(world: World) -> None:
    world.define()
    world.serve(count=1)
    for count in range(80):
        world.call("UpdateService", service="s", desiredCount=count % 2)
        world.settle()
    assert len(world.service()["events"]) == 100


def test_tags_are_propagated_from_the_service(world: World) -> None:
    world.define()
    world.serve(count=1, propagateTags="SERVICE", enableECSManagedTags=True, tags=[{"key": "team", "value": "a"}])
    world.settle()
    arn = world.tasks()[0]["taskArn"]
    tags = {t["key"]: t["value"] for t in world.call("ListTagsForResource", resourceArn=arn)["tags"]}
    assert tags == {"team": "a", "aws:ecs:clusterName": "default", "aws:ecs:serviceName": "s"}


def test_describe_services_says_what_is_missing(world: World) -> None:
    answer = world.call("DescribeServices", services=["nope"])
    assert answer["services"] == []
    arn = "arn:aws:ecs:us-east-1:000000000000:service/default/nope"
    assert answer["failures"] == [{"arn": arn, "reason": "MISSING"}]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        (
            {"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}},
            "InvalidParameterException",
        ),
        ({"deploymentController": {"type": "EXTERNAL"}}, "InvalidParameterException"),
        ({"schedulingStrategy": "DAEMON", "count": None}, "InvalidParameterException"),
        ({"count": -1}, "InvalidParameterException"),
        ({"name": "no spaces"}, "InvalidParameterException"),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}}, "InvalidParameterException"),
        ({"tags": [{"key": "aws:x", "value": ""}]}, "InvalidParameterException"),
    ],
)
def test_a_service_that_cannot_be_is_refused_and_leaves_no_trace(
    world: World, members: dict[str, object], code: str
) -> None:
    world.define()
    with pytest.raises(Refused) as refused:
        world.serve(**members)  # type: ignore[arg-type]
    assert (refused.value.status, refused.value.code) == (400, code)
    assert len(world.kernel.store.services) == 0


def test_a_thousand_tasks_reach_the_steady_state(world: World) -> None:
    world.define()
    world.serve(count=1000, networkConfiguration=NETWORK)
    world.settle()
    found, token = [], None
    while True:
        page = world.call("ListTasks", serviceName="s", **({"nextToken": token} if token else {}))
        found += page["taskArns"]
        token = page.get("nextToken")
        if token is None:
            break
    assert len(set(found)) == len(found) == 1000


def test_a_container_that_ends_at_once_is_replaced_at_a_pace(world: World) -> None:
    world.define("web", {"name": "app", "image": "app", "command": ["sh", "-c", "exit 1"]})
    world.serve(count=2)
    world.clock.advance(1)
    at_first = len(world.statuses_of_all("PROVISIONING"))
    assert at_first >= 4  # the first replacements come at once
    world.clock.advance(3600)
    assert len(world.statuses_of_all("PROVISIONING")) - at_first < 2 * 3600 / 5
    # A task that has run for a while before it ends is replaced at once again.
    world.define("web")
    world.call("UpdateService", service="s", taskDefinition="web")
    world.settle()
    world.clock.advance(60)
    world.runtime.exit_container(world.tasks()[0]["taskArn"], "app", 1)
    world.clock.advance(0.1)
    assert world.stable()
