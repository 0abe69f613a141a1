"""What a current ECS agent on Linux says that it can do: the capability attributes of instances that KECS makes itself.

`core.taskdefs.attributes` says which of them a task definition requires. Names: what the ECS container agent registers,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
"""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records import InstanceRecord

AGENT_VERSION = "1.99.0"
DOCKER_VERSION = "25.0.8"
EXTERNAL = "ecs.capability.external"
"""Marks an instance of ECS Anywhere: only tasks of the EXTERNAL launch type go there."""

_LOG_DRIVERS = ("awsfirelens", "awslogs", "fluentd", "gelf", "journald", "json-file", "logentries", "none", "splunk")
_DOCKER_API = range(17, 45)  # the Docker Remote API versions 1.17 and later
_DOCKER = ("ecr-auth", "privileged-container", "task-iam-role", "task-iam-role-network-host", "apparmor", "selinux")
_AGENT = (
    "aws-appmesh",
    "container-health-check",
    "container-ordering",
    "container-port-range",
    "container-restart-policy",
    "docker-plugin.local",
    "efs",
    "efsAuth",
    "env-files.s3",
    "execution-role-awslogs",
    "execution-role-ecr-pull",
    "external-log-driver",
    "fault-injection",
    "firelens.fluentbit",
    "firelens.fluentd",
    "firelens.options.config.file",
    "firelens.options.config.s3",
    "full-sync",
    "gmsa-domainless",
    "increased-task-cpu-limit",
    "pid-ipc-namespace-sharing",
    "private-registry-authentication.secretsmanager",
    "secrets.asm.bootstrap.log-driver",
    "secrets.asm.environment-variables",
    "secrets.ssm.bootstrap.log-driver",
    "secrets.ssm.environment-variables",
    "service-connect-v1",
    "storage.ebs-task-volume-attach",
    "task-cpu-mem-limit",
    "task-eni",
)

CAPABILITIES = (
    *(f"com.amazonaws.ecs.capability.docker-remote-api.1.{minor}" for minor in _DOCKER_API),
    *(f"com.amazonaws.ecs.capability.logging-driver.{driver}" for driver in (*_LOG_DRIVERS, "syslog")),
    *(f"com.amazonaws.ecs.capability.{name}" for name in _DOCKER),
    *(f"ecs.capability.{name}" for name in _AGENT),
)


def is_external(record: InstanceRecord) -> bool:
    return any(attribute.name == EXTERNAL for attribute in record.instance.attributes or ())


def has_agent(record: InstanceRecord) -> bool:
    """Whether an agent of the user's own has registered it, and not KECS itself."""
    return not record.local and record.instance.capacity_provider_name is None


def is_capability(attribute: m.Attribute) -> bool:
    """Whether the attribute tells what an agent can do; one that reports any of them reports them all."""
    return attribute.name.startswith(("ecs.capability.", "com.amazonaws.ecs.capability."))
