"""PutAttributes, DeleteAttributes, ListAttributes: what users say of their container instances."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.instances.attributes import merged, valid_attribute, without
from kecs.core.instances.changes import changed
from kecs.core.records import ClusterRecord, InstanceRecord
from kecs.services.context import Context
from kecs.services.ecs.container_instances import find_instance
from kecs.services.ecs.finding import find_cluster

NO_TARGET = (
    "The specified target wasn't found. You can view your available container instances with ListContainerInstances. "
    "Amazon ECS container instances are cluster-specific and Region-specific."
)


def put_attributes(context: Context, request: m.PutAttributesRequest) -> m.PutAttributesResponse:
    cluster = find_cluster(context, request.cluster)
    _check_given(request.attributes)
    shown = []
    for given in request.attributes:
        record, attribute = _target(context, cluster, given), valid_attribute(given)
        labels = record.node.labels if record.node is not None else ()
        attributes = merged(record.instance.attributes or (), [attribute], labels)
        context.store.instances.put(changed(record, attributes=attributes))
        shown.append(_shown(attribute, record))
    return m.PutAttributesResponse(attributes=shown)


def delete_attributes(context: Context, request: m.DeleteAttributesRequest) -> m.DeleteAttributesResponse:
    """What was there and is gone. An attribute that is given with a value is only meant if it has that value."""
    cluster = find_cluster(context, request.cluster)
    _check_given(request.attributes)
    shown = []
    for given in request.attributes:
        record = _target(context, cluster, given)
        found = next((a for a in record.instance.attributes or () if a.name == given.name), None)
        if found is None or given.value not in (None, found.value):
            continue
        attributes = without(record.instance.attributes or (), (given.name,))
        context.store.instances.put(changed(record, attributes=attributes))
        shown.append(_shown(found, record))
    return m.DeleteAttributesResponse(attributes=shown)


def list_attributes(context: Context, request: m.ListAttributesRequest) -> m.ListAttributesResponse:
    cluster = find_cluster(context, request.cluster)
    if request.attribute_value is not None and not request.attribute_name:
        raise m.InvalidParameterException("attributeName must be specified when attributeValue is.")
    found = {
        f"{record.arn} {attribute.name}": _shown(attribute, record)
        for record in context.store.instances.where("cluster", cluster.arn)
        if record.instance.status != "INACTIVE"
        for attribute in record.instance.attributes or ()
        if request.attribute_name in (None, attribute.name) and request.attribute_value in (None, attribute.value)
    }
    keys, token = page(list(found), request.next_token, request.max_results)
    return m.ListAttributesResponse(attributes=[found[key] for key in keys], next_token=token)


def _check_given(attributes: list[m.Attribute]) -> None:
    if not attributes:
        raise m.InvalidParameterException("Attributes cannot be empty.")


def _target(context: Context, cluster: ClusterRecord, attribute: m.Attribute) -> InstanceRecord:
    """The container instance that the attribute is about."""
    target = attribute.target_id
    if not target:
        raise m.InvalidParameterException("The targetId of an attribute can not be blank.")
    if not target.startswith("arn:") and attribute.target_type is None:
        raise m.InvalidParameterException("The targetType is required when the short form of the targetId is used.")
    record = find_instance(context, cluster, target)
    if record is None or record.instance.status == "INACTIVE":
        raise m.TargetNotFoundException(NO_TARGET)
    return record


def _shown(attribute: m.Attribute, record: InstanceRecord) -> m.Attribute:
    return replace(attribute, target_id=record.arn)
