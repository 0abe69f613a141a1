"""The `docker` marker: a test that cannot run is skipped by name, and has failed where Docker is required."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).with_name("conftest.py").read_text()
TESTS = """
    import pytest

    @pytest.mark.docker
    def test_with_docker():
        pytest.skip("no image")

    def test_without():
        pass

    def test_skipped_for_another_reason():
        pytest.skip("not on this system")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{pytester.path}/nobody-listens")
    monkeypatch.delenv("KECS_REQUIRE_DOCKER", raising=False)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nmarkers =\n    docker: x\n")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    return pytester


def test_without_an_engine_docker_tests_are_skipped_by_name(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "-rs", "--no-fold-skipped")

    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*test_it.py::test_with_docker - *no Docker Engine answers*"])


def test_where_docker_is_required_a_missing_engine_is_an_error(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KECS_REQUIRE_DOCKER", "1")

    result = project.runpytest_inprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(["KECS_REQUIRE_DOCKER=1, but *no Docker Engine answers*"])


def test_where_docker_is_required_no_docker_test_may_skip_itself(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KECS_REQUIRE_DOCKER", "1")
    project.makeconftest(CONFTEST + "\ndef docker_problem():\n    return None\n")

    result = project.runpytest_inprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=1, skipped=1, failed=1)
    result.stdout.fnmatch_lines(["KECS_REQUIRE_DOCKER=1, but Skipped: no image"])
