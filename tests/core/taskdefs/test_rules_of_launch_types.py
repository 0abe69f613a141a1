"""What only some launch types refuse, and with which text."""

from __future__ import annotations

import pytest
from tests.core.taskdefs.cases import LOGS, Case, check, fargate, named, task
from tests.core.taskdefs.definitions import ECR, ROLE, container

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
    *(
        task(
            "'NeuronDevice' resource requirements are only supported for Managed Instances.",
            container(resourceRequirements=[{"type": "NeuronDevice", "value": "ALL"}]),
            requiresCompatibilities=[launch_type],
        )
        for launch_type in ("EC2", "EXTERNAL")
    ),
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


@pytest.mark.parametrize("case", [*ON_FARGATE, *ELSEWHERE], ids=named)
def test_refused(case: Case) -> None:
    check(case)
