"""Tasks whose volumes are on access points of EFS: they start with what EFS says, or as ever where it knows nothing.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.world import World


@pytest.fixture
def world() -> World:
    """With an EFS that has the file system fs-12345678."""
    made = World()
    made.lookups.held = {"elasticfilesystem"}
    made.companion.file_systems["fs-12345678"] = {}
    return made


def ended(world: World, launch: str = "FARGATE") -> Any:
    """A task that mounts fs-12345678 through fsap-1, when it is over."""
    config = {"fileSystemId": "fs-12345678", "transitEncryption": "ENABLED"}
    through = {**config, "authorizationConfig": {"accessPointId": "fsap-1"}}
    app = {"name": "app", "image": "app:1", "memory": 128, "command": ["true"]}
    define = world.define if launch == "FARGATE" else world.define_ec2
    define("web", app, volumes=[{"name": "files", "efsVolumeConfiguration": through}])
    members = {} if launch == "FARGATE" else {"networkConfiguration": None}
    task: str = world.run(launchType=launch, **members)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    return world.task(task)


def test_a_task_waits_for_its_access_points_and_starts(world: World) -> None:
    world.companion.access_points["fsap-1"] = {"FileSystemId": "fs-12345678", "RootDirectory": {"Path": "/a"}}
    world.lookups.takes = 5.0
    before = world.clock.now()
    assert ended(world)["containers"][0]["exitCode"] == 0
    assert world.clock.now() >= before + 5
    assert [operation for _, operation, _ in world.companion.calls] == ["DescribeFileSystems", "DescribeAccessPoints"]


@pytest.mark.parametrize(
    ("launch", "reason"),
    [
        ("FARGATE", "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "),
        ("EC2", "CannotCreateVolumeError: Error response from daemon: VolumeDriver.Create: mounting volume failed: "),
    ],
)
def test_an_access_point_that_its_file_system_does_not_have(world: World, launch: str, reason: str) -> None:
    task = ended(world, launch)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(reason)


def test_where_nothing_is_in_efs_nobody_is_asked(world: World) -> None:
    world.lookups.held.clear()
    assert ended(world)["containers"][0]["exitCode"] == 0
    assert world.companion.calls == []


def test_an_efs_that_does_not_know_the_file_system_says_nothing_of_its_access_points(world: World) -> None:
    world.companion.file_systems.clear()
    assert ended(world)["containers"][0]["exitCode"] == 0
