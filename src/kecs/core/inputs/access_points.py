"""Access points of EFS: what is asked of EFS about those that a task's volumes name, and what the answers say.

Whoever has made neither the file system nor the access point there means folders of this machine: every id is one then.
https://docs.aws.amazon.com/efs/latest/ug/efs-access-points.html
Called by `control.inputs` and `equip`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kecs.core.inputs import reasons
from kecs.core.inputs.lookups import Answer, Lookup, Refusal, access_points_of, scope_of
from kecs.core.tasks.plan import AccessPoint, Owner, TaskPlan

SERVICE = "elasticfilesystem"  # what signatures call it


def questions(plan: TaskPlan) -> tuple[Lookup, ...]:
    """The calls to make, each once."""
    calls = (call for named in access_points_of(plan) for call in _asked(plan, *named))
    return tuple(dict.fromkeys(calls))


def found(plan: TaskPlan, answers: Mapping[Lookup, Answer]) -> dict[str, AccessPoint]:
    """The task's access points that EFS knows, by id. Raises Unresolved for one that its file system does not have."""
    return dict(_known(plan, answers))


def _asked(plan: TaskPlan, file_system: str, point: str) -> tuple[Lookup, Lookup]:
    scope = scope_of(plan)
    return (
        Lookup("efs", "DescribeFileSystems", scope, (("FileSystemId", file_system),)),
        Lookup("efs", "DescribeAccessPoints", scope, (("AccessPointId", point),)),
    )


def _known(plan: TaskPlan, answers: Mapping[Lookup, Answer]) -> Iterator[tuple[str, AccessPoint]]:
    for file_system, point in access_points_of(plan):
        there, described = (answers.get(call) for call in _asked(plan, file_system, point))
        if there is None or isinstance(there, Refusal) or not there.get("FileSystems"):
            continue
        if described is None or isinstance(described, Refusal):
            raise reasons.no_access_point(plan.launch_type)
        points = described.get("AccessPoints") or ()
        if not points or points[0].get("FileSystemId") != file_system:
            raise reasons.no_access_point(plan.launch_type)
        yield point, _access_point(points[0])


def _access_point(told: Mapping[str, Any]) -> AccessPoint:
    root = told.get("RootDirectory") or {}
    creation, user = root.get("CreationInfo"), told.get("PosixUser")
    owner = None
    if creation:
        uid, gid, mode = int(creation["OwnerUid"]), int(creation["OwnerGid"]), int(creation["Permissions"], 8)
        owner = Owner(uid, gid, mode | _rights(uid, gid, mode, user) if user else mode)
    return AccessPoint(root.get("Path") or "/", owner)


def _rights(uid: int, gid: int, mode: int, user: Mapping[str, Any]) -> int:
    """What the access point's user may do with its folder, for everybody: EFS takes everybody for that user."""
    if int(user["Uid"]) in (0, uid):
        may = 7 if int(user["Uid"]) == 0 else mode >> 6
    elif gid in map(int, (user["Gid"], *(user.get("SecondaryGids") or ()))):
        may = mode >> 3
    else:
        may = mode
    return (may & 7) * 0o111
