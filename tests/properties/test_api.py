"""Any request at all: it is answered or refused in AWS's way, and what is refused leaves no trace."""

from __future__ import annotations

import functools
import json
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.model import ListShape, MapShape, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.watching import Errors, content
from tests.scenarios.world import NETWORK, START, World
from tests.support.journals import MemoryJournal

from kecs.aws.model import ecs as m
from kecs.services.ecs import HANDLERS

MODEL = botocore.session.get_session().get_service_model("ecs")
COMMON = {"SerializationException", "InvalidParameterException", "ClientException", "ClusterNotFoundException"}
MOST_CHANGED = 4  # members of a valid request; with more of them nothing would be accepted

ARN = "arn:aws:ecs:us-east-1:000000000000:"
TASK_ID = "0" * 31 + "1"
ODD_NAMES = [
    "", "nothing", "a b", "ü", "arn:", ARN, f"{ARN}cluster/default", f"{ARN}service/default/serving", "a/b/c", ":",
    f"{ARN}service/serving", f"{ARN}task-definition/web", "arn:aws:ecs:eu-west-1:1:cluster/default", "aws:x", "/",
    "arn:aws:iam::1:role/r", "x" * 300, "-1", "0",
]  # fmt: skip
# What members usually hold, so that a request gets past their first check.
USUAL: dict[str, list[Any]] = {
    "cluster": ["default", "other", f"{ARN}cluster/default", "gone"],
    "clusters": ["default", "other", f"{ARN}cluster/default", "gone"],
    "clusterName": ["default", "other", "gone", "new"],
    "service": ["serving", "idle", "draining", f"{ARN}service/default/serving"],
    "services": ["serving", "idle", "draining", f"{ARN}service/default/serving"],
    "serviceName": ["serving", "idle", "draining", "new"],
    "task": [TASK_ID, f"{ARN}task/default/{TASK_ID}"],
    "tasks": [TASK_ID, f"{ARN}task/default/{TASK_ID}"],
    "taskDefinition": ["web", "job", "web:1", f"{ARN}task-definition/web:2", "old:1"],
    "taskDefinitions": ["web:1", "job:1", f"{ARN}task-definition/web:2", "old:1"],
    "family": ["web", "job", "new"],
    "familyPrefix": ["web", "j", ""],
    "resourceArn": [f"{ARN}cluster/default", f"{ARN}service/default/idle", f"{ARN}task-definition/web:1"],
    "capacityProvider": ["FARGATE", "FARGATE_SPOT"],
    "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
    "name": ["app", "log", "data", "containerInsights"],
    "containerName": ["app", "log"],
    "sourceContainer": ["app", "log"],
    "sourceVolume": ["data"],
    "image": ["app:1"],
    "networkMode": ["awsvpc", "bridge", "host", "none"],
    "cpu": [256, "256", "512", 0],
    "memory": [512, "512", "1024", 4],
    "platformVersion": ["LATEST", "1.4.0"],
    "key": ["team", "aws:x"],
    "tagKeys": ["team"],
    "clientToken": ["token", "used"],
}
# A request of each operation that needs more than luck to be valid.
VALID: dict[str, dict[str, Any]] = {
    "RegisterTaskDefinition": {
        "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "volumes": [{"name": "data"}],
        "containerDefinitions": [
            {"name": "app", "image": "a", "memory": 128},
            {"name": "log", "image": "b", "memory": 9},
        ],
    },
    "RunTask": {"taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": NETWORK},
    "CreateService": {
        "serviceName": "new", "taskDefinition": "web", "desiredCount": 1, "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
    },
    "UpdateService": {"service": "serving"},
    "DeleteService": {"service": "idle"},
    "DeleteCluster": {"cluster": "other"},
    "DescribeServices": {"services": ["serving"]},
    "DescribeTaskDefinition": {"taskDefinition": "web"},
    "DescribeTasks": {"tasks": [TASK_ID]},
    "StopTask": {"task": TASK_ID},
    "DeregisterTaskDefinition": {"taskDefinition": "web:1"},
    "DeleteTaskDefinitions": {"taskDefinitions": ["old:1"]},
    "ListTagsForResource": {"resourceArn": f"{ARN}cluster/other"},
    "TagResource": {"resourceArn": f"{ARN}cluster/other", "tags": [{"key": "a", "value": "b"}]},
    "UntagResource": {"resourceArn": f"{ARN}cluster/other", "tagKeys": ["team"]},
    "PutClusterCapacityProviders": {
        "cluster": "default", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [],
    },
    "UpdateCluster": {"cluster": "default"},
    "UpdateClusterSettings": {"cluster": "default", "settings": [{"name": "containerInsights", "value": "enabled"}]},
}  # fmt: skip
RARELY = st.integers(0, 24).map(lambda number: number == 24)
ODD = st.sampled_from([None, [], {}, "text", 1, -1, 2**31, 10**30, 1.5, True, [None], [[]], {"name": 1}])
TEXT = st.sampled_from(ODD_NAMES) | st.text(max_size=3)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "boolean": st.booleans(),
    "integer": st.sampled_from([1, 0, 2, 3, 10, 80, 100, 200, 256, 512, 4096, -1, 65536, 2**31 - 1]),
    "long": st.sampled_from([1, 0, 2**40, -1]),
    "float": st.floats(0, 100, width=32),
    "double": st.floats(0, 100),
    "timestamp": st.integers(1_400_000_000, 2_000_000_000),
}


@st.composite
def requests(draw: st.DrawFn, operation: str) -> Any:
    """A valid request with a few members changed, added or left out; now and then something else altogether."""
    shape = MODEL.operation_model(operation).input_shape
    request = {**VALID.get(operation, {}), **draw(some_of(shape, draw(st.integers(0, MOST_CHANGED))))}
    left_out = draw(st.sampled_from([None] * 9 + sorted(request)))
    request.pop(left_out, None)
    return draw(ODD) if draw(RARELY) else request


@st.composite
def some_of(draw: st.DrawFn, shape: StructureShape, most: int) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(list(shape.members)), unique=True, max_size=most)) if shape.members else []
    return {name: draw(values(shape.members[name], name)) for name in chosen}


@st.composite
def values(draw: st.DrawFn, shape: Any, name: str = "") -> Any:
    """A value of the shape, or nearly; `name` is that of the member."""
    if draw(RARELY):
        return draw(ODD)
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return {"any": ["JSON"]}
        required = {member: draw(values(shape.members[member], member)) for member in shape.required_members}
        return {**required, **draw(some_of(shape, 3))}
    if isinstance(shape, ListShape):
        return draw(st.lists(values(shape.member, name), max_size=3))
    if isinstance(shape, MapShape):
        return draw(st.dictionaries(TEXT, values(shape.value), max_size=2))
    if name in USUAL and not draw(RARELY):
        usual = [value for value in USUAL[name] if isinstance(value, str) == (shape.type_name == "string")]
        return draw(st.sampled_from(usual or [1]))
    if shape.type_name == "string" and shape.enum and not draw(RARELY):
        return draw(st.sampled_from(shape.enum))
    return draw(SIMPLE[shape.type_name])


@functools.cache
def furnished() -> MemoryJournal:
    """A world in which names mean something."""
    journal = MemoryJournal()
    world = World(journal=journal)
    world.call("CreateCluster", clusterName="other", tags=[{"key": "team", "value": "a"}])
    world.call("CreateCluster", clusterName="gone")
    world.call("DeleteCluster", cluster="gone")
    for _ in range(2):
        world.define("web", tags=[{"key": "team", "value": "a"}])
    world.define_ec2("job")
    world.serve("serving", 2)
    world.serve("idle", 0, "job", launchType="EC2", networkConfiguration=None)
    world.serve("draining", 1)
    world.run(networkConfiguration=NETWORK)
    world.clock.advance(60)
    world.call("DeleteService", service="draining", force=True)
    world.run("job", launchType="EC2", networkConfiguration=None, clientToken="used")
    world.define("old")
    world.call("DeregisterTaskDefinition", taskDefinition="old:1")
    (task,) = world.call("ListTasks", family="web")["taskArns"][:1]
    assert USUAL["task"][0] in (TASK_ID, task)
    for name in ("task", "tasks"):
        USUAL[name] = [task, task.rsplit("/", 1)[1]]
    VALID["DescribeTasks"], VALID["StopTask"] = {"tasks": [task]}, {"task": task}
    return journal


def entered() -> World:
    """Another world that begins where the furnished one stands."""
    journal = MemoryJournal()
    journal.write([(kind, str(number), None, record) for number, (kind, record) in enumerate(furnished().load())])
    return World(journal=journal, start=START + 61)


def check(world: World, operation: str, body: bytes) -> int:
    """One call and what has to hold of its answer; its status."""
    before = content(world)
    answer = world.kernel.ecs.answer(f"{m.TARGET_PREFIX}.{operation}".encode(), None, body)
    if answer.status == 200:
        msgspec.json.decode(answer.body, type=m.OPERATIONS[operation].response)
        return 200
    error = json.loads(answer.body)
    assert answer.status == 400, error
    declared = {one.code for one in m.OPERATIONS[operation].errors}
    assert error["__type"] in declared | COMMON, error
    assert error["message"] or error["__type"] == "SerializationException"
    assert content(world) == before, error
    return 400


@pytest.mark.parametrize("name", sorted(HANDLERS))
@settings(max_examples=25)
@given(data=st.data())
def test_any_request(name: str, data: st.DataObject) -> None:
    world = entered()
    request = data.draw(requests(name))
    check(world, name, json.dumps(request).encode())


@pytest.mark.parametrize("name", sorted(set(m.OPERATIONS) - set(HANDLERS)))
@settings(max_examples=2)
@given(data=st.data())
def test_any_request_of_an_operation_that_is_not_there_yet(name: str, data: st.DataObject) -> None:
    request = data.draw(requests(name))
    assert check(World(), name, json.dumps(request).encode()) == 400


@settings(max_examples=60)
@given(request=requests("RegisterTaskDefinition"))
def test_any_definition_that_is_accepted_can_be_run(request: Any) -> None:
    world = World()
    body = json.dumps(request).encode()
    if check(world, "RegisterTaskDefinition", body) != 200:
        return
    (definition,) = world.kernel.store.task_definitions
    awsvpc = definition.definition.network_mode == "awsvpc"
    for launch_type in sorted({"EC2", "FARGATE"} & set(definition.definition.compatibilities or ())):
        members = {"taskDefinition": definition.arn, "launchType": launch_type}
        if awsvpc:
            members["networkConfiguration"] = NETWORK
        with Errors():
            if check(world, "RunTask", json.dumps(members).encode()) == 200:
                world.clock.advance(600)
    for task in world.kernel.store.tasks:
        assert task.last_status in ("RUNNING", "STOPPED"), task
        assert world.task(task.arn)["lastStatus"] == task.last_status
