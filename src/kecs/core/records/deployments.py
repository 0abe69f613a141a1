"""The history of a service: its revisions and the deployments that rolled them out."""

from __future__ import annotations

from typing import Any, Literal

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


LifecycleStage = Literal[
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
]


class StageRecord(Record):
    """A lifecycle stage that a deployment has entered."""

    name: LifecycleStage
    started_at: float
    finished_at: float | None = None


class HookRecord(Record):
    """One execution of a lifecycle hook: at each entry of a stage each of its hooks has one of its own."""

    hook_id: str
    entry: int  # of the stage, counted from 0 over all stages that the deployment has entered
    stage: LifecycleStage
    target_type: m.DeploymentLifecycleHookTargetType
    status: m.DeploymentLifecycleHookStatus
    expires_at: float
    timeout_action: m.DeploymentLifecycleHookAction
    updated_at: float
    target_arn: str | None = None  # of the Lambda function, or the URL of a local hook; None for PAUSE
    details: Any = None  # what it is handed: its configuration's hookDetails, and what its answers have added
    calls: int = 0  # an answer says which of them it is to
    call_at: float | None = None  # when it is called again; None while it is open: its answer is awaited
    reason: str | None = None  # why it failed


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
    blue: str | None = None  # id of the deployment that serves until this one does
    stages: tuple[StageRecord, ...] = ()  # those that it has entered, the last one is where it is; see core.deployments
    turned: int | None = None  # how many of them were entered before it began to roll back
    relieved: str | None = None  # id of the deployment that served, when it rolls back to yet another one
    step: int = 0  # of the shift of production traffic
    hooks: tuple[HookRecord, ...] = ()
    unwatched: bool = False  # an alarm was in ALARM when it started: AWS then ignores them all
    triggered_alarms: tuple[str, ...] = ()
    failed_by: str | None = None  # what found that it failed, in the words that begin its rolloutStateReason
    final: tuple[m.ServiceRevisionSummary, ...] = ()  # of the target, then of the sources
    failed_tasks: int = 0  # likewise: the count at its end, or when they were too many
    tripped: bool = False  # the circuit breaker has found them too many

    @property
    def ongoing(self) -> bool:
        return self.status in ONGOING
