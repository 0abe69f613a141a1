"""Requests for hypothesis: valid ones, with a few members changed, added or left out, and names that mean something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, StructureShape
from hypothesis import strategies as st

MODEL = botocore.session.get_session().get_service_model("ecs")
MOST_CHANGED = 4  # members of a valid request; with more of them nothing would be accepted

ARN = "arn:aws:ecs:us-east-1:000000000000:"
ODD_NAMES = [
    "", "nothing", "a b", "ü", "arn:", ARN, f"{ARN}cluster/default", f"{ARN}service/default/serving", "a/b/c", ":",
    f"{ARN}service/serving", f"{ARN}task-definition/web", "arn:aws:ecs:eu-west-1:1:cluster/default", "aws:x", "/",
    "arn:aws:iam::1:role/r", "x" * 300, "-1", "0",
]  # fmt: skip
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

Names = Mapping[str, Sequence[Any]]
"""What members of this name usually hold, so that a request gets past its first check."""

PLAIN_NAMES: dict[str, list[Any]] = {
    "clusterName": ["default", "other", "empty", "gone", "new"],
    "cluster": ["default", "other", "empty", "gone"],
    "serviceName": ["serving", "idle", "draining", "new"],
    "service": ["serving", "idle", "draining", "rolling", "external", "routed"],
    "taskDefinition": ["web", "job", "web:1", "old:1"],
    "family": ["web", "job", "agent", "new"],
    "familyPrefix": ["web", "j", ""],
    "capacityProvider": ["FARGATE", "FARGATE_SPOT", "group", "managed"],
    "gateway": ["front", "unused"],
    "name": ["app", "log", "data", "containerInsights", "stack", "group", "new"],
    "containerName": ["app", "log"],
    "container": ["app", "log"],
    "sourceContainer": ["app", "log"],
    "sourceVolume": ["data"],
    "portName": ["http"],
    "image": ["app:1"],
    "networkMode": ["awsvpc", "bridge", "host", "none"],
    "cpu": [256, "256", "512", 0],
    "memory": [512, "512", "1024", 4],
    "platformVersion": ["LATEST", "1.4.0"],
    "key": ["team", "aws:x"],
    "tagKeys": ["team"],
    "clientToken": ["token", "used"],
}
# Members of requests that name a resource, and the member of answers that says what it is called.
CALLED: dict[str, str] = {
    "cluster": "clusterArn",
    "clusterArn": "clusterArn",
    "service": "serviceArn",
    "serviceArn": "serviceArn",
    "serviceDeploymentArn": "serviceDeploymentArn",
    "serviceRevisionArn": "serviceRevisionArn",
    "task": "taskArn",
    "taskDefinition": "taskDefinitionArn",
    "taskSet": "taskSetArn",
    "primaryTaskSet": "taskSetArn",
    "containerInstance": "containerInstanceArn",
    "targetId": "containerInstanceArn",
    "capacityProvider": "capacityProviderArn",
    "capacityProviderArn": "capacityProviderArn",
    "daemonArn": "daemonArn",
    "daemonDeploymentArn": "daemonDeploymentArn",
    "daemonRevisionArn": "daemonRevisionArn",
    "daemonTaskDefinition": "daemonTaskDefinitionArn",
    "daemonTaskDefinitionArn": "daemonTaskDefinitionArn",
    "gateway": "gatewayArn",
    "gatewayRouteArn": "gatewayRouteArn",
    "hookId": "hookId",
    "nextToken": "nextToken",
}
LISTED = {"taskArns", "serviceArns", "clusterArns", "containerInstanceArns", "taskDefinitionArns"}


def names_in(answer: Any, member: str = "") -> Iterator[tuple[str, str]]:
    """What things are called in an answer, each with the member that says so."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            yield from names_in(value, name)
    elif isinstance(answer, list):
        for value in answer:
            yield from names_in(value, member[:-1] if member in LISTED else member)
    elif isinstance(answer, str) and (member.endswith("Arn") or member in ("hookId", "nextToken")):
        yield member, answer


class Pool:
    """Names that requests use: some that are always worth a try, and whatever answers have mentioned."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, None]] = {}

    def learn(self, answer: Any) -> None:
        for member, name in names_in(answer):
            self._found.setdefault(member, {})[name] = None

    def names(self) -> Names:
        """By member of a request, also for lists of what the member names. The newest names come first."""
        names = {member: list(plain) for member, plain in PLAIN_NAMES.items()}
        for member, called in CALLED.items():
            names[member] = names.get(member, []) + list(reversed(self._found.get(called, {})))[:20]
        names["resourceArn"] = [
            arn for called in sorted(set(CALLED.values())) for arn in list(self._found.get(called, {}))[:3]
        ]
        lists = {f"{member}s": found for member, found in names.items() if f"{member}s" not in names}
        return {member: found for member, found in {**lists, **names}.items() if found}


@st.composite
def requests(draw: st.DrawFn, operation: str, valid: Mapping[str, Any], names: Names) -> Any:
    """`valid` with a few members changed, added or left out; now and then something else altogether."""
    shape = MODEL.operation_model(operation).input_shape
    request = {**valid, **draw(some_of(shape, draw(st.integers(0, MOST_CHANGED)), names))}
    left_out = draw(st.sampled_from([None] * 9 + sorted(request)))
    request.pop(left_out, None)
    return draw(ODD) if draw(RARELY) else request


@st.composite
def some_of(draw: st.DrawFn, shape: StructureShape, most: int, names: Names) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(list(shape.members)), unique=True, max_size=most)) if shape.members else []
    return {name: draw(values(shape.members[name], names, name)) for name in chosen}


@st.composite
def values(draw: st.DrawFn, shape: Any, names: Names, name: str = "") -> Any:
    """A value of the shape, or nearly; `name` is that of the member."""
    if draw(RARELY):
        return draw(ODD)
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return {"any": ["JSON"]}
        required = {member: draw(values(shape.members[member], names, member)) for member in shape.required_members}
        return {**required, **draw(some_of(shape, 3, names))}
    if isinstance(shape, ListShape):
        return draw(st.lists(values(shape.member, names, name), max_size=3))
    if isinstance(shape, MapShape):
        return draw(st.dictionaries(TEXT, values(shape.value, names), max_size=2))
    if name in names and not draw(RARELY):
        usual = [value for value in names[name] if isinstance(value, str) == (shape.type_name == "string")]
        return draw(st.sampled_from(usual or [1]))
    if shape.type_name == "string" and shape.enum and not draw(RARELY):
        return draw(st.sampled_from(shape.enum))
    return draw(SIMPLE[shape.type_name])
