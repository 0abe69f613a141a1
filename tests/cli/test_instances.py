"""The registry of instances, without any server: folders and locks."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kecs.cli.instances import NAME_PATTERN, AlreadyRunning, Instance, Running, all_instances, data_root

ABOUT = Running(
    pid=1, url="http://127.0.0.1:1", runtime="docker", started_at=1.0, account="0" * 12, region="r", ephemeral=False
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    instance = Instance(tmp_path, "one")
    assert instance.read() is None
    instance.claim()
    instance.write(ABOUT)
    assert Instance(tmp_path, "one").read() == ABOUT
    assert [path.name for path in instance.directory.iterdir()] == ["instance.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "instance.json").write_text(content)
    assert Instance(tmp_path, "one").read() is None


def test_an_instance_belongs_to_one_at_a_time(tmp_path: Path) -> None:
    first, second = Instance(tmp_path, "one"), Instance(tmp_path, "one")
    assert not first.running()
    first.claim()
    assert second.running()
    with pytest.raises(AlreadyRunning):
        second.claim()
    Instance(tmp_path, "two").claim()


def test_an_instance_is_free_when_its_process_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from kecs.cli.instances import Instance\n"
        "Instance(Path(sys.argv[1]), 'one').claim(); print('claimed', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"claimed\n"
        assert Instance(tmp_path, "one").running()
        holder.send_signal(signal.SIGKILL)
    assert not Instance(tmp_path, "one").running()
    Instance(tmp_path, "one").claim()


def test_an_ephemeral_instance_leaves_nothing(tmp_path: Path) -> None:
    instance = Instance(tmp_path, "one")
    instance.claim()
    instance.write(ABOUT)
    instance.log.write_text("hello")
    instance.forget()
    assert list(tmp_path.iterdir()) == []


def test_an_ephemeral_instance_leaves_the_state_of_another(tmp_path: Path) -> None:
    instance = Instance(tmp_path, "one")
    instance.claim()
    instance.write(ABOUT)
    (instance.directory / "state.sqlite").write_text("state")
    instance.forget()
    assert [path.name for path in instance.directory.iterdir()] == ["state.sqlite"]


def test_instances_of_the_same_name_are_told_apart_in_docker(tmp_path: Path) -> None:
    here, there = Instance(tmp_path / "here", "one"), Instance(tmp_path / "there", "one")
    assert here.label != there.label
    assert here.label == Instance(tmp_path / "here", "one").label
    assert here.label.startswith("one-")


def test_a_folder_that_is_removed_and_made_again_can_be_claimed(tmp_path: Path) -> None:
    first = Instance(tmp_path, "one")
    first.claim()
    first.remove()
    Instance(tmp_path, "one").claim()


def test_instances_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("b", "a", "-odd"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    assert [instance.name for instance in all_instances(tmp_path)] == ["a", "b"]
    assert all_instances(tmp_path / "missing") == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", "a" * 64, "a\n"])
def test_names_that_are_no_folder_names_are_refused(name: str) -> None:
    assert NAME_PATTERN.fullmatch(name) is None


def test_the_data_root_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert data_root(None) == Path("/state/kecs")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/users/me")
    assert data_root(None) == Path("/users/me/.local/state/kecs")
    assert data_root(Path("here")) == Path.cwd() / "here"
