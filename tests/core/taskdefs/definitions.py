"""Requests as a client would send them, for the tests of task definitions."""

from __future__ import annotations

from typing import Any

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.normalise import normalise
from kecs.core.taskdefs.register import define

ROLE = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
FARGATE: dict[str, Any] = {
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
}


def container(name: str = "app", **members: Any) -> dict[str, Any]:
    """A container definition in wire names that nothing is wrong with."""
    return {"name": name, "image": "nginx", "memory": 128, **members}


def request(*containers: dict[str, Any], **members: Any) -> m.RegisterTaskDefinitionRequest:
    """A request for the family `web` with these containers, one that is fine when none is given."""
    body = {"family": "web", "containerDefinitions": list(containers) or [container()], **members}
    return msgspec.convert(body, m.RegisterTaskDefinitionRequest)


def defined(*containers: dict[str, Any], **members: Any) -> m.TaskDefinition:
    return define(request(*containers, **members))


def normalised(*containers: dict[str, Any], **members: Any) -> m.TaskDefinition:
    return normalise(request(*containers, **members))


def wire(shape: m.Shape) -> dict[str, Any]:
    """The shape as a client receives it."""
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(shape))
    return decoded
