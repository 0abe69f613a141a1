"""Deployments of daemons: rolling, with a bake time, a circuit breaker and a way back; revisions and history."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.journals import MemoryJournal

from .managed import AGENT, Managed
from .world import Refused, World

NEW = {**AGENT, "image": "agent:2"}
CRASH = {**AGENT, "command": ["sh", "-c", "exit 1"]}


@pytest.fixture
def managed(world: World) -> Managed:
    """A daemon on each instance of a service of four tasks."""
    fleet = Managed(world)
    fleet.register()
    fleet.create()
    fleet.serve(4)
    fleet.running(4)
    return fleet


def daemon_of(managed: Managed) -> str:
    arn: str = managed.world.call("ListDaemons")["daemonSummariesList"][0]["daemonArn"]
    return arn


def images(managed: Managed) -> set[str]:
    return {container["image"] for task in managed.tasks() for container in task["containers"]}


def test_an_update_replaces_the_instances_a_batch_at_a_time(managed: Managed) -> None:
    before = {record.arn for record in managed.instances}
    managed.register("agent", NEW)
    updated = managed.update(daemon_of(managed), "agent:2", deploymentConfiguration={"drainPercent": 50.0})
    most = 0
    while managed.deployment(updated["deploymentArn"])["status"] != "SUCCESSFUL":
        managed.world.until_news()
        most = max(most, managed.statuses().count("DRAINING"))
    assert most == 2
    managed.running(4)
    assert images(managed) == {"agent:2"}
    assert not before & {record.arn for record in managed.instances}
    managed.world.settle("app")


def test_a_deployment_shows_what_it_replaces_and_how_far_it_is(managed: Managed) -> None:
    old = managed.daemon(daemon_of(managed))["currentRevisions"][0]["arn"]
    managed.register("agent", NEW)
    updated = managed.update(daemon_of(managed), "agent:2")
    shown = managed.deployment(updated["deploymentArn"])
    assert shown["status"] == "PENDING"
    assert [source["arn"] for source in shown["sourceDaemonRevisions"]] == [old]
    assert shown["sourceDaemonRevisions"][0]["totalRunningInstanceCount"] == 4
    assert shown["circuitBreaker"] == {"failureCount": 0, "status": "MONITORING", "threshold": 10}
    managed.world.until(
        lambda: managed.deployment(updated["deploymentArn"])["targetDaemonRevision"]["totalRunningInstanceCount"] == 1
    )
    revisions = managed.daemon(daemon_of(managed))["currentRevisions"]
    assert [revision["totalRunningCount"] for revision in revisions] == [1, 4], "old instances have to wait"
    managed.deployed(updated["deploymentArn"])
    shown = managed.deployment(updated["deploymentArn"])
    assert shown["targetDaemonRevision"]["totalRunningInstanceCount"] == 4
    assert shown["statusReason"] == "Deployment completed successfully."
    assert shown["createdAt"] < shown["startedAt"] < shown["finishedAt"]
    assert shown["circuitBreaker"]["status"] == "MONITORING_COMPLETE"


def test_an_update_that_changes_nothing_leaves_the_instances_alone(managed: Managed) -> None:
    before = {record.arn for record in managed.instances}
    updated = managed.update(daemon_of(managed))
    managed.deployed(updated["deploymentArn"])
    assert {record.arn for record in managed.instances} == before
    (revision,) = managed.daemon(daemon_of(managed))["currentRevisions"]
    assert revision["totalRunningCount"] == 4


def test_what_an_update_leaves_out_goes_back_to_its_default(managed: Managed) -> None:
    managed.update(daemon_of(managed), critical=False, enableExecuteCommand=True, propagateTags="DAEMON")
    (first, *_) = managed.daemon(daemon_of(managed))["currentRevisions"]
    managed.update(daemon_of(managed))
    (second, *_) = managed.daemon(daemon_of(managed))["currentRevisions"]
    arns = [first["arn"], second["arn"]]
    shown = managed.world.call("DescribeDaemonRevisions", daemonRevisionArns=arns)["daemonRevisions"]
    settings = [(r["critical"], r["enableExecuteCommand"], r["propagateTags"]) for r in shown]
    assert settings == [(False, True, "DAEMON"), (True, False, "NONE")]


def test_a_deployment_goes_on_after_a_restart() -> None:
    journal = MemoryJournal()
    managed = Managed(World(journal=journal))
    managed.register()
    managed.create()
    managed.serve(4)
    managed.running(4)
    managed.register("agent", NEW)
    deployment = managed.update(daemon_of(managed), "agent:2")["deploymentArn"]
    managed.world.until(lambda: "DRAINING" in managed.statuses())
    managed.world = World(journal=journal, seed=2, start=managed.world.clock.now())
    managed.store = managed.world.kernel.store
    asyncio.run(managed.world.kernel.recover())
    managed.deployed(deployment)
    managed.running(4)
    assert images(managed) == {"agent:2"}


def test_a_revision_shows_its_images_and_their_digests(managed: Managed) -> None:
    (revision,) = managed.daemon(daemon_of(managed))["currentRevisions"]
    (shown,) = managed.world.call("DescribeDaemonRevisions", daemonRevisionArns=[revision["arn"]])["daemonRevisions"]
    (image,) = shown["containerImages"]
    assert (image["containerName"], image["image"]) == ("agent", "agent:1")
    assert image["imageDigest"] == managed.tasks()[0]["containers"][0]["imageDigest"]
    assert shown["daemonTaskDefinitionArn"].endswith(":daemon-task-definition/agent:1")


def test_a_revision_that_does_not_start_is_rolled_back(managed: Managed) -> None:
    (good,) = managed.daemon(daemon_of(managed))["currentRevisions"]
    managed.register("agent", CRASH)
    updated = managed.update(daemon_of(managed), "agent:2")
    managed.deployed(updated["deploymentArn"], "ROLLBACK_SUCCESSFUL")
    shown = managed.deployment(updated["deploymentArn"])
    assert shown["circuitBreaker"] == {"failureCount": 10, "status": "TRIGGERED", "threshold": 10}
    assert shown["rollback"]["rollbackTargetDaemonRevisionArn"] == good["arn"]
    assert shown["rollback"]["rollbackCapacityProviders"] == [managed.provider]
    assert shown["rollback"]["reason"] == "Deployment circuit breaker: daemon tasks failed to start."
    statuses = [e.after for e in managed.world.events("daemon-deployment") if e.arn == updated["deploymentArn"]]
    assert statuses == ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    managed.running(4)
    assert {t["taskDefinitionArn"].rsplit("/")[-1] for t in managed.tasks()} == {"agent:1"}
    managed.world.settle("app")


def test_a_failing_revision_takes_only_a_batch_of_instances_at_a_time(managed: Managed) -> None:
    managed.register("agent", CRASH)
    updated = managed.update(daemon_of(managed), "agent:2")
    fewest = 4
    while managed.deployment(updated["deploymentArn"])["status"] != "ROLLBACK_IN_PROGRESS":
        managed.world.until_news()
        fewest = min(fewest, managed.statuses().count("ACTIVE"))
    assert fewest >= 2


def test_a_daemon_that_is_not_critical_rolls_back_without_draining_for_its_failures(managed: Managed) -> None:
    managed.register("agent", CRASH)
    updated = managed.update(daemon_of(managed), "agent:2", critical=False)
    managed.deployed(updated["deploymentArn"], "ROLLBACK_SUCCESSFUL")
    managed.running(4)


def test_another_update_stops_the_deployment_before(managed: Managed) -> None:
    managed.register("agent", NEW)
    first = managed.update(daemon_of(managed), "agent:2")
    second = managed.update(daemon_of(managed), "agent:1")
    stopped = managed.deployment(first["deploymentArn"])
    assert stopped["status"] == "STOPPED"
    assert stopped["statusReason"] == "Deployment was replaced by a newer deployment."
    assert stopped["stoppedAt"]
    managed.deployed(second["deploymentArn"])
    assert images(managed) == {"agent:1"}


def test_a_bake_time_keeps_a_deployment_in_progress(managed: Managed) -> None:
    updated = managed.update(daemon_of(managed), deploymentConfiguration={"bakeTimeInMinutes": 5})
    managed.world.clock.advance(290)
    assert managed.deployment(updated["deploymentArn"])["status"] == "IN_PROGRESS"
    managed.world.clock.advance(20)
    assert managed.deployment(updated["deploymentArn"])["status"] == "SUCCESSFUL"


def test_alarms_are_watched_when_enabled(managed: Managed) -> None:
    alarms = {"alarmNames": ["a"], "enable": True}
    updated = managed.update(daemon_of(managed), deploymentConfiguration={"alarms": alarms})
    shown = managed.deployment(updated["deploymentArn"])
    assert shown["alarms"] == {"status": "MONITORING", "alarmNames": ["a"], "triggeredAlarmNames": []}
    managed.deployed(updated["deploymentArn"])
    assert managed.deployment(updated["deploymentArn"])["alarms"]["status"] == "MONITORING_COMPLETE"


def test_a_daemon_that_comes_to_instances_at_work_replaces_them(managed: Managed) -> None:
    before = {record.arn for record in managed.instances}
    created = managed.create("e")
    managed.deployed(created["deploymentArn"])
    managed.running(4, "e")
    managed.running(4, "d")
    assert not before & {record.arn for record in managed.instances}


def test_a_capacity_provider_that_is_added_gets_the_daemon_too(managed: Managed) -> None:
    other = managed.add_provider("other")
    managed.serve(1, "more", "other")
    managed.world.settle("more")
    before = {r.arn for r in managed.instances if r.instance.capacity_provider_name == "mi"}
    updated = managed.update(daemon_of(managed), capacityProviderArns=[managed.provider, other])
    managed.deployed(updated["deploymentArn"])
    managed.running(5)
    assert {r.arn for r in managed.instances if r.instance.capacity_provider_name == "mi"} == before


def test_deployments_are_listed_newest_first_and_by_status_and_time(managed: Managed) -> None:
    daemon = daemon_of(managed)
    first = managed.daemon(daemon)["deploymentArn"]
    at = managed.world.clock.now()
    managed.world.clock.advance(10)
    second = managed.update(daemon)["deploymentArn"]

    def listed(**members: object) -> list[str]:
        answer = managed.world.call("ListDaemonDeployments", daemonArn=daemon, **members)
        return [deployment["daemonDeploymentArn"] for deployment in answer["daemonDeployments"]]

    assert listed() == [second, first]
    assert listed(status=["PENDING"]) == [second]
    assert listed(createdAt={"before": at}) == [first]
    assert listed(createdAt={"after": at}) == [second]
    page = managed.world.call("ListDaemonDeployments", daemonArn=daemon, maxResults=1)
    rest = managed.world.call("ListDaemonDeployments", daemonArn=daemon, maxResults=1, nextToken=page["nextToken"])
    assert [d["daemonDeploymentArn"] for d in rest["daemonDeployments"]] == [first]


def test_daemons_are_listed_by_cluster_and_capacity_provider(managed: Managed) -> None:
    other = managed.add_provider("other")
    managed.create("e", capacityProviderArns=[other])

    def listed(**members: object) -> list[str]:
        summaries = managed.world.call("ListDaemons", **members)["daemonSummariesList"]
        return [summary["daemonArn"].rsplit("/")[-1] for summary in summaries]

    assert listed() == ["d", "e"]
    assert listed(capacityProviderArns=[other]) == ["e"]
    assert listed(maxResults=1) == ["d"]
    managed.world.call("CreateCluster", clusterName="empty")
    assert listed(clusterArn="arn:aws:ecs:us-east-1:000000000000:cluster/empty") == []


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"daemonName": "a b"}, "InvalidParameterException: Daemon name can have up to 255"),
        ({"daemonName": ""}, "InvalidParameterException: Daemon name can not be blank"),
        ({"clusterArn": "nowhere"}, "ClusterNotFoundException: Cluster not found."),
        ({"daemonTaskDefinitionArn": "nothing:1"}, "ClientException: .*was not found"),
        ({"capacityProviderArns": []}, "InvalidParameterException: capacityProviderArns can not be empty"),
        ({"capacityProviderArns": ["x"]}, "InvalidParameterException: .*'x' was not found"),
        (
            {"capacityProviderArns": ["arn:aws:ecs:us-east-1:000000000000:capacity-provider/FARGATE"]},
            "InvalidParameterException: ECS Managed Daemons is only supported for",
        ),
        ({"clientToken": "with space"}, "InvalidParameterException: clientToken contains invalid characters"),
        ({"deploymentConfiguration": {"drainPercent": 101.0}}, "InvalidParameterException"),
        ({"deploymentConfiguration": {"bakeTimeInMinutes": 1441}}, "InvalidParameterException: bakeTimeInMinutes"),
        ({"deploymentConfiguration": {"alarms": {"enable": True}}}, "InvalidParameterException: alarmNames"),
        ({"tags": [{"key": "aws:x"}]}, "InvalidParameterException: Tag key must not start with aws:"),
    ],
)
def test_a_bad_daemon_is_refused_and_nothing_is_made(world: World, members: dict[str, object], error: str) -> None:
    managed = Managed(world)
    managed.register()
    with pytest.raises(Refused, match=error):
        managed.create(**{"name": "d", **renamed(members)})
    assert world.call("ListDaemons")["daemonSummariesList"] == []


def renamed(members: dict[str, object]) -> dict[str, object]:
    names = {"daemonName": "name", "daemonTaskDefinitionArn": "definition"}
    return {names.get(name, name): value for name, value in members.items()}


@pytest.mark.parametrize("operation", ["DescribeDaemon", "DeleteDaemon", "ListDaemonDeployments", "UpdateDaemon"])
def test_a_daemon_that_is_not_there_is_said_not_to_be(world: World, operation: str) -> None:
    managed = Managed(world)
    managed.register()
    definition = {"daemonTaskDefinitionArn": "agent:1", "capacityProviderArns": [managed.provider]}
    members = definition if operation == "UpdateDaemon" else {}
    unknown = "DaemonNotFoundException|ClientException: The specified daemon was not found"
    scope = "arn:aws:ecs:us-east-1:000000000000:daemon"
    with pytest.raises(Refused, match=unknown):
        world.call(operation, daemonArn=f"{scope}/default/d", **members)
    with pytest.raises(Refused, match=unknown):
        world.call(operation, daemonArn="arn:aws:ecs:us-east-1:111111111111:daemon/default/d", **members)
    with pytest.raises(Refused, match="ClusterNotFoundException"):
        world.call(operation, daemonArn=f"{scope}/nowhere/d", **members)
    with pytest.raises(Refused, match="InvalidParameterException: The specified daemon ARN is invalid"):
        world.call(operation, daemonArn="d", **members)


def test_unknown_deployments_and_revisions_are_failures(world: World) -> None:
    assert world.call("DescribeDaemonDeployments", daemonDeploymentArns=["x"]) == {
        "daemonDeployments": [],
        "failures": [{"arn": "x", "reason": "MISSING"}],
    }
    assert world.call("DescribeDaemonRevisions", daemonRevisionArns=["x"]) == {
        "daemonRevisions": [],
        "failures": [{"arn": "x", "reason": "MISSING"}],
    }
    with pytest.raises(Refused, match="ClientException: The specified daemon was not found"):
        world.call("ListTasks", daemonName="nobody")
