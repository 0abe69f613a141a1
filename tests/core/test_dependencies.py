"""What a container waits for without a word of its definition's dependsOn."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kecs.aws.model import ecs as m
from kecs.core.dependencies import may_start, may_stop
from kecs.core.records import ContainerRecord


def definition(name: str, **fields: Any) -> m.ContainerDefinition:
    return msgspec.convert({"name": name, "image": "x", **fields}, m.ContainerDefinition)


FIRST = definition("first", firelensConfiguration={"type": "fluentbit"})
SECONDS = [
    definition("second", links=["first:alias"]),
    definition("second", volumesFrom=[{"sourceContainer": "first"}]),
    definition("second", logConfiguration={"logDriver": "awsfirelens"}),
]


def known(name: str, **fields: Any) -> ContainerRecord:
    return ContainerRecord(name=name, arn="arn", image="x", essential=True, **fields)


@pytest.mark.parametrize("second", SECONDS)
def test_the_other_starts_first_and_stops_last(second: m.ContainerDefinition) -> None:
    both = [second, FIRST]
    waiting = [known("second"), known("first", phase="STARTING")]
    assert not may_start(second, both, waiting, 5.0, 60.0).may
    assert may_start(FIRST, both, waiting, 5.0, 60.0).may
    running = [known("second", phase="RUNNING", started_at=2.0), known("first", phase="RUNNING", started_at=1.0)]
    assert may_start(second, both, running, 5.0, 60.0).may
    assert not may_stop("first", both, running)
    assert may_stop("second", both, running)


def test_a_router_that_uses_itself_waits_for_nobody() -> None:
    router = definition("r", firelensConfiguration={"type": "fluentbit"}, logConfiguration={"logDriver": "awsfirelens"})
    assert may_start(router, [router], [known("r")], 5.0, 60.0).may
