"""AWS's own variables in a container's environment."""

from __future__ import annotations

import pytest
from tests.core.inputs.plans import plan

from kecs.aws.model import ecs as m
from kecs.core.tasks.environment import container_environment

URL = "http://172.17.0.1:5373"


def environment(endpoint: str | None = URL, launch_type: str = "FARGATE", **own: str) -> dict[str, str]:
    pairs = [m.KeyValuePair(name=name, value=value) for name, value in own.items()]
    container = m.ContainerDefinition(name="app", environment=pairs)
    return container_environment(plan(container, launch_type=launch_type), container, endpoint)


def test_aws_says_where_the_container_runs_and_where_aws_is() -> None:
    assert environment() == {
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": URL,
    }
    assert environment(launch_type="EC2")["AWS_EXECUTION_ENV"] == "AWS_ECS_EC2"


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_whoever_has_an_endpoint_gets_no_other(name: str) -> None:
    found = environment(**{name: "http://minio:9000"})
    assert [value for key, value in found.items() if key.startswith("AWS_ENDPOINT_URL")] == ["http://minio:9000"]


def test_where_kecs_cannot_be_reached_nothing_is_said() -> None:
    assert "AWS_ENDPOINT_URL" not in environment(None)
