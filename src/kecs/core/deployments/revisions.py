"""Service revisions: what is written down of a deployment when it starts, and how a service goes back to one.

Called by services.ecs.rollouts and by the service loop.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.records import DeploymentRecord, RevisionRecord, ServiceRecord, TaskRecord
from kecs.core.services import REVISION

RESTORED = (*REVISION, "launch_type", "capacity_provider_strategy", "platform_family")
"""Members of the service that belong to its revision, and so go back with it."""


def revision_arn(service: ServiceRecord, deployment_id: str) -> str:
    """The ARN of the revision that a deployment rolls out: in AWS both have the same number."""
    return service.scope.service_revision(last_part(service.cluster_arn), service.name, last_part(deployment_id))


def deployment_of(revision: str) -> str:
    """The id of the deployment that rolls out the revision of this ARN."""
    return f"ecs-svc/{last_part(revision)}"


def new_revision(service: ServiceRecord, deployment: DeploymentRecord, definition: m.TaskDefinition) -> RevisionRecord:
    """The revision that `deployment`, about to start, rolls out."""
    containers = definition.container_definitions or ()
    return RevisionRecord(
        arn=revision_arn(service, deployment.id),
        service_arn=service.arn,
        cluster_arn=service.cluster_arn,
        service=service.service,
        deployment=deployment,
        images=tuple(m.ContainerImage(container_name=c.name, image=c.image) for c in containers),
    )


def with_digests(revision: RevisionRecord, tasks: Iterable[TaskRecord]) -> RevisionRecord:
    """The revision with the digests that its tasks have found; itself when there is nothing to learn."""
    if all(image.image_digest for image in revision.images):
        return revision
    found = {
        container.name: container.image_digest
        for task in tasks
        if task.deployment_id == revision.deployment.id
        for container in task.containers
        if container.image_digest
    }
    images = tuple(
        i if i.image_digest else replace(i, image_digest=found.get(i.container_name or "")) for i in revision.images
    )
    return revision if images == revision.images else replace(revision, images=images)


def restored(service: ServiceRecord, revision: RevisionRecord) -> ServiceRecord:
    """The service configured as that revision was; what no revision holds stays as it is."""
    before = {member: getattr(revision.service, member) for member in RESTORED}
    return replace(service, service=replace(service.service, **before))


def revision_view(revision: RevisionRecord) -> m.ServiceRevision:
    """The revision as DescribeServiceRevisions shows it."""
    deployment, service = revision.deployment, revision.service
    return m.ServiceRevision(
        service_revision_arn=revision.arn,
        service_arn=revision.service_arn,
        cluster_arn=revision.cluster_arn,
        task_definition=deployment.task_definition,
        capacity_provider_strategy=list(deployment.capacity_provider_strategy) or None,
        launch_type=deployment.launch_type,
        platform_version=deployment.platform_version,
        platform_family=deployment.platform_family,
        load_balancers=service.load_balancers or None,
        service_registries=service.service_registries or None,
        network_configuration=deployment.network_configuration,
        container_images=list(revision.images),
        guard_duty_enabled=False,
        service_connect_configuration=deployment.service_connect_configuration,
        volume_configurations=list(deployment.volume_configurations) or None,
        fargate_ephemeral_storage=deployment.fargate_ephemeral_storage,
        vpc_lattice_configurations=list(deployment.vpc_lattice_configurations) or None,
        gateway_connectors=list(deployment.gateway_connectors) or None,
        monitoring=deployment.monitoring,
        resolved_configuration=_resolved(service, deployment),
        created_at=deployment.created_at,
    )


def _resolved(service: m.Service, deployment: DeploymentRecord) -> m.ResolvedConfiguration | None:
    """The target groups that serve the revision, and the rules by which requests get there."""
    groups = [b for b in service.load_balancers or () if b.target_group_arn]
    lattice = [c.target_group_arn for c in deployment.vpc_lattice_configurations]
    if not groups and not lattice:
        return None
    return m.ResolvedConfiguration(
        load_balancers=[_balancer(b, alternate=deployment.alternate) for b in groups] or None,
        vpc_lattice_configurations=[m.ServiceRevisionVpcLatticeConfiguration(target_group_arn=arn) for arn in lattice]
        or None,
    )


def _balancer(balancer: m.LoadBalancer, *, alternate: bool) -> m.ServiceRevisionLoadBalancer:
    advanced = balancer.advanced_configuration or m.AdvancedConfiguration()
    return m.ServiceRevisionLoadBalancer(
        target_group_arn=advanced.alternate_target_group_arn if alternate else balancer.target_group_arn,
        production_listener_rule=advanced.production_listener_rule,
    )
