"""What a registered task definition looks like: defaults, and everything that was given."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.taskdefs.definitions import FARGATE, ROLE, container, defined, request, wire

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.taskdefs.register import define, revision_of

EVERYTHING: dict[str, Any] = {
    "family": "everything",
    "taskRoleArn": "arn:aws:iam::123456789012:role/task",
    "executionRoleArn": ROLE,
    "networkMode": "bridge",
    "cpu": "2048",
    "memory": "4096",
    "requiresCompatibilities": ["EC2"],
    "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}],
    "pidMode": "task",
    "ipcMode": "none",
    "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    "enableFaultInjection": False,
    "volumes": [
        {"name": "host", "host": {"sourcePath": "/srv"}},
        {
            "name": "docker",
            "dockerVolumeConfiguration": {
                "scope": "shared",
                "autoprovision": True,
                "driver": "local",
                "driverOpts": {"type": "nfs"},
                "labels": {"a": "b"},
            },
        },
        {
            "name": "efs",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-1",
                "rootDirectory": "/data",
                "transitEncryption": "ENABLED",
                "transitEncryptionPort": 2049,
                "authorizationConfig": {"iam": "ENABLED"},
            },
        },
        {"name": "s3", "s3filesVolumeConfiguration": {"fileSystemArn": "arn:aws:s3files:::fs", "rootDirectory": "/x"}},
        {
            "name": "fsx",
            "fsxWindowsFileServerVolumeConfiguration": {
                "fileSystemId": "fs-2",
                "rootDirectory": "share",
                "authorizationConfig": {"credentialsParameter": "arn:aws:ssm:::p", "domain": "example.org"},
            },
        },
        {"name": "ebs", "configuredAtLaunch": True},
    ],
    "containerDefinitions": [
        {
            "name": "app",
            "image": "example.org/app:1",
            "repositoryCredentials": {"credentialsParameter": "arn:aws:secretsmanager:us-east-1:123456789012:secret:r"},
            "cpu": 512,
            "memory": 1024,
            "memoryReservation": 512,
            "links": ["router:logs"],
            "portMappings": [
                {"containerPort": 80, "hostPort": 8080, "protocol": "tcp", "name": "http", "appProtocol": "http2"},
                {"containerPort": 53, "hostPort": 0, "protocol": "udp"},
                {"containerPortRange": "9000-9010", "protocol": "tcp"},
            ],
            "essential": True,
            "restartPolicy": {"enabled": True, "ignoredExitCodes": [0, 143], "restartAttemptPeriod": 60},
            "entryPoint": ["/bin/sh", "-c"],
            "command": ["exec app"],
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": ""}],
            "environmentFiles": [{"value": "arn:aws:s3:::bucket/app.env", "type": "s3"}],
            "mountPoints": [{"sourceVolume": "ebs", "containerPath": "/data", "readOnly": False}],
            "volumesFrom": [{"sourceContainer": "router", "readOnly": True}],
            "linuxParameters": {
                "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
                "devices": [{"hostPath": "/dev/fuse", "containerPath": "/dev/fuse", "permissions": ["read"]}],
                "initProcessEnabled": True,
                "sharedMemorySize": 64,
                "tmpfs": [{"containerPath": "/tmp", "size": 32, "mountOptions": ["rw"]}],
                "maxSwap": 0,
                "swappiness": 10,
            },
            "secrets": [{"name": "PASSWORD", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/p"}],
            "dependsOn": [{"containerName": "router", "condition": "HEALTHY"}],
            "startTimeout": 60,
            "stopTimeout": 300,
            "versionConsistency": "disabled",
            "hostname": "app",
            "user": "1000:1000",
            "workingDirectory": "/app",
            "disableNetworking": False,
            "privileged": False,
            "readonlyRootFilesystem": True,
            "dnsServers": ["1.1.1.1"],
            "dnsSearchDomains": ["example.org"],
            "extraHosts": [{"hostname": "db", "ipAddress": "10.0.0.1"}],
            "dockerSecurityOptions": ["no-new-privileges"],
            "interactive": True,
            "pseudoTerminal": True,
            "dockerLabels": {"team": "web"},
            "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
            "logConfiguration": {
                "logDriver": "awsfirelens",
                "options": {"Name": "http"},
                "secretOptions": [{"name": "token", "valueFrom": "arn:aws:secretsmanager:us-east-1:1:secret:t"}],
            },
            "systemControls": [{"namespace": "net.core.somaxconn", "value": "1024"}],
            "resourceRequirements": [{"value": "1", "type": "GPU"}],
            "credentialSpecs": ["credentialspec:arn:aws:s3:::bucket/spec.json"],
        },
        {
            "name": "router",
            "image": "amazon/aws-for-fluent-bit:stable",
            "cpu": 0,
            "essential": False,
            "portMappings": [],
            "environment": [],
            "mountPoints": [],
            "volumesFrom": [],
            "systemControls": [],
            "firelensConfiguration": {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}},
            "healthCheck": {
                "command": ["CMD-SHELL", "true"],
                "interval": 10,
                "timeout": 3,
                "retries": 2,
                "startPeriod": 0,
            },
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "/ecs/app", "awslogs-region": "us-east-1"},
            },
        },
    ],
}
PROXY = ("IgnoredGID", "ProxyIngressPort", "ProxyEgressPort", "AppPorts")
COMPUTED = {"compatibilities", "requiresAttributes"}


def test_everything_that_was_given_comes_back() -> None:
    answer = wire(define(request(*EVERYTHING["containerDefinitions"], **without_containers(EVERYTHING))))
    assert {name: value for name, value in answer.items() if name not in COMPUTED} == EVERYTHING


def test_the_example_of_everything_names_every_member() -> None:
    """A member that ECS gains has to be added to the example above, or to what cannot stand in it."""
    elsewhere = {
        "inferenceAccelerators",  # refused
        "proxyConfiguration",  # awsvpc only
        "ephemeralStorage",  # Fargate only
        "trustedExecutionConfiguration",  # Managed Instances only
        "tags",  # not part of the definition
    }
    assert set(m.RegisterTaskDefinitionRequest.__struct_encode_fields__) - elsewhere == set(EVERYTHING)
    containers: set[str] = set().union(*EVERYTHING["containerDefinitions"])
    assert set(m.ContainerDefinition.__struct_encode_fields__) == containers


@pytest.mark.parametrize(
    "members",
    [
        {
            **FARGATE,
            "ephemeralStorage": {"sizeInGiB": 21},
            "proxyConfiguration": {
                "type": "APPMESH",
                "containerName": "app",
                "properties": [
                    {"name": "IgnoredUID", "value": "1337"},
                    {"name": "ProxyIngressPort", "value": "15000"},
                    {"name": "ProxyEgressPort", "value": "15001"},
                    {"name": "AppPorts", "value": "8080"},
                ],
            },
        },
        {
            "requiresCompatibilities": ["MANAGED_INSTANCES"],
            "networkMode": "host",
            "trustedExecutionConfiguration": {"isolationMode": "ISOLATED_SANDBOX"},
        },
    ],
)
def test_what_only_some_launch_types_know_comes_back_too(members: dict[str, Any]) -> None:
    answer = wire(defined(**members))
    assert {name: answer[name] for name in members} == members


def test_defaults_of_the_smallest_definition() -> None:
    assert wire(defined()) == {
        "family": "web",
        "containerDefinitions": [
            {
                "name": "app",
                "image": "nginx",
                "memory": 128,
                "cpu": 0,
                "essential": True,
                "portMappings": [],
                "environment": [],
                "mountPoints": [],
                "volumesFrom": [],
                "systemControls": [],
            }
        ],
        "volumes": [],
        "placementConstraints": [],
        "compatibilities": ["EXTERNAL", "EC2"],
    }


@pytest.mark.parametrize(
    ("network_mode", "given", "stored"),
    [
        (None, {}, 0),
        ("bridge", {}, 0),
        ("bridge", {"hostPort": 8080}, 8080),
        ("host", {}, 80),
        ("awsvpc", {}, 80),
        ("awsvpc", {"hostPort": 0}, 80),
        ("awsvpc", {"hostPort": 80}, 80),
    ],
)
def test_the_host_port_is_filled_in(network_mode: str | None, given: dict[str, int], stored: int) -> None:
    mapping = {"containerPort": 80, **given}
    answer = defined(container(portMappings=[mapping]), networkMode=network_mode)
    assert wire(answer)["containerDefinitions"][0]["portMappings"] == [
        {"containerPort": 80, "hostPort": stored, "protocol": "tcp"}
    ]


def test_a_range_of_ports_gets_no_host_port() -> None:
    answer = defined(container(portMappings=[{"containerPortRange": "8000-8010"}]), networkMode="awsvpc")
    assert wire(answer)["containerDefinitions"][0]["portMappings"] == [
        {"containerPortRange": "8000-8010", "protocol": "tcp"}
    ]


def test_defaults_of_health_checks_volumes_and_proxies() -> None:
    answer = wire(
        defined(
            container(healthCheck={"command": ["CMD", "true"]}),
            networkMode="awsvpc",
            volumes=[
                {"name": "scratch"},
                {"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}},
                {"name": "docker", "dockerVolumeConfiguration": {}},
            ],
            proxyConfiguration={
                "containerName": "app",
                "properties": [{"name": name, "value": "1"} for name in PROXY],
            },
        )
    )
    assert answer["containerDefinitions"][0]["healthCheck"] == {
        "command": ["CMD", "true"],
        "interval": 30,
        "timeout": 5,
        "retries": 3,
    }
    assert answer["volumes"] == [
        {"name": "scratch", "host": {}},
        {"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/"}},
        {"name": "docker", "dockerVolumeConfiguration": {"scope": "task"}},
    ]
    assert answer["proxyConfiguration"]["type"] == "APPMESH"


def test_task_sizes_become_units_and_mib() -> None:
    answer = defined(**{**FARGATE, "cpu": ".5 vCPU", "memory": "1 GB"})
    assert (answer.cpu, answer.memory) == ("512", "1024")


def test_of_a_name_that_is_given_twice_the_last_value_counts() -> None:
    pairs = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}]
    answer = wire(defined(container(environment=pairs)))
    assert answer["containerDefinitions"][0]["environment"] == [
        {"name": "A", "value": "3"},
        {"name": "B", "value": "2"},
    ]


def test_a_definition_may_not_be_larger_than_64_kib() -> None:
    large = request(container(command=["x" * 65536]))
    with pytest.raises(m.ClientException, match=r"Actual length: '65\d+'\. Max allowed length is '65536' bytes\."):
        define(large)


def test_registering_adds_who_when_and_which_revision() -> None:
    scope = Scope("111111111111", "eu-west-1")
    stored = revision_of(defined(), scope, 7, registered_by="arn:aws:iam::111111111111:root", now=12.5)
    assert stored.task_definition_arn == "arn:aws:ecs:eu-west-1:111111111111:task-definition/web:7"
    assert (stored.revision, stored.status) == (7, "ACTIVE")
    assert (stored.registered_by, stored.registered_at) == ("arn:aws:iam::111111111111:root", 12.5)


def without_containers(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "containerDefinitions"}
