"""The project of docs/guides/ci.md: each block is the file that the text before it names, and every command that CI
would run there runs here.

Installing packages and building the user's image are left out, because they would need a registry and the user's
sources. A job's service is a KECS of the test's own, started as the job says.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.docs.test_examples import ROOT, WRITTEN_URL
from tests.support import programs
from tests.support.images import test_image

from kecs.testing import start_server

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs/guides/ci.md"
LEFT_OUT = ("pip install ", "docker build ")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("KECS_", "AWS_", "PYTEST_", "MAKE"))}

_NAMED_BLOCK = re.compile(r"`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```\w+$", re.MULTILINE)
_ACTION = re.compile(r"[\w-]+/[\w-]+@v\d+")

FILES = dict(_NAMED_BLOCK.findall(PAGE.read_text()))
WORKFLOWS = {name: yaml.safe_load(text) for name, text in FILES.items() if name.startswith(".github/workflows/")}
JOBS = {job: body for workflow in WORKFLOWS.values() for job, body in workflow["jobs"].items()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def run(command: str, project: Path, **environment: str) -> str:
    """What a step of CI prints, as GitHub and GitLab run it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{CLEAN['PATH']}"
    variables = CLEAN | {"PATH": path, "AWS_PAGER": "", "HOME": str(project)} | environment
    return programs.run(["bash", "-eo", "pipefail", "-c", command], cwd=project, env=variables)


def commands(job: Any) -> list[str]:
    lines = [step["run"] for step in job["steps"] if "run" in step]
    return [line for line in lines if not line.startswith(LEFT_OUT)]


def test_every_block_is_a_file() -> None:
    assert len(FILES) == len(_BLOCK.findall(PAGE.read_text()))


@pytest.mark.parametrize("job", JOBS)
def test_workflows_are_made_of_known_parts(job: str) -> None:
    for step in JOBS[job]["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert "uses" not in step or _ACTION.fullmatch(step["uses"])
    assert JOBS[job]["runs-on"] == "ubuntu-24.04"


def test_the_simulated_job(project: Path) -> None:
    (command,) = commands(JOBS["simulated"])
    assert "2 passed" in run(command, project, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert "1 passed, 1 deselected" in run("make test-some TEST=update", project)


@pytest.mark.long
def test_what_a_failed_test_leaves_is_what_the_job_keeps(project: Path) -> None:
    (command,) = commands(JOBS["simulated"])
    test = project / "tests/test_orders.py"
    test.write_text(test.read_text().replace("== 1", "== 2"))
    with pytest.raises(AssertionError, match="1 failed, 1 passed"):
        run(command, project)
    (kept,) = [step["with"]["path"] for step in JOBS["simulated"]["steps"] if "upload" in step.get("uses", "")]
    assert any((project / kept).iterdir())


@pytest.mark.long
@pytest.mark.docker
def test_the_docker_job(project: Path) -> None:
    (command,) = commands(JOBS["docker"])
    assert "2 passed" in run(command, project, ORDERS_IMAGE=test_image("v1"))
    printed = run("make test-integration-verbose", project, ORDERS_IMAGE=test_image("v1"))
    assert "tests/test_orders.py::test_orders_are_updated" in printed
    assert "ACTIVATING -> RUNNING" in printed


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_job_with_a_service(project: Path) -> None:
    job = JOBS["check"]
    service = job["services"]["kecs"]
    assert service["ports"] == [f"{WRITTEN_URL.rsplit(':', 1)[-1]}:5373"]
    assert service["env"] == {"KECS_TEST_MODE": "true"}
    with start_server(test_mode=True) as server:
        environment = {name: value.replace(WRITTEN_URL, server.endpoint) for name, value in job["env"].items()}
        assert environment != job["env"]
        for command in commands(job):
            run(command, project, **environment)
    (kept,) = [step["with"]["path"] for step in job["steps"] if "with" in step]
    assert '"serviceName"' in (project / kept).read_text()


def test_the_job_without_docker_runs_the_same(project: Path) -> None:
    job = yaml.safe_load(FILES[".gitlab-ci.yml"])["test"]
    (command,) = [line for line in job["script"] if not line.startswith(LEFT_OUT)]
    (simulated,) = commands(JOBS["simulated"])
    assert run(simulated.replace("make ", "make --dry-run "), project) == f"{command}\n"
    assert job["artifacts"]["paths"] == ["test-artifacts"]


def test_the_sidecar() -> None:
    (kecs,) = yaml.safe_load(FILES["pod.yaml"])["spec"]["initContainers"]
    assert kecs["startupProbe"]["httpGet"] == {"path": "/_kecs/health", "port": 5373}
    (mount,) = kecs["volumeMounts"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"VOLUME {mount['mountPath']}\n" in dockerfile
    assert "EXPOSE 5373\n" in dockerfile
