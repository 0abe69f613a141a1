"""The cluster query language: what is an expression, and of which instances it is true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.core.placement.query import InvalidExpression, matches, parse, problem_of

FACTS = {
    "agentConnected": ("true",),
    "agentVersion": ("1.14.5",),
    "ec2InstanceId": ("i-abcd1234",),
    "registeredAt": ("2018-06-18T22:28:28+00:00",),
    "runningTasksCount": ("2",),
    "task:group": ("service:web", "database"),
    "attribute:ecs.instance-type": ("g2.2xlarge",),
    "attribute:stack": ("prod",),
    "attribute:rank": ("10",),
    "attribute:flag": ("",),
}


def holds(expression: str, **facts: tuple[str, ...]) -> bool:
    return matches(parse(expression), {**FACTS, **facts}.get)


@pytest.mark.parametrize(
    "expression",
    [
        "attribute:stack == prod",
        "attribute:stack==prod",
        "attribute:stack equals prod",
        "attribute:stack == 'prod'",
        'attribute:stack == "prod"',
        "attribute:stack != dev",
        "attribute:stack not_equals dev",
        "attribute:stack in [dev, prod]",
        "attribute:stack in ['dev','prod']",
        "attribute:stack not_in [dev, test]",
        "attribute:stack !in [dev]",
        "attribute:stack exists",
        "attribute:other !exists",
        "attribute:other not_exists",
        "attribute:flag exists",
        "attribute:ecs.instance-type =~ g2.*",
        "attribute:ecs.instance-type matches 'g2\\..*'",
        "attribute:ecs.instance-type !~ m5.*",
        "attribute:ecs.instance-type not_matches m5.*",
        "attribute:rank > 9",
        "attribute:rank greater_than_equal 10",
        "attribute:rank < 11 and attribute:rank <= 10",
        "attribute:rank less_than 11",
        "agentConnected == true",
        "agentConnected in [true]",
        "agentVersion == 1.14.5",
        "agentVersion > 1.9.0",
        "agentVersion < 1.15",
        "ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']",
        "ec2InstanceId =~ i-abcd.*",
        "registeredAt < 2018-06-19",
        "registeredAt >= 2018-06-18",
        "registeredAt == 2018-06-18T22:28:28Z",
        "registeredAt == 2018-06-18T22:28:28",
        "registeredAt == 2018-06-19T00:28:28+02:00",
        "runningTasksCount == 2",
        "runningTasksCount >= 1",
        "runningTasksCount < 10",
        "task:group == database",
        "task:group =~ service:.*",
        "task:group != cache",
        "not(task:group == cache)",
        "! (task:group == cache)",
        "!(task:group == cache) && not attribute:stack == dev",
        "attribute:stack == dev or attribute:stack == prod",
        "attribute:stack == dev || attribute:stack == prod",
        "attribute:stack == prod or attribute:stack == dev and attribute:stack == test",
        "(attribute:stack == dev or attribute:stack == prod) and runningTasksCount == 2",
    ],
)
def test_true(expression: str) -> None:
    assert holds(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "attribute:stack == Prod",
        "attribute:stack != prod",
        "attribute:other != prod",
        "attribute:other not_in [prod]",
        "attribute:other !~ x",
        "attribute:stack not_exists",
        "attribute:ecs.instance-type =~ g2",
        "task:group != database",
        "task:group !in [database, cache]",
        "agentVersion > 1.14.5",
        "not attribute:stack == prod",
        "(attribute:stack == prod or attribute:stack == dev) and attribute:stack == test",
    ],
)
def test_false(expression: str) -> None:
    assert not holds(expression)


def test_an_instance_without_tasks_is_in_no_group() -> None:
    assert not holds("task:group exists", **{"task:group": ()})
    assert holds("task:group != database", **{"task:group": ()})


def test_a_version_that_is_none_compares_with_nothing() -> None:
    assert not holds("agentVersion < 99.0", agentVersion=("dev",))


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "it ends too early"),
        ("attribute:stack", "it ends too early"),
        ("attribute: == x", "'attribute:' is not a subject"),
        ("zone == a", "'zone' is not a subject"),
        ("task:family == web", "'task:family' is not a subject"),
        ("attribute:stack is prod", "'is' is not an operator"),
        ("attribute:stack == prod dev", "unexpected 'dev'"),
        ("attribute:stack in prod", "'[' is missing"),
        ("attribute:stack in [prod", "']' is missing"),
        ("attribute:stack in []", "']' stands where an argument is expected"),
        ("(attribute:stack == prod", "')' is missing"),
        ("attribute:stack == prod)", "unexpected ')'"),
        ("attribute:stack == 'prod", "unexpected ''' at position 19"),
        ("agentVersion =~ 1.*", "the operator =~ is not valid for agentVersion"),
        ("agentConnected > true", "the operator > is not valid for agentConnected"),
        ("runningTasksCount == many", "the argument ('many',) is not valid for runningTasksCount =="),
        ("registeredAt < yesterday", "the argument ('yesterday',) is not valid for registeredAt <"),
        ("attribute:stack =~ (", "the argument ('(',) is not valid for attribute:stack =~"),
        ("not " * 60 + "attribute:stack exists", "it is nested too deeply"),
    ],
)
def test_what_is_no_expression_says_why(expression: str, problem: str) -> None:
    assert problem_of(expression) == problem


@given(st.text("()[]!=~<>&| ,'\"abc:.notirexsu", max_size=40))
def test_any_text_is_an_expression_or_says_why_not(text: str) -> None:
    problem = problem_of(text)
    if problem is None:
        assert matches(parse(text), FACTS.get) in (True, False)
    else:
        with pytest.raises(InvalidExpression) as error:
            parse(text)
        assert str(error.value) == problem
