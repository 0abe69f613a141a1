"""The feed: every change of status once and in order, for whoever follows, however slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.control.clock import VirtualClock
from kecs.control.events import feed as module
from kecs.control.events.feed import Feed
from kecs.core.records import ClusterRecord, ContainerRecord, DeploymentRecord, ServiceRecord, TaskRecord
from kecs.core.records.targets import TargetRecord
from kecs.core.scheduling.limits import Limits
from kecs.ports.console import FeedEvent
from kecs.store.memory import MemoryStore

CLUSTER = "arn:aws:ecs:us-east-1:111111111111:cluster/default"
TASK = TaskRecord(
    arn="arn:aws:ecs:us-east-1:111111111111:task/default/t1",
    cluster_arn=CLUSTER,
    definition_arn="arn:aws:ecs:us-east-1:111111111111:task-definition/web:1",
    group="family:web",
    launch_type="FARGATE",
    created_at=1.0,
    containers=(ContainerRecord(name="app", arn="arn:c", image="app", essential=True),),
)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(100.0)


@pytest.fixture
def store(clock: VirtualClock) -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def feed(store: MemoryStore, clock: VirtualClock) -> Feed:
    feed = Feed(clock)
    store.subscribe(feed.notice)
    return feed


def happen(store: MemoryStore, *names: str) -> None:
    """A new cluster of each name."""
    for name in names:
        with store.transaction():
            arn = f"arn:aws:ecs:us-east-1:111111111111:cluster/{name}"
            store.clusters.put(ClusterRecord(arn=arn, cluster=m.Cluster(status="ACTIVE")))


async def take(events: AsyncIterator[FeedEvent], count: int) -> list[int]:
    async with asyncio.timeout(5):
        return [(await anext(events)).id for _ in range(count)]


def test_a_task_is_told_of_status_by_status(feed: Feed, store: MemoryStore) -> None:
    stopped = replace(TASK.containers[0], phase="STOPPED", exit_code=3)
    records = [
        TASK,
        replace(TASK, version=2),  # nothing that anybody watches
        replace(TASK, last_status="RUNNING", containers=(replace(TASK.containers[0], phase="RUNNING"),)),
        replace(TASK, last_status="STOPPED", stopped_reason="why", containers=(stopped,)),
    ]
    with store.transaction():
        for record in records:
            store.tasks.put(record)
        store.tasks.delete(TASK.arn)
    assert [(e.id, e.kind, e.before, e.after, e.message) for e in feed.recent()] == [
        (1, "task", None, "PROVISIONING", "task t1 new -> PROVISIONING"),
        (2, "task", "PROVISIONING", "RUNNING", "task t1 PROVISIONING -> RUNNING"),
        (3, "container", "PENDING", "RUNNING", "container app of task t1 PENDING -> RUNNING"),
        (4, "task", "RUNNING", "STOPPED", "task t1 RUNNING -> STOPPED (why)"),
        (5, "container", "RUNNING", "STOPPED", "container app of task t1 RUNNING -> STOPPED (exit code 3)"),
        (6, "task", "STOPPED", None, "task t1 STOPPED -> gone"),
    ]
    assert {(e.at, e.cluster) for e in feed.recent()} == {(100.0, CLUSTER)}


def test_health_is_told_and_whose_task_it_is(feed: Feed, store: MemoryStore) -> None:
    service = "arn:aws:ecs:us-east-1:111111111111:service/default/s"
    (container,) = TASK.containers
    checked = replace(TASK, service_arn=service, containers=(replace(container, health="UNKNOWN"),))
    with store.transaction():
        store.tasks.put(checked)
        store.tasks.put(replace(checked, containers=(replace(container, health="HEALTHY"),)))
    created, healthy = feed.recent()
    assert (healthy.kind, healthy.before, healthy.after) == ("health", "UNKNOWN", "HEALTHY")
    assert (healthy.arn, healthy.message) == ("arn:c", "container app of task t1 is HEALTHY")
    assert created.service == healthy.service == service


def test_a_service_tells_its_new_events_oldest_first(feed: Feed, store: MemoryStore) -> None:
    def said(*texts: str) -> tuple[m.ServiceEvent, ...]:
        return tuple(m.ServiceEvent(id=text, message=text) for text in texts)

    service = ServiceRecord(
        arn="arn:aws:ecs:us-east-1:111111111111:service/default/s", cluster_arn=CLUSTER, service=m.Service(),
        desired_count=1, events=said("one"),
    )  # fmt: skip
    with store.transaction():
        store.services.put(service)
        store.services.put(replace(service, events=said("three", "two", "one")))
        store.services.put(replace(service, events=said("three", "two", "one"), status="DRAINING"))
    assert [e.message for e in feed.recent()] == [
        "service s new -> ACTIVE", "one", "two", "three", "service s ACTIVE -> DRAINING",
    ]  # fmt: skip


def test_what_was_rolled_back_is_not_told(feed: Feed, store: MemoryStore) -> None:
    try:
        with store.transaction():
            store.tasks.put(TASK)
            raise ZeroDivisionError
    except ZeroDivisionError:
        assert feed.recent() == []


def test_recent_events_since_any_of_them(feed: Feed, store: MemoryStore) -> None:
    happen(store, *"abcde")
    assert [e.id for e in feed.recent()] == [1, 2, 3, 4, 5]
    assert [e.id for e in feed.recent(3)] == [4, 5]
    assert feed.recent(5) == []


async def test_following_from_now_on_and_from_an_event(feed: Feed, store: MemoryStore) -> None:
    happen(store, "a", "b")
    news, all_of_them = feed.follow(), feed.follow(0)
    upcoming = asyncio.ensure_future(take(news, 2))
    await asyncio.sleep(0)
    happen(store, "c", "d", "e")
    assert await upcoming == [3, 4]
    assert await take(news, 1) == [5]
    assert await take(all_of_them, 5) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("since", [6, 1000, 10**14])
async def test_a_reader_that_is_ahead_waits_for_what_comes(feed: Feed, store: MemoryStore, since: int) -> None:
    happen(store, *"abcde")
    events = feed.follow(since)
    first = asyncio.ensure_future(take(events, 1))
    for _ in range(5):
        await asyncio.sleep(0)  # the loop goes on turning
    happen(store, "f")
    assert await first == [6]
    assert feed.recent(since) == []


async def test_a_reader_that_waits_costs_nothing_and_one_that_leaves_is_forgotten(
    feed: Feed, store: MemoryStore
) -> None:
    events = feed.follow()
    waiting = asyncio.ensure_future(take(events, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert not feed._news
    happen(store, "a")


async def test_a_slow_reader_gets_everything_that_happens_meanwhile(feed: Feed, store: MemoryStore) -> None:
    events = feed.follow(0)
    seen = []
    for number in range(50):
        happen(store, f"{number}-a", f"{number}-b")
        seen += await take(events, 1)
    seen += await take(events, 50)
    assert seen == list(range(1, 101))


async def test_a_reader_that_is_too_slow_skips_what_is_forgotten(
    store: MemoryStore, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 10)
    feed = Feed(clock)
    store.subscribe(feed.notice)
    events = feed.follow(0)
    happen(store, "first")
    assert await take(events, 1) == [1]
    happen(store, *(str(number) for number in range(30)))
    assert await take(events, 10) == list(range(22, 32))  # the gap shows in the ids
    happen(store, "next")
    assert await take(events, 1) == [32]
    assert len(feed.recent()) == 10


def test_an_event_of_a_task_has_what_it_is_searched_by(feed: Feed, store: MemoryStore) -> None:
    service, deployment = "arn:aws:ecs:us-east-1:111111111111:service/default/s", "ecs-svc/1"
    (container,) = TASK.containers
    new = replace(
        TASK, service_arn=service, deployment_id=deployment, containers=(replace(container, health="UNKNOWN"),)
    )
    ended = replace(container, health="UNHEALTHY", phase="STOPPED", exit_code=3, reason="broken")
    stopped = replace(new, last_status="STOPPED", stopped_reason="why", stop_code="UserInitiated", containers=(ended,))
    with store.transaction():
        store.tasks.put(new)
        store.tasks.put(stopped)
    created, *ends = feed.recent()
    for event in (created, *ends):
        assert (event.task, event.task_definition) == (TASK.arn, TASK.definition_arn)
        assert (event.service, event.deployment, event.images) == (service, deployment, ("app",))
    assert [(e.kind, e.health, e.container, e.exit_code, e.reason, e.stop_code) for e in (created, *ends)] == [
        ("task", "UNKNOWN", None, None, None, None),
        ("task", "UNHEALTHY", None, None, "why", "UserInitiated"),
        ("container", "UNHEALTHY", "app", 3, "broken", None),
        ("health", "UNHEALTHY", "app", 3, "broken", None),
    ]


def test_an_event_of_a_deployment_says_of_what_and_why(feed: Feed, store: MemoryStore) -> None:
    deployment = DeploymentRecord(
        id="ecs-svc/1", status="PRIMARY", task_definition="web:1", desired_count=1, created_at=1, updated_at=1,
        rollout_state="FAILED", rollout_state_reason="because",
    )  # fmt: skip
    with store.transaction():
        arn = "arn:aws:ecs:us-east-1:111111111111:service/default/s"
        store.services.put(
            ServiceRecord(arn=arn, cluster_arn=CLUSTER, service=m.Service(), desired_count=1, deployments=(deployment,))
        )
    created, failed = feed.recent()
    assert (created.kind, created.service, created.deployment) == ("service", arn, None)
    assert (failed.kind, failed.service, failed.deployment) == ("deployment", arn, "ecs-svc/1")
    assert (failed.task_definition, failed.reason) == ("web:1", "because")


def test_nothing_is_described_before_somebody_looks(
    feed: Feed, store: MemoryStore, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(store, "a")
    assert len(feed._items) == 0
    clock.advance(5)
    assert [(e.id, e.at) for e in feed.recent()] == [(1, 100.0)]
    monkeypatch.setattr(module, "PUT_ASIDE", 3)
    happen(store, *"bcdefg")
    assert len(feed._items) == 4
    assert (feed.first, feed.last) == (1, 7)


def test_the_oldest_that_is_remembered(
    store: MemoryStore, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 10)
    feed = Feed(clock)
    store.subscribe(feed.notice)
    assert (feed.first, feed.last) == (1, 0)
    happen(store, *(str(number) for number in range(30)))
    assert (feed.first, feed.last) == (21, 30)


def test_what_a_service_wants_is_told_when_that_changes(feed: Feed, store: MemoryStore) -> None:
    half = m.DeploymentConfiguration(minimum_healthy_percent=50)
    service = ServiceRecord(
        arn="arn:aws:ecs:us-east-1:111111111111:service/default/s", cluster_arn=CLUSTER, service=m.Service(),
        desired_count=2,
    )  # fmt: skip
    with store.transaction():
        store.services.put(service)
        store.services.put(replace(service, desired_count=4))
        store.services.put(replace(service, desired_count=4, service=m.Service(deployment_configuration=half)))
        store.services.put(replace(service, desired_count=4, service=m.Service(deployment_configuration=half)))
    _, more, fewer = feed.recent()
    assert (more.kind, more.before, more.after, more.limits) == (
        "limits",
        "2",
        "4",
        Limits(desired=4, minimum=4, maximum=8),
    )
    assert fewer.message == "service s wants 4 tasks, 2 to 8 as it deploys"
    assert fewer.limits == Limits(desired=4, minimum=2, maximum=8)


def test_the_health_of_targets_is_told(feed: Feed, store: MemoryStore) -> None:
    group = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/blue/0123456789abcdef"
    target = TargetRecord(group=group, container="app", port=80, health="initial")
    running = replace(TASK, last_status="RUNNING", targets=(target,))
    with store.transaction():
        store.tasks.put(running)
        store.tasks.put(replace(running, targets=(replace(target, health="unhealthy", reason="503"),)))
        store.tasks.put(replace(running, targets=(replace(target, health="healthy"),)))
    _, sick, well = feed.recent()
    assert (sick.kind, sick.arn, sick.before, sick.after) == ("target-health", group, "initial", "unhealthy")
    assert (sick.reason, sick.healthy, sick.task) == ("503", False, TASK.arn)
    assert (well.message, well.healthy) == ("task t1 as a target of blue is healthy", True)
