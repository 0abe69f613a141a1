"""What `kecs doctor` has found, of this machine (`doctor`) and of a Kubernetes cluster (`clusters`)."""

from __future__ import annotations

from typing import Literal, NamedTuple

Verdict = Literal["ok", "note", "problem"]  # note: KECS works, but not everything in it


class Finding(NamedTuple):
    """What was looked at, what was found, and what to do if that is not well."""

    verdict: Verdict
    subject: str
    found: str
    advice: str = ""
