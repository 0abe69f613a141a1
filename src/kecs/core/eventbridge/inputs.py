"""What a rule's target gets of an event: all of it, a part of it, or a text that is made from its parts.

Called when targets are put, to check them, and for every event that has to go to one.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from kecs.aws.errors import ValidationException
from kecs.aws.model import events as e
from kecs.core.eventbridge.event import seconds

Event = Mapping[str, Any]

_PATH = re.compile(r"\$(?:\.[\w-]+|\.\*|\[\d+\]|\[\*\]|\['[^']+'\])*", re.ASCII)
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]|\.\*|\[\*\]", re.ASCII)
_PIECE = re.compile(r"""\\.|"|<([\w.-]+)>""", re.ASCII | re.DOTALL)
_ABSENT = object()
PREDEFINED = frozenset(
    f"aws.events.{name}" for name in ("rule-arn", "rule-name", "event.ingestion-time", "event", "event.json")
)


def check_input(target: e.Target) -> None:
    """Raises ValidationException for more than one way to make the input, and for one that cannot work."""
    ways = (target.input, target.input_path, target.input_transformer)
    if sum(way is not None for way in ways) > 1:
        raise ValidationException(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target.id}."
        )
    if target.input is not None:
        try:
            msgspec.json.decode(target.input)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise ValidationException(f"JSON syntax error in input for target {target.id}.") from None
    if target.input_path is not None and not _PATH.fullmatch(target.input_path):
        raise ValidationException(f"Invalid InputPath for target {target.id}.")
    if target.input_transformer is not None:
        _check_transformer(target.id, target.input_transformer)


def _check_transformer(target: str, transformer: e.InputTransformer) -> None:
    paths = transformer.input_paths_map or {}
    for name, path in paths.items():
        if name.startswith("aws.") or not re.fullmatch(r"[\w-]+", name, re.ASCII):
            raise ValidationException(f"Invalid InputPathsMap for target {target}: {name} is no name of a variable.")
        if not _PATH.fullmatch(path):
            raise ValidationException(f"Invalid InputPathsMap for target {target}: {path} is no path.")
    for piece in _PIECE.finditer(transformer.input_template):
        if piece[1] and piece[1] not in paths and piece[1] not in PREDEFINED:
            raise ValidationException(f"InputTemplate for target {target} contains invalid placeholder {piece[1]}.")


def input_of(target: e.Target, event: Event, rule_arn: str, rule_name: str, now: float) -> str | None:
    """The text that the target gets; what stands at a path that an event has not is null.

    None when the target does not say: a cluster of ECS gets nothing of an event then.
    """
    if target.input is not None:
        return target.input
    if target.input_path is not None:
        return _json(_at(event, target.input_path))
    if target.input_transformer is None:
        return None
    values: dict[str, Any] = {
        name: _at(event, path) for name, path in (target.input_transformer.input_paths_map or {}).items()
    }
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": seconds(now),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    return _filled(target.input_transformer.input_template, values)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """The template with its variables: as part of a string where they stand in one, else as JSON."""
    inside = False

    def fill(piece: re.Match[str]) -> str:
        nonlocal inside
        if piece[0] == '"':
            inside = not inside
        if piece[1] is None:
            return piece[0]
        value = values.get(piece[1], _ABSENT)
        if not inside:
            return _json(value)
        text = "" if value is _ABSENT else value if isinstance(value, str) else _json(value)
        return _json(text)[1:-1]

    return _PIECE.sub(fill, template)


def _json(value: Any) -> str:
    return msgspec.json.encode(None if value is _ABSENT else value).decode()


def _at(event: Event, path: str) -> Any:
    """What stands at a path; with a star in it, a list of everything that does."""
    found: list[Any] = [event]
    steps, several = _steps(path)
    for step in steps:
        found = [below for value in found for below in _below(value, step)]
    if several:
        return found
    return found[0] if found else _ABSENT


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[tuple[str | int | None, ...], bool]:
    """Members and positions on the way, None for all of them, and whether there is one of these."""
    steps = tuple(
        int(step[2]) if step[2] else step[1] or step[3] or None for step in _STEP.finditer(path.removeprefix("$"))
    )
    return steps, None in steps


def _below(value: Any, step: str | int | None) -> list[Any]:
    match value:
        case dict():
            if step is None:
                return list(value.values())
            return [value[step]] if isinstance(step, str) and step in value else []
        case list():
            if step is None:
                return value
            return value[step : step + 1] if isinstance(step, int) else []
    return []
