"""Task sets: what runs of a service whose deployments are somebody else's business."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import ecs as m
from kecs.core.records.base import Scoped
from kecs.core.records.services import DeploymentRecord


class TaskSetRecord(Scoped):
    """A task set of a service with the EXTERNAL or CODE_DEPLOY deployment controller."""

    service_arn: str
    cluster_arn: str
    deployment: DeploymentRecord  # what it runs; `id` is the set's, `desired_count` what its scale comes to
    status: Literal["PRIMARY", "ACTIVE", "DRAINING"] = "ACTIVE"
    scale: float = 0.0  # percent of the service's desired count
    load_balancers: tuple[m.LoadBalancer, ...] = ()
    service_registries: tuple[m.ServiceRegistry, ...] = ()
    started_by: str | None = None  # CODE_DEPLOY, for a set that a deployment of CodeDeploy has created
    external_id: str | None = None
    stability: Literal["STABILIZING", "STEADY_STATE"] = "STABILIZING"
    stability_at: float = 0.0  # when that became so
    tags: tuple[m.Tag, ...] = ()

    @property
    def id(self) -> str:
        return self.deployment.id
