"""What a failed test is told, and that the next one finds everything as it should be: in a pytest of their own."""

from __future__ import annotations

import http.client
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.testing.conftest import Run

FAILING = """
import pytest
from kecs.testing import create_test_task_definition, deploy_service, wait_for_task

@pytest.fixture
def job(ecs, ecs_cluster):
    deploy_service(ecs, ecs_cluster, "orders", "orders:1", count=2)
    script = ["sh", "-c", "echo out of paper; exit 7"]
    definition = create_test_task_definition(ecs, "job", command=script)
    task = ecs.run_task(cluster=ecs_cluster, taskDefinition=definition)["tasks"][0]["taskArn"]
    wait_for_task(ecs, ecs_cluster, task, "STOPPED")

def test_before(ecs, ecs_cluster):
    deploy_service(ecs, ecs_cluster, "of-another-test")
"""
TOLD = (
    "Service orders is ACTIVE: desired 2, running 2, pending 0",
    "(service orders) has reached a steady state.",
    "  container app: exit code 7",
    "    | out of paper",
    "RUNNING -> STOPPED",
)


@pytest.mark.parametrize("flags", [[], ["--kecs-child"], ["-n", "2"]], ids=["one process", "a child", "two workers"])
def test_a_failed_test_is_told_what_its_cluster_was_like(run: Run, flags: list[str]) -> None:
    printed = run(FAILING + "def test_it(job): assert False, 'on purpose'\n", *flags, code=1)
    told = printed.split(" KECS --")[1]
    assert [line for line in TOLD if line not in told] == []
    assert "of-another-test" not in told
    assert " is INACTIVE" not in told  # it was looked at before it was torn down


def test_a_failure_of_a_fixture_too(run: Run) -> None:
    fixture = "@pytest.fixture\ndef checked(job):\n    {}assert False\n    {}\ndef test_it(checked): pass\n"
    for text in (fixture.format("", "yield"), fixture.format("yield; ", "")):
        told = run(FAILING + text, code=1).split(" KECS --")[1]
        assert "container app" in told
        assert "Cluster test_it-" in told


def test_a_cluster_that_cannot_be_deleted(run: Run) -> None:
    tests = (
        "import kecs.testing.creating\n"
        "kecs.testing.creating.cleanup_cluster.__defaults__ = (0.5,)\n"
        "from kecs.testing import create_test_task_definition\n"
        "def test_it(kecs, ecs, ecs_cluster):\n"
        "    stubborn = create_test_task_definition(ecs, environment={'KECS_SIM_IGNORE_SIGTERM': 'true'})\n"
        "    ecs.run_task(cluster=ecs_cluster, taskDefinition=stubborn)\n"
        "    kecs.clock.run_until_stable()\n"
    )
    printed = run(tests, code=1)
    assert "is still there after 0.5 s: The Cluster cannot be deleted while Tasks are active." in printed
    assert "1 passed, 1 error" in printed
    assert "is ACTIVE" in printed.split(" KECS --")[1]


def test_without_a_cluster_of_its_own_it_is_told_of_its_time_only(run: Run) -> None:
    tests = (
        "from kecs.testing import deploy_service\n"
        "def test_before(ecs):\n"
        "    ecs.create_cluster(clusterName='old')\n"
        "    deploy_service(ecs, 'old', 'early')\n"
        "def test_it(ecs):\n"
        "    ecs.create_cluster(clusterName='new')\n"
        "    deploy_service(ecs, 'new', 'late')\n"
        "    assert False\n"
    )
    told = run(tests, code=1).split(" KECS --")[1]
    assert "cluster new is ACTIVE\nService late is ACTIVE" in told
    assert "early" not in told
    assert "cluster old" not in told


def test_only_who_has_failed_and_uses_a_kecs_is_told_anything(run: Run) -> None:
    tests = (
        "import pytest\n"
        "def test_that_fails(): assert False\n"
        "@pytest.mark.xfail(strict=True)\n"
        "def test_that_is_meant_to(ecs): assert False\n"
        "def test_that_is_skipped(ecs): pytest.skip('no')\n"
        "def test_that_passes(ecs): pass\n"
    )
    assert " KECS --" not in run(tests, "-rA", code=1)


def test_a_server_of_ones_own_tells_too(run: Run) -> None:
    tests = (
        "import pytest\n"
        "from kecs.testing import deploy_service, start_server\n"
        "@pytest.fixture\n"
        "def mine():\n"
        "    with start_server() as server:\n"
        "        yield server\n"
        "def test_it(mine, kecs):\n"
        "    deploy_service(mine.ecs_client(), 'default', 'in-mine')\n"
        "    assert False\n"
    )
    printed = run(tests, code=1)
    assert printed.count(" KECS --") == 2
    assert "Service in-mine is ACTIVE" in printed


@pytest.mark.parametrize("how", ["option", "environment", "configuration"])
def test_files_for_later(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    flags = {"option": ["--kecs-artifacts", "kept"], "configuration": ["-o", "kecs_artifacts=kept"]}.get(how, [])
    if how == "environment":
        monkeypatch.setenv("KECS_ARTIFACTS", "kept")
    test = "@pytest.mark.parametrize('size', ['a/b'])\ndef test_it(job, size): assert False\n"
    printed = run(FAILING + test, *flags, code=1)
    (folder,) = (tmp_path / "kept").iterdir()
    assert folder.name == "test_it.py-test_it-a-b"
    assert f"All of it: {folder}" in printed
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    assert names[:2] == ["diagnostics.json", "diagnostics.txt"]
    assert names[-1] == "timeline.txt"
    assert [(folder / name).read_text() for name in names if name.startswith("logs/")] == ["out of paper\n"]


def test_files_that_cannot_be_written_are_no_second_failure(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    printed = run("def test_it(ecs): assert False\n", "--kecs-artifacts", "taken", code=1)
    assert "It could not be written to " in printed
    assert "1 failed" in printed


RUDE = """
import os, signal
from kecs.testing import create_test_task_definition, deploy_service, wait_for_task

def test_that_deletes_its_cluster(ecs, ecs_cluster):
    ecs.delete_cluster(cluster=ecs_cluster)

def test_that_stops_the_server(kecs, ecs_cluster):
    kecs.cleanup()

def test_after_it(ecs, ecs_cluster):
    deploy_service(ecs, ecs_cluster, "web")

def test_that_freezes(kecs, ecs_cluster):
    kecs.clock.freeze()

def test_that_is_not_frozen(kecs):
    assert not kecs.clock.frozen

def test_that_stops_the_server_under_the_clock(kecs_clock, kecs):
    kecs_clock.freeze()
    kecs.cleanup()

def test_whose_tasks_do_not_want_to_end(ecs, ecs_cluster):
    stubborn = {"KECS_SIM_IGNORE_SIGTERM": "true"}
    deploy_service(ecs, ecs_cluster, "web", count=2, environment=stubborn)
    alone = create_test_task_definition(ecs, environment=stubborn)
    task = ecs.run_task(cluster=ecs_cluster, taskDefinition=alone)["tasks"][0]["taskArn"]
    wait_for_task(ecs, ecs_cluster, task)

def test_that_all_is_as_at_the_beginning(ecs):
    assert len(ecs.list_clusters()["clusterArns"]) == 1
"""


@pytest.mark.parametrize("flags", [[], ["--kecs-child"]], ids=["this process", "a child"])
def test_nothing_a_test_does_is_in_the_way_of_the_next(run: Run, flags: list[str]) -> None:
    assert "8 passed" in run(RUDE, *flags)


def test_a_server_that_was_killed_is_said_so_and_there_is_another(run: Run) -> None:
    tests = (
        "import os, signal\n"
        "def test_that_kills_it(kecs, ecs_cluster):\n"
        "    os.kill(kecs._host._process.pid, signal.SIGKILL)\n"
        "    kecs._host._process.wait(10)\n"
        "    assert False\n"
        "def test_the_next(ecs, ecs_cluster): pass\n"
    )
    printed = run(tests, "--kecs-child", code=1)
    assert "! This KECS does not run any more: its process has ended with code -9." in printed
    assert "1 failed, 1 passed" in printed


@pytest.mark.parametrize("flags", [[], ["--kecs-child"]], ids=["this process", "a child"])
def test_an_interrupted_session_leaves_nothing(run: Run, tmp_path: Path, flags: list[str]) -> None:
    tests = (
        "import pathlib\n"
        "from kecs.testing import deploy_service\n"
        "def test_it(kecs, ecs, ecs_cluster):\n"
        "    deploy_service(ecs, ecs_cluster, 'web')\n"
        "    pathlib.Path('endpoint').write_text(kecs.endpoint)\n"
        "    raise KeyboardInterrupt\n"
    )
    assert "KeyboardInterrupt" in run(tests, *flags, code=2)
    address = (tmp_path / "endpoint").read_text().removeprefix("http://")
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address).connect()


def test_a_child_does_not_outlive_its_tests_whatever_ends_them(tmp_path: Path) -> None:
    program = (
        "from kecs.testing import start_server\n"
        "server = start_server(in_process=False)\n"
        "print(server._host._process.pid, flush=True)\n"
        "server._host._process.wait()\n"
    )
    tests = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert tests.stdout is not None
    child = os.pidfd_open(int(tests.stdout.readline()))
    try:
        tests.send_signal(signal.SIGKILL)
        tests.wait(10)
        assert select.select([child], [], [], 20)[0], "it still runs"
    finally:
        os.close(child)
        tests.stdout.close()


def test_a_bug_of_its_own_does_not_end_the_session(run: Run) -> None:
    printed = run(
        "from kecs.testing import Diagnostics\n"
        "def test_one(ecs):\n"
        "    Diagnostics.__str__ = lambda self: {}['how it is']\n"
        "    assert False, 'on purpose'\n"
        "def test_other(ecs): pass\n",
        code=1,
    )
    assert "on purpose" in printed
    assert "Nothing can be told, because of a bug of KECS's own: KeyError('how it is')" in printed
    assert "1 failed, 1 passed" in printed


SEEN = """
import pytest
from kecs.testing import deploy_service, probe, running_tasks, watch_service, wait_for_stable_service

def look(ecs, cluster):
    deploy_service(ecs, cluster, "web", count=2)
    with watch_service(ecs, cluster, "web", minimum=2) as watch, probe("http://127.0.0.1:1/") as traffic:
        ecs.stop_task(cluster=cluster, task=running_tasks(ecs, cluster, "web")[0]["taskArn"])
        wait_for_stable_service(ecs, cluster, "web")
    return watch, traffic

def test_it_fails(ecs, ecs_cluster):
    watch, traffic = look(ecs, ecs_cluster)
    assert watch.lowest == 2 or traffic.failed == 0

def test_its_error_tells(ecs, ecs_cluster):
    watch, traffic = look(ecs, ecs_cluster)
    watch.assert_always_healthy()

def test_another(ecs):
    assert False
"""


def test_pictures_of_what_went_wrong(run: Run) -> None:
    # The summary at the end repeats the messages, cut to the terminal's width unless CI is set.
    sections, _ = run(SEEN, code=1).split("short test summary info")
    first, second, third = re.split(r"\n_+ test_\w+ _+\n", sections)[1:]
    for told, seen in {first: 1, second: 1, third: 0}.items():
        assert told.count("1 healthy tasks at the least") == seen
        assert told.count("requests in") == seen
