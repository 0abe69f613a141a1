"""What is refused of names, sizes, environment, running and logs, and with which text."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.taskdefs.cases import LOGS, Case, check, fargate, logs, named, one, task
from tests.core.taskdefs.definitions import FARGATE, container, defined, normalised

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.register import define
from kecs.core.taskdefs.rules import problems

IDENTITY = [
    task("Family can not be blank.", family=""),
    task("Family contains invalid characters.", family="web app"),
    task("Family contains invalid characters.", family="テスト"),
    task("Family should be 255 characters or less", family="f" * 256),
    one("Container.name should not be null or empty.", name=""),
    one("Container.name should not be null or empty.", name=None),
    one("Container.name contains invalid characters.", name="my app"),
    one("Container.name should be 255 characters or less", name="c" * 256),
    one("Container.image should not be null or empty.", image=None),
    one("Container.image contains invalid characters.", image="$REGISTRY/app"),
    one("Container.image should be 255 characters or less", image="i" * 256),
    *(
        one(
            "Container.image has an invalid digest: it must be sha256 and 64 hexadecimal digits.", image=f"app@{digest}"
        )
        for digest in ("sha256:abc", "md5:" + "a" * 64, "sha256:" + "g" * 64)
    ),
    task("Container names must be unique within a task definition.", container("a"), container("a")),
    one("Task definition doesn't have any essential container.", essential=False),
    task("Too many containers.", *(container(f"c{n}") for n in range(11))),
    task("Role is not valid", taskRoleArn="arn:aws:iam::1:user/me"),
    task("Role is not valid", executionRoleArn="not a role"),
]
RESOURCES = [
    one(
        "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
        memory=None,
    ),
    one(
        "Invalid setting for container 'app'. 'memory' must be greater than or equal to 'memoryReservation'.",
        memory=256,
        memoryReservation=512,
    ),
    one("Invalid 'memory' setting for container 'app'.", memory=3),
    one("Invalid 'memoryReservation' setting for container 'app'.", memoryReservation=0),
    one("Invalid 'cpu' setting for container 'app'.", cpu=-1),
    task(
        "The 'memory' setting for container 'app' is greater than for the task.", container(memory=1024), memory="512"
    ),
    task(
        "The sum of all container 'memoryReservation' values cannot be greater than the value of the task 'memory'.",
        container("a", memoryReservation=100),
        container("b", memoryReservation=100),
        memory="128",
    ),
    task(
        "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
        container("a", cpu=200),
        container("b", cpu=200),
        cpu="256",
    ),
    task("Invalid 'cpu' setting for task.", cpu="a lot"),
    task("Invalid 'memory' setting for task.", memory="a lot"),
    fargate("EphemeralStorage size should be at least 21", ephemeralStorage={"sizeInGiB": 20}),
    fargate("EphemeralStorage size should be at most 200", ephemeralStorage={"sizeInGiB": 201}),
    one("Invalid 'GPU' resource requirement for container 'app'.", resourceRequirements=[{"type": "GPU"}]),
    one(
        "Invalid 'GPU' resource requirement for container 'app'.",
        resourceRequirements=[{"type": "GPU", "value": "0"}],
    ),
    one(
        "Invalid 'NeuronDevice' resource requirement for container 'app'.",
        resourceRequirements=[{"type": "NeuronDevice", "value": "1"}],
    ),
    one(
        "The 'GPU' resource requirement for container 'app' is given more than once.",
        resourceRequirements=[{"type": "GPU", "value": "1"}] * 2,
    ),
    task(
        "Only one container can specify a 'NeuronDevice' resource requirement.",
        *(container(name, resourceRequirements=[{"type": "NeuronDevice", "value": "ALL"}]) for name in "ab"),
    ),
    task(
        "All containers that specify a 'GPU' resource requirement must either share GPUs or not.",
        container("a", resourceRequirements=[{"type": "GPU", "value": "1"}]),
        container("b", resourceRequirements=[{"type": "GPU", "sharingStrategy": {"nvidiaMps": {"memory": 64}}}]),
    ),
    one(
        "Unsupported resource requirement type 'InferenceAccelerator'.",
        resourceRequirements=[{"type": "InferenceAccelerator", "value": "d"}],
    ),
    task("Unsupported field 'inferenceAccelerators'.", inferenceAccelerators=[{"deviceName": "d", "deviceType": "t"}]),
    task(
        "A task definition can have at most 10 placement constraints.",
        placementConstraints=[{"type": "memberOf", "expression": "x"}] * 11,
    ),
    task("constraint.type should not be null or empty.", placementConstraints=[{"expression": "x"}]),
    task("constraint.expression should not be null or empty.", placementConstraints=[{"type": "memberOf"}]),
]
ENVIRONMENT = [
    one("Environment variable name cannot be null or blank.", environment=[{"name": " ", "value": "x"}]),
    one("Environment variable name cannot be null or blank.", environment=[{"value": "x"}]),
    one(
        "The maximum number of environment files was exceeded. Specify ten or less and try again.",
        environmentFiles=[{"value": f"arn:aws:s3:::b/{n}.env", "type": "s3"} for n in range(11)],
    ),
    one("Invalid arn syntax.", environmentFiles=[{"value": "s3://bucket/app.env", "type": "s3"}]),
    one("Secret name cannot be null or blank.", secrets=[{"name": "", "valueFrom": "p"}]),
    one("The valueFrom of secret 'A' cannot be null or blank.", secrets=[{"name": "A", "valueFrom": ""}]),
    one(
        "The secret name must be unique and not shared with any new or existing environment variables"
        " set on the container, such as 'A'.",
        environment=[{"name": "A", "value": "x"}],
        secrets=[{"name": "A", "valueFrom": "p"}],
    ),
    one(
        "The secret name must be unique and not shared with any new or existing environment variables"
        " set on the container, such as 'A'.",
        secrets=[{"name": "A", "valueFrom": "p"}, {"name": "A", "valueFrom": "q"}],
    ),
    one(
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        secrets=[{"name": "A", "valueFrom": "p"}],
    ),
    one(
        "Private repository authentication requires that the task definition specify a value for executionRoleArn.",
        repositoryCredentials={"credentialsParameter": "arn"},
    ),
]
RUNNING = [
    *(
        one(
            "Health check command must start with CMD or CMD-SHELL for container 'app'",
            healthCheck={"command": command},
        )
        for command in ([], ["curl", "localhost"], ["CMD"], ["CMD-SHELL", ""])
    ),
    *(
        one(
            f"Health check {name} must be {words} allowed value {limit} for container 'app'",
            healthCheck={"command": ["CMD", "true"], name: value},
        )
        for name, value, words, limit in (
            ("interval", 4, "greater than or equal to the minimum", 5),
            ("interval", 301, "less than or equal to the maximum", 300),
            ("timeout", 1, "greater than or equal to the minimum", 2),
            ("timeout", 61, "less than or equal to the maximum", 60),
            ("retries", 0, "greater than or equal to the minimum", 1),
            ("retries", 11, "less than or equal to the maximum", 10),
            ("startPeriod", -1, "greater than or equal to the minimum", 0),
            ("startPeriod", 301, "less than or equal to the maximum", 300),
        )
    ),
    one("Granular start timeout on container 'app' must be at least 2 seconds.", startTimeout=1),
    one("Granular stop timeout on container 'app' must be at least 2 seconds.", stopTimeout=1),
    one(
        "The 'restartAttemptPeriod' setting for container 'app' must be between 60 and 1800.",
        restartPolicy={"enabled": True, "restartAttemptPeriod": 59},
    ),
    one(
        "The 'ignoredExitCodes' setting for container 'app' can have at most 50 exit codes.",
        restartPolicy={"enabled": True, "ignoredExitCodes": list(range(51))},
    ),
    one(
        "The container has an invalid tmpfs size value specified. It must be a non-zero, non-negative integer.",
        linuxParameters={"tmpfs": [{"containerPath": "/tmp", "size": 0}]},
    ),
    one(
        "The 'sharedMemorySize' setting for container 'app' must be greater than 0.",
        linuxParameters={"sharedMemorySize": 0},
    ),
    one("The 'maxSwap' setting for container 'app' must be 0 or greater.", linuxParameters={"maxSwap": -1}),
    one("The 'swappiness' setting for container 'app' must be between 0 and 100.", linuxParameters={"swappiness": 101}),
    one(
        "The soft limit of ulimit 'nofile' for container 'app' cannot be greater than its hard limit.",
        ulimits=[{"name": "nofile", "softLimit": 2, "hardLimit": 1}],
    ),
]
KERNEL = [
    one(
        "Invalid 'capabilities' setting for container 'app': CAP_CHOWN is not a Linux capability.",
        linuxParameters={"capabilities": {"drop": ["CAP_CHOWN"]}},
    ),
    one(
        "Invalid 'mountOptions' setting for container 'app': wet.",
        linuxParameters={"tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": ["rw", "mode=1777", "wet"]}]},
    ),
    one(
        "Invalid 'systemControls' setting for container 'app': vm.swappiness.",
        systemControls=[
            {"namespace": "net.core.somaxconn", "value": "1"},
            {"namespace": "vm.swappiness", "value": "1"},
        ],
    ),
    task(
        "Network namespace systemControls are not supported when networkMode=host.",
        container(systemControls=[{"namespace": "net.core.somaxconn", "value": "1"}]),
        networkMode="host",
    ),
    task(
        "IPC namespace systemControls are not supported when ipcMode=host.",
        container(systemControls=[{"namespace": "kernel.shmmax", "value": "1"}]),
        ipcMode="host",
    ),
    one(
        "Invalid 'dockerSecurityOptions' setting for container 'app': seccomp:unconfined.",
        dockerSecurityOptions=["no-new-privileges", "label:user:me", "seccomp:unconfined"],
    ),
    one(
        "Container 'app' can have at most 1 credential spec.",
        credentialSpecs=["credentialspec:a", "credentialspec:b"],
    ),
]
LOGGING = [
    logs("Log driver awslogs requires options: awslogs-region, awslogs-group", "awslogs"),
    logs("Log driver awslogs requires options: awslogs-group", "awslogs", awslogs_region="us-east-1"),
    logs("Log driver splunk requires options: splunk-token, splunk-url", "splunk"),
    one(
        "Log driver awslogs disallows options: log_key",
        logConfiguration={"logDriver": "awslogs", "options": {**LOGS, "log_key": "log"}},
    ),
    one(
        "Log driver awslogs disallows options: awslogs-endpoint",
        logConfiguration={"logDriver": "awslogs", "options": {**LOGS, "awslogs-endpoint": "http://localhost"}},
    ),
    logs(
        "When awsfirelens log driver is specified in log configuration,"
        " a firelens configuration object must be configured in one of the containers.",
        "awsfirelens",
    ),
    one(
        "When a firelensConfiguration object is specified,"
        " at least one container has to be configured with the awsfirelens log driver.",
        firelensConfiguration={"type": "fluentbit"},
    ),
    task(
        "A firelens configuration object can only be configured in one of the containers.",
        container("a", logConfiguration={"logDriver": "awsfirelens"}, firelensConfiguration={"type": "fluentbit"}),
        container("b", firelensConfiguration={"type": "fluentd"}),
    ),
]


@pytest.mark.parametrize("case", [*IDENTITY, *RESOURCES, *ENVIRONMENT, *RUNNING, *KERNEL, *LOGGING], ids=named)
def test_refused(case: Case) -> None:
    check(case)


def test_no_containers() -> None:
    with pytest.raises(m.ClientException) as refusal:
        define(m.RegisterTaskDefinitionRequest(family="web", container_definitions=[]))
    assert refusal.value.message == "Container list cannot be empty."


def test_all_problems_are_found_and_the_first_is_told() -> None:
    definition = normalised(container(image=None, startTimeout=1), family="a b")
    assert list(problems(definition)) == [
        "Family contains invalid characters.",
        "Container.image should not be null or empty.",
        "Granular start timeout on container 'app' must be at least 2 seconds.",
    ]


@pytest.mark.parametrize(
    ("containers", "members"),
    [
        ((container(image="registry.example.org:5000/team/app@sha256:" + "a" * 64),), {}),
        ((container(image="i" * 250 + "@sha256:" + "a" * 64),), {}),
        ((container(memory=None, memoryReservation=128),), {}),
        ((container(memory=None),), {"memory": "512"}),
        ((container("a", memory=512), container("b", memory=512)), {"memory": "512"}),
        ((container(portMappings=[{"containerPort": 80}, {"containerPort": 80}]),), {}),
        (
            (
                container(
                    portMappings=[
                        {"containerPort": 53, "hostPort": 53},
                        {"containerPort": 53, "hostPort": 53, "protocol": "udp"},
                    ]
                ),
            ),
            {},
        ),
        ((container(healthCheck={"command": ["NONE"]}),), {}),
        (
            (
                container("a", dependsOn=[{"containerName": "b", "condition": "SUCCESS"}]),
                container("b", essential=False, dependsOn=[{"containerName": "c", "condition": "HEALTHY"}]),
                container("c", healthCheck={"command": ["CMD-SHELL", "true"]}),
            ),
            {},
        ),
        ((container(ulimits=[{"name": "core", "softLimit": 5, "hardLimit": -1}]),), {}),
        ((container(linuxParameters={"tmpfs": [{"containerPath": "/t", "size": 1}]}),), FARGATE),
        ((container(linuxParameters={"capabilities": {"add": ["SYS_PTRACE"]}}),), FARGATE),
        ((container(stopTimeout=120),), FARGATE),
        ((container(memory=None),), {**FARGATE, "pidMode": "task"}),
        ((container(),), {**FARGATE, "volumes": [{"name": "v", "host": {}}]}),
        ((container(),), {"taskRoleArn": "short-name"}),
        ((container(resourceRequirements=[{"type": "GPU", "value": "ALL"}]),), {}),
    ],
)
def test_accepted(containers: tuple[dict[str, Any], ...], members: dict[str, Any]) -> None:
    assert defined(*containers, **members).family == "web"
