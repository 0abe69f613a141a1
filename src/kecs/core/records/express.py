"""Express Gateway services: what ECS manages for a service that was made from an image and two roles."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records.base import Named, Record
from kecs.core.records.gateways import GatewayBalancer
from kecs.core.records.services import DeploymentRecord


class ExpressConfiguration(Record):
    """What a revision of an Express service is made of beyond its task definition and its network."""

    deployment: DeploymentRecord  # that rolls it out, as it started
    health_check_path: str
    scaling: m.ExpressGatewayScalingTarget  # every member given


class ExpressRecord(Named):
    """What is around the service of the same ARN. The service itself, its tasks and tags are in a ServiceRecord."""

    infrastructure_role_arn: str
    request: str  # a digest of the request that made it: the same one again is answered with what is there
    configurations: tuple[ExpressConfiguration, ...]  # newest first
    updated_at: float
    host: str  # the name that requests ask for
    balancer: GatewayBalancer  # shared with other Express services
    rule_arn: str
    target_group_arns: tuple[str, ...]
    certificate_arn: str
    security_group: str  # id of the service's own
    log_group: str | None  # made for it, unless its output goes elsewhere
    scaling_id: str  # in the ARNs of scalable target and scaling policy
    status: m.ManagedResourceStatus  # of all these resources
    changed_at: float  # when it became that
    settles_at: float | None = None  # when what is in progress is over

    @property
    def cluster_arn(self) -> str:
        return self.scope.cluster(self.arn.split("/")[1])
