"""Daemons, their deployments and revisions.

The handlers write down what is wanted; the daemon loop brings it about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.arns import Scope, last_part
from kecs.core.capacity import association
from kecs.core.daemons import validate
from kecs.core.daemons.fleet import Fleet, fleet
from kecs.core.daemons.rollout import superseded
from kecs.core.daemons.view import daemon_view, deployment_summary, deployment_view
from kecs.core.records import ClusterRecord, DaemonDeploymentRecord, DaemonRecord, DaemonRevisionRecord
from kecs.core.tags import validate_tags
from kecs.services.context import Context
from kecs.services.ecs.daemon_task_definitions import active_definition
from kecs.services.ecs.finding import find_cluster
from kecs.services.ecs.tokens import recall, remember

DEPLOYMENTS_LISTED = 20  # on a page, unless asked otherwise

INVALID_ARN = "The specified daemon ARN is invalid. Specify a valid ARN and try again."
NOT_FOUND = "Daemon not found."
NOT_ACTIVE = "Daemon was not ACTIVE."
NOT_IDEMPOTENT = "Creation of daemon was not idempotent."
UNKNOWN = "The specified daemon was not found."
DELETION = "The daemon cannot be changed while its deployment deletion is ongoing."

_ARN = re.compile(r"arn:[\w-]+:ecs:(?P<region>[\w-]+):(?P<account>\d{12}):daemon/(?P<cluster>[^/]+)/[^/]+")


def create_daemon(context: Context, request: m.CreateDaemonRequest) -> m.CreateDaemonResponse:
    """The daemon is ACTIVE at once; its first deployment sees to the instances that there are."""
    validate.check_name(request.daemon_name)
    validate.check_token(request.client_token)
    cluster = find_cluster(context, request.cluster_arn)
    daemon = _made_before(context, request)
    if daemon is None:
        daemon = _new_daemon(context, cluster, request)
        remember(context, "CreateDaemon", request.client_token, request, (daemon.arn,))
    return m.CreateDaemonResponse(
        daemon_arn=daemon.arn,
        status=daemon.status,
        created_at=daemon.created_at,
        deployment_arn=daemon.deployment_arn,
    )


def update_daemon(context: Context, request: m.UpdateDaemonRequest) -> m.UpdateDaemonResponse:
    """A new deployment; tasks that would be the same as before stay where they are."""
    daemon, cluster = _find(context, request.daemon_arn)
    if daemon.status != "ACTIVE":
        raise m.DaemonNotActiveException(NOT_ACTIVE)
    providers = _providers(context, cluster, request.capacity_provider_arns)
    revision, current = _revision(context, cluster, daemon.arn, request), _target(context, daemon)
    same = validate.says_the_same(revision, current)
    if same:
        revision = current
    else:
        context.store.daemon_revisions.put(revision)
    deployment = _deploy(context, daemon, revision.arn, providers, request.deployment_configuration)
    daemon = replace(
        daemon,
        revision_arn=revision.arn,
        deployment_arn=deployment.arn,
        targets=validate.targets(daemon if same else None, providers, context.now),
        failures=0,
        failed_at=None,
        updated_at=context.now,
    )
    context.store.daemons.put(daemon)
    return m.UpdateDaemonResponse(
        daemon_arn=daemon.arn,
        status=daemon.status,
        created_at=daemon.created_at,
        updated_at=daemon.updated_at,
        deployment_arn=daemon.deployment_arn,
    )


def delete_daemon(context: Context, request: m.DeleteDaemonRequest) -> m.DeleteDaemonResponse:
    """The daemon is DELETE_IN_PROGRESS until the instances that run it are replaced."""
    daemon, _ = _find(context, request.daemon_arn)
    if daemon.status != "ACTIVE":
        raise m.DaemonNotActiveException(NOT_ACTIVE)
    providers = [target.provider_arn for target in daemon.targets]
    deployment = _deploy(context, daemon, None, providers, None)
    daemon = replace(daemon, status="DELETE_IN_PROGRESS", deployment_arn=deployment.arn, updated_at=context.now)
    context.store.daemons.put(daemon)
    return m.DeleteDaemonResponse(
        daemon_arn=daemon.arn,
        status=daemon.status,
        created_at=daemon.created_at,
        updated_at=daemon.updated_at,
        deployment_arn=daemon.deployment_arn,
    )


def describe_daemon(context: Context, request: m.DescribeDaemonRequest) -> m.DescribeDaemonResponse:
    daemon, _ = _find(context, request.daemon_arn)
    return m.DescribeDaemonResponse(daemon=daemon_view(_fleet(context, daemon)))


def list_daemons(context: Context, request: m.ListDaemonsRequest) -> m.ListDaemonsResponse:
    cluster = find_cluster(context, request.cluster_arn)
    wanted = set(request.capacity_provider_arns or ())
    found = {
        daemon.arn: daemon
        for daemon in context.store.daemons.where("cluster", cluster.arn)
        if not wanted or any(target.provider_arn in wanted for target in daemon.targets)
    }
    arns, token = page(list(found), request.next_token, request.max_results)
    summaries = [
        m.DaemonSummary(
            daemon_arn=arn,
            status=found[arn].status,
            created_at=found[arn].created_at,
            updated_at=found[arn].updated_at,
        )
        for arn in arns
    ]
    return m.ListDaemonsResponse(daemon_summaries_list=summaries, next_token=token)


def list_daemon_deployments(
    context: Context, request: m.ListDaemonDeploymentsRequest
) -> m.ListDaemonDeploymentsResponse:
    """Newest first; the last one of a daemon that has been deleted is still there for a while."""
    match = _parsed(context, request.daemon_arn)
    deployments = context.store.daemon_deployments.where("daemon", request.daemon_arn) if match else []
    if match:
        find_cluster(context, match)
    if not deployments:
        raise m.ClientException(UNKNOWN)
    found = {deployment.arn: deployment for deployment in reversed(deployments) if _listed(deployment, request)}
    size = DEPLOYMENTS_LISTED if request.max_results is None else request.max_results
    arns, token = page(list(found), request.next_token, size)
    summaries = [deployment_summary(found[arn]) for arn in arns]
    return m.ListDaemonDeploymentsResponse(daemon_deployments=summaries, next_token=token)


def describe_daemon_deployments(
    context: Context, request: m.DescribeDaemonDeploymentsRequest
) -> m.DescribeDaemonDeploymentsResponse:
    _check_given("daemonDeploymentArns", request.daemon_deployment_arns)
    shown, failures = [], []
    for arn in request.daemon_deployment_arns:
        deployment = context.store.daemon_deployments.get(arn)
        if deployment is None or not _own(context, arn):
            failures.append(m.Failure(arn=arn, reason="MISSING"))
            continue
        daemon = context.store.daemons.get(deployment.daemon_arn)
        shown.append(deployment_view(deployment, _fleet(context, daemon) if daemon else None))
    return m.DescribeDaemonDeploymentsResponse(daemon_deployments=shown, failures=failures)


def describe_daemon_revisions(
    context: Context, request: m.DescribeDaemonRevisionsRequest
) -> m.DescribeDaemonRevisionsResponse:
    _check_given("daemonRevisionArns", request.daemon_revision_arns)
    shown, failures = [], []
    for arn in request.daemon_revision_arns:
        revision = context.store.daemon_revisions.get(arn)
        if revision is not None and _own(context, arn):
            shown.append(revision.revision)
        else:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
    return m.DescribeDaemonRevisionsResponse(daemon_revisions=shown, failures=failures)


def _made_before(context: Context, request: m.CreateDaemonRequest) -> DaemonRecord | None:
    """The daemon that the same call has made. Raises InvalidParameterException when it was not the same call."""
    try:
        arns = recall(context, "CreateDaemon", request.client_token, request)
    except m.ConflictException:
        raise m.InvalidParameterException(NOT_IDEMPOTENT) from None
    return context.store.daemons.get(arns[0]) if arns else None


def _new_daemon(context: Context, cluster: ClusterRecord, request: m.CreateDaemonRequest) -> DaemonRecord:
    arn, store, now = context.scope.daemon(cluster.name, request.daemon_name), context.store, context.now
    providers = _providers(context, cluster, request.capacity_provider_arns)
    revision = _revision(context, cluster, arn, request)
    existing = store.daemons.get(arn)
    if existing is not None:
        deleted = existing.status != "ACTIVE"
        raise m.InvalidParameterException(DELETION if deleted else NOT_IDEMPOTENT)
    daemon = DaemonRecord(
        arn=arn,
        cluster_arn=cluster.arn,
        created_at=now,
        updated_at=now,
        revision_arn=revision.arn,
        deployment_arn="",
        targets=validate.targets(None, providers, now),
        tags=validate_tags(request.tags),
    )
    deployment = _deploy(context, daemon, revision.arn, providers, request.deployment_configuration)
    daemon = replace(daemon, deployment_arn=deployment.arn)
    store.daemon_revisions.put(revision)
    store.daemons.put(daemon)
    return daemon


def _deploy(
    context: Context,
    daemon: DaemonRecord,
    revision_arn: str | None,
    providers: list[str],
    asked: m.DaemonDeploymentConfiguration | None,
) -> DaemonDeploymentRecord:
    """A deployment of the daemon, which takes the place of the one that was under way."""
    store, now = context.store, context.now
    before = store.daemon_deployments.get(daemon.deployment_arn)
    if before is not None:
        store.daemon_deployments.put(superseded(before, now))
    live = [task for task in store.tasks.where("daemon", daemon.arn) if task.last_status != "STOPPED"]
    sources = dict.fromkeys(task.daemon_revision_arn or "" for task in live)
    sources.pop(revision_arn or "", None)
    deployment = DaemonDeploymentRecord(
        arn=context.scope.daemon_deployment(last_part(daemon.cluster_arn), daemon.name, context.ids.name21()),
        daemon_arn=daemon.arn,
        cluster_arn=daemon.cluster_arn,
        configuration=validate.configuration(asked),
        created_at=now,
        changed_at=now,
        target_revision_arn=revision_arn,
        source_revision_arns=tuple(sources),
        provider_arns=tuple(dict.fromkeys([*providers, *(target.provider_arn for target in daemon.targets)])),
    )
    store.daemon_deployments.put(deployment)
    return deployment


def _revision(context: Context, cluster: ClusterRecord, daemon: str, asked: validate.Asked) -> DaemonRevisionRecord:
    """What is asked for, as a revision that is not in the store yet."""
    definition = active_definition(context, asked.daemon_task_definition_arn)
    arn = context.scope.daemon_revision(cluster.name, last_part(daemon), context.ids.digits19())
    return validate.new_revision(arn, daemon, cluster.arn, definition, asked, context.now)


def _providers(context: Context, cluster: ClusterRecord, arns: Sequence[str]) -> list[str]:
    """The capacity providers, each once: Managed Instances of this cluster. Raises InvalidParameterException."""
    _check_given("capacityProviderArns", arns)
    for arn in arns:
        if arn in (context.scope.capacity_provider(name) for name in ("FARGATE", "FARGATE_SPOT")):
            raise m.InvalidParameterException(validate.ONLY_MANAGED)
        record = context.store.capacity_providers.get(arn)
        if record is None or record.scope != context.scope:
            raise m.InvalidParameterException(association.NOT_FOUND.format(name=arn))
        if record.provider.managed_instances_provider is None:
            raise m.InvalidParameterException(validate.ONLY_MANAGED)
        if record.cluster_arn != cluster.arn:
            raise m.InvalidParameterException(validate.OTHER_CLUSTER.format(name=record.name))
        if record.provider.status != "ACTIVE":
            raise m.InvalidParameterException(association.NOT_ACTIVE.format(name=record.name))
    return list(dict.fromkeys(arns))


def _find(context: Context, arn: str) -> tuple[DaemonRecord, ClusterRecord]:
    """Raises InvalidParameterException, ClusterNotFoundException or DaemonNotFoundException."""
    cluster_name = _parsed(context, arn)
    if cluster_name is None:
        raise m.DaemonNotFoundException(NOT_FOUND)
    cluster = find_cluster(context, cluster_name)
    daemon = context.store.daemons.get(arn)
    if daemon is None:
        raise m.DaemonNotFoundException(NOT_FOUND)
    return daemon, cluster


def _parsed(context: Context, arn: str) -> str | None:
    """The name of the cluster in a daemon's ARN; None for one of another account or region."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise m.InvalidParameterException(INVALID_ARN)
    return match["cluster"] if Scope(match["account"], match["region"]) == context.scope else None


def _own(context: Context, arn: str) -> bool:
    return arn.startswith(context.scope.arn(""))


def _target(context: Context, daemon: DaemonRecord) -> DaemonRevisionRecord:
    revision = context.store.daemon_revisions.get(daemon.revision_arn)
    if revision is None:
        raise LookupError(f"the revision {daemon.revision_arn} of {daemon.arn} is gone")
    return revision


def _fleet(context: Context, daemon: DaemonRecord) -> Fleet:
    store = context.store
    deployment = store.daemon_deployments.get(daemon.deployment_arn)
    if deployment is None:
        raise LookupError(f"the deployment {daemon.deployment_arn} of {daemon.arn} is gone")
    critical = {revision.arn for revision in store.daemon_revisions.where("daemon", daemon.arn) if revision.critical}
    instances = store.instances.where("cluster", daemon.cluster_arn)
    return fleet(daemon, deployment, instances, store.tasks.where("daemon", daemon.arn), critical, context.now)


def _listed(deployment: DaemonDeploymentRecord, request: m.ListDaemonDeploymentsRequest) -> bool:
    created = request.created_at or m.CreatedAt()
    return (
        (not request.status or deployment.status in request.status)
        and (created.before is None or deployment.created_at < created.before)
        and (created.after is None or deployment.created_at > created.after)
    )


def _check_given(name: str, values: Sequence[str]) -> None:
    if not values:
        raise m.InvalidParameterException(f"{name} can not be empty.")
