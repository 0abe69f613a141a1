"""The credentials of task roles: when they rotate, and whose they are."""

from __future__ import annotations

import re
from base64 import b32decode

import pytest

from kecs.core.inside.credentials import (
    LASTS,
    ROTATE,
    Credentials,
    Identity,
    account_in,
    credentials_of,
    identity_in,
    numbered,
)
from kecs.core.inside.names import KEY_BYTES, Names

NAMES = Names(bytes(KEY_BYTES))
TASK = "arn:aws:ecs:eu-west-1:123456789012:task/c/0123456789abcdef0123456789abcdef"
ROLE = "arn:aws:iam::123456789012:role/app"
CREATED = 1_700_000_000.0


def after(seconds: float, task: str = TASK) -> Credentials:
    return credentials_of(NAMES, task, ROLE, CREATED, CREATED + seconds)


def test_they_look_like_those_of_an_assumed_role() -> None:
    found = after(10)
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", found.access_key_id)
    assert len(found.secret_access_key) == 40
    assert (found.role_arn, found.expiration) == (ROLE, CREATED + 6 * 3600)


def test_the_same_ones_come_until_they_rotate_an_hour_before_they_expire() -> None:
    first = after(0)
    assert after(ROTATE - 1) == first
    second = after(ROTATE)
    assert second.expiration == first.expiration + ROTATE
    assert {first.access_key_id, first.secret_access_key, first.token}.isdisjoint(second)
    assert LASTS - ROTATE == 3600


def test_a_task_has_its_own() -> None:
    assert after(0, TASK[:-1] + "0").access_key_id != after(0).access_key_id


@pytest.mark.parametrize("account", ["000000000000", "000000000042", "123456789012", "999999999999"])
def test_a_key_leads_back_to_its_account(account: str) -> None:
    key = after(0, TASK.replace("123456789012", account)).access_key_id
    assert account_in(key) == account
    as_aws_does = int.from_bytes(b32decode(key[4:])[:6], "big") & 0x7FFFFFFFFF80
    assert as_aws_does >> 7 == int(account)


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "ASIAKECS", "123456789012", ""])
def test_a_key_of_somebody_else_leads_nowhere(key: str) -> None:
    assert account_in(key) is None


def test_a_token_says_who_calls() -> None:
    for seconds in (0, ROTATE):
        assert identity_in(NAMES, after(seconds).token) == Identity("123456789012", ROLE, TASK.rpartition("/")[2])


def test_nobody_can_make_one() -> None:
    token = numbered(NAMES, TASK, ROLE, CREATED, 0).token
    other = Names(b"1" * KEY_BYTES)
    for made_up in ("", "abc", "é", token[:-8], f"A{token[1:]}", numbered(other, TASK, ROLE, CREATED, 0).token):
        assert identity_in(NAMES, made_up) is None
