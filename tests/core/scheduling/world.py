"""A toy of everything around the scheduler: tasks that do what a test tells them, and a clock that stands still.

`step` does what control does with a plan and checks on every plan what must hold for each of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.records import DeploymentRecord, ServiceRecord
from kecs.core.records.targets import TargetRecord
from kecs.core.scheduling.deployments import begin_deletion, set_desired_count, start_deployment
from kecs.core.scheduling.limits import limits
from kecs.core.scheduling.plan import Launch, Plan
from kecs.core.scheduling.scheduler import after_launch, plan
from kecs.core.scheduling.snapshot import ServiceTask, Snapshot

ARN = "arn:aws:ecs:us-east-1:000000000000"
START = 1_700_000_000.0
GROUPS = tuple(f"arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/g{n}/{n}" for n in range(2))
MANY_STEPS = 400  # more than any roll-out here takes, one task at a time


def is_healthy(task: ServiceTask) -> bool:
    """Serves by the scheduler's own measure, said in other words."""
    wanted = task.last_status == "RUNNING" and task.desired_status == "RUNNING"
    served = not {target.health for target in task.targets} - {"healthy"}
    return wanted and served and (task.health == "HEALTHY" or not task.has_health_check)


def is_unhealthy(task: ServiceTask) -> bool:
    """Has failed a health check, likewise."""
    return "UNHEALTHY" in {task.health, *(target.health.upper() for target in task.targets)}


def targets(task: ServiceTask, health: str) -> tuple[TargetRecord, ...]:
    """Those of the task, in this state."""
    return tuple(msgspec.structs.replace(target, health=health) for target in task.targets)


class World:
    """One service and its tasks."""

    def __init__(
        self,
        desired: int = 0,
        least: int = 100,
        most: int = 200,
        *,
        checks: bool = False,
        balancers: int = 0,
        grace: int = 0,
        breaker: m.DeploymentCircuitBreaker | None = None,
    ):
        self.now = START
        self.numbers = itertools.count(1)
        self.checks = checks
        self.balancers = balancers  # how many load balancers the service has
        self.places = True  # container instances have room
        self.more_room = False  # they have some that the scheduler has still to hear of
        self.tasks: dict[str, ServiceTask] = {}  # those that the scheduler has still to know of
        self.last: Plan | None = None
        self.reasons: dict[str, str] = {}  # why the scheduler has stopped tasks
        configuration = m.DeploymentConfiguration(
            maximum_percent=most, minimum_healthy_percent=least, deployment_circuit_breaker=breaker
        )
        service = ServiceRecord(
            arn=f"{ARN}:service/main/web",
            cluster_arn=f"{ARN}:cluster/main",
            service=m.Service(deployment_configuration=configuration, health_check_grace_period_seconds=grace),
            desired_count=desired,
        )
        self.service = start_deployment(service, self.make_deployment(desired), self.now)

    def make_deployment(self, desired: int) -> DeploymentRecord:
        number = next(self.numbers)
        return DeploymentRecord(
            id=f"ecs-svc/{number:019}",
            status="PRIMARY",
            task_definition=f"{ARN}:task-definition/web:{number}",
            desired_count=desired,
            created_at=self.now,
            updated_at=self.now,
        )

    def new_id(self) -> str:
        return f"event-{next(self.numbers)}"

    # What users do.

    def deploy(self) -> str:
        deployment = self.make_deployment(self.service.desired_count)
        self.service = start_deployment(self.service, deployment, self.now)
        return deployment.id

    def scale(self, count: int) -> None:
        self.service = set_desired_count(self.service, count, self.now)

    def delete(self) -> None:
        self.service = begin_deletion(self.service, self.now)

    # What happens to tasks.

    def change(self, task: ServiceTask, **changes: Any) -> None:
        self.tasks[task.arn] = msgspec.structs.replace(task, **changes)

    def run(self, task: ServiceTask) -> None:
        self.change(task, last_status="RUNNING", started_at=self.now, targets=targets(task, "initial"))

    def check(self, task: ServiceTask, health: str) -> None:
        self.change(task, health=health)

    def check_target(self, task: ServiceTask, number: int, health: str) -> None:
        """A load balancer finds that out about the task."""
        before = task.targets[number]
        passed = before.passed or health == "healthy"
        after = msgspec.structs.replace(before, health=health, passed=passed, reason="Request timed out")
        self.change(task, targets=tuple(after if target is before else target for target in task.targets))

    def deregister(self, task: ServiceTask) -> None:
        self.change(task, targets=targets(task, "draining"))

    def fail_to_start(self, task: ServiceTask) -> None:
        self.change(task, last_status="STOPPED", desired_status="STOPPED", stop_code="TaskFailedToStart")

    def keep_failing(self, times: int) -> None:
        """Whatever starts fails to, so many times; each time as soon as it is tried again."""
        for _ in range(times):
            for task in self.pending():
                self.fail_to_start(task)
            self.reconcile()
            if self.last is not None and self.last.wake_at is not None:
                self.now = self.last.wake_at
                self.reconcile()

    def exit(self, task: ServiceTask) -> None:
        gone = targets(task, "unused")
        code = "EssentialContainerExited"
        self.change(task, last_status="STOPPED", desired_status="STOPPED", stop_code=code, targets=gone)

    def ask_to_stop(self, task: ServiceTask) -> None:
        self.change(task, desired_status="STOPPED", stop_code="UserInitiated", stopped_reason="Task stopped by user")

    def protect(self, task: ServiceTask, seconds: float | None) -> None:
        self.change(task, protected_until=None if seconds is None else self.now + seconds)

    def finish_stop(self, task: ServiceTask) -> None:
        self.change(task, last_status="STOPPED", targets=targets(task, "unused"))

    # What happens to instances.

    def drain(self, tasks: Sequence[ServiceTask]) -> None:
        """The tasks are on an instance that is to be left."""
        for task in tasks:
            self.change(self.tasks[task.arn], draining=True)

    def undrain(self) -> None:
        """Every instance that was to be left is there to stay again."""
        for task in self.live():
            self.change(task, draining=False)
        self.get_room()

    def get_room(self) -> None:
        self.places = self.more_room = True

    # What tests ask.

    def live(self) -> list[ServiceTask]:
        return [t for t in self.tasks.values() if t.last_status != "STOPPED"]

    def pending(self) -> list[ServiceTask]:
        return [t for t in self.live() if t.last_status != "RUNNING" and t.desired_status == "RUNNING"]

    def running(self, deployment: str | None = None) -> list[ServiceTask]:
        tasks = [t for t in self.live() if t.last_status == "RUNNING" and t.desired_status == "RUNNING"]
        return [t for t in tasks if deployment in (None, t.deployment_id)]

    def stopping(self) -> list[ServiceTask]:
        return [t for t in self.live() if t.desired_status == "STOPPED"]

    def healthy(self) -> int:
        return sum(map(is_healthy, self.tasks.values()))

    def messages(self) -> list[str]:
        """The events, oldest first, without the service's name."""
        return [(e.message or "").removeprefix("(service web) ") for e in reversed(self.service.events)]

    def shape(self) -> list[tuple[int, int]]:
        """Tasks that are wanted and running, per deployment with its desired count, newest first."""
        return [(d.desired_count, len(self.running(d.id))) for d in self.service.deployments]

    @property
    def primary(self) -> DeploymentRecord:
        return self.service.deployments[0]

    # What control does.

    def snapshot(self) -> Snapshot:
        tasks = tuple(self.tasks.values())
        return Snapshot(service=self.service, tasks=tasks, now=self.now, more_room=self.more_room)

    def step(self) -> bool:
        """One plan, carried out. False when there was nothing to do."""
        result = self.last = plan(self.snapshot(), self.new_id)
        self.verify(result)
        self.more_room = False
        changed = bool(result.service != self.service or result.launches or result.stops or result.accounted)
        self.service = result.service
        for arn in result.told:
            task = self.tasks[arn]
            told = tuple(msgspec.structs.replace(target, told=target.registered) for target in task.targets)
            self.change(task, targets=told)
        for arn in result.accounted:
            del self.tasks[arn]
        for stop in result.stops:
            self.reasons[stop.task] = stop.reason
            self.change(
                self.tasks[stop.task], desired_status="STOPPED", stop_code=stop.stop_code, stopped_reason=stop.reason
            )
        for launch in result.launches:
            started, failures = self.start(launch)
            self.service = after_launch(self.service, launch, started, failures, self.now, self.new_id)
        return changed

    def start(self, launch: Launch) -> tuple[list[str], list[str]]:
        """The tasks that are created, and why others are not."""
        if not self.places:
            return [], ["RESOURCE:MEMORY"] * launch.count
        instances = launch.instances or (None,) * launch.count
        return [self.create(launch.deployment_id, instance) for instance in instances], []

    def create(self, deployment_id: str, instance: str | None = None, zone: str | None = None) -> str:
        arn = f"{ARN}:task/main/{next(self.numbers):032x}"
        self.tasks[arn] = ServiceTask(
            arn=arn,
            deployment_id=deployment_id,
            definition_arn=f"{ARN}:task-definition/web:1",
            last_status="PENDING",
            desired_status="RUNNING",
            health="UNKNOWN",
            has_health_check=self.checks,
            created_at=self.now,
            instance=instance,
            zone=zone,
            targets=tuple(TargetRecord(group=group, container="app", port=80) for group in GROUPS[: self.balancers]),
        )
        return arn

    def verify(self, result: Plan) -> None:
        """The safety of one plan; see tests/properties/test_scheduler.py for what that means."""
        bounds = limits(self.service)
        stopped = [self.tasks[stop.task] for stop in result.stops]
        assert len({t.arn for t in stopped}) == len(stopped)
        assert all(t.desired_status == "RUNNING" and t.last_status != "STOPPED" for t in stopped)
        guarded = [t for t in stopped if self.guards(t)]
        assert self.service.status != "ACTIVE" or all(map(is_unhealthy, guarded))
        stopped_healthy = sum(map(is_healthy, stopped))
        assert stopped_healthy == 0 or self.healthy() - stopped_healthy >= bounds.minimum
        launched = sum(launch.count for launch in result.launches)
        assert launched == 0 or len(self.live()) + launched <= bounds.maximum
        assert {t.arn for t in self.pending() if t.draining and not self.guards(t)} <= {t.arn for t in stopped}
        assert all(launch.count > 0 and 0 <= launch.replaces <= launch.count for launch in result.launches)
        going_on = {d.id for d in result.service.deployments if d.rollout_state != "FAILED"}
        assert {launch.deployment_id for launch in result.launches} <= going_on
        assert set(result.accounted) == {t.arn for t in self.tasks.values() if t.last_status == "STOPPED"}
        assert len(result.service.events) <= 100
        told = {t.arn for t in self.tasks.values() if any(x.registered != x.told for x in t.targets)}
        assert set(result.told) == told or self.service.status == "INACTIVE"
        assert all(d.failed_tasks >= 0 and d.desired_count >= 0 for d in result.service.deployments)
        assert all(d.failed_tasks == 0 for d in result.service.deployments if d.reached_running)
        assert result.wake_at is None or result.wake_at > self.now

    def guards(self, task: ServiceTask) -> bool:
        """Whether the task is protected."""
        return task.protected_until is not None and task.protected_until > self.now

    def reconcile(self) -> None:
        """Steps until a step finds nothing to do; time stands still."""
        for _ in range(MANY_STEPS):
            if not self.step():
                return
        raise AssertionError("the scheduler does not come to rest while nothing changes")

    def settle(self) -> None:
        """All goes well: starting tasks run and pass their checks, stopping ones stop, back-offs end."""
        for _ in range(MANY_STEPS):
            self.reconcile()
            if not self.go_on():
                return
        raise AssertionError("the service does not come to rest while all goes well")

    def go_on(self) -> bool:
        """The next thing that goes well; False when there is none left."""
        moved = False
        for task in self.live():
            moved = True
            if task.desired_status == "STOPPED":
                self.finish_stop(task)
            elif task.last_status != "RUNNING":
                self.run(task)
            elif task.has_health_check and task.health != "HEALTHY":
                self.check(task, "HEALTHY")
            elif (sick := next((n for n, t in enumerate(task.targets) if t.health != "healthy"), None)) is not None:
                self.check_target(task, sick, "healthy")
            else:
                moved = False
                continue
            break
        if not moved and not self.service.steady and self.last is not None and self.last.wake_at is not None:
            self.now = self.last.wake_at
            moved = True
        return moved
