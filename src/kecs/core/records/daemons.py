"""Daemons of Managed Instances, their task definitions, revisions and deployments."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.records.base import Named, Record
from kecs.core.records.task_definitions import OfFamily


class DaemonTaskDefinitionRecord(OfFamily):
    """One revision of a daemon task definition, as DescribeDaemonTaskDefinition shows it."""

    definition: m.DaemonTaskDefinition
    deleted_at: float | None = None  # it is DELETED since then
    tags: tuple[m.Tag, ...] = ()


class DaemonTarget(Record):
    """A capacity provider of a daemon."""

    provider_arn: str
    since: float  # an instance that registered earlier and has no task of the daemon is replaced rather than given one

    @property
    def provider(self) -> str:
        return last_part(self.provider_arn)


class DaemonRecord(Named):
    """A daemon: what every instance of its capacity providers is to run, and what it last ran without trouble."""

    cluster_arn: str
    created_at: float
    updated_at: float
    revision_arn: str  # what new instances get
    deployment_arn: str  # the latest one
    targets: tuple[DaemonTarget, ...]
    status: m.DaemonStatus = "ACTIVE"
    stable_revision_arn: str | None = None  # of the last deployment that succeeded: where a rollback goes
    stable_targets: tuple[DaemonTarget, ...] = ()
    failures: int = 0  # daemon tasks in a row that did not come to run
    failed_at: float | None = None  # when the last of them failed
    tags: tuple[m.Tag, ...] = ()


class DaemonRevisionRecord(Record):
    """A revision of a daemon; it never changes, but for the digests of its images once they are known."""

    arn: str
    daemon_arn: str
    revision: m.DaemonRevision

    @property
    def definition_arn(self) -> str:
        return self.revision.daemon_task_definition_arn or ""

    @property
    def critical(self) -> bool:
        return self.revision.critical is not False


class DaemonDeploymentRecord(Record):
    """A deployment of a daemon: from which revisions to which one, and how far it has come."""

    arn: str
    daemon_arn: str
    cluster_arn: str
    configuration: m.DaemonDeploymentConfiguration
    created_at: float
    changed_at: float  # when it came to its status
    status: m.DaemonDeploymentStatus = "PENDING"
    status_reason: str = ""
    target_revision_arn: str | None = None  # None: the daemon is being deleted
    source_revision_arns: tuple[str, ...] = ()
    provider_arns: tuple[str, ...] = ()
    started_at: float | None = None
    stopped_at: float | None = None
    finished_at: float | None = None
    failure_count: int = 0  # what the circuit breaker counts
    rollback: m.DaemonRollback | None = None
    rollback_failures: int = 0
    drained: tuple[str, ...] = ()  # instances that it has set to DRAINING and that are still there
    updated_all_at: float | None = None  # every instance runs the target revision: the bake time begins
