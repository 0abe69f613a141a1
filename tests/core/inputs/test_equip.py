"""A plan and the answers to its lookups give the plan that a runtime carries out."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.inputs.plans import plan

from kecs.aws.model import ecs as m
from kecs.core.inputs.equip import equipped
from kecs.core.inputs.lookups import Refusal, has_inputs, lookups
from kecs.core.inputs.reasons import Unresolved
from kecs.core.tasks.plan import RegistryLogin, TaskPlan

SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:s-AbCdEf"


def secret(name: str, value_from: str) -> m.Secret:
    return m.Secret(name=name, value_from=value_from)


def with_secret(value_from: str) -> TaskPlan:
    return plan(m.ContainerDefinition(name="app", secrets=[secret("X", value_from)]))


def result(given: TaskPlan, answer: Any) -> TaskPlan:
    """The plan when every lookup has this answer."""
    return equipped(given, dict.fromkeys(lookups(given), answer))


def value(given: TaskPlan) -> str | None:
    return (given.containers[0].environment or [])[0].value


def test_a_plan_that_needs_nothing_is_known_by_a_look() -> None:
    assert not has_inputs(
        plan(m.ContainerDefinition(name="app", log_configuration=m.LogConfiguration(log_driver="none")))
    )
    assert has_inputs(with_secret("x"))


@pytest.mark.parametrize(
    ("json", "text"),
    [
        ('"a b"', "a b"),
        ("5432", "5432"),
        ("1.5", "1.5"),
        ("true", "true"),
        ("null", "null"),
        ('{"a":[1]}', '{"a":[1]}'),
    ],
)
def test_a_member_of_any_type_becomes_text(json: str, text: str) -> None:
    given = with_secret(f"{SECRET}:key::")
    assert value(result(given, {"SecretString": f'{{"key": {json}}}'})) == text


@pytest.mark.parametrize(
    ("container", "answer"),
    [
        (m.ContainerDefinition(name="app", secrets=[secret("X", SECRET)]), {"SecretString": "hunter2\0"}),
        (
            m.ContainerDefinition(
                name="app", environment_files=[m.EnvironmentFile(type="s3", value="arn:aws:s3:::b/app.env")]
            ),
            {"Body": b"X=hunter2\0\n"},
        ),
    ],
)
def test_a_value_that_no_variable_can_have_is_not_told(container: m.ContainerDefinition, answer: Any) -> None:
    with pytest.raises(Unresolved, match="environment variable X has a null character") as refused:
        result(plan(container), answer)
    assert "hunter2" not in str(refused.value)


def test_a_secret_without_text_is_empty() -> None:
    assert value(result(with_secret(SECRET), {"SecretBinary": b"x"})) == ""


@pytest.mark.parametrize("content", ["no json with hunter2", '["hunter2"]', '"hunter2"'])
def test_what_is_no_json_object_is_never_quoted(content: str) -> None:
    with pytest.raises(Unresolved) as unresolved:
        result(with_secret(f"{SECRET}:key::"), {"SecretString": content})
    assert SECRET in str(unresolved.value)
    assert "hunter2" not in str(unresolved.value)


def test_a_reference_that_names_nothing_is_the_reason() -> None:
    given = with_secret(f"{SECRET}:too:few")
    assert lookups(given) == ()
    with pytest.raises(Unresolved, match=f"value {SECRET}:too:few resulted in error: an invalid ARN format"):
        equipped(given, {})


def test_secrets_of_a_log_driver_are_among_its_options() -> None:
    options = {"splunk-url": "https://splunk"}
    log = m.LogConfiguration(log_driver="splunk", options=options, secret_options=[secret("splunk-token", SECRET)])
    given = plan(m.ContainerDefinition(name="app", log_configuration=log))
    found = result(given, {"SecretString": "t"}).containers[0].log_configuration
    assert found is not None
    assert found.options == {**options, "splunk-token": "t"}
    assert log.options == options


def test_logins_are_by_container_and_show_nobody_what_they_are() -> None:
    credentials = m.RepositoryCredentials(credentials_parameter=SECRET)
    given = plan(m.ContainerDefinition(name="app", repository_credentials=credentials), m.ContainerDefinition(name="b"))
    found = result(given, {"SecretString": '{"Username": "u", "password": "hunter2"}'})
    assert found.logins == {"app": RegistryLogin("u", "hunter2")}
    assert "hunter2" not in repr(found)


def test_parameters_of_two_regions_are_two_calls_and_the_first_that_fails_is_told() -> None:
    far = "arn:aws:ssm:eu-west-1:111111111111:parameter/a/far"
    given = plan(m.ContainerDefinition(name="app", secrets=[secret("A", "near"), secret("B", far)]))
    near_call, far_call = lookups(given)
    denied = Refusal("AccessDeniedException", "no")
    near = {"Parameters": [{"Name": "near", "Value": "1"}]}
    with pytest.raises(Unresolved, match=r"Fetching secret data from SSM Parameter Store in eu-west-1: AccessDenied"):
        equipped(given, {near_call: near, far_call: denied})
    with pytest.raises(Unresolved, match=r"in eu-west-1: invalid parameters: /a/far$"):
        equipped(given, {near_call: near, far_call: {"Parameters": [], "InvalidParameters": ["/a/far"]}})
