"""An unchanged boto3 client in front of a world, and what an answer has to be like to be one of AWS's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import ListShape, MapShape, StructureShape

from kecs.gateway.endpoint import Endpoint

MODEL = botocore.session.get_session().get_service_model("ecs")
JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}


class Raw(BytesIO):
    """A body as urllib3 gives it to botocore."""

    def stream(self, *_args: Any, **_options: Any) -> Any:
        yield self.read()


class Exchange:
    """A client of account 000000000000 whose requests reach an endpoint without a socket; `body` is the last answer."""

    def __init__(self, session: Any, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.body: Any = None
        self._client = boto3.Session(
            aws_access_key_id="000000000000",
            aws_secret_access_key="secret",
            region_name="us-east-1",
            botocore_session=session,
        ).client("ecs", endpoint_url="http://kecs.invalid")
        self._client.meta.events.register("before-send.ecs", self._send)
        self._methods = {wire: python for python, wire in self._client.meta.method_to_api_mapping.items()}

    def call(self, operation: str, members: Any) -> Any:
        """The answer as botocore's parser understands it; botocore's serialiser has checked the request before."""
        return getattr(self._client, self._methods[operation])(**members)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> Any:
        assert isinstance(request.body, bytes)
        headers = {key: value if isinstance(value, bytes) else value.encode() for key, value in request.headers.items()}
        answer = self._endpoint.answer(headers["X-Amz-Target"], headers.get("Authorization"), request.body)
        self.body = json.loads(answer.body)
        return AWSResponse(request.url, answer.status, HTTPHeaders(), Raw(answer.body))


def surprises(shape: Any, value: Any, path: str = "answer") -> Iterator[str]:
    """What in an answer is not as the model says: members that it does not know, nulls, and wrong types."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is no member of {shape.name}"
            else:
                yield from surprises(shape.members[name], member, f"{path}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, item in enumerate(value):
            yield from surprises(shape.member, item, f"{path}[{number}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            yield from surprises(shape.value, item, f"{path}[{key}]")
    elif not _is_one(shape, value):
        yield f"{path} is {value!r}, not a {shape.type_name}"


def _is_one(shape: Any, value: Any) -> bool:
    types = JSON_TYPES.get(shape.type_name, ())
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        return False
    if shape.type_name == "timestamp":
        return bool(10**9 < value < 10**10)  # seconds since the epoch, not milliseconds
    return not (shape.type_name == "string" and shape.enum) or value in shape.enum
