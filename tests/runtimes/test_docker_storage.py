"""Sizes of containers' own file systems and of volumes on Docker, where the engine holds anything to one."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest
from tests.runtimes.translated import plan as described
from tests.support.docker_runtime import bench, container, plan, run
from tests.support.engines import engine_with_sizes
from tests.support.images import test_image

from kecs.aws.model import ecs as m
from kecs.core.records import LaunchVolume
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited
from kecs.runtimes.docker.engine import EngineError, EngineGone
from kecs.runtimes.docker.storage import Sized, prospect
from kecs.runtimes.docker.volumes import docker_volume

FILLS = "fallocate -l 900M /a && echo first; fallocate -l 900M /b || echo full; touch /data/x && echo volume"
SIZE = m.EphemeralStorage(size_in_gi_b=1)


class Disk:
    """Something to make things on, which refuses those that `refuses` names: None is whatever has no size."""

    def __init__(self, *refuses: str | None, error: type[EngineError] = EngineError) -> None:
        self._refuses = refuses
        self._error = error
        self.asked: list[str | None] = []

    async def post(self, size: str | None) -> str:
        self.asked.append(size)
        if size in self._refuses:
            raise self._error("gone") if self._error is EngineGone else EngineError(400, f"{size} is refused")
        return "made"


async def test_an_engine_that_can_is_asked_for_each_size() -> None:
    disk, sized = Disk(), Sized("containers")
    assert [await sized.make(size, disk.post) for size in (21, None, 30)] == ["made"] * 3
    assert disk.asked == ["21G", None, "30G"]


async def test_one_that_cannot_is_asked_once_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    disk, sized = Disk("21G", "30G"), Sized("containers")
    with caplog.at_level(logging.WARNING):
        assert [await sized.make(size, disk.post) for size in (21, 30)] == ["made"] * 2
    assert disk.asked == ["21G", None, None]
    assert caplog.messages == ["containers are as large as the disk: 21G is refused"]


async def test_what_is_refused_for_something_else_says_nothing_of_sizes() -> None:
    disk, sized = Disk("21G", None), Sized("containers")
    with pytest.raises(EngineError, match="None is refused"):
        await sized.make(21, disk.post)
    await sized.make(30, disk.post)
    assert disk.asked == ["21G", None, "30G"]


async def test_an_engine_that_does_not_answer_is_not_asked_for_less() -> None:
    disk, sized = Disk("21G", error=EngineGone), Sized("containers")
    with pytest.raises(EngineGone):
        await sized.make(21, disk.post)
    assert disk.asked == ["21G"]


@pytest.mark.parametrize(
    ("given", "launched", "size"),
    [
        ({}, (), 1),
        ({"configuredAtLaunch": True}, (LaunchVolume(name="data", size=10),), 10),
        ({"configuredAtLaunch": True}, (LaunchVolume(name="data"),), None),  # as large as its snapshot
        ({"dockerVolumeConfiguration": {"scope": "task"}}, (), 1),
        ({"dockerVolumeConfiguration": {"scope": "shared"}}, (), None),
        ({"dockerVolumeConfiguration": {"driver": "nfs"}}, (), None),
        ({"dockerVolumeConfiguration": {"driverOpts": {"type": "tmpfs", "device": "tmpfs"}}}, (), None),
    ],
)
def test_the_size_of_a_volume(given: dict[str, Any], launched: tuple[LaunchVolume, ...], size: int | None) -> None:
    volume = msgspec.convert({"name": "data", **given}, m.Volume)
    task = msgspec.structs.replace(described(ephemeral_storage=SIZE, volumes=[volume]), launch_volumes=launched)
    found = docker_volume(task, volume)
    assert found is not None
    assert found.size == size


@pytest.mark.parametrize(
    ("driver", "files", "good", "text"),
    [
        ("btrfs", None, True, "for containers, by btrfs"),
        ("overlay2", "xfs", True, "for containers and volumes, if /var/lib/docker is mounted with pquota"),
        ("overlay2", "extfs", False, "none, Docker's files are in overlay2 on extfs"),
    ],
)
def test_what_to_expect_of_an_engine(driver: str, files: str | None, good: bool, text: str) -> None:
    status = [["Backing Filesystem", files]] if files else None
    assert prospect({"Driver": driver, "DriverStatus": status, "DockerRootDir": "/var/lib/docker"}) == (good, text)


def filling() -> TaskPlan:
    """A task that may write 1 GiB and tries to write more."""
    mounts = [m.MountPoint(source_volume="data", container_path="/data")]
    app = container(command=["sh", "-c", f"({FILLS}) 2>/dev/null"], mount_points=mounts)
    volume = m.Volume(name="data", configured_at_launch=True)
    task = plan(app, mode="none", ephemeral_storage=SIZE, volumes=[volume])
    return msgspec.structs.replace(task, launch_volumes=(LaunchVolume(name="data", size=10),))


@pytest.mark.docker
@pytest.mark.long
async def test_a_container_cannot_write_more_than_its_task_has(monkeypatch: pytest.MonkeyPatch) -> None:
    test_image("v1")  # of the machine's own engine, for whoever comes after this
    with engine_with_sizes() as url:
        monkeypatch.setenv("DOCKER_HOST", url)
        test_image.__wrapped__("v1")
        async with bench(url=url) as on:
            task = filling()
            await run(on, task)
            await on.until(Exited, task)
            assert await on.output(task) == ["first", "full", "volume"]


@pytest.mark.docker
async def test_a_size_that_the_engine_cannot_hold_to_stops_nobody() -> None:
    async with bench() as on:
        for task in (filling(), filling()):
            task = msgspec.structs.replace(task, containers=(container(command=["true"]),))
            await run(on, task)
            assert (await on.until(Exited, task)).exit_code == 0
