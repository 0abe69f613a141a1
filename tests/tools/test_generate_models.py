"""The generator of the models says when the committed file is not what it would write."""

from __future__ import annotations

from pathlib import Path

import botocore.session
import pytest

from tools import generate_models


@pytest.fixture(params=generate_models.SERVICES)
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of the copies of the committed files that the generator takes for the real ones."""
    for name in generate_models.SERVICES:
        (tmp_path / f"{name}.py").write_text((generate_models.FOLDER / f"{name}.py").read_text())
    monkeypatch.setattr(generate_models, "FOLDER", tmp_path)
    return tmp_path / f"{request.param}.py"


def test_what_is_committed_is_fresh(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["generate_models.py", "--check"])

    assert generate_models.main() == 0


def test_an_edited_file_is_stale_and_left_alone(
    target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = target.read_text().replace("class Shape(", "class Shapes(")
    target.write_text(edited)
    monkeypatch.setattr("sys.argv", ["generate_models.py", "--check"])

    assert generate_models.main() == 1

    assert "is stale" in capsys.readouterr().err
    assert target.read_text() == edited


def test_without_a_flag_it_is_written_anew(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = target.read_text()
    target.write_text("")
    monkeypatch.setattr("sys.argv", ["generate_models.py"])

    assert generate_models.main() == 0

    assert target.read_text() == committed


def test_a_service_may_have_only_some_of_its_operations() -> None:
    few = generate_models.Service("Events", "events", frozenset({"PutEvents"}))
    model = botocore.session.get_session().get_service_model("events")
    text = generate_models.Writer(few, model).module()
    assert "class PutEventsResultEntry(" in text
    assert "class PutRuleRequest(" not in text
    assert text.count("Operation(") == 1
