"""How requests name a task definition: a family, `family:revision`, or an ARN with or without a revision."""

from __future__ import annotations

import re
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope

_ARN = re.compile(r"arn:[\w-]+:ecs:(?P<region>[\w-]+):(?P<account>\d{12}):(?P<kind>[a-z-]+)/(?P<name>.+)")
_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
_REVISION = re.compile(r"[1-9]\d{0,9}")


class Reference(NamedTuple):
    """A task definition that was named; without a revision the latest ACTIVE one of the family is meant."""

    family: str
    revision: int | None


def parse_reference(scope: Scope, text: str, kind: str = "task-definition") -> Reference | None:
    """What `text` names, or None: it is malformed, or an ARN of another kind, account or region.

    Raises InvalidParameterException for a revision that is no number.
    """
    arn = _ARN.fullmatch(text)
    if arn is None and text.startswith("arn:"):
        return None
    if arn is not None and (arn["kind"] != kind or Scope(arn["account"], arn["region"]) != scope):
        return None
    family, colon, revision = (arn["name"] if arn else text).partition(":")
    if not _FAMILY.fullmatch(family):
        return None
    if colon and not _REVISION.fullmatch(revision):
        raise m.InvalidParameterException(f"Invalid revision number. Number: {revision}")
    return Reference(family, int(revision) if revision else None)
