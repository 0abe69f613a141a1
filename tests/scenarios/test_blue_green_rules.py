"""What the strategies BLUE_GREEN, LINEAR and CANARY may be told, and what they are when they are not."""

from __future__ import annotations

from typing import Any

import pytest

from .shifting import BALANCER, HOOK, blue_green, canary, linear, pause_hook, serve
from .world import Refused, World


@pytest.mark.parametrize(
    ("given", "member", "filled"),
    [
        ("LINEAR", "linearConfiguration", {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6}),
        ("CANARY", "canaryConfiguration", {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10}),
        ("BLUE_GREEN", "bakeTimeInMinutes", 15),
    ],
)
def test_what_a_strategy_is_not_told_has_a_default(world: World, given: str, member: str, filled: Any) -> None:
    serve(world, {"strategy": given})
    assert world.service()["deploymentConfiguration"][member] == filled


def without(*names: str) -> dict[str, Any]:
    return {
        **BALANCER,
        "advancedConfiguration": {k: v for k, v in BALANCER["advancedConfiguration"].items() if k not in names},
    }


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (
            {"loadBalancers": [{k: v for k, v in BALANCER.items() if k != "advancedConfiguration"}]},
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING",
        ),
        ({"loadBalancers": [without("roleArn")]}, "advancedConfiguration must specify"),
        ({"loadBalancers": [BALANCER, BALANCER]}, "Duplicate targetGroupArn found: arn:.*targetgroup/one/1"),
        (
            {"loadBalancers": [{**BALANCER, "targetGroupArn": None, "loadBalancerName": "old"}]},
            "advancedConfiguration field is not allowed with ELBv1 loadBalancers",
        ),
        ({"deploymentConfiguration": linear(2.9, 1)}, "stepPercent must be a multiple of 0.1 between 3.0 and 100.0."),
        ({"deploymentConfiguration": linear(3.05, 1)}, "stepPercent must be a multiple of 0.1"),
        ({"deploymentConfiguration": linear(10.0, 1441)}, "stepBakeTimeInMinutes must be between 0 and 1440."),
        ({"deploymentConfiguration": canary(0.0, 1)}, "canaryPercent must be a multiple of 0.1 between 0.1 and 100.0."),
        ({"deploymentConfiguration": canary(10.0, -1)}, "canaryBakeTimeInMinutes must be between 0 and 1440."),
        (
            {"deploymentConfiguration": blue_green(lifecycleHooks=[pause_hook("PRODUCTION_TRAFFIC_SHIFT")])},
            "PAUSE cannot be configured at the stages TEST_TRAFFIC_SHIFT and PRODUCTION_TRAFFIC_SHIFT.",
        ),
        (
            {"deploymentConfiguration": blue_green(lifecycleHooks=[pause_hook("PRE_SCALE_UP")] * 11)},
            "lifecycleHooks can have at most 10 items of each targetType.",
        ),
        (
            {"deploymentConfiguration": blue_green(lifecycleHooks=[{**HOOK, "hookTargetArn": "f"}])},
            "must specify the ARN of a Lambda function as its hookTargetArn",
        ),
        (
            {
                "deploymentConfiguration": blue_green(
                    earlySuccessCriteria={
                        "enable": True,
                        "healthyPercent": 100,
                        "sourceServiceRevisionCleanup": "BLOCKING",
                    }
                )
            },
            "earlySuccessCriteria is only valid with the deployment strategy ROLLING.",
        ),
    ],
)
def test_what_cannot_be_is_refused(world: World, members: dict[str, Any], text: str) -> None:
    world.define("web", {"name": "app", "image": "app:1", "portMappings": [{"containerPort": 80}]})
    given = {"loadBalancers": [BALANCER], "deploymentConfiguration": blue_green(), **members}
    with pytest.raises(Refused, match=f"InvalidParameterException: .*{text}"):
        world.serve(**given)
    assert world.call("ListServices") == {"serviceArns": []}


def test_daemon_services_only_roll(world: World) -> None:
    world.define_ec2("agent")
    with pytest.raises(Refused, match="The daemon scheduling strategy does not support deployment strategies"):
        world.call(
            "CreateService",
            serviceName="d",
            taskDefinition="agent",
            schedulingStrategy="DAEMON",
            deploymentConfiguration={"strategy": "BLUE_GREEN"},
        )
