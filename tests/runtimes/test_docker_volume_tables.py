"""What each kind of volume is to Docker; no engine needed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.runtimes.translated import NAME, body, plan

from kecs.aws.model import ecs as m
from kecs.runtimes.docker.filesystems import sees_files
from kecs.runtimes.docker.volumes import DockerVolume, VolumeError, docker_volume, mount_source
from kecs.runtimes.file_systems import file_system


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        (m.Volume(name="v", host=m.HostVolumeProperties(source_path="/x")), None),
        (m.Volume(name="v"), DockerVolume(NAME.format("v"), role="volume")),
        (m.Volume(name="v", host=m.HostVolumeProperties()), DockerVolume(NAME.format("v"), role="volume")),
        (m.Volume(name="v", configured_at_launch=True), DockerVolume(NAME.format("v"), role="volume")),
        (
            m.Volume(
                name="v",
                docker_volume_configuration=m.DockerVolumeConfiguration(
                    scope="task", driver="d", driver_opts={"a": "b"}, labels={"c": "d"}
                ),
            ),
            DockerVolume(NAME.format("v"), "d", {"a": "b"}, {"c": "d"}, role="volume"),
        ),
        (
            m.Volume(name="v", docker_volume_configuration=m.DockerVolumeConfiguration(scope="shared")),
            DockerVolume("v", must_exist=True),
        ),
        (
            m.Volume(
                name="v", docker_volume_configuration=m.DockerVolumeConfiguration(scope="shared", autoprovision=True)
            ),
            DockerVolume("v"),
        ),
        (
            m.Volume(name="kept", configured_at_launch=True),
            DockerVolume(NAME.format("kept"), role="kept-volume"),
        ),
        (m.Volume(name="v", efs_volume_configuration=m.EFSVolumeConfiguration(file_system_id="fs-1")), None),
    ],
)
def test_volumes(volume: m.Volume, expected: DockerVolume | None) -> None:
    assert docker_volume(plan(kept=("kept",)), volume) == expected


@pytest.mark.parametrize(
    ("given", "name", "directory"),
    [
        ({"efsVolumeConfiguration": {"fileSystemId": "fs-1"}}, "efs-fs-1", ""),
        ({"efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/a/b/"}}, "efs-fs-1", "a/b"),
        ({"efsVolumeConfiguration": {"fileSystemId": "../../x", "rootDirectory": "/../.."}}, "efs-______x", ""),
        (
            {"efsVolumeConfiguration": {"fileSystemId": "fs-1", "authorizationConfig": {"accessPointId": "fsap-2"}}},
            "efs-fs-1.fsap-2",
            "",
        ),
        (
            {
                "fsxWindowsFileServerVolumeConfiguration": {
                    "fileSystemId": "fs-3",
                    "rootDirectory": "share\\data",
                    "authorizationConfig": {"credentialsParameter": "x", "domain": "y"},
                }
            },
            "fsx-fs-3",
            "share/data",
        ),
        (
            {
                "s3filesVolumeConfiguration": {
                    "fileSystemArn": "arn:aws:s3files:us-east-1:1:file-system/fs-4",
                    "accessPointArn": "arn:aws:s3files:us-east-1:1:file-system/fs-4/access-point/fsap-5",
                }
            },
            "s3files-fs-4.fsap-5",
            "",
        ),
    ],
)
def test_file_systems(given: dict[str, Any], name: str, directory: str) -> None:
    found = file_system(msgspec.convert({"name": "v", **given}, m.Volume))
    assert found is not None
    assert (found.name, found.directory) == (name, directory)


def test_a_volume_of_a_file_system_is_its_folder() -> None:
    volume = m.Volume(name="v", efs_volume_configuration=m.EFSVolumeConfiguration(file_system_id="fs-1"))
    assert mount_source(plan(volumes=[volume]), "v", {"v": "/data/efs-fs-1"}) == "/data/efs-fs-1"


@pytest.mark.parametrize(
    ("url", "info", "sees"),
    [
        ("unix:///var/run/docker.sock", {"DockerRootDir": "/"}, True),
        ("unix:///var/run/docker.sock", {"DockerRootDir": "/nowhere/docker"}, False),
        ("tcp://engine:2375", {"DockerRootDir": "/"}, False),
    ],
)
def test_an_engine_sees_the_files_of_its_own_machine(url: str, info: dict[str, str], sees: bool) -> None:
    assert sees_files(url, info) is sees


def test_a_mount_of_a_volume_that_is_not_there_is_refused() -> None:
    mount = m.MountPoint(source_volume="nowhere", container_path="/x")
    with pytest.raises(VolumeError, match=r"^CannotCreateVolumeError: volume 'nowhere'"):
        body(m.ContainerDefinition(name="a", image="x", mount_points=[mount]))
