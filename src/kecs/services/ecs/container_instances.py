"""Container instances: register, deregister, describe, list, drain, update their agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.accounts import effective
from kecs.core.arns import last_part
from kecs.core.instances.changes import changed, deregistered, request_update, with_agent
from kecs.core.instances.registration import registered, registered_again
from kecs.core.instances.view import instance_view
from kecs.core.placement import Room
from kecs.core.placement.query import InvalidExpression, matches, parse
from kecs.core.records import ClusterRecord, InstanceRecord, TaskRecord
from kecs.core.tags import validate_tags
from kecs.core.tasks.agent import orphaned
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster

NONE_GIVEN = "Container Instances cannot be empty."
DRAINABLE = ("ACTIVE", "DRAINING")


def register_container_instance(
    context: Context, request: m.RegisterContainerInstanceRequest
) -> m.RegisterContainerInstanceResponse:
    """A new instance, or the one that the ARN names: its agent is back. KECS runs its tasks until an agent asks."""
    cluster = find_cluster(context, request.cluster)
    tags = validate_tags(request.tags)
    if request.container_instance_arn:
        known = open_instance(context, cluster, request.container_instance_arn)
        record = registered_again(request, known, context.scope.region, context.now)
        record = replace(record, tags=tags or record.tags)
    else:
        setting = effective(context.store.account_settings.get, context.scope, "awsvpcTrunking", context.principal)
        trunking = setting == "enabled"
        record = registered(request, cluster, context.ids.hex32(), tags, context.now, trunking=trunking)
        _disconnect_predecessors(context, record)
    context.store.instances.put(record)
    return m.RegisterContainerInstanceResponse(container_instance=_view(context, record, ("TAGS",)))


def deregister_container_instance(
    context: Context, request: m.DeregisterContainerInstanceRequest
) -> m.DeregisterContainerInstanceResponse:
    """The instance is INACTIVE from now on. By force its tasks stop: nobody would look after them any more."""
    cluster = find_cluster(context, request.cluster)
    record = open_instance(context, cluster, request.container_instance)
    tasks = _live_tasks(context, record)
    if tasks and not request.force:
        raise m.InvalidParameterException("Found running tasks on the instance.")
    for task in tasks:
        context.store.tasks.put(orphaned(task, context.now))
    if record.node is not None:  # it is still there, and would come again
        parted = replace(cluster, parted_with=(*cluster.parted_with, record.node.uid))
        context.store.clusters.put(parted)
    record = deregistered(record, context.now)
    context.store.instances.put(record)
    return m.DeregisterContainerInstanceResponse(container_instance=_view(context, record, ("TAGS",)))


def describe_container_instances(
    context: Context, request: m.DescribeContainerInstancesRequest
) -> m.DescribeContainerInstancesResponse:
    """Deregistered ones too, as long as they are remembered."""
    cluster = find_cluster(context, request.cluster)
    if not request.container_instances:
        raise m.InvalidParameterException(NONE_GIVEN)
    described, failures = [], []
    for arn, record in _each(context, cluster, request.container_instances):
        if record is None:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
        else:
            described.append(_view(context, record, tuple(request.include or ())))
    return m.DescribeContainerInstancesResponse(container_instances=described, failures=failures)


def list_container_instances(
    context: Context, request: m.ListContainerInstancesRequest
) -> m.ListContainerInstancesResponse:
    cluster = find_cluster(context, request.cluster)
    try:
        expression = parse(request.filter) if request.filter else None
    except InvalidExpression as error:
        raise m.InvalidParameterException(f"Invalid filter: {error}.") from None
    arns = []
    for record in context.store.instances.where("cluster", cluster.arn):
        status = record.instance.status
        if status == "INACTIVE" or request.status not in (None, status):
            continue
        if expression is None or matches(expression, Room(record, _live_tasks(context, record)).facts):
            arns.append(record.arn)
    found, token = page(arns, request.next_token, request.max_results)
    return m.ListContainerInstancesResponse(container_instance_arns=list(found), next_token=token)


def update_container_instances_state(
    context: Context, request: m.UpdateContainerInstancesStateRequest
) -> m.UpdateContainerInstancesStateResponse:
    """ACTIVE instances begin to drain, DRAINING ones take tasks again; the service loop does the rest."""
    cluster = find_cluster(context, request.cluster)
    if not request.container_instances:
        raise m.InvalidParameterException(NONE_GIVEN)
    if request.status not in DRAINABLE:
        raise m.InvalidParameterException("Container instance status should be one of [ACTIVE, DRAINING]")
    updated, failures = [], []
    for arn, record in _each(context, cluster, request.container_instances):
        if record is None:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
        elif record.instance.status not in DRAINABLE:
            failures.append(m.Failure(arn=record.arn, reason=record.instance.status))
        else:
            if record.instance.status != request.status:
                record = changed(record, status=request.status)
                context.store.instances.put(record)
            updated.append(_view(context, record))
    return m.UpdateContainerInstancesStateResponse(container_instances=updated, failures=failures)


def update_container_agent(context: Context, request: m.UpdateContainerAgentRequest) -> m.UpdateContainerAgentResponse:
    """The update is PENDING; `control.instances.agents` takes it on."""
    cluster = find_cluster(context, request.cluster)
    record = request_update(open_instance(context, cluster, request.container_instance), context.now)
    context.store.instances.put(record)
    return m.UpdateContainerAgentResponse(container_instance=_view(context, record))


def find_instance(context: Context, cluster: ClusterRecord, reference: str) -> InstanceRecord | None:
    """The container instance that a request names by id or ARN, if it is one of the cluster's."""
    arn = context.scope.container_instance(cluster.name, last_part(reference))
    return context.store.instances.get(arn) if reference in (arn, last_part(arn)) else None


def open_instance(context: Context, cluster: ClusterRecord, reference: str) -> InstanceRecord:
    """As `find_instance`, for what only one that is still registered can do. Raises InvalidParameterException."""
    record = find_instance(context, cluster, reference)
    if record is None:
        raise m.InvalidParameterException(f"Referenced container instance {last_part(reference)} not found.")
    if record.instance.status == "INACTIVE":
        raise m.InvalidParameterException(f"Referenced container instance {last_part(reference)} is inactive.")
    return record


def _disconnect_predecessors(context: Context, record: InstanceRecord) -> None:
    """A machine that registers anew has forgotten what it was before: the agent of that will not come back."""
    for other in context.store.instances.where("cluster", record.cluster_arn):
        if other.instance.ec2_instance_id == record.instance.ec2_instance_id and other.instance.status != "INACTIVE":
            gone = with_agent(other, False, context.now)
            if gone is not other:
                context.store.instances.put(gone)


def _live_tasks(context: Context, record: InstanceRecord) -> list[TaskRecord]:
    return [t for t in context.store.tasks.where("instance", record.arn) if t.last_status != "STOPPED"]


def _view(
    context: Context, record: InstanceRecord, include: tuple[m.ContainerInstanceField, ...] = ()
) -> m.ContainerInstance:
    return instance_view(record, _live_tasks(context, record), context.now, include)


def _each(
    context: Context, cluster: ClusterRecord, references: Sequence[str]
) -> Iterator[tuple[str, InstanceRecord | None]]:
    """Each reference's ARN and container instance, in order, each instance once."""
    arns = (r if r.startswith("arn:") else context.scope.container_instance(cluster.name, r) for r in references)
    for arn in dict.fromkeys(arns):
        yield arn, find_instance(context, cluster, arn)
