"""Documented limits of one request: kept to the item, the page and the character, before any handler is asked."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from tests.wire.malformed import smallest

from kecs.aws.decoding import Decoder
from kecs.aws.dialects import Ecs
from kecs.aws.limits import LONGEST, MOST_ITEMS, limits_of
from kecs.aws.model import ecs as m

MODEL = botocore.session.get_session().get_service_model("ecs")
LIMITS = [(name, limit) for name in sorted(m.OPERATIONS) for limit in limits_of(name)]


def decoded(operation: str, member: str, value: Any) -> str:
    """What the refusal says; "" when the request is taken."""
    shape = MODEL.operation_model(operation).input_shape
    wire = m.OPERATIONS[operation].request.__struct_encode_fields__
    names = dict(zip(m.OPERATIONS[operation].request.__struct_fields__, wire, strict=True))
    try:
        Decoder(m.OPERATIONS[operation], Ecs())(json.dumps({**smallest(shape), names[member]: value}).encode())
    except m.InvalidParameterException as error:
        return error.message
    return ""


@pytest.mark.parametrize(("operation", "limit"), LIMITS, ids=lambda value: getattr(value, "member", value))
def test_as_much_as_allowed_and_no_more(operation: str, limit: Any) -> None:
    if limit.member == "max_results":
        assert [decoded(operation, "max_results", number) for number in (1, limit.most)] == ["", ""]
        for number in (0, -1, limit.most + 1):
            assert decoded(operation, "max_results", number) == f"maxResults must be between 1 and {limit.most}"
    elif f"{operation}.{limit.member}" in MOST_ITEMS:
        assert decoded(operation, limit.member, item(operation, limit.member) * limit.most) == ""
        text = f"{limit.name} can have at most {limit.most} items."
        assert decoded(operation, limit.member, item(operation, limit.member) * (limit.most + 1)) == text
    else:
        assert decoded(operation, limit.member, "x" * limit.most) == ""
        assert decoded(operation, limit.member, "x" * (limit.most + 1)) == f"{limit.name} longer than {limit.most}."


def item(operation: str, member: str) -> list[Any]:
    return [{"name": "x"}] if member == "attributes" else ["x"]


def test_every_listing_has_a_largest_page_and_every_token_a_length() -> None:
    members = {name: set(operation.request.__struct_fields__) for name, operation in m.OPERATIONS.items()}
    for member in ("max_results", "client_token"):
        assert {name for name, limit in LIMITS if limit.member == member} == {
            n for n in members if member in members[n]
        }


def test_the_tables_name_what_exists() -> None:
    for key in (*MOST_ITEMS, *LONGEST):
        operation, member = key.split(".")
        assert member in m.OPERATIONS[operation].request.__struct_fields__


@pytest.mark.parametrize("token", ["a b", "ü", "\x7f"])
def test_a_client_token_is_visible_ascii(token: str) -> None:
    assert decoded("RunTask", "client_token", token) == "clientToken contains invalid characters."
