"""Starts deployments: the one way in which a request makes a service roll something out, and its history know of it.

Called by CreateService and UpdateService.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.core.arns import last_part
from kecs.core.deployments.counts import tally
from kecs.core.deployments.history import forgotten, last_completed, new_deployment, superseded
from kecs.core.deployments.revisions import deployment_of, new_revision
from kecs.core.deployments.weights import in_other_groups, source_of, start
from kecs.core.records import DeploymentRecord, ServiceRecord, TaskDefinitionRecord
from kecs.core.scheduling.deployments import start_deployment
from kecs.core.scheduling.snapshot import service_task
from kecs.services.context import Context


def roll_out(
    context: Context, service: ServiceRecord, deployment: DeploymentRecord, definition: TaskDefinitionRecord
) -> ServiceRecord:
    """The service with `deployment` as its PRIMARY one, written down in its history. The caller puts the service."""
    store, now = context.store, context.now
    numbers = tally(map(service_task, store.tasks.where("unaccounted", service.arn)))
    for ongoing in store.service_deployments.where("ongoing", service.arn):
        store.service_deployments.put(superseded(ongoing, service, numbers, now))
    completed = last_completed(store.service_deployments.where("service", service.arn))
    before = store.services.get(service.arn) or service  # the update may have scaled it already
    blue = source_of(before, completed and deployment_of(completed))
    deployment = in_other_groups(service, deployment, blue)
    arn = context.scope.service_deployment(last_part(service.cluster_arn), service.name, context.ids.name21())
    store.service_deployments.put(new_deployment(service, deployment.id, arn, blue, now))
    store.service_revisions.put(new_revision(service, deployment, definition.definition))
    service = replace(start(start_deployment(service, deployment, now), blue), current_deployment=arn)
    _forget(context, service)
    return service


def _forget(context: Context, service: ServiceRecord) -> None:
    """Let go of what AWS would not show any more."""
    deployments, revisions = context.store.service_deployments, context.store.service_revisions
    history, known = deployments.where("service", service.arn), list(revisions.keys("service", service.arn))
    old_deployments, old_revisions = forgotten(service, history, known, context.now)
    for arn in old_deployments:
        deployments.delete(arn)
    for arn in old_revisions:
        revisions.delete(arn)
