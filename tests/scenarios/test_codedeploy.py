"""Deployments of CodeDeploy: from the original task set to its replacement, as the configurations say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .codedeploying import (
    APP,
    DG,
    EVENTS,
    MINUTE,
    TARGET,
    WEB,
    answer,
    balancer,
    call,
    deploy,
    execution,
    group_members,
    options,
    over,
    reach,
    ready,
    shown,
    statuses,
    target,
    task_sets,
    weights,
)
from .sent import sent
from .test_task_sets import GROUP
from .world import Refused, World

YAML = """\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "web:2"
        LoadBalancerInfo:
          ContainerName: "app"
          ContainerPort: 80
        PlatformVersion: "1.4.0"
        NetworkConfiguration:
          AwsvpcConfiguration:
            Subnets: ["subnet-2"]
            SecurityGroups: ["sg-1"]
            AssignPublicIp: "ENABLED"
        CapacityProviderStrategy:
          - Base: 1
            CapacityProvider: "FARGATE"
            Weight: 2
Hooks:
  - BeforeInstall: ""
"""


@pytest.fixture
def new(world: World) -> str:
    """The task definition that is deployed; the service and its deployment group are there."""
    ready(world)
    return world.define("web", {**WEB, "image": "app:2"})


def regroup(world: World, **members: Any) -> None:
    given = group_members(deploymentGroupName=None, currentDeploymentGroupName=DG, **members)
    call(world, "UpdateDeploymentGroup", **given)


def test_all_at_once(world: World, new: str) -> None:
    deployment = deploy(world, new, description="the second version")
    created = shown(world, deployment)
    assert deployment.startswith("d-")
    assert (created["status"], created["creator"], created["computePlatform"]) == ("Created", "user", "ECS")
    assert created["deploymentConfigName"] == "CodeDeployDefault.ECSAllAtOnce"
    assert "content" not in created["revision"]["appSpecContent"]
    assert call(world, "ListDeploymentTargets", deploymentId=deployment)["targetIds"] == [TARGET]
    assert set(statuses(world, deployment).values()) == {"Pending"}
    done = over(world, deployment)
    assert (done["status"], done["description"]) == ("Succeeded", "the second version")
    assert created["createTime"] <= done["startTime"] < done["completeTime"]
    assert statuses(world, deployment) == dict.fromkeys(EVENTS, "Succeeded")
    assert weights(world, deployment) == {"Blue": 0, "Green": 100}
    assert task_sets(world) == [("web:1", "DRAINING"), ("web:2", "PRIMARY")]
    (green,) = [s for s in world.service()["taskSets"] if s["status"] == "PRIMARY"]
    assert (green["startedBy"], green["externalId"]) == ("CODE_DEPLOY", deployment)
    assert green["loadBalancers"][0]["targetGroupArn"].split("/")[1] == "green"
    world.until(lambda: task_sets(world) == [("web:2", "PRIMARY")])
    assert (world.service()["taskDefinition"], world.service()["runningCount"]) == (new, 2)


def test_a_target_is_the_service(world: World, new: str) -> None:
    deployment = deploy(world, new)
    reach(world, deployment, "Install")
    found = target(world, deployment)
    assert (found["targetArn"], found["status"]) == (world.service()["serviceArn"], "InProgress")
    blue, green = found["taskSetsInfo"]
    assert (blue["taskSetLabel"], blue["status"], blue["runningCount"], blue["targetGroup"]) == (
        "Blue",
        "PRIMARY",
        2,
        {"name": "blue"},
    )
    assert (green["taskSetLabel"], green["status"], green["trafficWeight"]) == ("Green", "ACTIVE", 0)
    assert {green["identifer"], blue["identifer"]} == {s["id"] for s in world.service()["taskSets"]}
    both = call(world, "BatchGetDeploymentTargets", deploymentId=deployment, targetIds=[TARGET])
    assert both["deploymentTargets"] == [{"deploymentTargetType": "ECSTarget", "ecsTarget": found}]
    filtered = {"deploymentId": deployment, "targetFilters": {"TargetStatus": ["Succeeded"]}}
    assert call(world, "ListDeploymentTargets", **filtered)["targetIds"] == []


def test_events_about_test_traffic_need_a_route_for_it(world: World, new: str) -> None:
    regroup(world, loadBalancerInfo=balancer(test=False))
    deployment = deploy(world, new)
    assert over(world, deployment)["status"] == "Succeeded"
    assert [name for name in EVENTS if "TestTraffic" not in name] == list(statuses(world, deployment))


STEPS = [
    ("CodeDeployDefault.ECSAllAtOnce", [100]),
    ("CodeDeployDefault.ECSCanary10Percent5Minutes", [10] * 5 + [100]),
    ("CodeDeployDefault.ECSCanary10Percent15Minutes", [10] * 15 + [100]),
    ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", [*range(10, 101, 10)]),
    ("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", [p for p in range(10, 100, 10) for _ in range(3)] + [100]),
    ("canary", [25] * 2 + [100]),
    ("linear", [40, 80, 100]),
]


@pytest.mark.parametrize(("config", "percents"), STEPS)
def test_traffic_is_shifted_as_the_configuration_says(
    world: World, new: str, config: str, percents: list[float]
) -> None:
    canary = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 25, "canaryInterval": 2}}
    linear = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 40, "linearInterval": 1}}
    for name, routing in (("canary", canary), ("linear", linear)):
        given = {"deploymentConfigName": name, "computePlatform": "ECS", "trafficRoutingConfig": routing}
        call(world, "CreateDeploymentConfig", **given)
    regroup(world, blueGreenDeploymentConfiguration=options(termination=1))
    deployment = deploy(world, new, deploymentConfigName=config)
    world.until(lambda: statuses(world, deployment)["AllowTraffic"] != "Pending")
    seen = []
    while not seen or seen[-1] < 100:
        seen.append(weights(world, deployment)["Green"])
        shares = world.kernel.traffic.shares[world.service()["serviceArn"]]
        assert [(share.production, share.test) for share in shares.revisions] == [
            (100 - seen[-1], 0),
            (seen[-1], 100),
        ]
        world.clock.advance(MINUTE)
    assert seen == percents
    assert over(world, deployment)["status"] == "Succeeded"
    assert world.kernel.traffic.shares == {}


def test_the_replacement_is_primary_once_it_has_all_the_traffic(world: World, new: str) -> None:
    deployment = deploy(world, new, deploymentConfigName="CodeDeployDefault.ECSCanary10Percent5Minutes")
    reach(world, deployment, "AllowTraffic")
    assert task_sets(world) == [("web:1", "PRIMARY"), ("web:2", "ACTIVE")]
    world.clock.advance(5 * MINUTE - 1)
    assert weights(world, deployment) == {"Blue": 90, "Green": 10}
    world.clock.advance(1)
    assert task_sets(world)[1] == ("web:2", "PRIMARY")


def test_the_original_waits_for_its_end(world: World, new: str) -> None:
    regroup(world, blueGreenDeploymentConfiguration=options(termination=5))
    deployment = deploy(world, new)
    world.until(lambda: statuses(world, deployment)["AfterAllowTraffic"] == "Succeeded")
    world.clock.advance(5 * MINUTE - 1)
    waiting = shown(world, deployment)
    assert (waiting["status"], waiting["instanceTerminationWaitTimeStarted"]) == ("InProgress", True)
    assert task_sets(world) == [("web:1", "ACTIVE"), ("web:2", "PRIMARY")]
    assert world.service()["runningCount"] == 4
    world.clock.advance(1)
    assert shown(world, deployment)["status"] == "Succeeded"


def test_the_wait_for_the_end_can_be_cut_short(world: World, new: str) -> None:
    regroup(world, blueGreenDeploymentConfiguration=options(termination=2880))
    deployment = deploy(world, new)
    skip = {"deploymentId": deployment, "deploymentWaitType": "TERMINATION_WAIT"}
    with pytest.raises(Refused, match="InvalidDeploymentStatusException"):
        call(world, "ContinueDeployment", **skip)
    world.until(lambda: shown(world, deployment)["instanceTerminationWaitTimeStarted"])
    call(world, "ContinueDeployment", **skip)
    world.clock.advance(0)
    assert shown(world, deployment)["status"] == "Succeeded"
    with pytest.raises(Refused, match="DeploymentAlreadyCompletedException"):
        call(world, "ContinueDeployment", **skip)


def test_the_original_can_stay(world: World, new: str) -> None:
    end = {"terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"}}
    regroup(world, blueGreenDeploymentConfiguration=end)
    deployment = deploy(world, new)
    assert over(world, deployment)["instanceTerminationWaitTimeStarted"] is False
    world.clock.advance(60 * MINUTE)
    assert task_sets(world) == [("web:1", "ACTIVE"), ("web:2", "PRIMARY")]
    shares = world.kernel.traffic.shares[world.service()["serviceArn"]]
    assert [share.production for share in shares.revisions] == [0, 100]
    blue = world.service()["taskSets"][0]
    world.call("DeleteTaskSet", cluster="default", service="s", taskSet=blue["id"], force=True)
    world.clock.advance(0)
    assert world.kernel.traffic.shares == {}


def test_traffic_can_wait_for_a_word(world: World, new: str) -> None:
    regroup(world, blueGreenDeploymentConfiguration=options(ready=60))
    deployment = deploy(world, new)
    with pytest.raises(Refused, match="DeploymentIsNotInReadyStateException"):
        call(world, "ContinueDeployment", deploymentId=deployment)
    world.until(lambda: shown(world, deployment)["status"] == "Ready")
    assert target(world, deployment)["status"] == "Ready"
    assert statuses(world, deployment)["AfterAllowTestTraffic"] == "Succeeded"
    assert statuses(world, deployment)["BeforeAllowTraffic"] == "Pending"
    world.clock.advance(59 * MINUTE)
    call(world, "ContinueDeployment", deploymentId=deployment, deploymentWaitType="READY_WAIT")
    world.clock.advance(0)
    assert shown(world, deployment)["status"] == "Succeeded"


def test_a_word_that_does_not_come_stops_the_deployment(world: World, new: str) -> None:
    regroup(world, blueGreenDeploymentConfiguration=options(ready=60))
    deployment = deploy(world, new)
    world.until(lambda: shown(world, deployment)["status"] == "Ready")
    world.clock.advance(60 * MINUTE)
    stopped = shown(world, deployment)
    assert stopped["status"] == "Stopped"
    assert stopped["errorInformation"] == {
        "code": "TIMEOUT",
        "message": (
            "The deployment timed out while waiting for a notification to continue. This time out period is 60 minutes."
        ),
    }


HOOKED = ["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"]


def test_a_deployment_waits_for_its_hooks(world: World, new: str) -> None:
    deployment = deploy(world, new, dict.fromkeys(HOOKED, "check"))
    for event in HOOKED:
        reach(world, deployment, event)
        world.clock.advance(10 * MINUTE)
        later = list(statuses(world, deployment).values())[EVENTS.index(event) + 1 :]
        assert set(later) <= {"Pending"}
        answer(world, deployment)
        assert statuses(world, deployment)[event] == "Succeeded"
    assert over(world, deployment)["status"] == "Succeeded"


def test_what_may_be_said_of_a_hook(world: World, new: str) -> None:
    deployment = deploy(world, new, {"BeforeInstall": "check"})
    reach(world, deployment, "BeforeInstall")
    told = {"deploymentId": deployment, "lifecycleEventHookExecutionId": execution(world, deployment)}
    put = "PutLifecycleEventHookExecutionStatus"
    with pytest.raises(Refused, match="InvalidLifecycleEventHookExecutionStatusException"):
        call(world, put, **told, status="Skipped")
    with pytest.raises(Refused, match="InvalidLifecycleEventHookExecutionIdException"):
        call(world, put, **{**told, "lifecycleEventHookExecutionId": "other"}, status="Failed")
    with pytest.raises(Refused, match="DeploymentDoesNotExistException"):
        call(world, put, **{**told, "deploymentId": "d-000000000"}, status="Failed")
    answered = call(world, put, **told, status="Succeeded")
    assert answered == {"lifecycleEventHookExecutionId": told["lifecycleEventHookExecutionId"]}
    with pytest.raises(Refused, match="LifecycleEventAlreadyCompletedException"):
        call(world, put, **told, status="Failed")


def test_an_appspec_file_in_yaml(world: World, new: str) -> None:
    fargate = {"cluster": "default", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}
    world.call("PutClusterCapacityProviders", **fargate)
    deployment = deploy(world, new, revision={"revisionType": "String", "string": {"content": YAML}})
    assert over(world, deployment)["revision"]["revisionType"] == "String"
    (green,) = [s for s in world.service()["taskSets"] if s["status"] == "PRIMARY"]
    assert (green["taskDefinition"], green["platformVersion"]) == (new, "1.4.0")
    assert green["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "weight": 2, "base": 1}]
    assert green["networkConfiguration"] == {
        "awsvpcConfiguration": {"subnets": ["subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
    }
    assert "launchType" not in green


def test_what_is_told_of_a_deployment(world: World, new: str) -> None:
    regroup(world, blueGreenDeploymentConfiguration=options(ready=60))
    deployment = deploy(world, new)
    world.until(lambda: shown(world, deployment)["status"] == "Ready")
    call(world, "ContinueDeployment", deploymentId=deployment)
    over(world, deployment)
    told = sent(world, "CodeDeploy Deployment State-change Notification", deploymentId=deployment)
    assert [detail["state"] for detail in told] == ["START", "READY", "SUCCESS"]
    assert (told[0]["application"], told[0]["deploymentGroup"]) == (APP, DG)
    lines = [event.message for event in world.events("code-deployment") + world.events("lifecycle-event")]
    assert f"code-deployment {deployment} Created -> InProgress" in lines
    assert f"code-deployment {deployment} Install InProgress -> Succeeded" in lines
    assert f"code-deployment {deployment} has the replacement get 100 percent of the traffic" in lines


def test_there_and_back(world: World, new: str) -> None:
    first = deploy(world, new)
    over(world, first)
    world.until(lambda: len(task_sets(world)) == 1)
    second = deploy(world, "web:1")
    assert shown(world, second)["previousRevision"] == shown(world, first)["revision"]
    assert over(world, second)["status"] == "Succeeded"
    (blue,) = [s for s in world.service()["taskSets"] if s["status"] == "PRIMARY"]
    assert blue["loadBalancers"][0]["targetGroupArn"] == GROUP.format("blue")
    group = call(world, "GetDeploymentGroup", applicationName=APP, deploymentGroupName=DG)["deploymentGroupInfo"]
    assert group["lastSuccessfulDeployment"]["deploymentId"] == second
    assert group["targetRevision"] == shown(world, second)["revision"]


def test_a_group_has_one_deployment_at_a_time(world: World, new: str) -> None:
    deployment = deploy(world, new)
    with pytest.raises(Refused) as refused:
        deploy(world, new)
    assert refused.value.code == "DeploymentLimitExceededException"
    assert refused.value.text == f"The Deployment Group 'group' already has an active Deployment '{deployment}'"
    over(world, deployment)
    assert over(world, deploy(world, new))["status"] == "Succeeded"


def test_deployments_are_listed(world: World, new: str) -> None:
    first = deploy(world, new)
    over(world, first)
    world.clock.advance(MINUTE)
    second = deploy(world, "web:1")
    of = {"applicationName": APP, "deploymentGroupName": DG}
    assert call(world, "ListDeployments")["deployments"] == [second, first]
    assert call(world, "ListDeployments", **of, includeOnlyStatuses=["Succeeded"])["deployments"] == [first]
    later = {"start": shown(world, first)["completeTime"]}
    assert call(world, "ListDeployments", createTimeRange=later)["deployments"] == [second]
    assert call(world, "ListDeployments", region="eu-west-1")["deployments"] == []
    found = call(world, "BatchGetDeployments", deploymentIds=[first, "d-000000000"])["deploymentsInfo"]
    assert [info["deploymentId"] for info in found] == [first]


@pytest.mark.parametrize("event", [*HOOKED, "Install", "AllowTraffic", "Ready", "Termination"])
async def test_a_deployment_goes_on_after_a_restart(event: str) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    waits = options(termination=5 if event == "Termination" else 0, ready=60 if event == "Ready" else 0)
    ready(world, blueGreenDeploymentConfiguration=waits)
    new = world.define("web", {**WEB, "image": "app:2"})
    hooks = {event: "check"} if event in HOOKED else None
    deployment = deploy(world, new, hooks, deploymentConfigName="CodeDeployDefault.ECSCanary10Percent5Minutes")
    if event == "Ready":
        world.until(lambda: shown(world, deployment)["status"] == "Ready")
    elif event == "Termination":
        world.until(lambda: shown(world, deployment)["instanceTerminationWaitTimeStarted"])
    else:
        reach(world, deployment, event)
    again = World(journal=journal, start=world.clock.now(), seed=2)
    await again.kernel.recover()
    assert shown(again, deployment) == shown(world, deployment)
    again.clock.advance(1)
    if event in HOOKED:
        answer(again, deployment)
    elif event == "Ready":
        call(again, "ContinueDeployment", deploymentId=deployment)
    assert over(again, deployment)["status"] == "Succeeded"
    again.until(lambda: task_sets(again) == [("web:2", "PRIMARY")])
    again.until(lambda: again.service()["runningCount"] == 2)
