"""Requests that are wrong before any handler sees them, and operations without a handler: always a modelled 400."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kecs.aws.model import ecs as m
from kecs.gateway.endpoint import Endpoint
from kecs.services.ecs import HANDLERS


def ask(endpoint: Endpoint, operation: str, body: bytes, prefix: str = m.TARGET_PREFIX) -> tuple[int, str, str]:
    """Status, error code and text."""
    answer = endpoint.answer(f"{prefix}.{operation}".encode(), None, body)
    error = json.loads(answer.body)
    return answer.status, error.get("__type", ""), error.get("message", "")


@pytest.mark.parametrize("name", ["CreateCluster", "DescribeGateway", "ListDaemons"])
def test_an_operation_without_a_handler_answers_an_error_that_the_model_declares(
    new_client: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delitem(HANDLERS._modules, name)  # as one that a new release of the model has
    client = new_client()
    operation = client.meta.service_model.operation_model(name)
    method = next(python for python, wire in client.meta.method_to_api_mapping.items() if wire == name)
    required = operation.input_shape.required_members
    with pytest.raises(client.exceptions.ClientError) as raised:
        getattr(client, method)(**{member: [] if member.endswith("s") else "x" for member in required})
    error = raised.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert error["Error"]["Code"] in {shape.error_code for shape in operation.error_shapes}
    assert error["Error"]["Message"].startswith(f"{name} is not there yet in KECS")


@pytest.mark.parametrize("prefix", [m.TARGET_PREFIX, "AmazonEC2ContainerServiceV20131113", ""])
def test_an_unknown_target(endpoint: Endpoint, prefix: str) -> None:
    operation = "CreateNothing" if prefix == m.TARGET_PREFIX else "ListClusters"
    status, code, _ = ask(endpoint, operation, b"{}", prefix)
    assert (status, code) == (400, "UnknownOperationException")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"text"', b"null", b"\xff", b'{"maxResults": "ten"}', b'{"nextToken": 1}']
)
def test_a_body_that_cannot_be_read(endpoint: Endpoint, body: bytes) -> None:
    status, code, _ = ask(endpoint, "ListClusters", body)
    assert (status, code) == (400, "SerializationException")


@pytest.mark.parametrize("body", [b"{}", b"", b'{"cluster": null}'])
def test_a_required_member_that_is_missing(endpoint: Endpoint, body: bytes) -> None:
    status, code, text = ask(endpoint, "DeleteCluster", body)
    assert (status, code, text) == (400, "InvalidParameterException", "Cluster can not be blank.")


def test_a_value_outside_its_enumeration(endpoint: Endpoint) -> None:
    status, code, text = ask(endpoint, "DescribeClusters", b'{"include": ["NOTHING"]}')
    assert (status, code) == (400, "InvalidParameterException")
    assert "NOTHING" in text


def test_members_that_the_model_does_not_know_are_let_go(endpoint: Endpoint) -> None:
    assert ask(endpoint, "ListClusters", b'{"addedNextYear": {"x": 1}}')[0] == 200
