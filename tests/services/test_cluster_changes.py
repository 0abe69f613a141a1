"""Clusters: how they are changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.services.cluster_calls import (
    FARGATE,
    SPOT,
    call,
    create,
    describe,
    exec_logging,
    listed,
    put_instance,
    put_service,
    put_task,
    refused,
)

from kecs.aws.model import ecs as m
from kecs.services.context import Context
from kecs.services.ecs import clusters as api


class TestUpdate:
    def test_what_is_left_out_stays(self, context: Context) -> None:
        create(context, configuration=exec_logging("NONE"), tags=[m.Tag(key="k", value="v")])
        enabled = [m.ClusterSetting(name="containerInsights", value="enabled")]
        answer = call(api.update_cluster, context, m.UpdateClusterRequest(cluster="web", settings=enabled))
        assert answer.cluster is not None
        assert answer.cluster.settings == enabled
        assert answer.cluster.configuration == exec_logging("NONE")
        assert describe(context, "web", "TAGS").tags == [m.Tag(key="k", value="v")]

    def test_an_empty_namespace_takes_the_default_away(self, context: Context) -> None:
        namespace = m.ClusterServiceConnectDefaultsRequest(namespace="internal")
        create(context, service_connect_defaults=namespace)
        none = m.ClusterServiceConnectDefaultsRequest(namespace="")
        call(api.update_cluster, context, m.UpdateClusterRequest(cluster="web", service_connect_defaults=none))
        assert describe(context).service_connect_defaults is None

    def test_settings_have_an_operation_of_their_own(self, context: Context) -> None:
        create(context)
        enhanced = [m.ClusterSetting(name="containerInsights", value="enhanced")]
        request = m.UpdateClusterSettingsRequest(cluster=context.scope.cluster("web"), settings=enhanced)
        answer = call(api.update_cluster_settings, context, request)
        assert answer.cluster == describe(context, "web", "SETTINGS", "ATTACHMENTS")
        assert answer.cluster.settings == enhanced
        wrong = m.UpdateClusterSettingsRequest(cluster="web", settings=[m.ClusterSetting(name="containerInsights")])
        text = refused(m.InvalidParameterException, api.update_cluster_settings, context, wrong)
        assert text == "Invalid setting 'value'"

    @pytest.mark.parametrize(
        ("handler", "request_"),
        [
            (api.update_cluster, m.UpdateClusterRequest(cluster="web")),
            (api.update_cluster_settings, m.UpdateClusterSettingsRequest(cluster="web", settings=[])),
            (
                api.put_cluster_capacity_providers,
                m.PutClusterCapacityProvidersRequest(
                    cluster="web", capacity_providers=[], default_capacity_provider_strategy=[]
                ),
            ),
        ],
    )
    def test_unknown_and_deleted_clusters_are_not_found(self, context: Context, handler: Any, request_: Any) -> None:
        assert refused(m.ClusterNotFoundException, handler, context, request_) == "Cluster not found."
        create(context)
        call(api.delete_cluster, context, m.DeleteClusterRequest(cluster="web"))
        assert refused(m.ClusterNotFoundException, handler, context, request_) == "Cluster not found."


def put_providers(context: Context, *providers: str, strategy: Any = ()) -> m.Cluster:
    request = m.PutClusterCapacityProvidersRequest(
        cluster="web", capacity_providers=list(providers), default_capacity_provider_strategy=list(strategy)
    )
    cluster = call(api.put_cluster_capacity_providers, context, request).cluster
    assert cluster is not None
    return cluster


class TestPutCapacityProviders:
    def test_the_list_given_is_the_list(self, context: Context) -> None:
        create(context)
        assert describe(context, "web", "ATTACHMENTS").attachments_status is None
        both = put_providers(context, "FARGATE", "FARGATE_SPOT", strategy=[SPOT])
        assert both.capacity_providers == ["FARGATE", "FARGATE_SPOT"]
        assert both.default_capacity_provider_strategy == [replace(SPOT, base=0)]
        assert both.attachments_status == "UPDATE_COMPLETE"
        none = put_providers(context)
        assert (none.capacity_providers, none.default_capacity_provider_strategy) == ([], [])

    def test_a_provider_in_use_stays(self, context: Context) -> None:
        create(context, capacity_providers=["FARGATE", "FARGATE_SPOT"])
        put_task(context, 1, capacity_provider_name="FARGATE_SPOT", last_status="RUNNING")
        put_service(context, "a", capacity_provider_strategy=[FARGATE])
        for kept in ("FARGATE", "FARGATE_SPOT"):
            request = m.PutClusterCapacityProvidersRequest(
                cluster="web", capacity_providers=[kept], default_capacity_provider_strategy=[]
            )
            text = refused(m.ResourceInUseException, api.put_cluster_capacity_providers, context, request)
            assert text == "The specified capacity provider is in use and cannot be removed."
        put_task(context, 1, capacity_provider_name="FARGATE_SPOT", last_status="STOPPED")
        put_service(context, "a", "INACTIVE", capacity_provider_strategy=[FARGATE])
        assert put_providers(context).capacity_providers == []


class TestDelete:
    def test_it_becomes_inactive_and_is_still_described(self, context: Context) -> None:
        create(context)
        deleted = call(api.delete_cluster, context, m.DeleteClusterRequest(cluster="web")).cluster
        assert deleted is not None
        assert deleted.status == "INACTIVE"
        assert describe(context).status == "INACTIVE"
        assert listed(context) == []
        again = call(api.delete_cluster, context, m.DeleteClusterRequest(cluster=context.scope.cluster("web")))
        assert again.cluster == deleted

    def test_an_unknown_one_is_not_found(self, context: Context) -> None:
        request = m.DeleteClusterRequest(cluster="web")
        assert refused(m.ClusterNotFoundException, api.delete_cluster, context, request) == "Cluster not found."

    def test_a_new_cluster_of_the_name_inherits_nothing(self, context: Context) -> None:
        create(
            context,
            tags=[m.Tag(key="k", value="v")],
            settings=[m.ClusterSetting(name="containerInsights", value="enabled")],
            capacity_providers=["FARGATE"],
        )
        call(api.delete_cluster, context, m.DeleteClusterRequest(cluster="web"))
        new = create(context)
        assert new.status == "ACTIVE"
        assert new.tags == []
        assert new.settings == [m.ClusterSetting(name="containerInsights", value="disabled")]
        assert new.capacity_providers == []

    @pytest.mark.parametrize("status", ["ACTIVE", "DRAINING"])
    def test_not_while_there_are_services(self, context: Context, status: str) -> None:
        create(context)
        put_service(context, "a", status)
        put_task(context, 1, last_status="RUNNING")
        request = m.DeleteClusterRequest(cluster="web")
        assert refused(m.ClusterContainsServicesException, api.delete_cluster, context, request) == (
            "The Cluster cannot be deleted while Services are active."
        )

    def test_not_while_there_are_tasks(self, context: Context) -> None:
        create(context)
        put_task(context, 1, last_status="DEPROVISIONING", desired_status="STOPPED")
        request = m.DeleteClusterRequest(cluster="web")
        assert refused(m.ClusterContainsTasksException, api.delete_cluster, context, request) == (
            "The Cluster cannot be deleted while Tasks are active."
        )

    def test_not_while_there_are_container_instances(self, context: Context) -> None:
        create(context)
        put_instance(context, 1, local=True)
        put_instance(context, 2, status="DRAINING")
        request = m.DeleteClusterRequest(cluster="web")
        assert refused(m.ClusterContainsContainerInstancesException, api.delete_cluster, context, request) == (
            "The Cluster cannot be deleted while Container Instances are active or draining."
        )

    def test_the_local_instance_and_what_has_ended_go_with_it(self, context: Context) -> None:
        create(context)
        put_instance(context, 1, local=True)
        put_service(context, "a", "INACTIVE")
        put_task(context, 1, last_status="STOPPED")
        deleted = call(api.delete_cluster, context, m.DeleteClusterRequest(cluster="web")).cluster
        assert deleted is not None
        assert deleted.registered_container_instances_count == 0
        assert list(context.store.instances) == []
