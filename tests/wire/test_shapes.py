"""The generated structs against botocore: all that its serializer sends arrives, its parser reads all answers."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.shapes import values

from kecs.aws.model import ecs as m

MODEL = botocore.session.get_session().get_service_model("ecs")
EXAMPLES = settings(max_examples=5)


@pytest.mark.parametrize("name", sorted(m.OPERATIONS))
@EXAMPLES
@given(data=st.data())
def test_a_request_keeps_every_member(name: str, data: st.DataObject) -> None:
    operation = MODEL.operation_model(name)
    params = data.draw(values(operation.input_shape))
    body = create_serializer("json", include_validation=False).serialize_to_request(params, operation)["body"]
    request = msgspec.json.decode(body, type=m.OPERATIONS[name].request)
    assert json.loads(msgspec.json.encode(request)) == json.loads(body)


@pytest.mark.parametrize("name", sorted(m.OPERATIONS))
@EXAMPLES
@given(data=st.data())
def test_a_response_keeps_every_member(name: str, data: st.DataObject) -> None:
    shape = MODEL.operation_model(name).output_shape
    body = json.dumps(data.draw(values(shape))).encode()
    response = msgspec.json.decode(body, type=m.OPERATIONS[name].response)
    assert parsed(msgspec.json.encode(response), shape) == parsed(body, shape)


@pytest.mark.parametrize("name", sorted(m.OPERATIONS))
def test_the_declared_errors_are_botocores(name: str) -> None:
    declared = {error.code for error in m.OPERATIONS[name].errors}
    assert declared == {shape.name for shape in MODEL.operation_model(name).error_shapes}


def parsed(body: bytes, shape: Any) -> Any:
    return create_parser("json").parse({"status_code": 200, "headers": {}, "body": body}, shape)
