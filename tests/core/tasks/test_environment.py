"""AWS's own variables in a container's environment."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.core.inputs.plans import plan

from kecs.aws.model import ecs as m
from kecs.core.inside.credentials import account_in, identity_in
from kecs.core.inside.names import KEY_BYTES, Names
from kecs.core.tasks.environment import Way, container_environment

URL = "http://172.17.0.1:5373"
NAMES = Names(bytes(KEY_BYTES))
ROLE = "arn:aws:iam::111111111111:role/app"


def environment(endpoint: str | None = URL, launch_type: str = "FARGATE", **own: str) -> dict[str, str]:
    pairs = [m.KeyValuePair(name=name, value=value) for name, value in own.items()]
    container = m.ContainerDefinition(name="app", environment=pairs)
    way = Way(endpoint) if endpoint else None
    return container_environment(plan(container, launch_type=launch_type), container, way)


def test_aws_says_where_the_container_runs_and_where_aws_is() -> None:
    assert environment() == {
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": URL,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }
    assert environment(launch_type="EC2")["AWS_EXECUTION_ENV"] == "AWS_ECS_EC2"


def test_whoever_has_an_endpoint_gets_no_other() -> None:
    found = environment(AWS_ENDPOINT_URL="http://elsewhere:9000")
    assert found["AWS_ENDPOINT_URL"] == "http://elsewhere:9000"
    assert "AWS_DISABLE_HOST_PREFIX_INJECTION" not in found


def test_an_endpoint_for_one_service_leaves_the_others_here() -> None:
    found = environment(AWS_ENDPOINT_URL_S3="http://minio:9000")
    assert (found["AWS_ENDPOINT_URL_S3"], found["AWS_ENDPOINT_URL"]) == ("http://minio:9000", URL)


def test_where_kecs_cannot_be_reached_nothing_is_said() -> None:
    assert not {"AWS_ENDPOINT_URL", "AWS_DISABLE_HOST_PREFIX_INJECTION"} & set(environment(None))


def inside(at: str | None, role: str | None = ROLE, **own: str) -> dict[str, str]:
    pairs = [m.KeyValuePair(name=name, value=value) for name, value in own.items()]
    container = m.ContainerDefinition(name="app", environment=pairs)
    task = replace(plan(container), definition=m.TaskDefinition(family="web", task_role_arn=role))
    return container_environment(task, container, Way(URL, NAMES, at))


def credentials(found: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in found.items() if "CREDENTIALS" in name or "KEY" in name}


def test_a_container_finds_what_is_told_of_it() -> None:
    found = inside(None, role=None)
    name = NAMES.container("arn:aws:ecs:us-east-1:111111111111:task/c/t", "app")
    assert found["ECS_CONTAINER_METADATA_URI_V4"] == f"{URL}/v4/{name}"
    assert found["ECS_CONTAINER_METADATA_URI"] == f"{URL}/v3/{name}"
    assert found["ECS_AGENT_URI"] == f"{URL}/api/{name}"
    assert credentials(found) == {}


def test_credentials_are_where_sdks_look_for_them() -> None:
    path = f"/v2/credentials/{NAMES.credentials('arn:aws:ecs:us-east-1:111111111111:task/c/t')}"
    assert credentials(inside("http://169.254.170.2")) == {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path}
    elsewhere = "http://169.254.170.2:5373"
    assert credentials(inside(elsewhere)) == {"AWS_CONTAINER_CREDENTIALS_FULL_URI": elsewhere + path}


def test_where_no_sdk_would_look_they_are_in_the_environment() -> None:
    found = inside(None)
    assert account_in(found["AWS_ACCESS_KEY_ID"]) == "111111111111"
    who = identity_in(NAMES, found["AWS_SESSION_TOKEN"])
    assert who is not None
    assert who.role_arn == ROLE
    assert len(found["AWS_SECRET_ACCESS_KEY"]) == 40


@pytest.mark.parametrize("at", ["http://169.254.170.2", None])
@pytest.mark.parametrize("own", ["AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI"])
def test_whoever_has_credentials_gets_no_others(own: str, at: str | None) -> None:
    assert credentials(inside(at, **{own: "its own"})) == {own: "its own"}
