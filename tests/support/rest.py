"""Requests of REST APIs, made from the generated model as a client makes them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from kecs.aws.structs import Operation


def rest_request(operation: Operation, members: dict[str, Any]) -> tuple[str, str, str, bytes]:
    """Method, path, query and body."""
    assert operation.rest is not None
    path, left = operation.rest.path, dict(members)
    for name in members:
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", quote(str(left.pop(name)), safe=""))
    parameters = {
        parameter: left.pop(name) for parameter, name in operation.rest.query.items() if left.get(name) is not None
    }
    return operation.rest.method, path, urlencode(parameters, doseq=True), json.dumps(left).encode() if left else b""
