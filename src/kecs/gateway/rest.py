"""REST APIs: which operation a method and a path are, and its request as the one JSON object that decoding knows.

Called by `endpoint` for requests without a target header. The generated models say where each member stands; the body
has the others. Paths of two APIs may look alike, so the signature's service decides where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import inspect

from kecs.aws.decoding import Decoder
from kecs.aws.structs import Operation
from kecs.gateway.listings import with_sealed_tokens
from kecs.services.api import Api
from kecs.services.context import Handler

_LABEL = re.compile(r"\{(\w+)(\+?)\}")
_WHOLE = re.compile(r"-?\d{1,20}", re.ASCII)


class RestRoute:
    """One operation of a REST API."""

    def __init__(self, api: Api, operation: Operation, handler: Handler) -> None:
        assert operation.rest is not None, operation.name
        self.api = api
        self.name = operation.name
        self.handler = with_sealed_tokens(api, operation, handler)
        self.method = operation.rest.method
        self._operation = operation
        self._query = operation.rest.query
        pieces = _LABEL.split(operation.rest.path)  # text, name, plus, text, name, plus, …, text
        self._labels = pieces[1::3]
        ways = [f"({'.+' if plus else '[^/]+'})" for plus in pieces[2::3]]
        texts = [re.escape(text) for text in pieces[0::3]]
        self._path = re.compile("".join(text + way for text, way in zip(texts, [*ways, ""], strict=True)))

    @cached_property
    def decode(self) -> Decoder:
        """Most operations are never called, and a decoder takes its time to be made."""
        return Decoder(self._operation, self.api.parts.dialect)

    def labels(self, path: str) -> dict[str, str] | None:
        """The members in a path as it was sent; None when it is not this operation's."""
        match = self._path.fullmatch(path)
        if match is None:
            return None
        return {name: unquote(value) for name, value in zip(self._labels, match.groups(), strict=True)}

    def body(self, labels: Mapping[str, str], query: str, body: bytes) -> bytes:
        """The request with all its members in one JSON object; a body that is none is left for decoding to refuse."""
        try:
            members = msgspec.json.decode(body) if body else {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return body
        if not isinstance(members, dict):
            return body
        outside = {*self._labels, *self._query.values()}
        given: dict[str, Any] = {name: value for name, value in members.items() if name not in outside}
        for parameter, text in parse_qsl(query, keep_blank_values=True, errors="replace"):
            name = self._query.get(parameter)
            if name is not None:
                given[name] = self._from_text[name](given.get(name), text)
        return msgspec.json.encode({**given, **labels})

    @cached_property
    def _from_text(self) -> dict[str, Callable[[Any, str], Any]]:
        """How the text of a parameter becomes a member's value, given what an earlier one has made it."""
        kind = inspect.type_info(self._operation.request)
        assert isinstance(kind, inspect.StructType), kind
        return {field.encode_name: _reader(field.type) for field in kind.fields}


def _reader(kind: inspect.Type) -> Callable[[Any, str], Any]:
    """What is not of its type stays a text, for decoding to refuse."""
    match kind:
        case inspect.UnionType(types=kinds):
            return _reader(next(one for one in kinds if not isinstance(one, inspect.NoneType)))
        case inspect.ListType():
            return lambda before, text: [*(before or ()), text]
        case inspect.IntType():
            return lambda _, text: int(text) if _WHOLE.fullmatch(text) else text
        case inspect.BoolType():
            return lambda _, text: {"true": True, "false": False}.get(text, text)
    return lambda _, text: text


class Found(NamedTuple):
    """An operation, and the members that its path has."""

    route: RestRoute
    labels: dict[str, str]


class Router:
    """Every operation of the REST APIs."""

    def __init__(self, apis: Iterable[Api]) -> None:
        self.services = {api.name: api for api in apis if not api.target_prefix}
        self._routes = [
            RestRoute(api, api.parts.operations[name], handler)
            for api in self.services.values()
            for name, handler in api.parts.handlers.items()
        ]

    def find(self, service: str, method: str, path: str) -> Found | None:
        """The operation of that service (of any, if it is "") that a request is; None when it is none."""
        for route in self._routes:
            if route.method == method and service in ("", route.api.name):
                labels = route.labels(path)
                if labels is not None:
                    return Found(route, labels)
        return None
