"""Tags of whatever has an ARN: TagResource, UntagResource, ListTagsForResource.

One row of TAGGABLE for each kind of resource; the limits of tags are in core.tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from kecs.aws.errors import ModeledError
from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.capacity.managed import check_managed_tags
from kecs.core.capacity.providers import check_group_tags
from kecs.core.records import CapacityProviderRecord, ClusterRecord, InstanceRecord, ServiceRecord, TaskRecord
from kecs.core.tags import merge_tags, remove_tags, validate_tags
from kecs.ports.store import Store, Table
from kecs.services.context import Context

ARN_PATTERN = re.compile(r"arn:[\w-]+:ecs:(?P<region>[\w-]+):(?P<account>\d{12}):(?P<type>[a-z-]+)/(?P<rest>.+)")


class Taggable(NamedTuple):
    """A kind of resource that can carry tags."""

    parts: int  # how many parts its ARN has after the type: two for what lives in a cluster
    table: Callable[[Store], Table[Any]]
    missing: Callable[[], ModeledError]
    closed: Callable[[Any], str | None]  # why this one's tags cannot be read or changed any more


def _missing(kind: str) -> Callable[[], ModeledError]:
    text = f"The specified {kind} was not found. Specify a valid {kind} and try again."
    return lambda: m.InvalidParameterException(text)


def _closed_cluster(record: ClusterRecord) -> str | None:
    active = record.cluster.status == "ACTIVE"
    return None if active else "The specified cluster is inactive. Specify an active cluster and try again."


def _closed_provider(record: CapacityProviderRecord) -> str | None:
    active = record.provider.status != "INACTIVE"
    return None if active else "The specified capacity provider is inactive. Specify an active one and try again."


def _closed_service(record: ServiceRecord) -> str | None:
    active = record.status != "INACTIVE"
    return None if active else "The specified service is inactive. Specify an active service and try again."


def _closed_task(record: TaskRecord) -> str | None:
    running = record.last_status != "STOPPED"
    return None if running else "The specified task is stopped. Specify a running task and try again."


def _closed_instance(record: InstanceRecord) -> str | None:
    active = record.instance.status != "INACTIVE"
    return None if active else "The specified container instance is inactive. Specify an active one and try again."


TAGGABLE: dict[str, Taggable] = {
    "cluster": Taggable(
        parts=1,
        table=lambda store: store.clusters,
        missing=lambda: m.ClusterNotFoundException("Cluster not found."),
        closed=_closed_cluster,
    ),
    "capacity-provider": Taggable(
        parts=1,
        table=lambda store: store.capacity_providers,
        missing=_missing("capacity provider"),
        closed=_closed_provider,
    ),
    "task-definition": Taggable(
        parts=1,
        table=lambda store: store.task_definitions,
        missing=lambda: m.ClientException("Unable to describe task definition."),
        closed=lambda _: None,
    ),
    "gateway": Taggable(
        parts=1,
        table=lambda store: store.gateways,
        missing=_missing("gateway"),
        closed=lambda _: None,
    ),
    "service": Taggable(
        parts=2, table=lambda store: store.services, missing=_missing("service"), closed=_closed_service
    ),
    "task": Taggable(parts=2, table=lambda store: store.tasks, missing=_missing("task"), closed=_closed_task),
    "task-set": Taggable(
        parts=4,  # its id is two: ecs-svc/…
        table=lambda store: store.task_sets,
        missing=_missing("task set"),
        closed=lambda _: None,
    ),
    "daemon": Taggable(parts=2, table=lambda store: store.daemons, missing=_missing("daemon"), closed=lambda _: None),
    "daemon-task-definition": Taggable(
        parts=1,
        table=lambda store: store.daemon_task_definitions,
        missing=_missing("daemon task definition"),
        closed=lambda _: None,
    ),
    "container-instance": Taggable(
        parts=2, table=lambda store: store.instances, missing=_missing("container instance"), closed=_closed_instance
    ),
}
"""By the type of resource that stands in its ARN."""


def tag_resource(context: Context, request: m.TagResourceRequest) -> m.TagResourceResponse:
    added = validate_tags(request.tags)
    table, record = _resource(context, request.resource_arn)
    tags = merge_tags(record.tags, added)
    if isinstance(record, CapacityProviderRecord):
        _check_of_provider(record, tags)
    table.put(replace(record, tags=tags))
    return m.TagResourceResponse()


def untag_resource(context: Context, request: m.UntagResourceRequest) -> m.UntagResourceResponse:
    table, record = _resource(context, request.resource_arn)
    table.put(replace(record, tags=remove_tags(record.tags, request.tag_keys)))
    return m.UntagResourceResponse()


def list_tags_for_resource(context: Context, request: m.ListTagsForResourceRequest) -> m.ListTagsForResourceResponse:
    _, record = _resource(context, request.resource_arn)
    return m.ListTagsForResourceResponse(tags=list(record.tags))


def _check_of_provider(record: CapacityProviderRecord, tags: tuple[m.Tag, ...]) -> None:
    if record.provider.managed_instances_provider is None:
        check_group_tags(tags)
    else:
        check_managed_tags(tags)


def _resource(context: Context, arn: str) -> tuple[Table[Any], Any]:
    """The resource's table and record. Raises what AWS answers for an ARN that names nothing which can be tagged."""
    match = ARN_PATTERN.fullmatch(arn)
    if match is None or match["type"] not in TAGGABLE:
        raise m.InvalidParameterException("The ARN provided is invalid.")
    kind = TAGGABLE[match["type"]]
    parts = match["rest"].count("/") + 1
    if parts < kind.parts:
        raise m.InvalidParameterException("Long arn format must be used for tagging operations")
    if parts > kind.parts:
        raise m.InvalidParameterException("The ARN provided is invalid.")
    table = kind.table(context.store)
    record = table.get(arn)
    if record is None or Scope(match["account"], match["region"]) != context.scope:
        raise kind.missing()
    if reason := kind.closed(record):
        raise m.InvalidParameterException(reason)
    return table, record
