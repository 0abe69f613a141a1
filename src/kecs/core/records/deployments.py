"""The history of a service: its revisions and the deployments that rolled them out."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import ecs as m
from kecs.core.records.base import Record
from kecs.core.records.services import DeploymentRecord

ServiceDeploymentStatus = Literal[
    "PENDING",
    "IN_PROGRESS",
    "STOP_REQUESTED",
    "ROLLBACK_REQUESTED",
    "ROLLBACK_IN_PROGRESS",
    "SUCCESSFUL",
    "STOPPED",
    "ROLLBACK_SUCCESSFUL",
    "ROLLBACK_FAILED",
]
ONGOING = frozenset({"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})


class RevisionRecord(Record):
    """A service revision: what one deployment set out to run. Only the digests of its images are learned later."""

    arn: str
    service_arn: str
    cluster_arn: str
    service: m.Service  # as it was configured
    deployment: DeploymentRecord  # as it started
    images: tuple[m.ContainerImage, ...]  # one for each container, without a digest until a task has pulled it


class ServiceDeploymentRecord(Record):
    """The release of a revision, from its request to its end.

    How many tasks its revisions have is computed from tasks while it goes on, and `final` once it has ended.
    """

    arn: str
    service_arn: str
    cluster_arn: str
    target: str  # ARN of the revision
    created_at: float
    updated_at: float
    sources: tuple[str, ...] = ()  # ARNs of the revisions that ran when it was created
    status: ServiceDeploymentStatus = "PENDING"
    status_reason: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    stopped_at: float | None = None
    configuration: m.DeploymentConfiguration | None = None
    rollback: m.Rollback | None = None
    hooks: tuple[m.DeploymentLifecycleHookDetail, ...] = ()
    final: tuple[m.ServiceRevisionSummary, ...] = ()  # of the target, then of the sources
    failed_tasks: int = 0  # likewise: the count at its end, or when they were too many
    tripped: bool = False  # the circuit breaker has found them too many

    @property
    def ongoing(self) -> bool:
        return self.status in ONGOING
