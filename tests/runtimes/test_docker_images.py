"""Names of images, why one cannot be pulled, and the one that KECS makes; no engine needed."""

from __future__ import annotations

import pytest
from tests.runtimes.translated import plan

from kecs.core.tasks.images import full_reference, no_platform, pull_failure, with_tag
from kecs.runtimes.docker import pause


@pytest.mark.parametrize(
    ("image", "tagged", "full"),
    [
        ("nginx", "nginx:latest", "docker.io/library/nginx:latest"),
        ("nginx:1", "nginx:1", "docker.io/library/nginx:1"),
        ("me/app", "me/app:latest", "docker.io/me/app:latest"),
        ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
        ("127.0.0.1:5000/x/y:1", "127.0.0.1:5000/x/y:1", "127.0.0.1:5000/x/y:1"),
        ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest", "127.0.0.1:5000/x:latest"),
        ("nginx@sha256:ab", "nginx@sha256:ab", "docker.io/library/nginx@sha256:ab"),
    ],
)
def test_image_references(image: str, tagged: str, full: str) -> None:
    assert with_tag(image) == tagged
    assert full_reference(image) == full


def test_pull_failures_read_as_on_aws() -> None:
    assert pull_failure(plan(), "nope:1", "no such host") == (
        "CannotPullContainerError: Error response from daemon: no such host"
    )
    unmade = no_platform("linux/arm64")
    assert pull_failure(plan(), "nope:1", unmade) == (
        "CannotPullContainerError: Error response from daemon: "
        "no matching manifest for linux/arm64 in the manifest list entries"
    )
    assert pull_failure(plan(launch="FARGATE"), "nope:1", unmade) == (
        "CannotPullContainerError: pull image manifest has been retried 7 time(s): "
        "image Manifest does not contain descriptor matching platform 'linux/arm64'"
    )
    assert pull_failure(plan(launch="FARGATE"), "nope:1", "not found") == (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        "failed to resolve ref docker.io/library/nope:1: not found"
    )


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_the_pause_image_is_the_same_every_time(architecture: str) -> None:
    assert pause.archive(architecture) == pause.archive(architecture)
    program = pause.program(architecture)
    assert program.startswith(b"\x7fELF\x02\x01")
    assert len(program) < 512
