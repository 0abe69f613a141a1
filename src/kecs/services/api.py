"""What an API of AWS is to KECS. `services.apis` has one row for each; its package has the rest, in a module `api`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import import_module
from typing import NamedTuple

from kecs.aws.dialects import Dialect
from kecs.aws.errors import ModeledError
from kecs.aws.structs import Operation
from kecs.services.context import Context, Handler


class Parts(NamedTuple):
    """What is not loaded before somebody calls the API."""

    operations: Mapping[str, Operation]
    handlers: Mapping[str, Handler]  # an operation that is not among them is not there yet
    dialect: Dialect
    bad_token: type[ModeledError]  # for a nextToken that no listing gave out
    prepare: Callable[[Context], None] | None = None  # before the handler, in its transaction


class Api:
    """One API."""

    def __init__(
        self,
        name: str,
        title: str,
        *,
        package: str,
        target_prefix: str = "",
        failure: str,
        text: str = "message",
        streams: tuple[str, ...] = (),
        stream_failure: str = "",
    ) -> None:
        """`name` is that in the scope of its signatures, `package` that under `services`. Without a `target_prefix` it
        is a REST API. `failure` is the code of a bug, `text` what its errors call their text. The operations `streams`
        answer with a ports.streams.EventStream, where `stream_failure` is the code of a bug."""
        self.name = name
        self.title = title
        self.target_prefix = target_prefix
        self.failure = failure
        self.text = text
        self.streams = streams
        self.stream_failure = stream_failure
        self._package = package

    @cached_property
    def parts(self) -> Parts:
        parts: Parts = import_module(f"kecs.services.{self._package}.api").PARTS
        return parts
