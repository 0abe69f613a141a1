"""How a task definition is named."""

from __future__ import annotations

import pytest

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.taskdefs.references import Reference, parse_reference

HERE = Scope("111111111111", "us-east-1")
PREFIX = "arn:aws:ecs:us-east-1:111111111111:task-definition/"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("web", Reference("web", None)),
        ("web:3", Reference("web", 3)),
        (f"{PREFIX}web:3", Reference("web", 3)),
        (f"{PREFIX}web", Reference("web", None)),
        ("", None),
        ("two words", None),
        ("a/b:1", None),
        ("arn:aws:ecs:us-west-2:111111111111:task-definition/web:3", None),
        ("arn:aws:ecs:us-east-1:222222222222:task-definition/web:3", None),
        ("arn:aws:ecs:us-east-1:111111111111:cluster/web", None),
    ],
)
def test_what_is_named(text: str, reference: Reference | None) -> None:
    assert parse_reference(HERE, text) == reference


@pytest.mark.parametrize(
    ("text", "revision"), [("web:latest", "latest"), ("web:", ""), ("web:0", "0"), (f"{PREFIX}w:x", "x")]
)
def test_a_revision_is_a_number(text: str, revision: str) -> None:
    with pytest.raises(m.InvalidParameterException) as refusal:
        parse_reference(HERE, text)
    assert refusal.value.message == f"Invalid revision number. Number: {revision}"
