"""Rows of the tables of refused definitions: what is asked for, and the text of the refusal."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from tests.core.taskdefs.definitions import FARGATE, container, request

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.register import define

LOGS = {"awslogs-group": "g", "awslogs-region": "us-east-1"}


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


def check(case: Case) -> None:
    """Exactly this text refuses the request."""
    with pytest.raises(m.ClientException) as refusal:
        define(request(*case.containers, **case.members))
    assert refusal.value.message == case.text


def named(case: Case) -> str:
    """What a row is called in the list of tests."""
    return case.text[:60]
