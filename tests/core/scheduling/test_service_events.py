"""The texts of service events and their order, as AWS writes them."""

from __future__ import annotations

import pytest
from tests.core.scheduling.world import World

from kecs.core import events
from kecs.core.arns import last_part
from kecs.core.scheduling.plan import Launch
from kecs.core.scheduling.scheduler import after_launch

GUIDE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
NO_INSTANCE = "was unable to place a task because no container instance met all of its requirements."


def ids(tasks: list) -> list[str]:
    return [last_part(t.arn) for t in tasks]


def test_the_events_of_a_first_deployment_and_of_the_next():
    world = World(2)
    world.settle()
    one, two = ids(world.running())
    first = world.primary.id
    assert world.messages() == [
        f"has started 2 tasks: (task {one}) (task {two}).",
        f"(deployment {first}) deployment completed.",
        "has reached a steady state.",
    ]
    assert world.service.events[0].message == "(service web) has reached a steady state."
    second = world.deploy()
    assert world.primary.rollout_state_reason == f"ECS deployment {second} in progress."
    world.reconcile()
    three, four = ids(world.pending())
    for task in world.pending():
        world.run(task)
    world.settle()
    assert world.messages()[3:] == [
        f"has started 2 tasks: (task {three}) (task {four}).",
        f"has stopped 2 running tasks: (task {one}) (task {two}).",
        f"(deployment {second}) deployment completed.",
        "has reached a steady state.",
    ]
    assert world.primary.rollout_state_reason == f"ECS deployment {second} completed."


def test_stopping_a_task_that_never_ran():
    world = World(1)
    world.reconcile()
    world.scale(0)
    world.reconcile()
    assert world.messages()[-1] == "stopped 1 pending tasks."


def test_replacing_an_unhealthy_task():
    world = World(1, checks=True)
    world.settle()
    sick = world.running()[0]
    world.check(sick, "UNHEALTHY")
    world.reconcile()
    new = world.pending()[0]
    world.run(new)
    world.check(world.tasks[new.arn], "HEALTHY")
    world.settle()
    assert world.messages()[3:] == [
        f"has started 1 tasks: (task {last_part(new.arn)}). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        f"(task {last_part(sick.arn)}) failed container health checks.",
        f"has stopped 1 running tasks: (task {last_part(sick.arn)}).",
        "has reached a steady state.",
    ]


def test_the_reason_of_a_scaling_stop():
    world = World(1)
    world.settle()
    world.scale(0)
    world.step()
    assert world.last is not None
    (stop,) = world.last.stops
    assert stop.reason == f"Scaling activity initiated by (deployment {world.primary.id})"
    assert stop.stop_code == "ServiceSchedulerInitiated"


def test_a_throttled_service_says_so_once():
    world = World(1)
    world.reconcile()
    world.keep_failing(6)
    throttled = [text for text in world.messages() if "consistently" in text]
    assert throttled == [f"is unable to consistently start tasks successfully. {GUIDE}"]


def test_percentages_that_leave_no_way_are_reported_once():
    world = World(1, 100, 100)
    world.settle()
    world.deploy()
    world.reconcile()
    world.reconcile()
    text = (
        "was unable to stop or start tasks during a deployment because of the service deployment configuration. "
        "Update the minimumHealthyPercent or maximumPercent value and try again."
    )
    assert world.messages().count(text) == 1
    assert world.messages()[-1] == text


@pytest.mark.parametrize(
    ("reason", "closest", "said"),
    [
        ("RESOURCE:MEMORY", "arn:x/main/abc", "(container-instance abc) has insufficient memory available."),
        ("RESOURCE:CPU", "abc", "(container-instance abc) has insufficient CPU units available."),
        ("RESOURCE:PORTS", None, "container-instance is already using a port required by your task."),
        ("ATTRIBUTE", "abc", "(container-instance abc) is missing an attribute required by your task."),
        ("AGENT", "abc", '(container-instance abc) encountered error "AGENT".'),
    ],
)
def test_no_room_names_the_closest_instance(reason, closest, said):
    world = World(1)
    launch = Launch(deployment_id=world.primary.id, count=1)
    world.service = after_launch(world.service, launch, [], [reason], world.now, world.new_id, closest)
    assert world.messages() == [f"{NO_INSTANCE} The closest matching {said} {GUIDE}"]


def test_no_room_without_any_instance():
    world = World(1)
    launch = Launch(deployment_id=world.primary.id, count=1)
    reason = "No Container Instances were found in your cluster."
    world.service = after_launch(world.service, launch, [], [reason], world.now, world.new_id)
    assert world.messages() == [f"{NO_INSTANCE} Reason: {reason} {GUIDE}"]


def test_no_instance_of_a_capacity_provider():
    world = World(1)
    launch = Launch(deployment_id=world.primary.id, count=1)
    reason = "No Container Instances were found in your capacity provider."
    for _ in range(2):
        world.service = after_launch(world.service, launch, [], [reason], world.now, world.new_id)
    assert world.messages() == [f"was unable to reach steady state. Reason: {reason}"]


def test_a_launch_of_which_some_found_room():
    world = World(2)
    launch = Launch(deployment_id=world.primary.id, count=2)
    world.service = after_launch(world.service, launch, ["arn/a"], ["RESOURCE:CPU"], world.now, world.new_id)
    started, failed, missing = world.messages()
    assert started == "has started 1 tasks: (task a)."
    assert failed.startswith(NO_INSTANCE)
    assert missing == f"could not launch 1 tasks for deployment {world.primary.id}. Reason: RESOURCE:CPU"
    assert world.primary.retry_at == world.now + 1


def test_a_repeated_event_is_left_out_for_six_hours_or_until_its_cause_is_gone():
    world = World(1)
    world.places = False
    world.reconcile()
    for _ in range(4):
        world.now += 60
        world.reconcile()
    assert sum(NO_INSTANCE in text for text in world.messages()) == 1
    world.now += 6 * 3600
    world.reconcile()
    assert sum(NO_INSTANCE in text for text in world.messages()) == 2
    world.places = True
    world.now += 60
    world.reconcile()
    world.exit(world.pending()[0])
    world.places = False
    world.reconcile()
    world.now += 60
    world.reconcile()
    assert sum(NO_INSTANCE in text for text in world.messages()) == 3


def test_the_steady_state_is_repeated_every_six_hours():
    world = World(1)
    world.settle()
    assert world.last is not None
    assert world.last.wake_at == world.now + 6 * 3600
    world.now = world.last.wake_at
    world.reconcile()
    assert world.messages().count("has reached a steady state.") == 2
    assert world.last.wake_at == world.now + 6 * 3600


def test_a_hundred_events_are_kept_the_newest_first():
    world = World(0)
    for number in range(150):
        world.service = events.record(world.service, f"event {number}.", world.now, world.new_id)
    assert len(world.service.events) == 100
    assert world.service.events[0].message == "(service web) event 149."
    assert world.service.events[-1].message == "(service web) event 50."
    assert len({e.id for e in world.service.events}) == 100
