"""Tokens of listings: a page after the other whatever its size, and nothing but what the listing itself gave out."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.aws.model import ecs as m
from kecs.aws.paging import seal, unseal

LISTING = b"ListTasks 111111111111 us-east-1 {}"


@pytest.fixture
def token(ecs: Any) -> str:
    """Of a listing of two families, one a page."""
    for family in ("api", "web"):
        ecs.register_task_definition(family=family, containerDefinitions=[{"name": "a", "image": "b", "memory": 8}])
    given: str = ecs.list_task_definition_families(familyPrefix="", maxResults=1)["nextToken"]
    return given


def test_the_size_of_the_page_may_change(ecs: Any, token: str) -> None:
    rest = ecs.list_task_definition_families(familyPrefix="", maxResults=50, nextToken=token)
    assert (rest["families"], "nextToken" in rest) == (["web"], False)


def refused(call: Any, **members: Any) -> tuple[str, str]:
    with pytest.raises(Exception, match="Invalid token") as raised:
        call(**members)
    error = raised.value.response["Error"]  # type: ignore[attr-defined]
    return error["Code"], error["Message"]


def test_a_token_belongs_to_its_filters_operation_account_and_region(ecs: Any, new_client: Any, token: str) -> None:
    elsewhere = [
        (ecs.list_task_definition_families, {"familyPrefix": "web"}),
        (ecs.list_task_definition_families, {"familyPrefix": "", "status": "INACTIVE"}),
        (ecs.list_task_definitions, {}),
        (ecs.list_clusters, {}),
        (new_client(account="222222222222").list_task_definition_families, {"familyPrefix": ""}),
        (new_client(region="eu-west-1").list_task_definition_families, {"familyPrefix": ""}),
    ]
    for call, members in elsewhere:
        assert refused(call, nextToken=token, **members) == ("InvalidParameterException", "Invalid token")


def test_no_character_of_a_token_can_be_changed(ecs: Any, token: str) -> None:
    for position, char in enumerate(token):
        changed = token[:position] + ("B" if char == "A" else "A") + token[position + 1 :]
        assert refused(ecs.list_task_definition_families, familyPrefix="", nextToken=changed)


@given(st.text(max_size=60))
def test_whatever_goes_in_comes_out_and_nothing_else_does(text: str) -> None:
    sealed = seal(text, LISTING)
    assert unseal(sealed, LISTING) == text
    raw = urlsafe_b64decode(sealed)
    for other in (sealed + "A", f" {sealed}", sealed[:-1], urlsafe_b64encode(raw + b"x").decode(), text or "?"):
        with pytest.raises(m.InvalidParameterException, match="Invalid token"):
            unseal(other, LISTING)
    with pytest.raises(m.InvalidParameterException, match="Invalid token"):
        unseal(sealed, LISTING + b" ")
