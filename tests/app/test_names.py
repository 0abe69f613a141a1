"""The key of the names that containers ask by: kept beside the journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from kecs.app.names import KEY_FILE, names_of

TASK = "arn:aws:ecs:us-east-1:111111111111:task/c/t"


def test_a_kecs_that_keeps_its_state_keeps_its_names(tmp_path: Path) -> None:
    first = names_of(tmp_path).container(TASK, "app")
    assert names_of(tmp_path).container(TASK, "app") == first
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_one_that_keeps_nothing_has_others_each_time() -> None:
    assert names_of(None).container(TASK, "app") != names_of(None).container(TASK, "app")


@pytest.mark.parametrize("spoilt", [b"", b"short"])
def test_a_key_that_is_none_is_made_anew(tmp_path: Path, spoilt: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(spoilt)
    (tmp_path / KEY_FILE).with_suffix(".new").touch()
    first = names_of(tmp_path).container(TASK, "app")
    assert names_of(tmp_path).container(TASK, "app") == first
