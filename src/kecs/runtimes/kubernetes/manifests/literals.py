"""Texts that Kubernetes must leave as they are: it replaces `$(NAME)` in commands and variables, and ECS does not."""

from __future__ import annotations

import re
from collections.abc import Iterable

_REFERENCE = re.compile(r"\$(?=[$(])")


def literal(text: str) -> str:
    """The text as Kubernetes has to be told it: `$$` stands for one dollar."""
    return _REFERENCE.sub("$$", text)


def literals(texts: Iterable[str] | None) -> list[str] | None:
    """Likewise of each; None when there are none."""
    return [literal(text) for text in texts or ()] or None
