"""From the body of a request to its struct, and from what is wrong with it to AWS's error.

A body that is no JSON, or a member of the wrong type, is a SerializationException, as for every JSON service of
AWS's. A member that is missing, or an enumerated one with an unknown value, is refused by ECS itself: with
ClientException where the operation declares that for its input, else with InvalidParameterException.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from kecs.aws.errors import ModeledError, SerializationException
from kecs.aws.model import ecs as m

_MISSING = re.compile(r"Object missing required field `(?P<field>\w+)`(?: - at `\$(?P<path>.*)`)?")
_NULL = re.compile(r"Expected `(?P<type>.+)`, got `null` - at `\$(?P<path>.+)`")
_ENUM = re.compile(r"Invalid enum value (?P<value>.+?)(?: - at `\$(?P<path>.*)`)?")
_TYPE = re.compile(r"Expected `(?P<expected>.+?)`, got `(?P<got>.+?)`(?: - at `\$(?P<path>.*)`)?")
_RANGE = re.compile(r"Integer value out of range.*")

_REQUIRED_TEXTS = {
    "RegisterTaskDefinition.family": "Family can not be blank.",
    "RegisterTaskDefinition.containerDefinitions": "Container definitions can not be empty.",
    "DescribeTasks.tasks": "Tasks cannot be empty.",
    "DescribeServices.services": "Services cannot be empty.",
    "DeleteTaskDefinitions.taskDefinitions": "Task definitions cannot be empty.",
}
"""The texts of members whose absence AWS words in a way of its own."""

_JSON_NAMES = {
    "str": "STRING_VALUE",
    "int": "NUMBER_VALUE",
    "float": "DECIMAL_VALUE",
    "bool": "BOOLEAN_VALUE",
    "object": "START_OBJECT",
    "array": "START_ARRAY",
    "null": "NULL_VALUE",
}
_TYPE_NAMES = {"str": "String", "int": "Integer", "float": "Double", "bool": "Boolean"}


class Decoder:
    """Decodes the requests of one operation."""

    def __init__(self, operation: m.Operation) -> None:
        self._operation = operation
        self._decode = msgspec.json.Decoder(operation.request).decode

    def __call__(self, body: bytes) -> Any:
        """The request struct. Raises the error that AWS would answer."""
        try:
            return self._decode(body or b"{}")
        except msgspec.ValidationError as error:
            raise self._refusal(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise SerializationException("") from None

    def _refusal(self, text: str) -> ModeledError:
        if match := _MISSING.fullmatch(text):
            return self._invalid(self._missing(match["path"] or "", match["field"]))
        if (match := _NULL.fullmatch(text)) and "null" not in match["type"]:
            path, _, field = match["path"].rpartition(".")
            return self._invalid(self._missing(path, field))
        if match := _ENUM.fullmatch(text):
            value = match["value"].strip("'")
            path = (match["path"] or "").lstrip(".")
            return self._invalid(
                f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: "
                f"Member must satisfy enum value set"
            )
        if match := _TYPE.fullmatch(text):
            return SerializationException(_conversion(match["expected"], match["got"]))
        return SerializationException("" if _RANGE.fullmatch(text) is None else "Number out of range.")

    def _missing(self, path: str, field: str) -> str:
        known = _REQUIRED_TEXTS.get(f"{self._operation.name}.{field}") if not path else None
        if known is not None:
            return known
        if not path:
            return f"{field[:1].upper()}{field[1:]} can not be blank."
        owner = re.sub(r"\[.*?\]", "", path).rpartition(".")[2]
        return f"{owner[:1].upper()}{owner[1:]}.{field} should not be null or empty."

    def _invalid(self, text: str) -> ModeledError:
        if self._operation.name in ("RegisterTaskDefinition", "DescribeTaskDefinition"):
            return m.ClientException(text)
        return m.InvalidParameterException(text)


def _conversion(expected: str, got: str) -> str:
    """Coral's wording of a member that has the wrong JSON type."""
    wanted = expected.split(" | ")[0]
    if got in ("object", "array") and wanted not in ("object", "array"):
        return "Start of structure or map found where not expected." if got == "object" else "Unexpected list found."
    if wanted in ("object", "array"):
        return "Expected list or null" if wanted == "array" else "Expected a map or structure."
    return f"{_JSON_NAMES.get(got, got)} can not be converted to {_article(_TYPE_NAMES.get(wanted, wanted))}"


def _article(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"
