"""Account settings."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope, scope_key
from kecs.core.records.base import Record


class AccountSettingRecord(Record):
    """An account setting that somebody has set. The root user's counts for everybody who has none of their own."""

    key: str  # setting_key of what follows
    name: m.SettingName
    value: str
    principal_arn: str


def setting_key(scope: Scope, name: str, principal_arn: str) -> str:
    return f"{scope_key(scope)}/{name}/{principal_arn}"
