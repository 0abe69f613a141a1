"""Scripts by image and by environment, and the course of health that they give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.aws.model import ecs as m
from kecs.runtimes.simulated.course import OutputLine
from kecs.runtimes.simulated.health import as_scripted, at_its_time, by_definition, has_check
from kecs.runtimes.simulated.scripts import HealthStep, Script, ScriptBook, health_course, output_lines, variables


def test_without_a_script_containers_take_milliseconds() -> None:
    script = ScriptBook({}).script("nginx:latest", {})
    assert script == Script()
    assert script.pull_seconds + script.start_seconds + script.stop_seconds < 0.01


def test_the_last_pattern_that_matches_wins() -> None:
    book = ScriptBook({"*": {"exit_code": 1}, "shop/*": {"exit_code": 2}})
    assert book.script("shop/cart:1", {}).exit_code == 2
    assert book.script("other:1", {}).exit_code == 1
    book.set("*", {"exit_code": 3})
    assert book.script("shop/cart:1", {}).exit_code == 3, "setting a pattern again makes it the last one"
    assert book.given == {"shop/*": {"exit_code": 2}, "*": {"exit_code": 3}}


def test_the_environment_wins_over_the_image_field_by_field() -> None:
    book = ScriptBook({"app": {"exit_code": 1, "pull_seconds": 5.0}})
    script = book.script("app", {"KECS_SIM_EXIT_CODE": "7", "OTHER": "x"})
    assert (script.exit_code, script.pull_seconds) == (7, 5.0)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("PULL_SECONDS", "3", 3.0),
        ("PULL_ERROR", "manifest unknown", "manifest unknown"),
        ("START_SECONDS", "0.5", 0.5),
        ("START_ERROR", "no", "no"),
        ("RUN_SECONDS", "60", 60.0),
        ("EXIT_CODE", "137", 137),
        ("OUTPUT", "5", "5"),
        ("HEALTH", "HEALTHY@0,UNHEALTHY@30", "HEALTHY@0,UNHEALTHY@30"),
        ("HEALTH_SECONDS", "10", 10.0),
        ("HEALTH_BY_DEFINITION", "true", True),
        ("MEMORY_MIB", "512", 512),
        ("MEMORY_SECONDS", "2", 2.0),
        ("CPU_UNITS", "512", 512),
        ("STOP_SECONDS", "8", 8.0),
        ("STOP_EXIT_CODE", "0", 0),
        ("IGNORE_SIGTERM", "1", True),
        ("SECRET_ERROR", "access denied", "access denied"),
    ],
)
def test_every_field_has_its_variable(variable: str, text: str, value: object) -> None:
    script = ScriptBook({}).script("app", {f"KECS_SIM_{variable}": text})
    assert getattr(script, variable.lower()) == value
    assert f"KECS_SIM_{variable}" in variables()


def test_there_are_no_other_variables() -> None:
    assert len(variables()) == 17  # those of the test above


@pytest.mark.parametrize(
    ("variable", "text", "complaint"),
    [
        ("KECS_SIM_EXIT_CODE", "three", "KECS_SIM_EXIT_CODE=three: Expected `int"),
        ("KECS_SIM_EXIT_CODE", "256", "Expected `int` <= 255"),
        ("KECS_SIM_PULL_SECONDS", "-1", "Expected `float` >= 0"),
        ("KECS_SIM_PULL_SECONDS", "nan", "Expected `float`"),
        ("KECS_SIM_RUN_SECONDS", "inf", "Expected `float` <= "),
        ("KECS_SIM_HEALTH", "SICK", "health is one of HEALTHY, UNHEALTHY, UNKNOWN, not 'SICK'"),
        ("KECS_SIM_HEALTH", "HEALTHY@soon", "'soon' is not a number of seconds"),
        ("KECS_SIM_HEALTH", "HEALTHY@9,UNHEALTHY@3", "in the order of time"),
        ("KECS_SIM_SPEED", "1", "KECS_SIM_SPEED: there is no such setting; there are KECS_SIM_PULL_SECONDS"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(variable: str, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=variable) as error:
        ScriptBook({}).script("app", {variable: text})
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"speed": 1},
        {"exit_code": "3"},
        {"pull_seconds": True},
        {"pull_seconds": -1},
        {"output": 5},
        {"health": "SICK"},
        {"ignore_sigterm": "yes"},
    ],
)
def test_a_script_by_image_is_checked(fields: dict[str, Any]) -> None:
    book = ScriptBook({})
    with pytest.raises(ValueError, match=r"\w+"):
        book.set("*", fields)
    assert book.given == {}


def test_output_has_times_and_streams() -> None:
    expected = (
        OutputLine(0.0, "stdout", "at once"),
        OutputLine(0.0, "stdout", "@home is no time"),
        OutputLine(2.5, "stdout", "later"),
        OutputLine(3.0, "stderr", "bad"),
        OutputLine(4.0, "stdout", ""),
    )
    assert output_lines("@3! bad\nat once\n@2.5 later\n@home is no time\n@4") == expected
    assert output_lines(("@3! bad", "at once", "@2.5 later", "@home is no time", "@4")) == expected


def test_no_check_means_no_health() -> None:
    assert not has_check(None)
    assert not has_check(m.HealthCheck(command=["NONE"]))
    assert has_check(m.HealthCheck(command=["CMD-SHELL", "true"]))


@pytest.mark.parametrize(
    ("course", "first", "changes"),
    [
        ("HEALTHY", 0.001, [(0.001, "HEALTHY")]),
        ("UNHEALTHY", 2.0, [(2.0, "UNHEALTHY")]),
        ("HEALTHY@0,UNHEALTHY@30", 0.001, [(0.001, "HEALTHY"), (30.0, "UNHEALTHY")]),
        ("UNHEALTHY,HEALTHY@5,UNHEALTHY@30", 10.0, [(10.0, "HEALTHY"), (30.0, "UNHEALTHY")]),
        ("HEALTHY@5", 0.001, [(5.0, "HEALTHY")]),
        ("UNKNOWN,HEALTHY@5,HEALTHY@6", 0.001, [(5.0, "HEALTHY")]),
        ("HEALTHY,UNKNOWN@5", 0.0, [(0.0, "HEALTHY"), (5.0, "UNKNOWN")]),
    ],
)
def test_by_default_health_changes_at_its_time(course: str, first: float, changes: list[tuple[float, str]]) -> None:
    assert list(at_its_time(health_course(course), first)) == changes


@pytest.mark.parametrize(
    ("course", "check", "changes"),
    [
        ("HEALTHY", {}, [(0.001, "HEALTHY")]),
        ("UNHEALTHY", {}, [(90.0, "UNHEALTHY")]),
        ("UNHEALTHY@0", {"interval": 5, "retries": 1}, [(5.0, "UNHEALTHY")]),
        ("UNHEALTHY", {"interval": 5, "retries": 2, "start_period": 60}, [(70.0, "UNHEALTHY")]),
        ("UNHEALTHY,HEALTHY@20", {"interval": 5}, [(15.0, "UNHEALTHY"), (20.0, "HEALTHY")]),
        ("UNHEALTHY,HEALTHY@10,UNHEALTHY@12", {"interval": 5}, [(10.0, "HEALTHY"), (12.0, "UNHEALTHY")]),
        ("UNHEALTHY@1", {}, [(1.0, "UNHEALTHY")]),
    ],
)
def test_no_check_fails_before_it_can_have_unless_the_script_says_when(
    course: str, check: dict[str, int], changes: list[tuple[float, str]]
) -> None:
    definition = m.HealthCheck(command=["CMD", "x"], **check)
    assert list(as_scripted(health_course(course), definition, None)) == changes
    assert as_scripted(health_course(course), definition, 2.0) == at_its_time(health_course(course), 2.0)


@pytest.mark.parametrize(
    ("course", "check", "changes"),
    [
        ("HEALTHY", {}, [(30.0, "HEALTHY")]),
        ("HEALTHY", {"interval": 5}, [(5.0, "HEALTHY")]),
        ("UNHEALTHY", {"interval": 5}, [(15.0, "UNHEALTHY")]),
        ("UNHEALTHY", {"interval": 5, "retries": 1}, [(5.0, "UNHEALTHY")]),
        ("UNHEALTHY", {"interval": 5, "retries": 2, "start_period": 60}, [(70.0, "UNHEALTHY")]),
        # A first success ends the start period: failures count from then on.
        (
            "HEALTHY,UNHEALTHY@12",
            {"interval": 5, "retries": 2, "start_period": 60},
            [(5, "HEALTHY"), (20, "UNHEALTHY")],
        ),
        # Too few failures in a row change nothing.
        ("HEALTHY,UNHEALTHY@6,HEALTHY@14", {"interval": 5}, [(5.0, "HEALTHY")]),
        ("UNHEALTHY,HEALTHY@32", {"interval": 5}, [(15.0, "UNHEALTHY"), (35.0, "HEALTHY")]),
        # A good spell between two checks is not seen.
        ("UNHEALTHY,HEALTHY@6,UNHEALTHY@9", {"interval": 5}, [(15.0, "UNHEALTHY")]),
        ("UNKNOWN", {"interval": 5}, []),
    ],
)
def test_by_definition_health_changes_as_checks_find_it(
    course: str, check: dict[str, int], changes: list[tuple[float, str]]
) -> None:
    assert list(by_definition(health_course(course), m.HealthCheck(command=["CMD", "x"], **check))) == changes


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["HEALTHY", "UNHEALTHY"])), min_size=1, max_size=5),
    st.integers(1, 7),
    st.integers(1, 4),
    st.integers(0, 30),
)
def test_by_definition_finds_what_check_after_check_finds(
    steps: list[tuple[int, str]], interval: int, retries: int, start_period: int
) -> None:
    """Property: the computed changes are those of a plain loop over all checks, as Docker runs them."""
    course = tuple(HealthStep(float(at), status) for at, status in sorted(dict(steps).items()))  # type: ignore[arg-type]
    check = m.HealthCheck(command=["CMD", "x"], interval=interval, retries=retries, start_period=start_period)
    found, status, streak, begun = [], "", 0, False
    for at in range(interval, 100, interval):
        result = next((step.status for step in reversed(course) if step.at <= at), None)
        if result == "HEALTHY":
            streak, begun, now = 0, True, "HEALTHY"
        elif result == "UNHEALTHY" and (begun or at > start_period):
            streak += 1
            now = "UNHEALTHY" if streak >= retries else status
        else:
            now = status
        if now != status:
            found.append((float(at), now))
            status = now
    assert [tuple(change) for change in by_definition(course, check)] == found
