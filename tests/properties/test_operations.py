"""All operations after each other, valid and invalid, while containers come and go, time passes and KECS is killed.

After every step: no error was logged, what was refused left no trace, and every count that the API shows is the one
that its own tasks, services and instances add up to.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.properties.watching import Errors, answered, content
from tests.scenarios.world import World
from tests.support.furnished import Furnished, valid_requests
from tests.support.journals import MemoryJournal
from tests.support.requests import Pool, requests

from kecs.core.lifecycle import TASK_TRANSITIONS
from kecs.core.records import Change, TaskRecord
from kecs.services.ecs import HANDLERS

STARTING = ("PROVISIONING", "PENDING", "ACTIVATING")
REGISTERED = ("ACTIVE", "DRAINING")
SECONDS = st.sampled_from([0.0, 0.001, 0.01, 1.0, 60.0, 1000.0, 2 * 3600.0])
NEXT = {(before, after) for before, row in TASK_TRANSITIONS.items() for after in row.values()}
RUNS, MOST_STEPS = 120, 60


class Operations(RuleBasedStateMachine):
    """A furnished world in which anybody does anything."""

    there: Furnished
    valid: dict[str, dict[str, Any]]
    done: Counter[str]

    @initialize(seconds=SECONDS)
    def begin(self, seconds: float) -> None:
        self.errors = Errors()
        self.errors.__enter__()
        self.pool = Pool()
        self.seed = 2
        self.enter(self.there.world(), None)
        self.world.clock.advance(seconds)
        self.pool.learn(self.world.call("ListTasks", serviceName="serving"))

    def enter(self, world: World, before: World | None) -> None:
        self.world = world
        world.kernel.store.subscribe(self.notice)
        if before is not None:
            assert content(world) == content(before)
        with suppress(StopIteration):
            world.kernel.recover().send(None)
            raise AssertionError("recovering waits for something")

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store: a task goes only where the tables lead."""
        for table, _, before, after in changes:
            if table == "tasks" and before is not None and after is not None:
                moved = (before.last_status, after.last_status)
                assert moved[0] == moved[1] or moved in NEXT
                assert (before.desired_status, after.desired_status) != ("STOPPED", "RUNNING")

    @rule(operation=st.sampled_from(sorted(HANDLERS)), data=st.data())
    def somebody_calls(self, operation: str, data: st.DataObject) -> None:
        request = data.draw(requests(operation, self.valid[operation], self.pool.names()), operation)
        answer = answered(self.world, operation, json.dumps(request).encode())
        self.pool.learn(answer)
        self.done[f"{operation} {'refused' if answer is None else 'accepted'}"] += 1

    @rule(operation=st.sampled_from(sorted(HANDLERS)))
    def somebody_calls_as_it_should_be(self, operation: str) -> None:
        answer = answered(self.world, operation, json.dumps(self.valid[operation]).encode())
        self.pool.learn(answer)
        self.done[f"{operation} {'refused' if answer is None else 'accepted'}"] += 1

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(which=st.integers(0, 30), code=st.sampled_from([0, 1, 137]))
    def a_container_exits(self, which: int, code: int) -> None:
        running = [
            (task.arn, container.name)
            for task in self.world.kernel.store.tasks
            for container in task.containers
            if container.phase == "RUNNING" and not task.agent_driven
        ]
        if running:
            with suppress(LookupError):  # it has, and the report of it is still to be read
                self.world.runtime.exit_container(*running[which % len(running)], code, out_of_memory=code == 137)

    @rule(seconds=SECONDS)
    def the_process_is_killed_and_started_again(self, seconds: float) -> None:
        journal, before = MemoryJournal(), self.world
        rows = [(name, key, None, row) for name, table in content(before).items() for key, row in table.items()]
        journal.write(rows)
        self.seed += 1
        self.enter(World(journal=journal, start=before.clock.now() + seconds, seed=self.seed), before)

    # -- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def nothing_failed(self) -> None:
        texts, self.errors.texts = self.errors.texts, []
        assert texts == [], texts[0]

    @invariant()
    def counts_of_services_are_those_of_their_tasks(self) -> None:
        store = self.world.kernel.store
        for service in store.services:
            cluster, tasks = store.clusters.get(service.cluster_arn), store.tasks.where("service", service.arn)
            if cluster is None or cluster.cluster.status != "ACTIVE":
                continue
            (shown,) = self.describe("Services", cluster=cluster.arn, services=[service.arn])
            assert (shown["runningCount"], shown["pendingCount"]) == counts(tasks)
            parts = shown["deployments"] + shown.get("taskSets", [])
            known = {part["id"]: part for part in parts}
            for part in parts:
                own = [task for task in tasks if task.deployment_id == part["id"]]
                assert (part["runningCount"], part["pendingCount"]) == counts(own)
            left = [task for task in tasks if task.deployment_id not in known and task.last_status == "RUNNING"]
            assert all(task.desired_status == "STOPPED" for task in left) or service.status != "ACTIVE"

    @invariant()
    def counts_of_clusters_are_those_of_what_is_in_them(self) -> None:
        store = self.world.kernel.store
        for shown in self.describe("Clusters", clusters=[cluster.arn for cluster in store.clusters]):
            arn = shown["clusterArn"]
            running, pending = counts(store.tasks.where("cluster", arn))
            services = [s for s in store.services.where("cluster", arn) if s.status == "ACTIVE"]
            instances = [
                i for i in store.instances.where("cluster", arn) if i.instance.status in ("ACTIVE", "DRAINING")
            ]
            assert (shown["runningTasksCount"], shown["pendingTasksCount"]) == (running, pending)
            assert shown["activeServicesCount"] == len(services)
            assert shown["registeredContainerInstancesCount"] == len(instances)

    @invariant()
    def what_tasks_take_is_missing_from_their_instance(self) -> None:
        store = self.world.kernel.store
        for instance in store.instances:
            cluster = store.clusters.get(instance.cluster_arn)
            if instance.instance.status == "INACTIVE" or cluster is None or cluster.cluster.status != "ACTIVE":
                continue
            (shown,) = self.describe(
                "ContainerInstances", cluster=instance.cluster_arn, containerInstances=[instance.arn]
            )
            there = [t for t in store.tasks.where("instance", instance.arn) if t.last_status != "STOPPED"]
            for name, taken in (("CPU", "reserved_cpu"), ("MEMORY", "reserved_memory")):
                registered, remaining = (amounts(shown[f"{kind}Resources"]) for kind in ("registered", "remaining"))
                if name in registered:  # an agent need not name everything
                    assert remaining[name] == registered[name] - sum(getattr(task, taken) for task in there)

    @invariant()
    def every_task_can_be_described(self) -> None:
        for cluster in self.world.kernel.store.clusters:
            arns = list(self.world.kernel.store.tasks.keys("cluster", cluster.arn))[-100:]
            if arns and cluster.cluster.status == "ACTIVE":
                assert [t["taskArn"] for t in self.describe("Tasks", cluster=cluster.arn, tasks=arns)] == arns

    def describe(self, what: str, **members: Any) -> Any:
        answer = self.world.call(f"Describe{what}", **members)
        assert answer["failures"] == []
        return answer[f"{what[0].lower()}{what[1:]}"]

    def teardown(self) -> None:
        if hasattr(self, "errors"):
            texts, self.errors.texts = self.errors.texts, []
            self.errors.__exit__()
            assert texts == [], texts[0]


def counts(tasks: Any) -> tuple[int, int]:
    """RUNNING, and on the way there."""
    statuses = [task.last_status for task in tasks if isinstance(task, TaskRecord)]
    return statuses.count("RUNNING"), sum(status in STARTING for status in statuses)


def amounts(resources: list[dict[str, Any]]) -> dict[str, int]:
    return {one["name"]: one["integerValue"] for one in resources if "integerValue" in one}


@pytest.mark.slow
def test_anything_in_any_order(record_property: Callable[[str, object], None]) -> None:
    Operations.there, Operations.done = Furnished(), Counter()
    Operations.valid = valid_requests(Operations.there)
    run_state_machine_as_test(Operations, settings=settings(max_examples=RUNS, stateful_step_count=MOST_STEPS))
    outcomes: Counter[str] = Counter()
    for name, number in Operations.done.items():
        outcomes[name.split()[1]] += number
    for outcome, number in outcomes.items():
        record_property(f"calls in any order: {outcome}", number)
    assert min(outcomes.values()) > 300, outcomes
    never = [name for name in HANDLERS if f"{name} accepted" not in Operations.done]
    assert len(never) < 5, never  # chance leaves one out; of more than that something else is the reason
