"""Account settings: what there is, what each may be, and which value is in force for whom.

Called by services.ecs.accounts and by whatever a setting decides: the Container Insights of new clusters, how the
output of new tasks is delivered.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.records import AccountSettingRecord
from kecs.core.records.accounts import setting_key

PRINCIPAL = re.compile(r"arn:aws[\w-]*:iam::(?P<account>\d{12}):(root|(user|role)/[\w+=,.@/-]+)")

Find = Callable[[str], AccountSettingRecord | None]
"""Finds a record by its key."""


class Kind(NamedTuple):
    """An account setting: the value before anybody sets it, those that may be set, whether only for everybody."""

    default: str
    values: tuple[str, ...]
    account_wide: bool = False


LONG_ARNS = Kind("enabled", ("enabled",))  # AWS's accounts cannot opt out of the long format since April 2021
SWITCH = ("enabled", "disabled")

KINDS: dict[m.SettingName, Kind] = {
    "serviceLongArnFormat": LONG_ARNS,
    "taskLongArnFormat": LONG_ARNS,
    "containerInstanceLongArnFormat": LONG_ARNS,
    "awsvpcTrunking": Kind("disabled", SWITCH),
    "containerInsights": Kind("disabled", (*SWITCH, "enhanced")),
    "fargateFIPSMode": Kind("disabled", SWITCH),
    "tagResourceAuthorization": Kind("on", ("on",)),  # cannot be turned off any more since March 2024
    "fargateTaskRetirementWaitPeriod": Kind("7", ("0", "7", "14"), account_wide=True),
    "guardDutyActivate": Kind("off", ()),  # read-only: GuardDuty sets it
    "defaultLogDriverMode": Kind("non-blocking", ("blocking", "non-blocking")),
    "fargateEventWindows": Kind("disabled", SWITCH, account_wide=True),
}


def root_of(scope: Scope) -> str:
    return f"arn:aws:iam::{scope.account}:root"


def principal_of(scope: Scope, asked: str | None, caller: str) -> str:
    """Whose setting is meant: the caller's unless another is named. Raises InvalidParameterException."""
    if asked is None:
        return caller
    match = PRINCIPAL.fullmatch(asked)
    if match is None or match["account"] != scope.account:
        raise m.InvalidParameterException(
            "The principalArn must be the ARN of a user, a role or the root user of this account."
        )
    return asked


def check(name: m.SettingName, value: str, principal: str, root: str) -> None:
    """Whether the principal may have this value. Raises InvalidParameterException."""
    kind = KINDS[name]
    if not kind.values:
        raise m.InvalidParameterException(f"The account setting {name} is managed by AWS and cannot be changed.")
    if value not in kind.values:
        raise m.InvalidParameterException("Invalid setting 'value'")
    if kind.account_wide and principal != root:
        raise m.InvalidParameterException(f"The account setting {name} can only be set for the root user.")


def effective(find: Find, scope: Scope, name: m.SettingName, principal: str) -> str:
    """The value in force for the principal: their own, the root user's, or the default."""
    for whose in (principal, root_of(scope)):
        record = find(setting_key(scope, name, whose))
        if record is not None:
            return record.value
    return KINDS[name].default


def setting(name: m.SettingName, value: str, principal: str) -> m.Setting:
    """The setting as the API shows it."""
    return m.Setting(
        name=name, value=value, principal_arn=principal, type="user" if KINDS[name].values else "aws_managed"
    )
