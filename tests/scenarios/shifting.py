"""A service behind a load balancer whose deployments shift its traffic, and what tests ask of it."""

from __future__ import annotations

from typing import Any

from kecs.core.arns import Scope
from kecs.core.records.told import AlarmRecord

from .world import World

HERE = Scope("000000000000", "us-east-1")
ELB = "arn:aws:elasticloadbalancing:us-east-1:000000000000"
BALANCER = {
    "targetGroupArn": f"{ELB}:targetgroup/one/1",
    "containerName": "app",
    "containerPort": 80,
    "advancedConfiguration": {
        "alternateTargetGroupArn": f"{ELB}:targetgroup/two/2",
        "productionListenerRule": f"{ELB}:listener-rule/app/lb/1/2/3",
        "testListenerRule": f"{ELB}:listener-rule/app/lb/1/2/4",
        "roleArn": "arn:aws:iam::000000000000:role/elb",
    },
}
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:check"
ROLE = "arn:aws:iam::000000000000:role/hooks"
HOOK = {"hookTargetArn": "arn:aws:lambda:us-east-1:000000000000:function:wait", "roleArn": ROLE}
MINUTE = 60.0
HOUR = 3600.0
DAY = 24 * HOUR

ALL_STAGES = [
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
]
HOOKED = [stage for stage in ALL_STAGES if stage not in ("SCALE_UP", "BAKE_TIME", "CLEAN_UP")]


def lambda_hook(*stages: str, **members: Any) -> dict[str, Any]:
    return {"hookTargetArn": LAMBDA, "roleArn": ROLE, "lifecycleStages": list(stages), **members}


def pause_hook(*stages: str, **timeout: Any) -> dict[str, Any]:
    hook = {"targetType": "PAUSE", "lifecycleStages": list(stages)}
    return {**hook, "timeoutConfiguration": timeout} if timeout else hook


def blue_green(bake: int = 10, **members: Any) -> dict[str, Any]:
    return {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": bake, **members}


def linear(percent: float, minutes: int, bake: int = 0) -> dict[str, Any]:
    steps = {"stepPercent": percent, "stepBakeTimeInMinutes": minutes}
    return {"strategy": "LINEAR", "bakeTimeInMinutes": bake, "linearConfiguration": steps}


def canary(percent: float, minutes: int, bake: int = 0) -> dict[str, Any]:
    phase = {"canaryPercent": percent, "canaryBakeTimeInMinutes": minutes}
    return {"strategy": "CANARY", "bakeTimeInMinutes": bake, "canaryConfiguration": phase}


def serve(world: World, configuration: dict[str, Any] | None = None, count: int = 3, **members: Any) -> None:
    """A service `s` of revision blue, steady, with definitions `web`, `bad` (never starts) and `slow` (in a minute)."""
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.runtime.set_script("slow*", {"pull_seconds": 60})
    port = {"portMappings": [{"containerPort": 80, "name": "http"}]}
    for family, image in (("web", "app:1"), ("bad", "gone:1"), ("slow", "slow:1")):
        world.define(family, {"name": "app", "image": image, **port})
    members = {"loadBalancers": [BALANCER], **members}
    world.serve(count=count, deploymentConfiguration=configuration or blue_green(), **members)
    world.settle()
    world.until(lambda: latest(world)["status"] == "SUCCESSFUL")
    world.clock.advance(MINUTE)
    world.hooks.calls.clear()


def deploy(world: World, definition: str = "web", **members: Any) -> str:
    """Roll out a new revision; answers the ARN of the service deployment."""
    world.call("UpdateService", service="s", taskDefinition=definition, forceNewDeployment=True, **members)
    arn: str = world.call("ListServiceDeployments", service="s")["serviceDeployments"][0]["serviceDeploymentArn"]
    return arn


def described(world: World, arn: str) -> Any:
    return world.call("DescribeServiceDeployments", serviceDeploymentArns=[arn])["serviceDeployments"][0]


def latest(world: World) -> Any:
    arn = world.call("ListServiceDeployments", service="s")["serviceDeployments"][0]["serviceDeploymentArn"]
    return described(world, arn)


def until_status(world: World, status: str, limit: float = 2 * DAY) -> Any:
    world.until(lambda: latest(world)["status"] == status, limit)
    return latest(world)


def until_stage(world: World, stage: str, limit: float = 2 * DAY) -> Any:
    world.until(lambda: latest(world)["lifecycleStage"] == stage, limit)
    return latest(world)


def stages(world: World, arn: str) -> list[str]:
    """Those that the deployment has entered, in order."""
    record = world.kernel.store.service_deployments.get(arn)
    assert record is not None
    return [stage.name for stage in record.stages]


def weights(world: World) -> tuple[float, float]:
    """Production and test traffic of the newest deployment's target; its sources have the rest."""
    shown = latest(world)
    target, sources = shown["targetServiceRevision"], shown.get("sourceServiceRevisions", [])
    for kind in ("requestedProductionTrafficWeight", "requestedTestTrafficWeight"):
        assert target[kind] + sum(source[kind] for source in sources) == 100
    return target["requestedProductionTrafficWeight"], target["requestedTestTrafficWeight"]


def running(world: World) -> list[int]:
    """Running tasks of each deployment, the PRIMARY one first."""
    return [deployment["runningCount"] for deployment in world.service()["deployments"]]


def alarm(world: World, name: str, state: Any = "ALARM", scope: Scope = HERE, patience: float = 60.0) -> None:
    """The alarm is in this state from now on."""
    record = AlarmRecord(account=scope.account, region=scope.region, name=name, state=state, patience=patience)
    world.kernel.alarms.set(record)


def messages(world: World) -> list[str]:
    """The events, oldest first, without the service's name."""
    return [event["message"].removeprefix("(service s) ") for event in reversed(world.service()["events"])]
