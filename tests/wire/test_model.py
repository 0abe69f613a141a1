"""The generated model against the botocore that is installed: what AWS has added since, and what has no handler."""

from __future__ import annotations

import typing

import botocore
import botocore.session
import pytest

from kecs.aws.model import ecs as m
from kecs.services.context import Context
from kecs.services.ecs import HANDLERS

MODEL = botocore.session.get_session().get_service_model("ecs")


def test_no_operation_is_new() -> None:
    new = sorted(set(MODEL.operation_names) - set(m.OPERATIONS))
    assert new == [], f"botocore {botocore.__version__} has operations that the model lacks: run make models"


def test_no_operation_has_gone() -> None:
    assert sorted(set(m.OPERATIONS) - set(MODEL.operation_names)) == []
    assert MODEL.metadata["targetPrefix"] == m.TARGET_PREFIX


def test_every_operation_has_a_handler() -> None:
    assert sorted(set(m.OPERATIONS) - set(HANDLERS)) == []


def test_every_handler_is_one_of_an_operation() -> None:
    assert sorted(set(HANDLERS) - set(m.OPERATIONS)) == []


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_a_handler_takes_the_request_of_its_operation_and_answers_with_its_response(name: str) -> None:
    handler, operation = HANDLERS[name], m.OPERATIONS[name]
    hints = typing.get_type_hints(handler)
    assert list(hints.values()) == [Context, operation.request, operation.response]
