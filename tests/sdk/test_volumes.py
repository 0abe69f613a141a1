"""Volumes through the API, with containers that write and read: EFS outlives KECS and its access points are those that
were made there, EBS goes with the task or stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.docker_runtime import listed
from tests.support.images import test_image
from tests.support.servers import Server, running

from .calls import QUICK

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

EFS = {"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-12345678"}}
EBS = {"name": "data", "configuredAtLaunch": True}
STORAGE = {"sizeInGiB": 10, "filesystemType": "ext4", "roleArn": "arn:aws:iam::111111111111:role/ebs"}


def start(folder: Path) -> Any:
    return running("--runtime", "docker", "--port", "0", "--data-dir", str(folder), "--instance", "volumes")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with start(tmp_path) as server:
        yield server
        server.reset()


def run(ecs: Any, script: str, volume: Any, **options: Any) -> Any:
    """A task that does this with the volume at /data, ended well, as DescribeTasks shows it."""
    container = {
        "name": "app",
        "image": test_image("v1"),
        "memory": 32,
        "command": ["sh", "-c", script],
        "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
    }
    ecs.register_task_definition(family="job", containerDefinitions=[container], volumes=[volume])
    (task,) = ecs.run_task(taskDefinition="job", **options)["tasks"]
    ecs.get_waiter("tasks_stopped").wait(tasks=[task["taskArn"]], WaiterConfig=QUICK)
    (task,) = ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"]
    assert task["containers"][0].get("exitCode") == 0, task
    return task


def test_efs_is_in_the_data_folder_and_outlives_kecs(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        run(first.client(), "echo hello > /data/x", EFS)
    assert (tmp_path / "volumes/file-systems/efs-fs-12345678/x").read_text() == "hello\n"
    with start(tmp_path) as second:
        run(second.client(), 'test "$(cat /data/x)" = hello', EFS)
        second.reset()


def through(file_system: str, point: str) -> Any:
    """The volume `data` by way of an access point."""
    config = {"fileSystemId": file_system, "transitEncryption": "ENABLED"}
    return {"name": "data", "efsVolumeConfiguration": {**config, "authorizationConfig": {"accessPointId": point}}}


def test_an_access_point_of_efs_is_a_folder_of_its_owner(server: Server) -> None:
    ecs, efs = server.client(), server.client("efs")
    run(ecs, "echo early > /data/x", through("fs-0", "fsap-0"))  # before there is an EFS to ask
    files = efs.create_file_system(CreationToken="files")["FileSystemId"]
    creation = {"OwnerUid": 1000, "OwnerGid": 1001, "Permissions": "0750"}
    point = efs.create_access_point(
        ClientToken="uploads",
        FileSystemId=files,
        PosixUser={"Uid": 1000, "Gid": 1001},
        RootDirectory={"Path": "/app/uploads", "CreationInfo": creation},
    )["AccessPointId"]
    run(ecs, "test $(stat -c %u:%g:%a /data) = 1000:1001:777 && echo hello > /data/x", through(files, point))
    whole = {"name": "data", "efsVolumeConfiguration": {"fileSystemId": files}}
    run(ecs, "test $(cat /data/app/uploads/x) = hello", whole)
    run(ecs, "test $(cat /data/x) = early", through("fs-0", "fsap-0"))

    definition = ecs.describe_task_definition(taskDefinition="job")["taskDefinition"]
    ecs.register_task_definition(
        family="job", containerDefinitions=definition["containerDefinitions"], volumes=[through(files, "fsap-none")]
    )
    (task,) = ecs.run_task(taskDefinition="job")["tasks"]
    ecs.get_waiter("tasks_stopped").wait(tasks=[task["taskArn"]], WaiterConfig=QUICK)
    (task,) = ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"]
    assert task["stopCode"] == "TaskFailedToStart"
    assert "access denied by server" in task["stoppedReason"]


@pytest.mark.parametrize("kept", [False, True])
def test_ebs_goes_with_the_task_unless_it_is_to_stay(server: Server, kept: bool) -> None:
    policy = {"terminationPolicy": {"deleteOnTermination": False}} if kept else {}
    configuration = {"name": "data", "managedEBSVolume": STORAGE | policy}
    task = run(server.client(), "echo hello > /data/x", EBS, volumeConfigurations=[configuration])
    (attachment,) = task["attachments"]
    assert attachment["type"] == "AmazonElasticBlockStorage"
    details = {detail["name"]: detail["value"] for detail in attachment["details"]}
    assert details["volumeId"].startswith("vol-")
    assert details["deleteOnTermination"] == ("false" if kept else "true")
    name = f"data-{task['taskArn'].rpartition('/')[2][:12]}"  # the end of it

    def left() -> list[str]:
        return [v["Name"] for v in listed("volumes", "io.kecs.instance") if v["Name"].endswith(name)]

    assert len(left()) == kept
    server.reset()
    assert not left()


def test_ebs_of_a_task_is_its_own(server: Server) -> None:
    configuration = {"name": "data", "managedEBSVolume": STORAGE}
    for _ in range(2):
        run(server.client(), "test -z $(ls /data) && touch /data/x", EBS, volumeConfigurations=[configuration])
