"""The task definition of an Express service: made, changed, read back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kecs.aws.model import ecs as m
from kecs.core.express.definition import changed, first, primary_container
from kecs.core.taskdefs.register import define

ROLE = "arn:aws:iam::000000000000:role/r"
REGION = "us-east-1"


def create(**members: Any) -> m.CreateExpressGatewayServiceRequest:
    given = {"infrastructureRoleArn": ROLE, "executionRoleArn": ROLE, "primaryContainer": {"image": "web:1"}, **members}
    return msgspec.convert(given, m.CreateExpressGatewayServiceRequest)


def update(**members: Any) -> m.UpdateExpressGatewayServiceRequest:
    return msgspec.convert({"serviceArn": "arn", **members}, m.UpdateExpressGatewayServiceRequest)


def made(**members: Any) -> m.TaskDefinition:
    return define(first(create(**members), "default-web", "/aws/ecs/default/web-0000", REGION))


def after(definition: m.TaskDefinition, **members: Any) -> m.TaskDefinition | None:
    registration = changed(definition, update(**members), "default-web", REGION)
    return define(registration) if registration else None


def test_what_goes_in_comes_back() -> None:
    container = m.ExpressGatewayContainer(
        image="web:2",
        container_port=8080,
        aws_logs_configuration=m.ExpressGatewayServiceAwsLogsConfiguration(log_group="/g", log_stream_prefix="p"),
        repository_credentials=m.ExpressGatewayRepositoryCredentials(credentials_parameter=f"{ROLE}s"),
        command=["serve"],
        environment=[m.KeyValuePair(name="A", value="b")],
        secrets=[m.Secret(name="KEY", value_from=f"{ROLE}s")],
    )
    request = msgspec.structs.replace(create(), primary_container=container)
    assert primary_container(define(first(request, "f", None, REGION))) == container


def test_a_service_without_a_log_group_of_its_own_logs_nowhere_else() -> None:
    assert primary_container(define(first(create(), "f", None, REGION))) == m.ExpressGatewayContainer(
        image="web:1", container_port=80
    )


@pytest.mark.parametrize(
    "members",
    [{}, {"cpu": "256"}, {"memory": "512"}, {"executionRoleArn": ROLE}, {"cpuArchitecture": "X86_64"},
     {"primaryContainer": {"image": "web:1", "containerPort": 80}}],
)  # fmt: skip
def test_what_changes_nothing_needs_no_revision(members: dict[str, Any]) -> None:
    assert after(made(), **members) is None


@pytest.mark.parametrize(
    ("members", "change"),
    [
        ({"cpu": "512", "memory": "1024"}, {"cpu": "512", "memory": "1024"}),
        ({"taskRoleArn": f"{ROLE}2"}, {"task_role_arn": f"{ROLE}2"}),
        ({"executionRoleArn": f"{ROLE}2"}, {"execution_role_arn": f"{ROLE}2"}),
    ],
)
def test_only_what_is_given_changes(members: dict[str, Any], change: dict[str, Any]) -> None:
    changed_one = after(made(), **members)
    assert changed_one is not None
    attributes = changed_one.requires_attributes
    assert changed_one == msgspec.structs.replace(made(), **change, requires_attributes=attributes)


def test_an_empty_list_clears() -> None:
    container = {"image": "web:1", "environment": [{"name": "A", "value": "b"}], "command": ["serve"]}
    cleared = after(made(primaryContainer=container), primaryContainer={"image": "web:1", "environment": []})
    assert cleared is not None
    shown = primary_container(cleared)
    assert shown is not None
    assert (shown.environment, shown.command) == (None, ["serve"])


def test_a_port_keeps_its_name_as_long_as_its_number() -> None:
    own = made(primaryContainer={"image": "web:1", "containerPort": 8080})
    main = (own.container_definitions or [])[0]
    named = msgspec.structs.replace(
        own,
        container_definitions=[msgspec.structs.replace(main, port_mappings=[m.PortMapping(
            name="http", container_port=8080, host_port=8080, protocol="tcp",
        )])],
    )  # fmt: skip
    for number, name in ((8080, "http"), (9000, "main-9000-tcp")):
        kept = after(named, primaryContainer={"image": "web:2", "containerPort": number})
        assert kept is not None
        assert [p.name for c in kept.container_definitions or () for p in c.port_mappings or ()] == [name]
