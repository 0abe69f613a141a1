"""The coverage page: its list of members names what exists, leaves nothing out, and the page follows the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import fields

from kecs.aws.model import ecs as m
from kecs.runtimes.docker.translate import NOT_ACTED_ON
from kecs.runtimes.kubernetes.manifests import containers
from kecs.services.api import Api
from kecs.services.apis import APIS
from kecs.services.ecs.unacted import UNACTED
from kecs.services.ecs.unacted_on_kubernetes import ON_KUBERNETES
from tools import coverage

ECS = APIS[0]
EACH_API = pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)


@EACH_API
def test_every_key_names_a_member_that_callers_can_send(api: Api) -> None:
    known = {member.key for member in coverage.reachable(api, closed=())}
    assert sorted(set(coverage.unacted(api)) - known) == []


@EACH_API
def test_every_text_is_a_sentence_that_fits_into_a_table(api: Api) -> None:
    texts = coverage.unacted(api).items()
    assert [key for key, text in texts if not text.endswith(".") or "|" in text or "\n" in text] == []


def test_what_becomes_of_members_on_kubernetes_is_said_of_what_there_is() -> None:
    known = {member.key for member in coverage.reachable(ECS, closed=())}
    assert sorted(set(ON_KUBERNETES) - known) == []
    texts = ON_KUBERNETES.items()
    assert [key for key, text in texts if not text.endswith(".") or "|" in text or "\n" in text] == []
    page = coverage.render()
    assert [key for key, text in texts if f"`{key.partition('.')[2]}`: {text} |" not in page] == []


def test_nothing_is_ignored_in_silence() -> None:
    assert coverage.ignored_in_silence(coverage.names_read()) == []


def test_a_member_that_no_code_reads_is_found() -> None:
    assert "memory_reservation" in coverage.names_read()
    read = coverage.names_read() - {"memory_reservation", "start_timeout"}
    assert coverage.ignored_in_silence(read) == [
        "ContainerDefinition.memoryReservation",
        "ContainerDefinition.startTimeout",
        "ContainerOverride.memoryReservation",
        "DaemonContainerDefinition.memoryReservation",
        "DaemonContainerDefinition.startTimeout",
    ]


def test_what_the_docker_runtime_does_not_act_on_is_listed() -> None:
    wire = {field.name: field.encode_name for field in fields(m.ContainerDefinition)}
    assert [name for name in NOT_ACTED_ON if f"ContainerDefinition.{wire[name]}" not in UNACTED] == []


def test_what_the_kubernetes_runtime_does_not_act_on_is_listed() -> None:
    shapes = {"": m.ContainerDefinition, "linux_parameters.": m.LinuxParameters}
    wire = {
        f"{prefix}{field.name}": f"{shape.__name__}.{field.encode_name}"
        for prefix, shape in shapes.items()
        for field in fields(shape)
    } | {"log_configuration": "LogConfiguration.logDriver"}
    assert [name for name in containers.NOT_ACTED_ON if wire[name] not in ON_KUBERNETES] == []


def test_members_are_reached_through_lists_and_options_but_not_below_closed_ones() -> None:
    keys = {member.key for member in coverage.reachable(ECS, (), ["RegisterTaskDefinition"])}
    assert {"RegisterTaskDefinition.family", "ContainerDefinition.image", "KernelCapabilities.add"} <= keys
    below = coverage.reachable(ECS, {"LinuxParameters.capabilities"}, ["RegisterTaskDefinition"])
    assert keys - {member.key for member in below} == {"KernelCapabilities.add", "KernelCapabilities.drop"}


def section(api: Api) -> list[str]:
    """The lines of the page that are about an API."""
    lines = coverage.render().splitlines()
    return "\n".join(lines[lines.index(f"## {api.title}") + 1 :]).split("\n## ")[0].splitlines()


@EACH_API
def test_the_page_says_of_every_operation_whether_it_is_there(api: Api) -> None:
    lines = section(api)
    states = {name: "yes" if name in api.parts.handlers else "not yet" for name in api.parts.operations}
    assert [name for name, state in states.items() if f"| `{name}` | {state} |" not in lines] == []
    assert f"{len(api.parts.handlers)} of {api.title}'s {len(api.parts.operations)} operations." in lines


@EACH_API
def test_the_page_says_of_every_member_what_becomes_of_it(api: Api) -> None:
    lines, texts = section(api), coverage.unacted(api)
    for member in coverage.reachable(api, texts):
        owner, _, name = member.key.partition(".")
        rows = [line for line in lines if line.startswith(f"| `{owner}` | {coverage.state_of(api, member.key)} |")]
        assert any(f"`{name}`" in row for row in rows), member.key
        assert member.key not in texts or any(texts[member.key] in row for row in rows)


@pytest.mark.parametrize(
    ("key", "state"),
    [
        ("CreateService.cluster", coverage.ACTED),
        ("LogConfiguration.logDriver", coverage.PARTLY),
        ("CreateService.role", coverage.STORED),
        ("RegisterTaskDefinition.inferenceAccelerators", coverage.REFUSED),
    ],
)
def test_the_first_words_of_a_text_tell_what_becomes_of_the_member(key: str, state: str) -> None:
    assert coverage.state_of(ECS, key) == state


def test_check_tells_a_stale_page_from_a_fresh_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    monkeypatch.setattr(coverage, "PAGE", tmp_path / "coverage.md")
    assert coverage.main(["--check"]) == 1
    assert "coverage.md is stale: run python tools/coverage.py" in capsys.readouterr().err
    assert coverage.main([]) == 0
    assert coverage.main(["--check"]) == 0


def test_the_committed_page_is_fresh() -> None:
    assert coverage.PAGE.read_text() == coverage.render()
