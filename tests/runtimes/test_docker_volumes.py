"""Volumes of each kind on a Docker Engine: where their files are, who sees them, and when they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.docker_runtime import Bench, bench, container, inspect, listed, plan, run

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import AccessPoint, Owner, TaskPlan
from kecs.core.tasks.reports import Exited, Failed, Released

pytestmark = pytest.mark.docker

MOUNT = [m.MountPoint(source_volume="data", container_path="/data")]


def volume(**given: Any) -> m.Volume:
    """One called `data`, in the API's JSON."""
    return msgspec.convert({"name": "data", **given}, m.Volume)


def efs(file_system: str, **given: Any) -> m.Volume:
    return volume(efsVolumeConfiguration={"fileSystemId": file_system, **given})


def task(script: str, on: m.Volume, **fields: Any) -> TaskPlan:
    """A task whose only container has the volume at /data."""
    app = container(command=["sh", "-c", script], **{"mount_points": MOUNT, **fields})
    return plan(app, mode="none", volumes=[on])


async def printed(on: Bench, of: TaskPlan) -> list[str]:
    """The output of a task that ends by itself, and is then removed."""
    await run(on, of)
    exited = await on.until(Exited, of, "app")
    lines = await on.output(of)
    assert exited.exit_code == 0, lines
    on.runtime.release(of)
    await on.until(Released, of)
    return lines


async def test_a_folder_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("hello\n")
    here = volume(host={"sourcePath": str(tmp_path)})
    read_only = [m.MountPoint(source_volume="data", container_path="/data", read_only=True)]
    async with bench() as on:
        assert await printed(on, task("cat /data/there; echo back > /data/answer", here)) == ["hello"]
        assert (tmp_path / "answer").read_text() == "back\n"
        (lines,) = await printed(on, task("touch /data/x || true", here, mount_points=read_only))
        assert lines == "touch: /data/x: Read-only file system"
    assert (tmp_path / "there").exists(), "KECS leaves it alone"


async def test_a_folder_of_the_host_that_is_not_there_is_made(tmp_path: Path) -> None:
    async with bench() as on:
        assert await printed(on, task("ls /data", volume(host={"sourcePath": str(tmp_path / "new")}))) == []
    assert (tmp_path / "new").is_dir()


async def test_options_of_a_volume_reach_its_driver() -> None:
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=3m"}
    small = volume(dockerVolumeConfiguration={"scope": "task", "driver": "local", "driverOpts": options})
    async with bench() as on:
        assert await printed(on, task("df -m /data | awk 'NR==2{print $1, $2}'", small)) == ["tmpfs 3"]


@pytest.mark.long
async def test_a_driver_that_is_not_there() -> None:
    async with bench() as on:
        odd = task("true", volume(dockerVolumeConfiguration={"scope": "task", "driver": "kecs-nowhere"}))
        on.runtime.provision(odd)
        failed = await on.until(Failed, odd)
        assert failed.reason.startswith("CannotCreateVolumeError: Error response from daemon: ")
        assert "kecs-nowhere" in failed.reason


async def test_efs_is_a_folder_of_the_data_folder(tmp_path: Path) -> None:
    files = tmp_path / "file-systems" / "efs-fs-1"
    async with bench(data_folder=tmp_path) as on:
        await printed(on, task("mkdir /data/sub; echo hello > /data/sub/x", efs("fs-1")))
        assert (files / "sub" / "x").read_text() == "hello\n"
        (files / "sub" / "y").write_text("from outside\n")
        below = efs("fs-1", rootDirectory="/sub")
        assert await printed(on, task("cat /data/*", below)) == ["hello", "from outside"]
        assert await printed(on, task("ls /data", efs("fs-2"))) == []
    assert (files / "sub" / "x").exists(), "it outlives the instance"


async def test_a_root_directory_is_made_and_anybody_may_write(tmp_path: Path) -> None:
    async with bench(data_folder=tmp_path) as on:
        deep = efs("fs-1", rootDirectory="/new/deep")
        assert await printed(on, task("touch /data/x", deep, user="1234")) == []
    assert (tmp_path / "file-systems/efs-fs-1/new/deep/x").stat().st_uid == 1234


async def test_each_access_point_has_files_of_its_own(tmp_path: Path) -> None:
    def point(name: str) -> m.Volume:
        return efs("fs-1", transitEncryption="ENABLED", authorizationConfig={"accessPointId": name})

    async with bench(data_folder=tmp_path) as on:
        await printed(on, task("echo hello > /data/x", point("fsap-1")))
        assert await printed(on, task("cat /data/x", point("fsap-1"))) == ["hello"]
        assert await printed(on, task("ls /data", point("fsap-2"))) == []
        assert await printed(on, task("ls /data", efs("fs-1"))) == []


def known(of: TaskPlan, path: str, owner: Owner | None) -> TaskPlan:
    """The task with fsap-1 known to EFS."""
    return msgspec.structs.replace(of, access_points={"fsap-1": AccessPoint(path, owner)})


POINT = efs("fs-1", transitEncryption="ENABLED", authorizationConfig={"accessPointId": "fsap-1"})
SHOWN = "echo hello > /data/x; stat -c '%u %g %a' /data"


@pytest.mark.parametrize("kept", [True, False])
async def test_an_access_point_that_is_known_is_a_folder_of_its_file_system(tmp_path: Path, kept: bool) -> None:
    async with bench(data_folder=tmp_path if kept else None) as on:
        first = known(task(SHOWN, POINT, user="1234"), "/deep/down", Owner(1234, 77, 0o750))
        assert await printed(on, first) == ["1234 77 750"]
        whole = task("cat /data/deep/down/x; stat -c '%u %g %a' /data/deep; chmod 700 /data/deep/down", efs("fs-1"))
        assert await printed(on, whole) == ["hello", "1234 77 750"]
        again = known(task("cat /data/x; stat -c %a /data", POINT), "/deep/down", Owner(5, 5, 0o777))
        assert await printed(on, again) == ["hello", "700"], "only what was not there is made"
        assert await printed(on, known(task("cat /data/deep/down/x", POINT), "/", None)) == ["hello"]


async def test_an_access_point_that_makes_nothing_is_a_folder_for_everybody(tmp_path: Path) -> None:
    async with bench(data_folder=tmp_path) as on:
        assert await printed(on, known(task(SHOWN, POINT, user="1234"), "/a", None)) == ["0 0 777"]


async def test_fsx_and_s3_files_are_folders_too(tmp_path: Path) -> None:
    credentials = {"credentialsParameter": "x", "domain": "y"}
    fsx = {"fileSystemId": "fs-1", "rootDirectory": "share\\data", "authorizationConfig": credentials}
    s3 = {"fileSystemArn": "arn:aws:s3files:us-east-1:000000000000:file-system/fs-2"}
    async with bench(data_folder=tmp_path) as on:
        await printed(on, task("touch /data/x", volume(fsxWindowsFileServerVolumeConfiguration=fsx)))
        await printed(on, task("touch /data/y", volume(s3filesVolumeConfiguration=s3)))
    assert (tmp_path / "file-systems/fsx-fs-1/share/data/x").exists()
    assert (tmp_path / "file-systems/s3files-fs-2/y").exists()


async def test_without_a_data_folder_a_file_system_goes_with_the_instance() -> None:
    async with bench() as on:
        await printed(on, task("mkdir /data/sub; echo hello > /data/sub/x", efs("fs-1")))
        assert await printed(on, task("cat /data/x", efs("fs-1", rootDirectory="/sub"))) == ["hello"]
        (kept,) = listed("volumes", f"io.kecs.instance={on.instance}")
        assert kept["Name"] == f"kecs-{on.instance}-efs-fs-1"
    assert listed("volumes", f"io.kecs.instance={on.instance}") == []


async def test_anybody_may_write_to_such_a_one_too() -> None:
    async with bench() as on:
        await printed(on, task("touch /data/x", efs("fs-1"), user="1234"))
        assert await printed(on, task("stat -c '%u %a' /data/x /data", efs("fs-1"))) == ["1234 644", "0 777"]


async def test_a_volume_configured_at_launch_is_the_task_s_own_and_deleted_with_it() -> None:
    at_launch = volume(configuredAtLaunch=True)
    async with bench() as on:
        first = task("ls /data; touch /data/x", at_launch)
        assert await printed(on, first) == []
        assert listed("volumes", f"io.kecs.instance={on.instance}") == []
        assert await printed(on, task("ls /data", at_launch)) == []


async def test_a_volume_that_is_not_deleted_on_termination_stays_as_long_as_the_instance() -> None:
    async with bench() as on:
        kept = msgspec.structs.replace(
            task("echo hello > /data/x", volume(configuredAtLaunch=True)), kept_volumes=("data",)
        )
        await printed(on, kept)
        (left,) = listed("volumes", f"io.kecs.instance={on.instance}")
        looks = task("cat /data/x", volume(host={"sourcePath": left["Mountpoint"]}))
        assert await printed(on, looks) == ["hello"]
    assert listed("volumes", f"io.kecs.instance={on.instance}") == []


async def test_volumes_of_another_container_with_what_it_may_write() -> None:
    first = container("first", mount_points=MOUNT)
    script = "touch /data/x && echo written"
    both = plan(
        first,
        container(
            command=["sh", "-c", script],
            volumes_from=[m.VolumeFrom(source_container="first")],
        ),
        mode="none",
        volumes=[volume()],
    )
    async with bench() as on:
        started = await run(on, both)
        await on.until(Exited, both, "app")
        assert await on.output(both) == ["written"]
        (mount,) = inspect(started[1].runtime_id)["Mounts"]
        assert (mount["Destination"], mount["RW"]) == ("/data", True)
