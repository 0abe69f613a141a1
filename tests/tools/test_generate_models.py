"""The generator of the models says when the committed file is not what it would write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import generate_models


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed file that the generator takes for the real one."""
    path = tmp_path / "model" / "ecs.py"
    path.parent.mkdir()
    path.write_text(generate_models.TARGET.read_text())
    monkeypatch.setattr(generate_models, "TARGET", path)
    return path


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
