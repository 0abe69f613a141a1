"""The example application passes its own tests on every runtime, as its users would run them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.support import programs
from tests.support.images import unavailable
from tools.base_image import NoBase, base_image

SHOP = Path(__file__).parents[2] / "examples/orders"
TESTS = 8


def run(*arguments: str, **environment: str) -> None:
    """pytest in the application's folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KECS_", "AWS_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    variables = {**kept, **environment, "PYTHONDONTWRITEBYTECODE": "1"}
    assert f"{TESTS} passed" in programs.run(command, cwd=SHOP, env=variables, timeout=600)


@pytest.mark.slow
def test_in_test_mode() -> None:
    run()


@pytest.mark.long
@pytest.mark.docker
@pytest.mark.xdist_group("docker")
def test_on_docker() -> None:
    run("--kecs-runtime", "docker", SHOP_BASE=base())


@pytest.mark.long
@pytest.mark.kubernetes
def test_on_kubernetes() -> None:
    kubeconfig = os.environ["KECS_TEST_KUBECONFIG"]
    run("--kecs-runtime", "kubernetes", "--kecs-kubeconfig", kubeconfig, SHOP_BASE=base())


def base() -> str:
    """What the shop's image is made of."""
    try:
        return base_image("boto3")
    except NoBase as error:
        unavailable(f"no base for the shop's image can be made: {error}")
