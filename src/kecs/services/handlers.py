"""The handlers of an API, found by the name of their operation. Each API's package has a table of them.

A server answers its first request long before all of an API has been loaded: a module is imported when the first of
its operations is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module

from kecs.services.context import Handler


class Handlers(Mapping[str, Handler]):
    """By operation, as in AWS's model. The handler of `CreateCluster` is `create_cluster` of its module."""

    def __init__(self, package: str, modules: Mapping[str, tuple[str, ...]]) -> None:
        """`modules` names the operations of each module of the package."""
        self._package = package
        self._modules = {operation: module for module, operations in modules.items() for operation in operations}

    def __getitem__(self, operation: str) -> Handler:
        module = import_module(f"{self._package}.{self._modules[operation]}")
        handler: Handler = getattr(module, _function(operation))
        return handler

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def _function(operation: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()
