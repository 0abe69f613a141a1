"""How requests name a task definition: a family, `family:revision`, or an ARN with or without a revision."""

from __future__ import annotations

import re
from typing import NamedTuple

from kecs.core.arns import Scope

_REFERENCE = re.compile(
    r"(?:arn:[\w-]+:ecs:(?P<region>[\w-]+):(?P<account>\d{12}):task-definition/)?"
    r"(?P<family>[A-Za-z0-9_-]{1,255})(?::(?P<revision>[1-9]\d{0,9}))?"
)


class Reference(NamedTuple):
    """A task definition that was named; without a revision the latest ACTIVE one of the family is meant."""

    family: str
    revision: int | None


def parse_reference(scope: Scope, text: str) -> Reference | None:
    """What `text` names, or None: it is malformed, or an ARN of another account or region."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    if match["account"] is not None and Scope(match["account"], match["region"]) != scope:
        return None
    return Reference(match["family"], int(match["revision"]) if match["revision"] else None)
