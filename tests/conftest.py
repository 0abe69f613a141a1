"""What holds for every test: how hypothesis looks for examples, and which tests need a Docker Engine or Kubernetes.

Fixtures belong to the folder that needs them; nothing here is a fixture.
"""

from __future__ import annotations

import functools
import http.client
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.engine import EngineConnection

# The same examples in every run, and no limit of time on one: the machine that runs the tests may be busy.
# `make test PYTEST_ARGS=--hypothesis-profile=explore` looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("repeatable")

# What tests may need, by its marker.
NEEDED = ("docker", "kubernetes")
# Which worker runs them: where both are on one machine, both lead from 169.254.170.2 to KECS.
WORKERS = {"docker": ("docker",), "kubernetes": ("docker", "docker-link")}
REQUIRED = {name: os.environ.get(f"KECS_REQUIRE_{name.upper()}") == "1" for name in NEEDED}


@functools.cache
def docker_problem() -> str | None:
    """Why no Docker Engine can be used, or None; asked once per process."""
    connection = EngineConnection("docker", timeout=10)
    try:
        connection.request("GET", "/_ping")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no Docker Engine answers: {error}"
    finally:
        connection.close()
    return None if status == 200 else f"the Docker Engine answers its ping with status {status}"


@functools.cache
def kubernetes_problem() -> str | None:
    """Why no Kubernetes cluster can be used, or None. Only the one that is named for tests is ever touched."""
    kubeconfig = os.environ.get("KECS_TEST_KUBECONFIG")
    if not kubeconfig:
        return "`make test-kubernetes` runs it, on the cluster that KECS_TEST_KUBECONFIG names"
    return None if Path(kubeconfig).exists() else f"KECS_TEST_KUBECONFIG names {kubeconfig}, which is not there"


def problem_with(needed: str) -> str | None:
    return {"docker": docker_problem, "kubernetes": kubernetes_problem}[needed]()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all tests of an engine, one after the other: they share it, and ports of this machine."""
    for item in items:
        for needed in NEEDED:
            if item.get_closest_marker(needed):
                for group in WORKERS[needed]:
                    item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(tryfirst=True)  # before fixtures that would talk to the engine
def pytest_runtest_setup(item: pytest.Item) -> None:
    for needed in NEEDED:
        if item.get_closest_marker(needed) and (problem := problem_with(needed)):
            pytest.skip(problem)


def _may_be_missing(engine: str) -> bool:
    return not REQUIRED[engine] and problem_with(engine) is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where an engine is required, a test of it that is skipped, but for what that engine cannot do or for a program
    that is not there, has failed."""
    report = yield
    engines = [needed for needed in NEEDED if item.get_closest_marker(needed)]
    if not report.skipped or hasattr(report, "wasxfail") or any(map(_may_be_missing, engines)):
        return report
    for needed in engines:
        if REQUIRED[needed]:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            if f"not on {needed}: " not in str(reason) and "is not installed" not in str(reason):
                report.outcome = "failed"
                report.longrepr = f"KECS_REQUIRE_{needed.upper()}=1, but {reason}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have counted with `record_property("name", number)`, added up."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", ()):
        counts.update({name: value for name, value in report.user_properties if isinstance(value, int)})
    if counts:
        terminalreporter.section("counts")
        for name, count in sorted(counts.items()):
            terminalreporter.write_line(f"{count:>8,} {name}")
