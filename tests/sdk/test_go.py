"""The main job with AWS's SDK for Go, its waiters and pages included, and what it makes of errors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import golang
from tests.support.servers import Server

Told = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    if reason := golang.problem():
        pytest.skip(reason)
    return str(golang.build(tmp_path_factory.mktemp("go") / "main"))


@pytest.fixture
def told(program: str, server: Server, cluster: str, image: Any) -> Told:
    """What a story of tests/sdk/go has found."""

    def tell(story: str) -> dict[str, Any]:
        about = {"KECS_URL": server.url, "KECS_ACCOUNT": "111111111111", "CLUSTER": cluster}
        images = {"IMAGE": image(1), "NEXT_IMAGE": image(2)}
        done = subprocess.run(
            [program, story], env=os.environ | about | images, capture_output=True, text=True, check=False, timeout=280
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    return tell


def test_a_service_from_beginning_to_end(told: Told) -> None:
    found = told("service")
    assert found["cluster"] == ["ACTIVE", "INACTIVE"]
    assert (found["rollout"], found["running"]) == ("IN_PROGRESS", [0, 2, 1])
    assert found["revisions"] == [True, True]
    assert 0 < found["took"] < 600


def test_a_job_from_beginning_to_end(told: Told) -> None:
    assert told("job") == {"status": "STOPPED", "code": "EssentialContainerExited", "exit": 3, "ordered": True}


def test_pages(told: Told) -> None:
    assert told("pages") == {"lengths": [2, 2, 1]}


def test_errors_are_the_types_of_the_sdk(told: Told) -> None:
    found = told("errors")
    assert {name: error.pop("code") for name, error in found.items()} == {
        "cluster": "ClusterNotFoundException",
        "service": "ServiceNotFoundException",
        "definition": "ClientException",
    }
    assert list(found.values()) == 3 * [{"status": 400, "said": True, "request": True}]


def test_a_waiter_ends_when_what_it_waits_for_is_missing(told: Told) -> None:
    assert told("missing") == {"error": "waiter state transitioned to Failure"}
