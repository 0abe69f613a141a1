"""Any request at all: it is answered or refused in AWS's way, and what is refused leaves no trace."""

from __future__ import annotations

import functools
import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.watching import Errors, answered
from tests.scenarios.world import NETWORK, World
from tests.support.furnished import Furnished, valid_requests
from tests.support.requests import Names, Pool, requests

from kecs.services.ecs import HANDLERS


class Place(NamedTuple):
    """A furnished world, a request of each operation that is accepted there, and what things are called."""

    there: Furnished
    valid: dict[str, dict[str, Any]]
    names: Names


@functools.cache
def place() -> Place:
    there = Furnished()
    valid, pool = valid_requests(there), Pool()
    for operation, request in valid.items():
        pool.learn(there.world().call(operation, **request))
    return Place(there, valid, pool.names())


@pytest.mark.parametrize("name", sorted(HANDLERS))
@settings(max_examples=25)
@given(data=st.data())
def test_any_request(name: str, data: st.DataObject) -> None:
    there, valid, names = place()
    request = data.draw(requests(name, valid[name], names))
    answered(there.world(), name, json.dumps(request).encode())


@settings(max_examples=60)
@given(data=st.data())
def test_any_definition_that_is_accepted_can_be_run(data: st.DataObject) -> None:
    _, valid, names = place()
    world = World()
    request = data.draw(requests("RegisterTaskDefinition", valid["RegisterTaskDefinition"], names))
    if answered(world, "RegisterTaskDefinition", json.dumps(request).encode()) is None:
        return
    (definition,) = world.kernel.store.task_definitions
    awsvpc = definition.definition.network_mode == "awsvpc"
    for launch_type in sorted({"EC2", "FARGATE"} & set(definition.definition.compatibilities or ())):
        members = {"taskDefinition": definition.arn, "launchType": launch_type}
        if awsvpc:
            members["networkConfiguration"] = NETWORK
        with Errors():
            if answered(world, "RunTask", json.dumps(members).encode()) is not None:
                world.clock.advance(600)
    for task in world.kernel.store.tasks:
        assert task.last_status in ("RUNNING", "STOPPED"), task
        assert world.task(task.arn)["lastStatus"] == task.last_status
