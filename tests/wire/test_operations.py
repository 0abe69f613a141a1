"""Every operation there and back: botocore writes the request and reads the answer, and nothing in it is a surprise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.scenarios.world import World
from tests.support.furnished import Furnished, valid_requests
from tests.wire.exchange import MODEL, Exchange, surprises

from kecs.aws.model import ecs as m
from kecs.services.ecs import HANDLERS

OPERATIONS = sorted(HANDLERS)
NOTHING = "nothing"
READS = ("Describe", "List", "Get")
# What requests name by reference, as something that is not there would be named. A name that is given to something new
# is no reference.
UNKNOWN: dict[str, str] = {
    "capacityProvider": NOTHING,
    "cluster": NOTHING,
    "clusterArn": "arn:aws:ecs:us-east-1:000000000000:cluster/nothing",
    "containerInstance": "0" * 32,
    "containerInstanceArn": "arn:aws:ecs:us-east-1:000000000000:container-instance/default/" + "0" * 32,
    "container": NOTHING,
    "containerName": NOTHING,
    "daemonArn": "arn:aws:ecs:us-east-1:000000000000:daemon/default/nothing",
    "daemonTaskDefinition": "nothing:1",
    "daemonTaskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:daemon-task-definition/nothing:1",
    "gateway": NOTHING,
    "gatewayRouteArn": "arn:aws:ecs:us-east-1:000000000000:gateway-route/nothing/nothing",
    "hookId": NOTHING,
    "namespace": NOTHING,
    "nextToken": NOTHING,
    "primaryTaskSet": "ecs-svc/0000000000000000000",
    "resourceArn": "arn:aws:ecs:us-east-1:000000000000:cluster/nothing",
    "service": NOTHING,
    "serviceArn": "arn:aws:ecs:us-east-1:000000000000:service/default/nothing",
    "serviceDeploymentArn": "arn:aws:ecs:us-east-1:000000000000:service-deployment/default/serving/nothing",
    "task": "0" * 32,
    "taskDefinition": "nothing:1",
    "taskSet": "ecs-svc/0000000000000000000",
}
LISTS: dict[str, list[str]] = {
    "capacityProviders": [NOTHING],
    "clusters": [NOTHING],
    "containerInstances": ["0" * 32],
    "daemonDeploymentArns": ["arn:aws:ecs:us-east-1:000000000000:daemon-deployment/default/nothing/nothing"],
    "daemonRevisionArns": ["arn:aws:ecs:us-east-1:000000000000:daemon-revision/default/nothing/nothing"],
    "capacityProviderArns": ["arn:aws:ecs:us-east-1:000000000000:capacity-provider/nothing"],
    "serviceDeploymentArns": ["arn:aws:ecs:us-east-1:000000000000:service-deployment/default/serving/nothing"],
    "serviceRevisionArns": ["arn:aws:ecs:us-east-1:000000000000:service-revision/default/serving/nothing"],
    "services": [NOTHING],
    "taskDefinitions": ["nothing:1"],
    "taskSets": ["ecs-svc/0000000000000000000"],
    "tasks": ["0" * 32],
}


@pytest.fixture(scope="module")
def there() -> Furnished:
    return Furnished()


def content(world: World) -> dict[str, dict[str, Any]]:
    return {name: dict(table._rows) for name, table in world.kernel.store.tables.items()}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_there_and_its_answer_back(
    there: Furnished, session: Any, name: str, record_property: Callable[[str, object], None]
) -> None:
    world = there.world()
    before = content(world)
    exchange = Exchange(session, world.kernel.endpoint)
    shape = MODEL.operation_model(name).output_shape
    parsed = exchange.call(name, valid_requests(there)[name])
    assert list(surprises(shape, exchange.body)) == []
    assert set(parsed) - {"ResponseMetadata"} == set(exchange.body)
    if name.startswith(READS):
        assert content(world) == before
    record_property("operations there and back", 1)


def references(name: str, members: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Members of the operation's request that name something, with a name that nothing has."""
    shape = MODEL.operation_model(name).input_shape
    assert shape is not None
    for member in shape.members:
        # In a request that gives something a name, or filters a list by one, it is no reference.
        if member in UNKNOWN and not (name == "CreateCapacityProvider" and member == "cluster"):
            yield member, UNKNOWN[member]
        elif member in LISTS and member in members:
            yield member, LISTS[member]


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_not_there_is_refused_or_named_in_failures(
    there: Furnished, name: str, record_property: Callable[[str, object], None]
) -> None:
    world = there.world()
    before = content(world)
    valid = valid_requests(there)[name]
    declared = {shape.name for shape in MODEL.operation_model(name).error_shapes}
    for member, value in references(name, valid):
        body = json.dumps({**valid, member: value}).encode()
        answer = world.kernel.endpoint.answer(f"{m.TARGET_PREFIX}.{name}".encode(), None, body)
        answered = json.loads(answer.body)
        if answer.status == 200:
            assert answered.get("failures") or all(value == [] for value in answered.values()), (member, answered)
        else:
            assert (answer.status, answered["__type"] in declared) == (400, True), (member, answered)
            assert answered["message"], member
        assert content(world) == before, (member, answered)
        record_property("unknown resources", 1)
