"""Gateways: create, update, describe, list, delete; and the clusters that they are associated with."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.gateways import rules
from kecs.core.gateways.view import association_summary, gateway_summary, gateway_view
from kecs.core.records import GatewayAssociationRecord, GatewayRecord
from kecs.core.records.gateways import association_key
from kecs.core.tags import validate_tags
from kecs.core.tasks.rules import check_token
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster
from kecs.services.ecs.tokens import recall, remember

MOST_NAMES = 10
LONGEST_TOKEN = 64  # characters
NOT_FOUND = "Gateway not found."


def find_gateway(context: Context, reference: str) -> GatewayRecord:
    """The gateway that a request names by name or ARN. Raises GatewayNotFoundException."""
    record = known_gateway(context, reference)
    if record is None:
        raise m.GatewayNotFoundException(NOT_FOUND)
    return record


def known_gateway(context: Context, reference: str) -> GatewayRecord | None:
    arn = reference if reference.startswith("arn:") else context.scope.gateway(reference)
    record = context.store.gateways.get(arn)
    return record if record is not None and record.scope == context.scope else None


def create_gateway(context: Context, request: m.CreateGatewayRequest) -> m.CreateGatewayResponse:
    """ACTIVE at once; nothing is behind it until a service uses it."""
    check_token(request.client_token, LONGEST_TOKEN)
    again = _made_with(context, request)
    if again is not None:
        return _created(again)
    rules.check_name(request.name)
    rules.check_role(request.infrastructure_role_arn)
    configuration = rules.configured(request.configuration)
    arn = context.scope.gateway(request.name)
    if arn in context.store.gateways:
        raise m.ClientException(f"A gateway with the name {request.name} already exists.")
    gateway = m.Gateway(
        gateway_arn=arn,
        name=request.name,
        status="ACTIVE",
        infrastructure_role_arn=request.infrastructure_role_arn,
        deletion_protection=request.deletion_protection is not False,
        configuration=configuration,
        access_type=rules.access_type(configuration),
        propagate_tags=request.propagate_tags or "GATEWAY",
        created_at=context.now,
        updated_at=context.now,
    )
    record = GatewayRecord(arn=arn, gateway=gateway, tags=validate_tags(request.tags))
    context.store.gateways.put(record)
    remember(context, "CreateGateway", request.client_token, request, (arn,))
    return _created(record)


def update_gateway(context: Context, request: m.UpdateGatewayRequest) -> m.UpdateGatewayResponse:
    """Asynchronous: UPDATE_IN_PROGRESS until the gateway loop says that it is complete."""
    record = rules.updated(find_gateway(context, request.gateway), request, context.now)
    context.store.gateways.put(record)
    return m.UpdateGatewayResponse(gateway_arn=record.arn, name=record.name, status=record.gateway.status)


def describe_gateway(context: Context, request: m.DescribeGatewayRequest) -> m.DescribeGatewayResponse:
    return m.DescribeGatewayResponse(gateway=gateway_view(find_gateway(context, request.gateway)))


def list_gateways(context: Context, request: m.ListGatewaysRequest) -> m.ListGatewaysResponse:
    if len(request.names or ()) > MOST_NAMES:
        raise m.InvalidParameterException(f"names can have at most {MOST_NAMES} items.")
    found = {
        record.arn: record
        for record in context.store.gateways.where("scope", scope_key(context.scope))
        if (not request.names or record.name in request.names)
        and (not request.status or record.gateway.status in request.status)
    }
    arns, token = page(list(found), request.next_token, request.max_results)
    return m.ListGatewaysResponse(gateways=[gateway_summary(found[arn]) for arn in arns], next_token=token)


def delete_gateway(context: Context, request: m.DeleteGatewayRequest) -> m.DeleteGatewayResponse:
    record = find_gateway(context, request.gateway)
    if record.gateway.deletion_protection:
        raise m.ClientException(
            "The gateway cannot be deleted while deletion protection is enabled. Disable deletion protection and try "
            "again."
        )
    if context.store.gateway_associations.keys("gateway", record.arn):
        raise m.ClientException(
            "The gateway cannot be deleted while clusters are associated with it. Disassociate them and try again."
        )
    context.store.gateways.delete(record.arn)
    return m.DeleteGatewayResponse(gateway_arn=record.arn, name=record.name, status="DELETED")


def associate_gateway_with_cluster(
    context: Context, request: m.AssociateGatewayWithClusterRequest
) -> m.AssociateGatewayWithClusterResponse:
    """Changes no route: the next deployment of a service does. One that is being taken back is ACTIVE again."""
    gateway, cluster = find_gateway(context, request.gateway), find_cluster(context, request.cluster)
    table = context.store.gateway_associations
    others = set(table.keys("cluster", cluster.arn)) - {association_key(gateway.arn, cluster.arn)}
    if len(others) >= rules.MOST_GATEWAYS_OF_A_CLUSTER:
        raise m.ClientException(
            f"A cluster can be associated with at most {rules.MOST_GATEWAYS_OF_A_CLUSTER} gateways."
        )
    table.put(GatewayAssociationRecord(gateway_arn=gateway.arn, cluster_arn=cluster.arn))
    return m.AssociateGatewayWithClusterResponse(gateway_arn=gateway.arn, cluster_arn=cluster.arn, status="ACTIVE")


def disassociate_gateway_from_cluster(
    context: Context, request: m.DisassociateGatewayFromClusterRequest
) -> m.DisassociateGatewayFromClusterResponse:
    """The association goes when no service of the cluster has a route of the gateway any more."""
    gateway, cluster = find_gateway(context, request.gateway), find_cluster(context, request.cluster)
    association = context.store.gateway_associations.get(association_key(gateway.arn, cluster.arn))
    if association is None:
        raise m.ResourceNotFoundException("The gateway is not associated with the cluster.")
    association = replace(association, status="DISASSOCIATING")
    context.store.gateway_associations.put(association)
    return m.DisassociateGatewayFromClusterResponse(
        gateway_arn=gateway.arn, cluster_arn=cluster.arn, status="DISASSOCIATING"
    )


def list_gateway_cluster_associations(
    context: Context, request: m.ListGatewayClusterAssociationsRequest
) -> m.ListGatewayClusterAssociationsResponse:
    scope = context.scope
    gateway = request.gateway and (known_gateway(context, request.gateway) or request.gateway)
    wanted_gateway = gateway.arn if isinstance(gateway, GatewayRecord) else gateway
    wanted_cluster = request.cluster and (
        request.cluster if request.cluster.startswith("arn:") else scope.cluster(request.cluster)
    )
    found = {
        record.key: record
        for record in context.store.gateway_associations.where("scope", scope_key(scope))
        if wanted_gateway in (None, "", record.gateway_arn)
        and wanted_cluster in (None, "", record.cluster_arn)
        and (not request.status or record.status in request.status)
    }
    keys, token = page(list(found), request.next_token, request.max_results)
    return m.ListGatewayClusterAssociationsResponse(
        gateway_cluster_associations=[association_summary(found[key]) for key in keys], next_token=token
    )


def gateways_of(context: Context, cluster_arn: str) -> list[GatewayRecord]:
    """The gateways that services of the cluster may use."""
    associations = context.store.gateway_associations.where("cluster", cluster_arn)
    found = (context.store.gateways.get(a.gateway_arn) for a in associations if a.status == "ACTIVE")
    return [gateway for gateway in found if gateway is not None]


def _created(record: GatewayRecord) -> m.CreateGatewayResponse:
    return m.CreateGatewayResponse(gateway_arn=record.arn, name=record.name, status="ACTIVE")


def _made_with(context: Context, request: m.CreateGatewayRequest) -> GatewayRecord | None:
    """The gateway that this token made before; AWS does not mind when the request was another one."""
    try:
        arns = recall(context, "CreateGateway", request.client_token, request)
    except m.ConflictException as error:
        arns = tuple(error.members["resourceIds"])
    return context.store.gateways.get(arns[0]) if arns else None
