"""The table of rights is what the code of the Kubernetes runtime asks of a cluster: no more, and no less."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightkube.core.resource import api_info
from lightkube.resources.core_v1 import Namespace, Node, Pod
from lightkube.resources.networking_v1 import NetworkPolicy

import kecs.runtimes.kubernetes
from kecs.runtimes.kubernetes.access.rights import AT_HOME, EVERYWHERE, STATISTICS
from kecs.runtimes.kubernetes.api.client import Cluster

VERBS = {
    "get": ("get",),
    "list": ("list",),
    "watch": ("watch",),
    "create": ("create",),
    "apply": ("create", "patch"),
    "patch": ("patch",),
    "delete": ("delete",),
    "delete_collection": ("deletecollection",),
}
"""Of RBAC, by the client's methods."""

SEVERAL: dict[tuple[str, str], tuple[Any, ...]] = {
    ("homes", "kind"): (Namespace, NetworkPolicy),
    ("api.reflector", "self._kind"): (Pod, Node),
}
"""What a variable of a module stands for."""

BY_OTHER_MEANS = {("", "pods/log", "get"), ("", "pods/exec", "get"), ("", "pods/exec", "create")}
"""`Cluster.log`, and the WebSocket of `terminals`."""

Use = tuple[str, str, str]


def uses() -> Iterator[Use]:
    """Group, resource and verb of every call of the client in the package."""
    root = Path(kecs.runtimes.kubernetes.__path__[0])
    for path in root.rglob("*.py"):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for call in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
                continue
            if call.func.attr in VERBS and ast.unparse(call.func.value).endswith("cluster"):
                for kind in kinds(module, ast.unparse(call.args[0])):
                    about = api_info(kind)
                    place = about.parent or about.resource
                    below = f"/{about.action.partition('/')[0]}" if about.action else ""
                    for verb in VERBS[call.func.attr]:
                        yield place.group, f"{about.plural}{below}", verb


def kinds(module: str, expression: str) -> tuple[Any, ...]:
    if found := SEVERAL.get((module, expression)):
        return found
    return (getattr(importlib.import_module(f"kecs.runtimes.kubernetes.{module}"), expression),)


def test_the_table_is_what_the_code_asks() -> None:
    granted = {
        (right.group, right.resource, verb) for right in (*EVERYWHERE, *AT_HOME, *STATISTICS) for verb in right.verbs
    }
    asked = set(uses()) | BY_OTHER_MEANS
    assert (asked - granted, granted - asked) == (set(), set())


def test_every_method_of_the_client_that_asks_is_known() -> None:
    methods = {name for name in vars(Cluster) if not name.startswith("_")}
    assert methods - VERBS.keys() == {"named", "close", "tls", "headers", "log"}
