"""A fleet in which everything that is decided happens, a second at a time; for tests of the daemon scheduler."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.daemons.fleet import Fleet, fleet
from kecs.core.daemons.instances import is_ready, to_stop, waits_for_daemons
from kecs.core.daemons.rollout import superseded
from kecs.core.daemons.schedule import OURS, Plan, plan
from kecs.core.daemons.validate import configuration
from kecs.core.records import (
    ContainerRecord,
    DaemonDeploymentRecord,
    DaemonRecord,
    DaemonTarget,
    InstanceRecord,
    TaskRecord,
)

SCOPE = Scope("000000000000", "us-east-1")
CLUSTER = SCOPE.cluster("c")
DAEMON = SCOPE.daemon("c", "d")
PROVIDERS = tuple(SCOPE.capacity_provider(name) for name in ("p", "q"))


class Fleets:
    """One daemon, its instances and tasks. `bad` revisions never come to run, `optional` ones are not critical."""

    def __init__(self, *, drain_percent: float = 25.0, bake: int = 0) -> None:
        self.now = 1000.0
        self.bad: set[str] = set()
        self.optional: set[str] = set()
        self.revisions: list[str] = []
        self.instances: dict[str, InstanceRecord] = {}
        self.tasks: dict[str, TaskRecord] = {}
        self.demand: dict[str, int] = {"p": 0, "q": 0}  # how many instances each provider keeps
        self.drain_percent, self.bake = drain_percent, bake
        self.deployments: list[DaemonDeploymentRecord] = []
        self.daemon: DaemonRecord | None = None
        self.made = 0

    # What callers do.

    def deploy(self, providers: int = 1, *, bad: bool = False, critical: bool = True, same: bool = False) -> None:
        """CreateDaemon, or UpdateDaemon."""
        before = self.daemon
        if not (same and self.revisions):
            self.revisions.append(f"r{len(self.revisions)}")
            if bad:
                self.bad.add(self.revisions[-1])
            if not critical:
                self.optional.add(self.revisions[-1])
        revision = self.revisions[-1]
        keeps = before is not None and before.revision_arn == revision
        since = {t.provider_arn: t.since for t in before.targets} if before and keeps else {}
        targets = tuple(DaemonTarget(provider_arn=p, since=since.get(p, self.now)) for p in PROVIDERS[:providers])
        fresh = DaemonRecord(
            arn=DAEMON,
            cluster_arn=CLUSTER,
            created_at=self.now,
            updated_at=self.now,
            revision_arn=revision,
            deployment_arn=self._begin(revision),
            targets=targets,
        )
        if before is not None:
            fresh = replace(fresh, stable_revision_arn=before.stable_revision_arn, stable_targets=before.stable_targets)
        self.daemon = fresh

    def delete(self) -> None:
        assert self.daemon is not None
        self.daemon = replace(self.daemon, status="DELETE_IN_PROGRESS", deployment_arn=self._begin(None))

    def _begin(self, revision: str | None) -> str:
        if self.deployments:
            self.deployments[-1] = superseded(self.deployments[-1], self.now)
        arn = f"deployment{len(self.deployments)}"
        asked = m.DaemonDeploymentConfiguration(drain_percent=self.drain_percent, bake_time_in_minutes=self.bake)
        self.deployments.append(
            DaemonDeploymentRecord(
                arn=arn,
                daemon_arn=DAEMON,
                cluster_arn=CLUSTER,
                configuration=configuration(asked),
                created_at=self.now,
                changed_at=self.now,
                target_revision_arn=revision,
            )
        )
        return arn

    def stop_task(self, index: int) -> None:
        live = self.live()
        if live:
            task = live[index % len(live)]
            self.tasks[task.arn] = replace(task, desired_status="STOPPED", stop_code="UserInitiated")

    # What the world does.

    def second(self) -> Plan | None:
        """Whatever was decided comes about, then it is decided again."""
        self.now += 1
        for task in self.live():
            self._move(task)
        for provider, count in self.demand.items():
            self._keep(provider, count)
        decided = self.decide()
        for instance in list(self.instances.values()):
            self._see_to(instance)
        return decided

    def seconds(self, count: int) -> None:
        for _ in range(count):
            self.second()

    def decide(self) -> Plan | None:
        if self.daemon is None:
            return None
        decided = plan(self.snapshot(), lambda _: None)
        for instance in decided.starts:
            self._start(instance)
        for drain in decided.drains:
            self._status(drain.instance, "DRAINING")
        for arn in decided.accounted:
            self.tasks[arn] = replace(self.tasks[arn], accounted=True)
        self.deployments[-1] = decided.deployment
        self.daemon = None if decided.over else decided.daemon
        return decided

    def snapshot(self) -> Fleet:
        assert self.daemon is not None
        critical = {revision for revision in self.revisions if revision not in self.optional}
        return fleet(
            self.daemon, self.deployments[-1], self.instances.values(), self.tasks.values(), critical, self.now
        )

    def live(self) -> list[TaskRecord]:
        return [task for task in self.tasks.values() if task.last_status != "STOPPED"]

    def on(self, instance: str) -> list[TaskRecord]:
        return [task for task in self.live() if task.container_instance_arn == instance]

    def present(self) -> list[InstanceRecord]:
        return [i for i in self.instances.values() if i.instance.status != "INACTIVE"]

    @property
    def status(self) -> str:
        return str(self.deployments[-1].status)

    def launch(self, provider: str = "p", status: str = "REGISTERING") -> str:
        self.made += 1
        arn = f"i{self.made}"
        instance = m.ContainerInstance(
            container_instance_arn=arn,
            capacity_provider_name=provider,
            status=status,
            agent_connected=True,
            registered_at=self.now,
        )
        self.instances[arn] = InstanceRecord(arn=arn, cluster_arn=CLUSTER, instance=instance)
        return arn

    def _keep(self, provider: str, count: int) -> None:
        """As many instances as are asked for, not counting those that are drained."""
        mine = [i for i in self.present() if i.instance.capacity_provider_name == provider]
        staying = [i for i in mine if i.instance.status != "DRAINING"]
        for _ in range(count - len(staying)):
            self.launch(provider)

    def _move(self, task: TaskRecord) -> None:
        if task.desired_status == "STOPPED":
            task = replace(task, last_status="STOPPED")
        elif task.daemon_revision_arn in self.bad:
            task = replace(task, desired_status="STOPPED", last_status="STOPPED", stop_code="TaskFailedToStart")
        elif task.last_status == "PENDING":
            task = replace(task, last_status="RUNNING", started_at=self.now)
        self.tasks[task.arn] = task

    def _see_to(self, instance: InstanceRecord) -> None:
        tasks = self.on(instance.arn)
        for task in to_stop(instance, tasks):
            self.tasks[task.arn] = replace(task, desired_status="STOPPED", stop_code=OURS)
        if instance.instance.status == "DRAINING" and not tasks:
            self._status(instance.arn, "INACTIVE")
        critical = {revision for revision in self.revisions if revision not in self.optional}
        daemons = [self.daemon] if self.daemon else []
        all_tasks = [t for t in self.tasks.values() if t.container_instance_arn == instance.arn]
        if waits_for_daemons(instance) and is_ready(instance, daemons, all_tasks, critical):
            self._status(instance.arn, "ACTIVE")

    def _status(self, arn: str, status: str) -> None:
        record = self.instances[arn]
        self.instances[arn] = replace(record, instance=replace(record.instance, status=status))

    def _start(self, instance: InstanceRecord) -> None:
        assert self.daemon is not None
        arn = f"t{len(self.tasks)}"
        self.tasks[arn] = TaskRecord(
            arn=arn,
            cluster_arn=CLUSTER,
            definition_arn="definition",
            group="daemon:d",
            launch_type="MANAGED_INSTANCES",
            created_at=self.now,
            containers=(ContainerRecord(name="agent", arn="a", image="i", essential=True),),
            last_status="PENDING",
            container_instance_arn=instance.arn,
            daemon_arn=DAEMON,
            daemon_revision_arn=self.daemon.revision_arn,
        )
