"""What property tests of the whole kernel look at."""

from __future__ import annotations

import json
import logging
from typing import Any

import botocore.session
from tests.scenarios.world import World
from tests.wire.exchange import surprises

from kecs.services.api import Api
from kecs.services.apis import APIS

ECS = APIS[0]
MODELS = {api.name: botocore.session.get_session().get_service_model(api.name) for api in APIS}


def content(world: World) -> dict[str, dict[str, Any]]:
    """Every record, by table and key."""
    return {name: dict(table._rows) for name, table in world.kernel.store.tables.items()}


def answered(world: World, operation: str, body: bytes, api: Api = ECS) -> Any:
    """One call and what has to hold of its answer, which this gives back; None when it was refused, without a trace."""
    before = content(world)
    answer = world.kernel.endpoint.answer(f"{api.target_prefix}.{operation}".encode(), None, body)
    decoded = json.loads(answer.body)
    if answer.status == 200:
        assert list(surprises(MODELS[api.name].operation_model(operation).output_shape, decoded)) == []
        return decoded
    declared = {one.code for one in api.parts.operations[operation].errors}
    assert (answer.status, decoded["__type"] in declared | {"SerializationException"}) == (400, True), decoded
    assert decoded[api.text] or decoded["__type"] == "SerializationException"
    assert content(world) == before, decoded
    return None


class Errors(logging.Handler):
    """What KECS logged as an error while this was open; none is expected by its end."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(logging.Formatter().format(record))

    def __enter__(self) -> Errors:
        logging.getLogger("kecs").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("kecs").removeHandler(self)
        assert self.texts == []
