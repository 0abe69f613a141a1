"""AppSpec files: what is read of them, and what is no AppSpec file of a service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kecs.aws.model import codedeploy as c
from kecs.core.codedeploy.appspec import DEEPEST, LONGEST, digest, parse


def spec(**changes: Any) -> dict[str, Any]:
    properties = {
        "TaskDefinition": "web:2",
        "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80},
        **changes.pop("properties", {}),
    }
    service = {"Type": changes.pop("type", "AWS::ECS::Service"), "Properties": properties}
    return {"version": 0.0, "Resources": [{"TargetService": service}], **changes}


def refused(content: str) -> str:
    with pytest.raises(c.InvalidRevisionException) as raised:
        parse(content)
    return raised.value.message


def test_yaml_and_json_say_the_same() -> None:
    text = """
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "web:2"
        LoadBalancerInfo: {ContainerName: app, ContainerPort: 80}
        PlatformVersion:
Hooks:
  - AfterInstall: "check"
"""
    assert parse(text) == parse(json.dumps(spec(Hooks=[{"AfterInstall": "check"}])))
    read = parse(text)
    assert (read.task_definition, read.container_name, read.container_port) == ("web:2", "app", 80)
    assert read.platform_version is None
    assert read.hooks == (("AfterInstall", "check"),)


def test_names_are_taken_in_any_case() -> None:
    assert parse(
        json.dumps(spec())
        .swapcase()
        .replace("WEB:2", "web:2")
        .replace("APP", "app")
        .replace("aws::ecs::sERVICE", "AWS::ECS::Service")
    ) == parse(json.dumps(spec()))


def test_hooks_come_in_the_order_of_their_events() -> None:
    hooks = [{"AfterAllowTraffic": "last", "BeforeAllowTraffic": None}, {"BeforeInstall": "first"}]
    assert parse(json.dumps(spec(Hooks=hooks))).hooks == (("BeforeInstall", "first"), ("AfterAllowTraffic", "last"))


def test_network_and_strategy() -> None:
    network = {"AwsvpcConfiguration": {"Subnets": ["a"], "SecurityGroups": ["b"], "AssignPublicIp": "DISABLED"}}
    strategy = [{"CapacityProvider": "FARGATE", "Base": 1, "Weight": 2}, {"CapacityProvider": "FARGATE_SPOT"}]
    read = parse(json.dumps(spec(properties={"NetworkConfiguration": network, "CapacityProviderStrategy": strategy})))
    vpc = read.network_configuration and read.network_configuration.awsvpc_configuration
    assert vpc is not None
    assert (vpc.subnets, vpc.security_groups, vpc.assign_public_ip) == (["a"], ["b"], "DISABLED")
    assert [(s.capacity_provider, s.base, s.weight) for s in read.capacity_provider_strategy] == [
        ("FARGATE", 1, 2),
        ("FARGATE_SPOT", None, None),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expected `object`"),
        ("just text", "Expected `object`"),
        ("a: b: c", "it is neither JSON nor YAML"),
        ("[" * LONGEST, "it is nested too deep"),
        ("- " * 500, "it is nested too deep"),
        ("{a: " * 500, "it is nested too deep"),
        ("\x00", "it is neither JSON nor YAML"),
        ("!!python/object/apply:os.getcwd []", "Expected `object`"),
        ("a: &x [1]\nb: *x", "it must not have aliases"),
        ("[" * (DEEPEST + 2) + "]" * (DEEPEST + 2), "it is nested too deep"),
        ("x" * (LONGEST + 1), f"it is longer than {LONGEST} characters"),
        (json.dumps({"version": 0.0}), "Object missing required field `resources`"),
        (json.dumps(spec(Resources=[])), "it must have one resource"),
        (json.dumps(spec(Resources=spec()["Resources"] * 2)), "it must have one resource"),
        (json.dumps(spec(type="AWS::Lambda::Function")), "it must have one resource, of type AWS::ECS::Service"),
        (json.dumps(spec(properties={"TaskDefinition": None})), "Object missing required field `taskdefinition`"),
        (json.dumps(spec(properties={"LoadBalancerInfo": {}})), "Object missing required field `containername`"),
        (
            json.dumps(spec(properties={"LoadBalancerInfo": {"ContainerName": "a", "ContainerPort": "http"}})),
            "Expected `int`, got `str`",
        ),
        (
            json.dumps(
                spec(
                    properties={
                        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["a"], "AssignPublicIp": "YES"}}
                    }
                )
            ),
            "Invalid enum value 'YES'",
        ),
        (json.dumps(spec(Hooks=[{"AfterEverything": "f"}])), "aftereverything is no lifecycle event"),
        (json.dumps(spec(Hooks=[{"BeforeInstall": "f"}, {"BeforeInstall": "g"}])), "BeforeInstall has more than one"),
        (json.dumps(spec(Hooks={"BeforeInstall": "f"})), "Expected `array`, got `object`"),
    ],
    ids=lambda value: value[:16],
)
def test_what_is_no_appspec_file(content: str, reason: str) -> None:
    assert refused(content).startswith(f"The AppSpec file is not valid: {reason}")


def test_a_digest_is_there_for_any_text() -> None:
    assert digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert len(digest("\ud800")) == 64
