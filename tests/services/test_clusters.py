"""Clusters: how they are created, described and listed, and the default one."""

from __future__ import annotations

from dataclasses import replace as with_fields
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
from kecs.core.arns import Scope
from kecs.services.context import Context
from kecs.services.ecs import clusters as api


class TestCreate:
    def test_a_bare_cluster_answers_with_every_default(self, context: Context) -> None:
        arn = context.scope.cluster("web")
        assert create(context) == m.Cluster(
            cluster_arn=arn,
            cluster_name="web",
            status="ACTIVE",
            registered_container_instances_count=0,
            running_tasks_count=0,
            pending_tasks_count=0,
            active_services_count=0,
            statistics=[],
            tags=[],
            settings=[m.ClusterSetting(name="containerInsights", value="disabled")],
            capacity_providers=[],
            default_capacity_provider_strategy=[],
            attachments=[],
        )

    def test_without_a_name_it_is_default(self, context: Context) -> None:
        assert create(context, None).cluster_name == "default"

    def test_everything_that_is_given_comes_back(self, context: Context) -> None:
        configuration = m.ClusterConfiguration(
            execute_command_configuration=m.ExecuteCommandConfiguration(
                kms_key_id="key",
                logging="OVERRIDE",
                log_configuration=m.ExecuteCommandLogConfiguration(cloud_watch_log_group_name="/exec"),
            ),
            managed_storage_configuration=m.ManagedStorageConfiguration(kms_key_id="key"),
        )
        created = create(
            context,
            tags=[m.Tag(key="team", value="a")],
            settings=[m.ClusterSetting(name="containerInsights", value="enhanced")],
            configuration=configuration,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            default_capacity_provider_strategy=[FARGATE, SPOT],
            service_connect_defaults=m.ClusterServiceConnectDefaultsRequest(namespace="internal"),
        )
        assert created.tags == [m.Tag(key="team", value="a")]
        assert created.settings == [m.ClusterSetting(name="containerInsights", value="enhanced")]
        assert created.configuration == configuration
        assert created.capacity_providers == ["FARGATE", "FARGATE_SPOT"]
        assert created.default_capacity_provider_strategy == [FARGATE, replace(SPOT, base=0)]
        assert created.service_connect_defaults == m.ClusterServiceConnectDefaults(namespace="internal")
        assert created.attachments_status == "UPDATE_COMPLETE"
        everything: tuple[m.ClusterField, ...] = ("ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "TAGS")
        assert describe(context, "web", *everything) == created

    def test_the_same_again_is_the_same_cluster(self, context: Context) -> None:
        first = create(context, capacity_providers=["FARGATE"], tags=[m.Tag(key="team", value="a")])
        assert create(context) == first
        assert create(context, capacity_providers=["FARGATE"]) == first
        assert listed(context).count(context.scope.cluster("web")) == 1

    @pytest.mark.parametrize(
        "other",
        [
            {"capacity_providers": ["FARGATE_SPOT"]},
            {"default_capacity_provider_strategy": [FARGATE]},
            {"settings": [m.ClusterSetting(name="containerInsights", value="enabled")]},
            {"configuration": m.ClusterConfiguration()},
        ],
        ids=lambda other: next(iter(other)),
    )
    def test_the_same_name_with_other_arguments_is_refused(self, context: Context, other: dict[str, Any]) -> None:
        create(context, capacity_providers=["FARGATE"])
        request = m.CreateClusterRequest(cluster_name="web", **other)
        assert refused(m.InvalidParameterException, api.create_cluster, context, request) == (
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
        )

    @pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "n" * 256, "web\n"])
    def test_a_bad_name_is_refused(self, context: Context, name: str) -> None:
        text = refused(
            m.InvalidParameterException, api.create_cluster, context, m.CreateClusterRequest(cluster_name=name)
        )
        assert text == rf"Cluster must match ^[a-zA-Z0-9\-_]{{1,255}}$, but was {name}"

    def test_the_longest_name_is_accepted(self, context: Context) -> None:
        assert create(context, "A-z_0" * 51).cluster_name == "A-z_0" * 51

    def test_scopes_do_not_see_each_other(self, context: Context) -> None:
        elsewhere = with_fields(context, scope=Scope("222222222222", "eu-west-1"))
        create(context)
        assert listed(elsewhere) == []
        foreign = m.DescribeClustersRequest(clusters=[context.scope.cluster("web")])
        answer = call(api.describe_clusters, elsewhere, foreign)
        assert answer.failures == [m.Failure(arn=context.scope.cluster("web"), reason="MISSING")]
        delete = m.DeleteClusterRequest(cluster=context.scope.cluster("web"))
        assert refused(m.ClusterNotFoundException, api.delete_cluster, elsewhere, delete) == "Cluster not found."


BAD_ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"settings": [m.ClusterSetting(name="containerInsights", value="on")]}, "Invalid setting 'value'"),
    ({"settings": [m.ClusterSetting(value="enabled")]}, "Invalid setting 'name'"),
    (
        {"configuration": exec_logging("DEFAULT", s3_bucket_name="logs")},
        "You must set logging to 'OVERRIDE' when you supply a log configuration.",
    ),
    (
        {"configuration": exec_logging("OVERRIDE")},
        (
            "A CloudWatch log group name or S3 bucket name must be specified when overriding the default log "
            "configuration."
        ),
    ),
    (
        {"service_connect_defaults": m.ClusterServiceConnectDefaultsRequest(namespace="a/b")},
        'The namespace name can include up to 1024 characters, but no <, >, " or /.',
    ),
]


@pytest.mark.parametrize(("members", "text"), BAD_ARGUMENTS)
def test_bad_arguments_are_refused_when_creating_and_updating(
    context: Context, members: dict[str, Any], text: str
) -> None:
    request = m.CreateClusterRequest(cluster_name="web", **members)
    assert refused(m.InvalidParameterException, api.create_cluster, context, request) == text
    create(context)
    update = m.UpdateClusterRequest(cluster="web", **members)
    assert refused(m.InvalidParameterException, api.update_cluster, context, update) == text


NOT_ASSOCIATED = (
    "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the "
    "cluster."
)
BAD_STRATEGIES: list[tuple[list[str], list[m.CapacityProviderStrategyItem], str]] = [
    (
        ["FARGATE", "mine"],
        [],
        "The specified capacity provider 'mine' was not found. Specify a valid capacity provider and try again.",
    ),
    (["FARGATE"], [SPOT], NOT_ASSOCIATED),
    ([], [FARGATE], NOT_ASSOCIATED),
    (
        ["FARGATE", "FARGATE_SPOT"],
        [FARGATE, replace(SPOT, base=1)],
        "The specified capacity provider strategy contains multiple capacity providers with a base value defined.",
    ),
    (
        ["FARGATE"],
        [FARGATE, replace(FARGATE, base=0)],
        "The specified capacity provider strategy contains the same capacity provider more than once.",
    ),
    (
        ["FARGATE"],
        [FARGATE] * 21,
        "The specified capacity provider strategy contains more than 20 capacity providers.",
    ),
    (["FARGATE"], [replace(FARGATE, weight=1001)], "The weight value must be between 0 and 1000."),
    (["FARGATE"], [replace(FARGATE, base=100_001)], "The base value must be between 0 and 100000."),
]


@pytest.mark.parametrize(("providers", "strategy", "text"), BAD_STRATEGIES)
def test_bad_strategies_are_refused_when_creating_and_putting(
    context: Context, providers: list[str], strategy: list[m.CapacityProviderStrategyItem], text: str
) -> None:
    members: dict[str, Any] = {"capacity_providers": providers, "default_capacity_provider_strategy": strategy}
    request = m.CreateClusterRequest(cluster_name="web", **members)
    assert refused(m.InvalidParameterException, api.create_cluster, context, request) == text
    create(context)
    put = m.PutClusterCapacityProvidersRequest(cluster="web", **members)
    assert refused(m.InvalidParameterException, api.put_cluster_capacity_providers, context, put) == text


class TestDefaultCluster:
    def test_it_is_there_from_the_start_and_only_once(self, context: Context) -> None:
        api.ensure_default_cluster(context)
        first = context.store.clusters.get(context.scope.cluster("default"))
        api.ensure_default_cluster(context)
        assert context.store.clusters.get(context.scope.cluster("default")) is first
        assert listed(context) == [context.scope.cluster("default")]

    def test_it_can_be_switched_off(self, context: Context) -> None:
        api.ensure_default_cluster(with_fields(context, settings=replace(context.settings, default_cluster=False)))
        assert listed(context) == []

    def test_once_deleted_it_stays_deleted(self, context: Context) -> None:
        api.ensure_default_cluster(context)
        call(api.delete_cluster, context, m.DeleteClusterRequest(cluster="default"))
        api.ensure_default_cluster(context)
        assert listed(context) == []

    def test_the_first_create_configures_it_and_the_second_may_not(self, context: Context) -> None:
        api.ensure_default_cluster(context)
        assert create(context, "default", capacity_providers=["FARGATE"]).capacity_providers == ["FARGATE"]
        request = m.CreateClusterRequest(capacity_providers=[])
        assert "inconsistent" in refused(m.InvalidParameterException, api.create_cluster, context, request)


class TestDescribe:
    def test_without_clusters_it_is_the_default_one(self, context: Context) -> None:
        api.ensure_default_cluster(context)
        answer = call(api.describe_clusters, context, m.DescribeClustersRequest())
        assert [cluster.cluster_name for cluster in answer.clusters or []] == ["default"]
        assert answer.failures == []

    def test_names_and_arns_mix_and_unknown_ones_are_failures(self, context: Context) -> None:
        create(context)
        create(context, "batch")
        names = [context.scope.cluster("batch"), "nope", "web", "batch"]
        answer = call(api.describe_clusters, context, m.DescribeClustersRequest(clusters=names))
        assert [cluster.cluster_name for cluster in answer.clusters or []] == ["batch", "web"]
        assert answer.failures == [m.Failure(arn=context.scope.cluster("nope"), reason="MISSING")]

    def test_details_are_shown_only_when_they_are_asked_for(self, context: Context) -> None:
        create(
            context,
            tags=[m.Tag(key="team", value="a")],
            configuration=m.ClusterConfiguration(),
            capacity_providers=["FARGATE"],
        )
        plain = describe(context)
        assert (plain.settings, plain.tags, plain.statistics) == ([], [], [])
        assert (plain.configuration, plain.attachments, plain.attachments_status) == (None, None, None)
        assert plain.capacity_providers == ["FARGATE"]
        insights = [m.ClusterSetting(name="containerInsights", value="disabled")]
        assert describe(context, "web", "SETTINGS") == replace(plain, settings=insights)
        assert describe(context, "web", "TAGS") == replace(plain, tags=[m.Tag(key="team", value="a")])
        assert describe(context, "web", "CONFIGURATIONS") == replace(plain, configuration=m.ClusterConfiguration())
        attached = replace(plain, attachments=[], attachments_status="UPDATE_COMPLETE")
        assert describe(context, "web", "ATTACHMENTS") == attached

    def test_counts_and_statistics_come_from_what_runs(self, context: Context) -> None:
        create(context)
        statuses = ["RUNNING", "RUNNING", "PROVISIONING", "PENDING", "ACTIVATING", "DEACTIVATING", "STOPPED"]
        for number, status in enumerate(statuses):
            put_task(context, number, last_status=status)
        put_task(context, 100, last_status="RUNNING", launch_type="EC2")
        put_service(context, "a", launch_type="EC2")
        put_service(context, "b", "DRAINING", capacity_provider_strategy=[SPOT])
        put_service(context, "c", "INACTIVE")
        put_instance(context, 1)
        put_instance(context, 2, status="INACTIVE")
        shown = describe(context, "web", "STATISTICS")
        assert shown.running_tasks_count == 3
        assert shown.pending_tasks_count == 3
        assert shown.active_services_count == 1
        assert shown.registered_container_instances_count == 1
        statistics = {pair.name: pair.value for pair in shown.statistics or []}
        assert {name: value for name, value in statistics.items() if value != "0"} == {
            "runningEC2TasksCount": "1",
            "runningFargateTasksCount": "2",
            "pendingFargateTasksCount": "3",
            "activeEC2ServiceCount": "1",
            "drainingFargateServiceCount": "1",
        }
        assert list(statistics)[:4] == [
            "runningEC2TasksCount",
            "runningFargateTasksCount",
            "pendingEC2TasksCount",
            "pendingFargateTasksCount",
        ]
        assert len(statistics) == 16

    def test_more_than_a_hundred_are_refused(self, context: Context) -> None:
        request = m.DescribeClustersRequest(clusters=[f"c{n}" for n in range(101)])
        assert refused(m.InvalidParameterException, api.describe_clusters, context, request) == (
            "clusters can have at most 100 items."
        )

    @pytest.mark.parametrize("identifier", ["a/b", "arn:aws:ecs:us-east-1:0:cluster/arn:aws:ecs:us-east-1:0:cluster/a"])
    def test_a_malformed_identifier_is_refused(self, context: Context, identifier: str) -> None:
        request = m.DescribeClustersRequest(clusters=[identifier])
        assert refused(m.InvalidParameterException, api.describe_clusters, context, request) == (
            "Invalid identifier: Unexpected number of separators"
        )


class TestList:
    def test_pages_hold_every_active_cluster_once(self, context: Context) -> None:
        for number in range(7):
            create(context, f"c{number}")
        call(api.delete_cluster, context, m.DeleteClusterRequest(cluster="c3"))
        pages, token = [], None
        while True:
            answer = call(api.list_clusters, context, m.ListClustersRequest(max_results=2, next_token=token))
            pages.append(answer.cluster_arns or [])
            if (token := answer.next_token) is None:
                break
        assert [len(arns) for arns in pages] == [2, 2, 2]
        assert [arn for arns in pages for arn in arns] == [context.scope.cluster(f"c{n}") for n in (0, 1, 2, 4, 5, 6)]

    @pytest.mark.parametrize("size", [0, 101])
    def test_a_page_has_one_to_a_hundred(self, context: Context, size: int) -> None:
        refused(m.InvalidParameterException, api.list_clusters, context, m.ListClustersRequest(max_results=size))

    def test_a_token_that_kecs_never_gave_is_refused(self, context: Context) -> None:
        refused(m.InvalidParameterException, api.list_clusters, context, m.ListClustersRequest(next_token="?"))
