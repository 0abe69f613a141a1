"""The plugin as its users have it: in a pytest of their own, where it is known by KECS's installation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run pytest on a module of tests; what it printed, once the outcome was as expected."""

    def run(tests: str, *flags: str, code: int = 0) -> str:
        (tmp_path / "test_it.py").write_text(tests)
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_installation_registers_it() -> None:
    assert [found.value for found in entry_points(group="pytest11", name="kecs")] == ["kecs.testing.plugin"]


def test_it_costs_nothing_where_no_fixture_is_used(run: Run) -> None:
    run(
        "import sys\n"
        "def test_nothing_is_loaded():\n"
        "    assert 'kecs.testing.plugin' in sys.modules\n"
        "    assert not {'boto3', 'uvloop', 'msgspec', 'kecs.testing.server', 'kecs.app'} & sys.modules.keys()\n"
    )


def test_it_can_be_left_out(run: Run) -> None:
    assert "fixture 'kecs' not found" in run("def test_it(kecs): pass\n", "-p", "no:kecs", code=1)


FIXTURES = """
from kecs.testing import deploy_service, running_tasks

def test_a_cluster_of_its_own(ecs, ecs_cluster):
    deploy_service(ecs, ecs_cluster, "web", count=2)
    assert len(running_tasks(ecs, ecs_cluster)) == 2

def test_the_others_are_gone(ecs, ecs_cluster, kecs):
    active = [arn.rsplit("/", 1)[-1] for arn in ecs.list_clusters()["clusterArns"]]
    assert sorted(active) == sorted(["default", ecs_cluster])

def test_frozen(kecs_clock):
    kecs_clock.freeze()
    assert kecs_clock.frozen

def test_flowing(kecs_clock):
    assert not kecs_clock.frozen
"""


@pytest.mark.parametrize("flags", [[], ["--kecs-child"], ["-n", "2"]], ids=["one process", "a child", "two workers"])
def test_the_fixtures(run: Run, flags: list[str]) -> None:
    assert "4 passed" in run(FIXTURES, *flags)


def test_what_a_failed_test_leaves_is_cleaned_up(run: Run) -> None:
    printed = run(
        "from kecs.testing import deploy_service\n"
        "def test_it_fails(ecs, ecs_cluster):\n"
        "    deploy_service(ecs, ecs_cluster, 'web', count=2)\n"
        "    assert False, 'on purpose'\n"
        "def test_the_next(ecs):\n"
        "    assert len(ecs.list_clusters()['clusterArns']) == 1\n",
        code=1,
    )
    assert "1 failed, 1 passed" in printed


MARKED = """
import pytest

@pytest.mark.kecs(region="eu-west-1")
def test_one(kecs, ecs):
    assert kecs.region == ecs.meta.region_name == "eu-west-1"
    ecs.create_cluster(clusterName="shared")

def test_other(kecs, ecs):
    assert kecs.region == "us-east-1"
    assert len(ecs.list_clusters()["clusterArns"]) == 1

@pytest.mark.kecs(region="eu-west-1")
def test_third(ecs):
    assert len(ecs.list_clusters()["clusterArns"]) == 2

@pytest.mark.kecs(env={"KECS_ACCOUNT": "444444444444"})
@pytest.mark.parametrize("number", [1, 2])
def test_fourth(ecs, ecs_cluster, number):
    assert ":444444444444:" in ecs.list_clusters()["clusterArns"][0]
"""


def test_tests_with_the_same_marker_share_a_server(run: Run) -> None:
    assert "5 passed" in run(MARKED)


def test_the_marker_is_explained_and_checked(run: Run) -> None:
    assert "@pytest.mark.kecs(**options):" in run("", "--markers")
    printed = run("import pytest\n@pytest.mark.kecs('docker')\ndef test_it(kecs): pass\n", code=2)
    assert "The marker kecs takes keyword arguments only" in printed


def test_a_runtime_for_all_and_one_that_cannot_be_had(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1 passed" in run("def test_it(kecs): assert kecs.runtime == 'simulated'\n", "--kecs-runtime", "simulated")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    printed = run("def test_it(kecs): pass\n", "--kecs-runtime", "docker", code=1)
    assert "NotStarted: KECS did not start: " in printed


def test_a_marker_wins_over_the_options(run: Run) -> None:
    marked = "import pytest\n@pytest.mark.kecs(test_mode=True, in_process=True)\ndef test_it(kecs):\n"
    assert "1 passed" in run(
        marked + "    assert kecs.runtime == 'simulated'\n", "--kecs-runtime=docker", "--kecs-child"
    )
