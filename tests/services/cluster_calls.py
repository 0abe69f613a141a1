"""How the tests of clusters call the handlers, and what they put into the store beside clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import pytest

from kecs.aws.errors import ModeledError
from kecs.aws.model import ecs as m
from kecs.core.records import InstanceRecord, ServiceRecord, TaskRecord
from kecs.services.context import Context
from kecs.services.ecs import clusters as api

Request = TypeVar("Request")
Response = TypeVar("Response")

FARGATE = m.CapacityProviderStrategyItem(capacity_provider="FARGATE", weight=1, base=2)
SPOT = m.CapacityProviderStrategyItem(capacity_provider="FARGATE_SPOT", weight=4)


def call(handler: Callable[[Context, Request], Response], context: Context, request: Request) -> Response:
    with context.store.transaction():
        return handler(context, request)


def refused(error: type[ModeledError], handler: Callable[[Context, Any], Any], context: Context, request: Any) -> str:
    """The text of the error; whatever the store held before, it holds after."""
    before = msgspec.json.encode([list(table) for table in (context.store.clusters, context.store.instances)])
    with pytest.raises(error) as raised:
        call(handler, context, request)
    assert msgspec.json.encode([list(table) for table in (context.store.clusters, context.store.instances)]) == before
    return raised.value.message


def create(context: Context, name: str | None = "web", **members: Any) -> m.Cluster:
    response = call(api.create_cluster, context, m.CreateClusterRequest(cluster_name=name, **members))
    assert response.cluster is not None
    return response.cluster


def describe(context: Context, name: str = "web", *include: m.ClusterField) -> m.Cluster:
    request = m.DescribeClustersRequest(clusters=[name], include=list(include))
    response = call(api.describe_clusters, context, request)
    assert response.clusters
    return response.clusters[0]


def listed(context: Context) -> list[str]:
    return call(api.list_clusters, context, m.ListClustersRequest()).cluster_arns or []


def put_task(context: Context, number: int, **fields: Any) -> None:
    cluster = context.scope.cluster("web")
    task = TaskRecord(
        arn=context.scope.task("web", f"{number:032x}"),
        cluster_arn=cluster,
        definition_arn=context.scope.task_definition("app", 1),
        group="family:app",
        launch_type=fields.pop("launch_type", "FARGATE"),
        created_at=context.now,
        containers=(),
        **fields,
    )
    with context.store.transaction():
        context.store.tasks.put(task)


def put_service(context: Context, name: str, status: Any = "ACTIVE", **members: Any) -> None:
    service = ServiceRecord(
        arn=context.scope.service("web", name),
        cluster_arn=context.scope.cluster("web"),
        service=m.Service(service_name=name, **members),
        desired_count=1,
        status=status,
    )
    with context.store.transaction():
        context.store.services.put(service)


def put_instance(context: Context, number: int, *, local: bool = False, status: str = "ACTIVE") -> str:
    arn = context.scope.container_instance("web", f"{number:032x}")
    instance = m.ContainerInstance(container_instance_arn=arn, status=status)
    record = InstanceRecord(arn=arn, cluster_arn=context.scope.cluster("web"), instance=instance, local=local)
    with context.store.transaction():
        context.store.instances.put(record)
    return arn


def exec_logging(logging: Any, **log: Any) -> m.ClusterConfiguration:
    return m.ClusterConfiguration(
        execute_command_configuration=m.ExecuteCommandConfiguration(
            logging=logging, log_configuration=m.ExecuteCommandLogConfiguration(**log) if log else None
        )
    )
