"""Clusters and tags through boto3: names, types, paginators and exceptions as callers meet them."""

from __future__ import annotations

from typing import Any

import pytest

ARN = "arn:aws:ecs:us-east-1:111111111111:cluster/"


def test_a_cluster_from_beginning_to_end(ecs: Any) -> None:
    created = ecs.create_cluster(
        clusterName="web", capacityProviders=["FARGATE"], tags=[{"key": "team", "value": "a"}]
    )["cluster"]
    assert created["clusterArn"] == ARN + "web"
    assert created["status"] == "ACTIVE"
    assert created["settings"] == [{"name": "containerInsights", "value": "disabled"}]
    updated = ecs.update_cluster_settings(cluster="web", settings=[{"name": "containerInsights", "value": "enhanced"}])[
        "cluster"
    ]
    assert updated["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    put = ecs.put_cluster_capacity_providers(
        cluster="web",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 2}],
    )["cluster"]
    assert put["defaultCapacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 2, "base": 0}]
    described = ecs.describe_clusters(clusters=["web", "nope"], include=["SETTINGS", "TAGS", "STATISTICS"])
    (cluster,) = described["clusters"]
    assert cluster["tags"] == [{"key": "team", "value": "a"}]
    assert {"name": "runningFargateTasksCount", "value": "0"} in cluster["statistics"]
    assert described["failures"] == [{"arn": ARN + "nope", "reason": "MISSING"}]
    assert ecs.delete_cluster(cluster="web")["cluster"]["status"] == "INACTIVE"
    assert ecs.describe_clusters(clusters=["web"])["clusters"][0]["status"] == "INACTIVE"


def test_the_default_cluster_is_there_and_stays_deleted(ecs: Any) -> None:
    assert ecs.describe_clusters()["clusters"][0]["clusterName"] == "default"
    ecs.delete_cluster(cluster="default")
    assert ecs.list_clusters()["clusterArns"] == []


def test_the_paginator_sees_every_cluster_once(ecs: Any) -> None:
    names = [f"c{number}" for number in range(25)]
    for name in names:
        ecs.create_cluster(clusterName=name)
    pages = list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 10}))
    assert [len(page["clusterArns"]) for page in pages] == [10, 10, 6]
    arns = [arn for page in pages for arn in page["clusterArns"]]
    assert arns == [ARN + name for name in ["default", *names]]


def test_errors_are_the_exceptions_of_the_model(ecs: Any) -> None:
    with pytest.raises(ecs.exceptions.ClusterNotFoundException, match=r"Cluster not found\.$"):
        ecs.delete_cluster(cluster="nope")
    with pytest.raises(ecs.exceptions.InvalidParameterException, match=r"Invalid setting 'value'$") as raised:
        ecs.create_cluster(settings=[{"name": "containerInsights", "value": "on"}])
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_tags_come_and_go(ecs: Any) -> None:
    arn = ecs.create_cluster(clusterName="web")["cluster"]["clusterArn"]
    assert ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": ""}]).keys() == {
        "ResponseMetadata"
    }
    ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": ""}]
    with pytest.raises(ecs.exceptions.InvalidParameterException, match=r"The ARN provided is invalid\.$"):
        ecs.list_tags_for_resource(resourceArn="arn:aws:sqs:us-east-1:111111111111:queue")


def test_accounts_and_regions_do_not_see_each_other(new_client: Any) -> None:
    new_client().create_cluster(clusterName="web")
    for stranger in (new_client(account="222222222222"), new_client(region="eu-west-1")):
        assert [arn.rpartition("/")[2] for arn in stranger.list_clusters()["clusterArns"]] == ["default"]
        assert stranger.describe_clusters(clusters=[ARN + "web"])["failures"][0]["reason"] == "MISSING"
        with pytest.raises(stranger.exceptions.ClusterNotFoundException):
            stranger.tag_resource(resourceArn=ARN + "web", tags=[{"key": "k", "value": "v"}])
