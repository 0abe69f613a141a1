"""What a target gets of an event: paths, templates, and what is in neither."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.aws.model import events as e
from kecs.core.eventbridge.inputs import input_of

EVENT = {
    "id": "1",
    "detail-type": "order",
    "resources": ["r1", "r2"],
    "detail": {"name": 'a "b"', "sum": 9.5, "items": [{"id": 1}, {"id": 2}], "empty": None, "with space": 1},
}
ARN = "arn:aws:events:us-east-1:000000000000:rule/r"


def made(**members: Any) -> str | None:
    target = e.Target(id="t", arn="arn:aws:ecs:us-east-1:000000000000:cluster/c", **members)
    return input_of(target, EVENT, ARN, "r", 1_700_000_000.0)


def test_a_target_that_says_nothing_gets_nothing() -> None:
    assert made() is None


def test_a_constant() -> None:
    assert made(input='{"a": 1}') == '{"a": 1}'


PATHS = [
    ("$.detail-type", '"order"'),
    ("$.detail.sum", "9.5"),
    ("$.resources[1]", '"r2"'),
    ("$.detail.items[0]", '{"id":1}'),
    ("$.detail.items[*].id", "[1,2]"),
    ("$.detail.items[7]", "null"),
    ("$.detail['with space']", "1"),
    ("$.resources.name", "null"),
    ("$.detail.sum.more", "null"),
]


@pytest.mark.parametrize(("path", "text"), PATHS)
def test_a_part_of_the_event(path: str, text: str) -> None:
    assert made(input_path=path) == text


TEMPLATES = [
    ('{"n": <name>}', '{"n": "a \\"b\\""}'),
    ('{"n": "it is <name>!"}', '{"n": "it is a \\"b\\"!"}'),
    ('{"n": <sum>, "s": "<sum>"}', '{"n": 9.5, "s": "9.5"}'),
    ('{"n": <items>}', '{"n": [{"id":1},{"id":2}]}'),
    ('{"n": "<items>"}', '{"n": "[{\\"id\\":1},{\\"id\\":2}]"}'),
    ('{"n": <none>, "s": "<none>"}', '{"n": null, "s": ""}'),
    ('{"n": "\\"<name>"}', '{"n": "\\"a \\"b\\""}'.replace('a "b', 'a \\"b')),
    ('{"n": "<aws.events.rule-name>", "a": <aws.events.rule-arn>}', f'{{"n": "r", "a": "{ARN}"}}'),
    ('{"at": <aws.events.event.ingestion-time>}', '{"at": "2023-11-14T22:13:20Z"}'),
    ('{"e": <aws.events.event>}', '{"e": {"id":"1","detail-type":"order","resources":["r1","r2"]}}'),
]


@pytest.mark.parametrize(("template", "text"), TEMPLATES)
def test_a_template(template: str, text: str) -> None:
    paths = {"name": "$.detail.name", "sum": "$.detail.sum", "items": "$.detail.items", "none": "$.detail.none"}
    assert made(input_transformer=e.InputTransformer(input_paths_map=paths, input_template=template)) == text
