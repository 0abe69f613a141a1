"""`kecs snapshot` and `kecs restore`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Shell


def test_a_snapshot_goes_into_a_file_and_comes_back(shell: Shell, tmp_path: Path) -> None:
    shell.ok("start", "--detach")
    file = str(tmp_path / "state.json")
    shell.ok("snapshot", "-o", file)
    assert json.loads(shell.ok("snapshot"))["kecsSnapshot"] == json.loads(Path(file).read_text())["kecsSnapshot"] == 1
    shell.ok("start", "--detach", "--instance", "other")
    assert shell.ok("restore", file, "--instance", "other") == "KECS is as in the snapshot: 0 records.\n"


def test_what_cannot_be_is_one_clear_line(shell: Shell, tmp_path: Path) -> None:
    assert "KECS is not running" in shell.refused("snapshot")
    shell.ok("start", "--detach")
    (tmp_path / "no.json").write_text("nothing of the kind")
    assert "no.json is no snapshot of KECS: " in shell.refused("restore", str(tmp_path / "no.json"))
    (tmp_path / "new.json").write_text('{"kecsSnapshot": 99, "version": "9"}')
    assert "taken by a newer KECS (9)" in shell.refused("restore", str(tmp_path / "new.json"))
    assert "cannot be written" in shell.refused("snapshot", "-o", str(tmp_path / "nowhere" / "x"))
