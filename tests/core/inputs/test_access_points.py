"""Access points of EFS: what is asked about those of a task, and what becomes of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.core.inputs.plans import plan

from kecs.aws.model import ecs as m
from kecs.core.inputs.access_points import questions
from kecs.core.inputs.equip import equipped
from kecs.core.inputs.lookups import Answer, Refusal, has_inputs
from kecs.core.inputs.reasons import Unresolved
from kecs.core.tasks.plan import AccessPoint, Owner, TaskPlan

NOT_FOUND = Refusal("AccessPointNotFound", "Access point does not exist.")
CREATION = {"OwnerUid": 1000, "OwnerGid": 100, "Permissions": "0750"}


def task(*points: str | None, launch_type: str = "EC2") -> TaskPlan:
    """One with a volume for each of these access points of the file system fs-1."""
    volumes = [
        m.Volume(
            name=f"v{number}",
            efs_volume_configuration=m.EFSVolumeConfiguration(
                file_system_id="fs-1", authorization_config=m.EFSAuthorizationConfig(access_point_id=point)
            ),
        )
        for number, point in enumerate(points)
    ]
    definition = m.TaskDefinition(family="web", volumes=volumes)
    given = plan(m.ContainerDefinition(name="app"), launch_type=launch_type)
    return replace(given, definition=definition)


def result(given: TaskPlan, point: Answer, there: Answer | None = None) -> dict[str, AccessPoint]:
    """The access points of the plan when EFS answers this; `there`: about the file system."""
    there = {"FileSystems": [{"FileSystemId": "fs-1"}]} if there is None else there
    answers = {call: there if call.operation == "DescribeFileSystems" else point for call in questions(given)}
    return dict(equipped(given, answers).access_points)


def described(**members: Any) -> Answer:
    return {"AccessPoints": [{"AccessPointId": "fsap-1", "FileSystemId": "fs-1", **members}]}


def test_only_a_task_that_names_one_has_anything_asked() -> None:
    assert not has_inputs(task())
    assert not has_inputs(task(None))
    assert has_inputs(task(None, "fsap-1"))


def test_each_is_asked_for_once() -> None:
    asked = [(call.operation, call.arguments) for call in questions(task("fsap-1", "fsap-2", "fsap-1"))]
    assert asked == [
        ("DescribeFileSystems", {"FileSystemId": "fs-1"}),
        ("DescribeAccessPoints", {"AccessPointId": "fsap-1"}),
        ("DescribeAccessPoints", {"AccessPointId": "fsap-2"}),
    ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, AccessPoint("/", None)),
        ({"RootDirectory": {"Path": "/a/b"}}, AccessPoint("/a/b", None)),
        ({"RootDirectory": {"Path": "/a", "CreationInfo": CREATION}}, AccessPoint("/a", Owner(1000, 100, 0o750))),
    ],
)
def test_its_path_and_whose_its_folder_is(members: dict[str, Any], expected: AccessPoint) -> None:
    assert result(task("fsap-1"), described(**members)) == {"fsap-1": expected}


@pytest.mark.parametrize(
    ("user", "mode"),
    [
        ({"Uid": 1000, "Gid": 1}, 0o777),
        ({"Uid": 1, "Gid": 100}, 0o755),
        ({"Uid": 1, "Gid": 2, "SecondaryGids": [3, 100]}, 0o755),
        ({"Uid": 1, "Gid": 2}, 0o750),
        ({"Uid": 0, "Gid": 0}, 0o777),
    ],
)
def test_everybody_may_what_its_user_may(user: dict[str, Any], mode: int) -> None:
    root = {"Path": "/a", "CreationInfo": CREATION}
    (found,) = result(task("fsap-1"), described(RootDirectory=root, PosixUser=user)).values()
    assert found.owner == Owner(1000, 100, mode)


@pytest.mark.parametrize(
    "there", [Refusal("FileSystemNotFound", "No such file system."), Refusal("RequestError", "x"), {"FileSystems": []}]
)
def test_of_a_file_system_that_efs_does_not_know_nothing_is_known(there: Answer) -> None:
    assert result(task("fsap-1"), NOT_FOUND, there) == {}


def test_where_nobody_was_asked_nothing_is_known() -> None:
    assert equipped(task("fsap-1"), {}).access_points == {}


@pytest.mark.parametrize(
    "point", [NOT_FOUND, {"AccessPoints": []}, {"AccessPoints": [{"AccessPointId": "fsap-1", "FileSystemId": "fs-2"}]}]
)
def test_one_that_its_file_system_does_not_have(point: Answer) -> None:
    with pytest.raises(Unresolved) as refused:
        result(task("fsap-1", launch_type="FARGATE"), point)
    assert str(refused.value) == (
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: "
        "access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils command execution; code: 32"
    )
    with pytest.raises(Unresolved, match=r"^CannotCreateVolumeError: .* access denied by server"):
        result(task("fsap-1"), point)
