"""Every way in which the model allows a request to be malformed: a modelled 400, and nothing has changed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import botocore.session
import pytest
from tests.scenarios.world import World
from tests.support.rest import rest_request
from tests.wire.malformed import KINDS, Fault, faults

from kecs.gateway.endpoint import Answer, Streamed
from kecs.services.api import Api
from kecs.services.apis import APIS

MODELS = {api.name: botocore.session.get_session().get_service_model(api.name) for api in APIS}
ECS = APIS[0]
OPERATIONS = [(api, name) for api in APIS for name in sorted(api.parts.handlers)]
COMMON = {"SerializationException", "ValidationException"}  # what operations answer though no model declares it


def refusal(world: World, api: Api, name: str, fault: Fault) -> tuple[str, str]:
    """Code and text of the answer, which has to be a 400 that the model declares."""
    if api.target_prefix:
        target = f"{api.target_prefix}.{name}".encode()
        answer = world.kernel.endpoint.answer(target, None, json.dumps(fault.request).encode())
        if isinstance(answer, Streamed):
            answer = answer.open()
    else:
        answer = answer_rest(world, api, name, fault.request)
    assert isinstance(answer, Answer), fault
    error = json.loads(answer.body)
    code = dict(answer.headers)[b"x-amzn-errortype"].decode() if answer.headers else error["__type"]
    assert answer.status == 400, (fault, error)
    assert error[api.text], fault
    declared = {shape.name for shape in MODELS[api.name].operation_model(name).error_shapes}
    assert code in declared | COMMON, (fault, error)
    return code, error[api.text]


def answer_rest(world: World, api: Api, name: str, request: Any) -> Answer:
    method, path, query, body = rest_request(api.parts.operations[name], request)
    answer = world.kernel.endpoint.answer_rest(api.name, method, path, query, None, body)
    assert answer is not None
    return answer


def can_be_sent(api: Api, name: str, fault: Fault) -> bool:
    """Whether a request can have the fault: what stands in a path is a text and there, in a query a text."""
    rest, member = api.parts.operations[name].rest, fault.path[0]
    if rest is not None and member in rest.query.values():
        return fault.kind not in ("wrong type", "null")
    if rest is not None and f"{{{member}}}" in rest.path:
        return fault.kind in ("length", "pattern") and fault.request[member] != ""
    return True


@pytest.mark.parametrize(("api", "name"), OPERATIONS, ids=lambda value: getattr(value, "name", value))
def test_what_the_model_forbids_is_refused(api: Api, name: str, record_property: Callable[[str, object], None]) -> None:
    world = World()
    kinds: Counter[str] = Counter()
    shape = MODELS[api.name].operation_model(name).input_shape
    assert shape is not None
    for fault in filter(partial(can_be_sent, api, name), faults(shape)):
        code, text = refusal(world, api, name, fault)
        assert (code == "SerializationException") == (fault.kind == "wrong type"), (fault, code, text)
        if fault.kind not in ("wrong type", "missing", "null"):
            assert re.match("[0-9]+ validation errors? detected: ", text), (fault, text)
        kinds[fault.kind] += 1
    assert all(not table._rows for table in world.kernel.store.tables.values())
    for kind in KINDS:
        record_property(f"malformed requests: {kind}", kinds[kind])


WORDS: list[tuple[str, Any, str, str]] = [
    ("RunTask", {}, "InvalidParameterException", "TaskDefinition can not be blank."),
    ("RunTask", {"group": 1}, "SerializationException", "NUMBER_VALUE can not be converted to a String"),
    ("RunTask", {"group": False}, "SerializationException", "FALSE_VALUE can not be converted to a String"),
    ("RunTask", {"group": {}}, "SerializationException", "Start of structure or map found where not expected."),
    ("RunTask", {"count": "1"}, "SerializationException", "STRING_VALUE cannot be converted to Integer"),
    ("RunTask", {"tags": "x"}, "SerializationException", "Expected list or null"),
    ("RunTask", {"tags": ["x"]}, "SerializationException", "Expected null"),
    ("CreateCluster", [], "SerializationException", "Start of list found where not expected."),
    ("RegisterTaskDefinition", {"containerDefinitions": []}, "ClientException", "Family can not be blank."),
    ("RegisterTaskDefinition", {"family": "x"}, "ClientException", "Container list cannot be empty."),
    (
        "CreateCluster", {"defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1001}]},
        "InvalidParameterException",
        (
            "1 validation error detected: Value '1001' at 'defaultCapacityProviderStrategy.1.member.weight' failed to "
            "satisfy constraint: Member must have value less than or equal to 1000"
        ),
    ),
    (
        "TagResource", {"resourceArn": "x", "tags": [{"key": "", "value": "\t"}]}, "InvalidParameterException",
        (
            "2 validation errors detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must "
            "have length greater than or equal to 1; Value '\t' at 'tags.1.member.value' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)"
        ),
    ),
    (
        "CreateService", {"serviceName": "s", "loadBalancers": [None]}, "InvalidParameterException",
        "LoadBalancers should not contain null or empty items.",
    ),
    (
        "CreateCluster", {"serviceConnectDefaults": {}}, "InvalidParameterException",
        "ServiceConnectDefaults.namespace should not be null or empty.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "body", "code", "text"), WORDS)
def test_the_words_of_a_refusal(operation: str, body: Any, code: str, text: str) -> None:
    assert refusal(World(), ECS, operation, Fault("", (), body)) == (code, text)
