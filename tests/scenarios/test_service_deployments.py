"""The history of a service: its deployments and revisions, and how they are found."""

from __future__ import annotations

import re

import pytest

from .rollouts import SECURE, counts, described, listed, revision, rolled_out, statuses, stop, update
from .world import Refused, World

DAY = 24 * 3600.0
DEPLOYMENT = r"arn:aws:ecs:us-east-1:000000000000:service-deployment/default/s/[A-Za-z0-9_-]{21}"
REVISION = r"arn:aws:ecs:us-east-1:000000000000:service-revision/default/s/\d{19}"


@pytest.fixture
def served(world: World) -> World:
    return rolled_out(world)


def test_creating_a_service_is_its_first_deployment(world: World) -> None:
    world.define("web")
    created = world.serve(count=2)
    (brief,) = listed(world)
    assert re.fullmatch(DEPLOYMENT, brief["serviceDeploymentArn"])
    assert re.fullmatch(REVISION, brief["targetServiceRevisionArn"])
    assert brief["status"] == "PENDING"
    assert created["currentServiceDeployment"] == brief["serviceDeploymentArn"]
    (current,) = created["currentServiceRevisions"]
    assert (current["arn"], *counts(current)) == (brief["targetServiceRevisionArn"], 2, 0, 0)
    first = described(world)
    assert {"sourceServiceRevisions", "startedAt"} & set(first) == set()
    world.until(lambda: counts(described(world)["targetServiceRevision"]) == (2, 0, 2))
    assert described(world)["status"] == "IN_PROGRESS"
    world.settle()
    last = described(world)
    assert statuses(world, last["serviceDeploymentArn"]) == ["PENDING", "IN_PROGRESS", "SUCCESSFUL"]
    assert last["createdAt"] <= last["startedAt"] < last["finishedAt"] == last["updatedAt"]
    assert "stoppedAt" not in last
    assert counts(last["targetServiceRevision"]) == (2, 2, 0)
    assert counts(world.service()["currentServiceRevisions"][0]) == (2, 2, 0)


def test_an_update_that_rolls_out_is_a_deployment_and_one_that_does_not_is_none(served: World) -> None:
    (first,) = listed(served)
    update(served, desiredCount=4)
    served.settle()
    assert listed(served) == [first]
    update(served, forceNewDeployment=True)
    second, again = listed(served)
    assert again == first
    assert second["targetServiceRevisionArn"] != first["targetServiceRevisionArn"]
    (source,) = described(served)["sourceServiceRevisions"]
    assert (source["arn"], *counts(source)) == (first["targetServiceRevisionArn"], 4, 4, 0)
    served.until(lambda: len(served.service()["currentServiceRevisions"]) == 2)
    served.settle()
    (source,) = described(served)["sourceServiceRevisions"]
    assert counts(source)[:2] == (0, 0)
    assert counts(described(served)["targetServiceRevision"]) == (4, 4, 0)
    assert served.service()["currentServiceDeployment"] == second["serviceDeploymentArn"]


def test_what_was_counted_at_the_end_stays(served: World) -> None:
    update(served, desiredCount=1)
    served.settle()
    assert counts(described(served)["targetServiceRevision"]) == (3, 3, 0)


def test_a_revision_is_the_configuration_that_was_rolled_out(served: World) -> None:
    port = {"name": "app", "image": "app:2", "portMappings": [{"containerPort": 80, "name": "http"}]}
    new = served.define("web", port, {"name": "side", "image": "side:1", "essential": False})
    connect = {"enabled": True, "namespace": "shop"}
    update(served, taskDefinition="web", networkConfiguration=SECURE, serviceConnectConfiguration=connect)
    target = described(served)["targetServiceRevision"]["arn"]
    assert [i.get("imageDigest") for i in revision(served, target)["containerImages"]] == [None, None]
    served.settle()
    found = revision(served, target)
    assert (found["taskDefinition"], found["launchType"], found["platformVersion"]) == (new, "FARGATE", "1.4.0")
    assert found["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["subnet-2"]
    assert found["serviceConnectConfiguration"] == connect
    assert [(i["containerName"], i["image"]) for i in found["containerImages"]] == [
        ("app", "app:2"),
        ("side", "side:1"),
    ]
    running = {c["name"]: c["imageDigest"] for c in served.tasks()[0]["containers"]}
    assert {i["containerName"]: i["imageDigest"] for i in found["containerImages"]} == running
    source = revision(served, described(served)["sourceServiceRevisions"][0]["arn"])
    assert source["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["subnet-1"]
    assert source["taskDefinition"].endswith("web:1")


def test_a_newer_deployment_ends_the_older_one(served: World) -> None:
    update(served, taskDefinition="bad")
    served.clock.advance(1)
    old = listed(served)[0]["serviceDeploymentArn"]
    update(served, taskDefinition="web", forceNewDeployment=True)
    assert described(served, old)["status"] == "STOP_REQUESTED"
    assert len(described(served)["sourceServiceRevisions"]) == 2
    assert described(served)["lifecycleStage"] == "RECONCILE_SERVICE"
    served.settle()
    ended = described(served, old)
    assert statuses(served, old) == ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "STOPPED"]
    assert ended["stoppedAt"] == ended["finishedAt"]
    assert "newer" in ended["statusReason"]
    assert described(served)["status"] == "SUCCESSFUL"


def test_listing_by_status_time_and_page(served: World) -> None:
    for _ in range(3):
        update(served, forceNewDeployment=True)
        served.settle()
        served.clock.advance(100)
    update(served, taskDefinition="bad")
    all_of_them = listed(served)
    times = [d["createdAt"] for d in all_of_them]
    assert times == sorted(times, reverse=True)
    assert len(times) == 5
    assert len(listed(served, status=["SUCCESSFUL"])) == 4
    assert listed(served, status=["PENDING", "STOPPED"]) == all_of_them[:1]
    assert listed(served, createdAt={"after": times[3]}) == all_of_them[:3]
    assert listed(served, createdAt={"before": times[3]}) == all_of_them[4:]
    page = served.call("ListServiceDeployments", service="s", maxResults=3)
    assert page["serviceDeployments"] == all_of_them[:3]
    rest = served.call("ListServiceDeployments", service="s", maxResults=3, nextToken=page["nextToken"])
    assert rest == {"serviceDeployments": all_of_them[3:]}


def test_the_cluster_is_found_in_the_arn_of_the_service(world: World) -> None:
    world.define("web")
    world.call("CreateCluster", clusterName="other")
    arn = world.serve(count=0, cluster="other")["serviceArn"]
    assert len(world.call("ListServiceDeployments", service=arn)["serviceDeployments"]) == 1
    with pytest.raises(Refused, match="ServiceNotFoundException"):
        world.call("ListServiceDeployments", service="s")
    with pytest.raises(Refused, match="ServiceNotFoundException"):
        world.call("ListServiceDeployments", service=arn, cluster="default")


@pytest.mark.parametrize("operation", ["DescribeServiceDeployments", "DescribeServiceRevisions"])
def test_what_is_not_there_is_a_failure_and_too_many_are_refused(served: World, operation: str) -> None:
    member = "serviceDeploymentArns" if operation == "DescribeServiceDeployments" else "serviceRevisionArns"
    unknown = "arn:aws:ecs:us-east-1:000000000000:service-revision/default/s/1"
    answer = served.call(operation, **{member: [unknown, "x"]})
    assert answer["failures"] == [{"arn": unknown, "reason": "MISSING"}, {"arn": "x", "reason": "MISSING"}]
    for arns in ([], [unknown] * 21):
        with pytest.raises(Refused, match="InvalidParameterException"):
            served.call(operation, **{member: arns})


def test_the_circuit_breaker_and_the_alarms_are_shown(served: World) -> None:
    breaker = {"enable": True, "rollback": False, "thresholdConfiguration": {"type": "COUNT", "value": 99}}
    alarms = {"alarmNames": ["high"], "enable": True, "rollback": False}
    first = described(served)
    assert (first["deploymentCircuitBreaker"]["status"], first["alarms"]["status"]) == ("DISABLED", "DISABLED")
    update(
        served,
        taskDefinition="bad",
        desiredCount=10,
        deploymentConfiguration={"deploymentCircuitBreaker": breaker, "alarms": alarms},
    )
    served.clock.advance(30)
    second = described(served)
    shown = second["deploymentCircuitBreaker"]
    assert (shown["status"], shown["threshold"]) == ("MONITORING", 99)
    assert shown["failureCount"] == served.service()["deployments"][0]["failedTasks"] > 0
    assert second["alarms"] == {"status": "MONITORING", "alarmNames": ["high"], "triggeredAlarmNames": []}
    assert second["deploymentConfiguration"]["deploymentCircuitBreaker"] == breaker
    stop(served, "ABORT")
    served.clock.advance(1)
    assert described(served)["deploymentCircuitBreaker"] == {**shown, "status": "MONITORING_COMPLETE"}


def test_history_goes_back_90_days_and_further_only_to_what_completed_last(served: World) -> None:
    (first,) = listed(served)
    update(served, taskDefinition="bad")
    served.clock.advance(1)
    stop(served, "ABORT")
    served.clock.advance(91 * DAY)
    assert listed(served) == []
    update(served, taskDefinition="bad", forceNewDeployment=True)
    served.clock.advance(1)
    assert len(listed(served)) == 1
    table = served.kernel.store.service_deployments
    assert [r.arn for r in table if not r.ongoing] == [first["serviceDeploymentArn"]]
    stop(served)
    served.until(lambda: described(served)["status"] == "ROLLBACK_SUCCESSFUL")
    assert described(served)["rollback"]["serviceRevisionArn"] == first["targetServiceRevisionArn"]


def test_the_history_goes_with_its_service(served: World) -> None:
    old = listed(served)[0]["serviceDeploymentArn"]
    update(served, taskDefinition="bad")
    served.clock.advance(1)
    new = listed(served)[0]["serviceDeploymentArn"]
    served.call("DeleteService", service="s", force=True)
    assert len(listed(served)) == 2
    served.until(lambda: served.service()["status"] == "INACTIVE")
    assert statuses(served, new)[-2:] == ["STOPPED", None]
    assert listed(served) == []
    answer = served.call("DescribeServiceDeployments", serviceDeploymentArns=[old])
    assert [f["reason"] for f in answer["failures"]] == ["MISSING"]
    served.serve(count=1)
    served.settle()
    assert [d["status"] for d in listed(served)] == ["SUCCESSFUL"]
