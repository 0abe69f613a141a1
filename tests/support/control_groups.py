"""Whether tasks are bounded as a whole on this machine, and where its control groups are."""

from __future__ import annotations

import os

import pytest

from kecs.runtimes.docker.cgroups import Hierarchies, hierarchies, hindrance
from tests.support.images import docker


def bounded_as_a_whole() -> Hierarchies:
    """The control groups of this machine. Skips the test where KECS cannot make any for the engine."""
    _, info = docker("GET", "/info")
    if reason := hindrance(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock", info):
        pytest.skip(f"not on docker: each container is bounded by itself: {reason}")
    found = hierarchies(info.get("CgroupVersion", "1"))
    assert found is not None
    return found
