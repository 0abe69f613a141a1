"""What is refused, and with which text: a row for every rule."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.taskdefs.definitions import ECR, FARGATE, ROLE, container, defined, normalised, request

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.register import define
from kecs.core.taskdefs.rules import problems
from kecs.core.taskdefs.rules.common import has_cycle

HEALTHY = {"healthCheck": {"command": ["CMD-SHELL", "true"]}}
LOGS = {"awslogs-group": "g", "awslogs-region": "us-east-1"}
EFS = {"fileSystemId": "fs-1"}


class Case(NamedTuple):
    """A request and its refusal."""

    text: str
    containers: tuple[dict[str, Any], ...] = ()
    members: dict[str, Any] = {}  # noqa: RUF012  # never changed


def one(text: str, /, **members: Any) -> Case:
    """A container that is refused."""
    return Case(text, (container(**members),))


def task(text: str, /, *containers: dict[str, Any], **members: Any) -> Case:
    """A definition that is refused."""
    return Case(text, containers, members)


def fargate(text: str, /, *containers: dict[str, Any], **members: Any) -> Case:
    return Case(text, containers, {**FARGATE, **members})


def volume(text: str, /, **members: Any) -> Case:
    return Case(text, (), {"volumes": [{"name": "v", **members}]})


def ports(text: str, /, *mappings: dict[str, Any], network: str = "bridge") -> Case:
    return Case(text, (container(portMappings=list(mappings)),), {"networkMode": network})


def logs(text: str, driver: str, **options: str) -> Case:
    names = {name.replace("_", "-"): value for name, value in options.items()}
    return one(text, logConfiguration={"logDriver": driver, "options": names})


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
NETWORK = [
    ports("Invalid 'containerPort' setting for container 'app'.", {"hostPort": 80}),
    ports("Invalid 'containerPort' setting for container 'app'.", {"containerPort": 0}),
    ports("Invalid 'containerPort' setting for container 'app'.", {"containerPort": 65536}),
    ports("Invalid 'hostPort' setting for container 'app'.", {"containerPort": 80, "hostPort": 65536}),
    ports("Invalid 'containerPortRange' setting for container 'app'.", {"containerPortRange": "90-80"}),
    ports("Invalid 'containerPortRange' setting for container 'app'.", {"containerPortRange": "80-65536"}),
    ports("Invalid 'containerPortRange' setting for container 'app'.", {"containerPortRange": "80"}),
    ports(
        "Invalid port mapping for container 'app', cannot specify both single port and port range.",
        {"containerPort": 80, "containerPortRange": "80-90"},
    ),
    ports(
        "Invalid 'name' setting in a port mapping for container 'app'.",
        {"containerPort": 80, "name": "-http"},
    ),
    ports("TCP host port '80' is mapped multiple times in task.", *[{"containerPort": 8080, "hostPort": 80}] * 2),
    ports(
        "UDP host port '53' is mapped multiple times in task.",
        *[{"containerPort": 5353, "hostPort": 53, "protocol": "udp"}] * 2,
    ),
    ports(
        "TCP container port '8085' is used multiple times in task when networkMode=awsvpc.",
        {"containerPortRange": "8080-8085"},
        {"containerPortRange": "8085-8090"},
        network="awsvpc",
    ),
    ports(
        "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        {"containerPort": 80, "hostPort": 8080},
        network="awsvpc",
    ),
    ports(
        "When networkMode=host, the host ports and container ports in port mappings must match.",
        {"containerPort": 80, "hostPort": 8080},
        network="host",
    ),
    ports(
        "When networkMode=awsvpc, port mapping name is already used",
        {"containerPort": 80, "name": "http"},
        {"containerPort": 81, "name": "http"},
        network="awsvpc",
    ),
    ports("Port mappings are not supported when networkMode=none.", {"containerPort": 80}, network="none"),
    ports("Port ranges are not supported when networkMode=host.", {"containerPortRange": "80-81"}, network="host"),
    *(
        task(text, container(**{name: value}), networkMode="awsvpc")
        for name, value, text in (
            ("hostname", "h", "hostname is not supported on container when networkMode=awsvpc."),
            (
                "extraHosts",
                [{"hostname": "h", "ipAddress": "1.1.1.1"}],
                "Extra hosts are not supported on container when networkMode=awsvpc.",
            ),
            ("dnsServers", ["1.1.1.1"], "DNS servers are not supported on container when networkMode=awsvpc."),
            (
                "dnsSearchDomains",
                ["example.org"],
                "DNS search domains are not supported on container when networkMode=awsvpc.",
            ),
            (
                "disableNetworking",
                True,
                "Disable Networking is not supported on container when networkMode=awsvpc.",
            ),
        )
    ),
    task(
        "APPMESH proxy configuration is only supported in networkMode=awsvpc",
        proxyConfiguration={"containerName": "app"},
    ),
    task(
        "Proxy container [envoy] does not exist.",
        networkMode="awsvpc",
        proxyConfiguration={"containerName": "envoy"},
    ),
    task("Ingress port not found", networkMode="awsvpc", proxyConfiguration={"containerName": "app"}),
    task(
        "Fault injection is only supported in networkMode=awsvpc and networkMode=host.",
        enableFaultInjection=True,
    ),
]
VOLUMES = [
    volume("Volume.name should not be null or empty.", name=None),
    volume("Volume.name contains invalid characters.", name="my volume"),
    volume("Volume.name should be 255 characters or less", name="v" * 256),
    task("Volume names must be unique within a task definition.", volumes=[{"name": "v"}, {"name": "v"}]),
    volume(
        "When the volume parameter is specified, only one volume configuration type should be used.",
        host={},
        efsVolumeConfiguration=EFS,
    ),
    volume("host.sourcePath should not be blank.", host={"sourcePath": ""}),
    volume(
        "autoprovision is only supported for Docker volumes with scope 'shared'.",
        dockerVolumeConfiguration={"autoprovision": True},
    ),
    volume(
        'When using an EFS access point, the root directory must either be set to "/" or be omitted.',
        efsVolumeConfiguration={**EFS, "rootDirectory": "/x", "authorizationConfig": {"accessPointId": "fsap-1"}},
    ),
    volume(
        "EFS access point requires TransitEncryption to be enabled.",
        efsVolumeConfiguration={**EFS, "authorizationConfig": {"accessPointId": "fsap-1"}},
    ),
    volume(
        "EFS IAM authorization requires TransitEncryption to be enabled.",
        efsVolumeConfiguration={**EFS, "authorizationConfig": {"iam": "ENABLED"}},
    ),
    volume(
        "TransitEncryptionPort requires that TransitEncryption is enabled.",
        efsVolumeConfiguration={**EFS, "transitEncryptionPort": 2049},
    ),
    volume("Volumes [v] are not referenced by any of the containers", configuredAtLaunch=True),
    task(
        "Only one volume can be configured at launch.",
        volumes=[{"name": name, "configuredAtLaunch": True} for name in "ab"],
    ),
    one("Unknown volume 'data'.", mountPoints=[{"sourceVolume": "data", "containerPath": "/data"}]),
    one("Unknown volume 'null'.", mountPoints=[{"containerPath": "/data"}]),
    task(
        "Invalid 'containerPath' setting in a mount point for container 'app'.",
        container(mountPoints=[{"sourceVolume": "v"}]),
        volumes=[{"name": "v"}],
    ),
]
ORDER = [
    *(
        task(f"Links are not supported when networkMode={network}.", container(links=["db"]), networkMode=network)
        for network in ("awsvpc", "host", "none")
    ),
    one("Invalid 'links' setting. Unknown container: 'db'.", links=["db:database"]),
    one("Invalid 'volumesFrom' setting. Unknown container: 'db'.", volumesFrom=[{"sourceContainer": "db"}]),
    one(
        "Cannot depend on container + 'db' because it does not exist",
        dependsOn=[{"containerName": "db", "condition": "START"}],
    ),
    task(
        "Container links should not have a cycle",
        container("a", links=["b"]),
        container("b", links=["c:see"]),
        container("c", links=["a"]),
    ),
    task(
        "Container volumesFrom should not have a cycle",
        container("a", volumesFrom=[{"sourceContainer": "b"}]),
        container("b", volumesFrom=[{"sourceContainer": "a"}]),
    ),
    one(
        "Container dependencies should not have a cycle",
        dependsOn=[{"containerName": "app", "condition": "START"}],
    ),
    task(
        "Container dependencies should not have a cycle",
        container("a", volumesFrom=[{"sourceContainer": "b"}]),
        container("b", dependsOn=[{"containerName": "a", "condition": "START"}]),
    ),
    *(
        task(
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
            container("a", dependsOn=[{"containerName": "b", "condition": condition}]),
            container("b"),
        )
        for condition in ("SUCCESS", "COMPLETE")
    ),
    task(
        "A dependency container with HEALTHY condition must have health check configured",
        container("a", dependsOn=[{"containerName": "b", "condition": "HEALTHY"}]),
        container("b"),
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
NO_ROLE = "Fargate requires task definition to have execution role ARN to support "
UNSUPPORTED = "Fargate compatible task definitions do not support "
ON_FARGATE = [
    fargate("Fargate only supports network mode ‘awsvpc’.", networkMode=None),
    fargate("Fargate only supports network mode ‘awsvpc’.", networkMode="bridge"),
    fargate("Fargate requires that 'cpu' be defined at the task level.", cpu=None),
    fargate("Fargate requires that 'cpu' be defined at the task level.", container(memory=None), cpu=None, memory=None),
    fargate("Fargate requires that 'memory' be defined at the task level.", memory=None),
    fargate("No Fargate configuration exists for given values.", memory="4096"),
    fargate(f"{UNSUPPORTED}ipcMode", ipcMode="task"),
    fargate(
        "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
        pidMode="host",
    ),
    fargate(f"{UNSUPPORTED}constraints", placementConstraints=[{"type": "memberOf", "expression": "x"}]),
    fargate(f"{UNSUPPORTED}sourcePath", volumes=[{"name": "v", "host": {"sourcePath": "/srv"}}]),
    fargate(f"{UNSUPPORTED}dockerVolumeConfiguration", volumes=[{"name": "v", "dockerVolumeConfiguration": {}}]),
    fargate(
        "Fargate requires that the ‘privileged’ setting be ‘false’ at the container level.",
        container(privileged=True),
    ),
    fargate(f"{UNSUPPORTED}dockerSecurityOptions", container(dockerSecurityOptions=["no-new-privileges"])),
    fargate(f"{UNSUPPORTED}devices", container(linuxParameters={"devices": [{"hostPath": "/dev/x"}]})),
    fargate(f"{UNSUPPORTED}sharedMemorySize", container(linuxParameters={"sharedMemorySize": 1})),
    fargate(f"{UNSUPPORTED}maxSwap", container(linuxParameters={"maxSwap": 0})),
    fargate(f"{UNSUPPORTED}swappiness", container(linuxParameters={"swappiness": 0})),
    fargate(
        "NET_ADMIN is not allowed on Fargate.",
        container(linuxParameters={"capabilities": {"add": ["SYS_PTRACE", "NET_ADMIN"]}}),
    ),
    fargate(
        "Tasks using the Fargate launch type do not support GPU resource requirements.",
        container(resourceRequirements=[{"type": "GPU", "value": "1"}]),
    ),
    fargate(
        "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
        container(stopTimeout=121),
    ),
    fargate(
        "Tasks using the Fargate launch type must have a container start timeout of less than 120 seconds.",
        container(startTimeout=121),
    ),
    fargate(
        "json-file is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]",
        container(logConfiguration={"logDriver": "json-file"}),
    ),
    fargate(
        f"{NO_ROLE}log driver awslogs.",
        container(logConfiguration={"logDriver": "awslogs", "options": LOGS}),
    ),
    fargate(f"{NO_ROLE}ECR images.", container(image=ECR)),
    fargate(
        "Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.",
        container(logConfiguration={"logDriver": "awslogs", "options": LOGS}),
        executionRoleArn=ROLE,
    ),
    fargate(
        "Fargate launch type does not support FirelensConfiguration config file from 's3'",
        container(firelensConfiguration={"type": "fluentbit", "options": {"config-file-type": "s3"}}),
    ),
    fargate(
        "Trusted execution is only supported for Managed Instances.",
        trustedExecutionConfiguration={"isolationMode": "SHARED"},
    ),
]
ELSEWHERE = [
    task(
        "Tasks using the EC2 launch type do not support EphemeralStorage.",
        requiresCompatibilities=["EC2"],
        ephemeralStorage={"sizeInGiB": 30},
    ),
    task("Tasks using the EC2 launch type do not support EphemeralStorage.", ephemeralStorage={"sizeInGiB": 30}),
    task(
        "Tasks using the External launch type do not support network mode 'awsvpc'.",
        requiresCompatibilities=["EXTERNAL"],
        networkMode="awsvpc",
    ),
    task(
        "Managed Instances only support network modes 'awsvpc' and 'host'.",
        requiresCompatibilities=["MANAGED_INSTANCES"],
    ),
    task(
        "Managed Instances only support operating system family 'LINUX'.",
        requiresCompatibilities=["MANAGED_INSTANCES"],
        networkMode="awsvpc",
        runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_FULL"},
    ),
    task(
        "fluentd is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens,json-file]",
        container(logConfiguration={"logDriver": "fluentd"}),
        requiresCompatibilities=["MANAGED_INSTANCES"],
        networkMode="host",
    ),
]
REFUSED = [
    *IDENTITY,
    *RESOURCES,
    *ENVIRONMENT,
    *NETWORK,
    *VOLUMES,
    *ORDER,
    *RUNNING,
    *LOGGING,
    *ON_FARGATE,
    *ELSEWHERE,
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.text[:60])
def test_refused(case: Case) -> None:
    with pytest.raises(m.ClientException) as refusal:
        define(request(*case.containers, **case.members))
    assert refusal.value.message == case.text


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
                container("c", **HEALTHY),
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


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=4)))
def test_a_cycle_is_a_node_that_leads_back_to_itself(graph: dict[str, list[str]]) -> None:
    def reachable(start: str) -> set[str]:
        found: set[str] = set()
        following = list(graph.get(start, ()))
        while following:
            node = following.pop()
            if node not in found:
                found.add(node)
                following.extend(graph.get(node, ()))
        return found

    assert has_cycle(graph) == any(node in reachable(node) for node in graph)
