"""What a task takes from the container instance it runs on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.taskdefs.definitions import container, defined

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.requirements import Requirements, requirements

WEB = [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 53, "hostPort": 5353, "protocol": "udp"}]


@pytest.mark.parametrize(
    ("containers", "members", "needs"),
    [
        ([container()], {}, Requirements(cpu=0, memory=128)),
        (
            [container("a", cpu=10), container("b", cpu=20, memory=256, memoryReservation=64)],
            {},
            Requirements(cpu=30, memory=192),
        ),
        ([container(cpu=10)], {"cpu": "1 vCPU", "memory": "1 GB"}, Requirements(cpu=1024, memory=1024)),
        (
            [container(portMappings=WEB)],
            {},
            Requirements(cpu=0, memory=128, tcp_ports=frozenset({8080}), udp_ports=frozenset({5353})),
        ),
        ([container(portMappings=[{"containerPort": 80}])], {}, Requirements(cpu=0, memory=128)),
        (
            [container(portMappings=[{"containerPort": 80}])],
            {"networkMode": "host"},
            Requirements(cpu=0, memory=128, tcp_ports=frozenset({80})),
        ),
        (
            [container(portMappings=[{"containerPort": 80}])],
            {"networkMode": "awsvpc"},
            Requirements(cpu=0, memory=128, interface=True),
        ),
        (
            [container(name, resourceRequirements=[{"type": "GPU", "value": "2"}]) for name in "ab"],
            {},
            Requirements(cpu=0, memory=256, gpu=4),
        ),
        (
            [container(resourceRequirements=[{"type": "GPU", "value": "ALL"}])],
            {},
            Requirements(cpu=0, memory=128, all_gpus=True),
        ),
    ],
)
def test_requirements(containers: list[dict[str, Any]], members: dict[str, Any], needs: Requirements) -> None:
    assert requirements(defined(*containers, **members)) == needs


def test_overrides_change_them() -> None:
    change = m.TaskOverride(container_overrides=[m.ContainerOverride(name="app", cpu=5, memory=200)])
    assert requirements(defined(), change) == Requirements(cpu=5, memory=200)
    assert requirements(defined(), m.TaskOverride(cpu="256", memory="512")) == Requirements(cpu=256, memory=512)
