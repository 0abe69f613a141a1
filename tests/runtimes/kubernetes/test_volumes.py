"""Volumes of a task definition in a pod, what is mounted where, and the claims that go with them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.runtimes.kubernetes.translated import ARN, NAMESPACE, POD, SETTINGS, TASK_ID, Case, changes, plan, volume

from kecs.core.tasks.plan import AccessPoint, Owner
from kecs.runtimes.kubernetes.manifests.claims import claims_of, missing_claim, required_claims
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

MOUNT = {"mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}]}
MOUNTED = {"name": "data", "mountPath": "/data"}
OURS = {"app.kubernetes.io/managed-by": "kecs", "kecs.dev/instance": "test"}
CLASSES = PodSettings(
    instance="test",
    storage_classes={
        "efs": "shared-files",
        "ebs": "disks",
        "ebs-io2": "fast-disks",
        "shared": "files",
        "rexray/ebs": "r",
    },
    shared_access="ReadWriteOnce",
    shared_size="1Gi",
)


def behind(
    name: str, given: dict[str, Any], source: dict[str, Any], mount: dict[str, Any] | None = None, **task: Any
) -> Case:
    """A container mounts a volume called data, which the definition describes so; what is behind it in the pod."""
    made = {"volumes": {"data": source}, "app": {"volumeMounts": [mount or MOUNTED]}}
    return Case(name, [MOUNT], made, {"volumes": [{"name": "data", **given}], **task})


def claim(name: str) -> dict[str, Any]:
    return {"persistentVolumeClaim": {"claimName": name}}


def memory(size: int) -> dict[str, Any]:
    return {"emptyDir": {"medium": "Memory", "sizeLimit": f"{size}Mi"}}


def efs(**fields: Any) -> dict[str, Any]:
    return {"efsVolumeConfiguration": {"fileSystemId": "fs-1", **fields}}


def docker(**fields: Any) -> dict[str, Any]:
    return {"dockerVolumeConfiguration": fields}


def linux(**parameters: Any) -> dict[str, Any]:
    return {"linuxParameters": parameters}


CASES = [
    behind("a volume", {}, {"emptyDir": {}}),
    behind("a host volume without a path", {"host": {}}, {"emptyDir": {}}),
    behind("a path of the host", {"host": {"sourcePath": "/srv"}}, {"hostPath": {"path": "/srv"}}),
    behind("a Docker volume of the task", docker(scope="task", labels={"a": "b"}), {"emptyDir": {}}),
    behind("a shared Docker volume", docker(scope="shared", autoprovision=True), claim("data")),
    behind("EFS", efs(), claim("efs-fs-1")),
    behind("a directory of EFS", efs(rootDirectory="/a/b/"), claim("efs-fs-1"), MOUNTED | {"subPath": "a/b"}),
    behind("a directory outside of EFS", efs(rootDirectory="/../.."), claim("efs-fs-1")),
    behind(
        "an access point of EFS",
        efs(transitEncryption="ENABLED", authorizationConfig={"accessPointId": "fsap-2"}),
        claim("efs-fs-1-fsap-2-9ade4505"),
    ),
    behind(
        "an access point that EFS knows",
        efs(transitEncryption="ENABLED", authorizationConfig={"accessPointId": "fsap-2"}),
        claim("efs-fs-1"),
        MOUNTED | {"subPath": "a/b"},
        access_points={"fsap-2": AccessPoint("/a/b", Owner(1, 1, 0o700))},
    ),
    behind(
        "FSx for Windows",
        {
            "fsxWindowsFileServerVolumeConfiguration": {
                "fileSystemId": "fs-3",
                "rootDirectory": "share\\data",
                "authorizationConfig": {"credentialsParameter": "x", "domain": "y"},
            }
        },
        claim("fsx-fs-3"),
        MOUNTED | {"subPath": "share/data"},
    ),
    behind(
        "S3 Files",
        {"s3filesVolumeConfiguration": {"fileSystemArn": "arn:aws:s3files:us-east-1:1:file-system/fs-4"}},
        claim("s3files-fs-4"),
    ),
    behind("EBS at launch", {"configuredAtLaunch": True}, claim(f"{POD}-data")),
    Case("a volume that nobody mounts", [{}], {}, {"volumes": [{"name": "data"}, {"name": "x", **efs()}]}),
    Case(
        "mount points",
        [
            {
                "mountPoints": [
                    {"sourceVolume": "data", "containerPath": "/data", "readOnly": True},
                    {"sourceVolume": "Data_2", "containerPath": "/more"},
                    {"sourceVolume": "data", "containerPath": "/again", "readOnly": False},
                ]
            }
        ],
        {
            "app": {
                "volumeMounts": [
                    MOUNTED | {"readOnly": True},
                    {"name": "data-2-aff8a64f", "mountPath": "/more"},
                    {"name": "data", "mountPath": "/again"},
                ]
            },
            "volumes": {"data": {"emptyDir": {}}, "data-2-aff8a64f": {"emptyDir": {}}},
        },
        {"volumes": [{"name": "data"}, {"name": "Data_2"}]},
    ),
    Case(
        "volumes from other containers, and from theirs",
        [
            {
                "volumesFrom": [{"sourceContainer": "b", "readOnly": True}],
                "mountPoints": [{"sourceVolume": "own", "containerPath": "/both"}],
            },
            {
                "name": "b",
                "mountPoints": [
                    {"sourceVolume": "data", "containerPath": "/data"},
                    {"sourceVolume": "data", "containerPath": "/both"},
                ],
                "volumesFrom": [{"sourceContainer": "c"}],
            },
            {"name": "c", "mountPoints": [{"sourceVolume": "far", "containerPath": "/far"}]},
        ],
        {
            "app": {
                "volumeMounts": [
                    {"name": "far", "mountPath": "/far", "readOnly": True},
                    {"name": "data", "mountPath": "/data", "readOnly": True},
                    {"name": "own", "mountPath": "/both"},
                ]
            },
            "volumes": {name: {"emptyDir": {}} for name in ("data", "own", "far")},
        },
        {"volumes": [{"name": "data"}, {"name": "own"}, {"name": "far"}]},
    ),
    Case(
        "directories in memory",
        [
            linux(
                tmpfs=[
                    {"containerPath": "/run", "size": 16},
                    {"containerPath": "/ro", "size": 1, "mountOptions": ["noexec", "ro"]},
                ],
                sharedMemorySize=64,
            )
        ],
        {
            "app": {
                "volumeMounts": [
                    {"name": "app-run-e017affa", "mountPath": "/run"},
                    {"name": "app-ro-b4ec8d81", "mountPath": "/ro", "readOnly": True},
                    {"name": "app-dev-shm-d19e7074", "mountPath": "/dev/shm"},
                ]
            },
            "volumes": {
                "app-run-e017affa": memory(16),
                "app-ro-b4ec8d81": memory(1),
                "app-dev-shm-d19e7074": memory(64),
            },
        },
    ),
    Case(
        "devices of a privileged container",
        [
            {
                "privileged": True,
                **linux(
                    devices=[
                        {"hostPath": "/dev/fuse"},
                        {"hostPath": "/dev/a", "containerPath": "/dev/b", "permissions": ["read"]},
                    ]
                ),
            }
        ],
        {
            "app": {
                "volumeMounts": [
                    {"name": "app-dev-fuse-c6d3b584", "mountPath": "/dev/fuse"},
                    {"name": "app-dev-a-1b4bf8eb", "mountPath": "/dev/b", "readOnly": True},
                ],
                "securityContext": {"privileged": True, "seccompProfile": {"type": "Unconfined"}},
            },
            "volumes": {
                "app-dev-fuse-c6d3b584": {"hostPath": {"path": "/dev/fuse"}},
                "app-dev-a-1b4bf8eb": {"hostPath": {"path": "/dev/a"}},
            },
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_volume_changes_what_it_says_and_nothing_else(case: Case) -> None:
    found = {name: change for name, change in changes(case).items() if name not in ("b", "c")}
    assert found == case.changes


def claims(case: Case) -> list[tuple[str, str, str | None, str]]:
    """Name, size, storage class and access mode of each claim."""
    return [
        (
            made["metadata"]["name"],
            made["spec"]["resources"]["requests"]["storage"],
            made["spec"].get("storageClassName"),
            *made["spec"]["accessModes"],
        )
        for made in claims_of(case.plan, case.settings)
    ]


EBS = f"{POD}-data"
CLAIMS: list[tuple[Case, tuple[str, str, str | None, str] | None]] = [
    (behind("none", {}, {}), None),
    (behind("EFS", efs(), {}), ("efs-fs-1", "20Gi", None, "ReadWriteMany")),
    (
        behind("EFS of a class", efs(), {})._replace(settings=CLASSES),
        ("efs-fs-1", "1Gi", "shared-files", "ReadWriteOnce"),
    ),
    (
        behind("a shared Docker volume", docker(scope="shared", autoprovision=True), {})._replace(settings=CLASSES),
        ("data", "1Gi", "files", "ReadWriteOnce"),
    ),
    (behind("one that has to be there", docker(scope="shared"), {}), None),
    (
        behind("a Docker volume of another driver", docker(driver="rexray/ebs"), {})._replace(settings=CLASSES),
        (EBS, "1Gi", "r", "ReadWriteOnce"),
    ),
    (
        behind("a shared one", docker(driver="rexray/ebs", scope="shared", autoprovision=True), {})._replace(
            settings=CLASSES
        ),
        ("data", "1Gi", "r", "ReadWriteOnce"),
    ),
    (
        behind("EBS", {"configuredAtLaunch": True}, {}, launch_volumes=(volume("data", 8, "gp3"),)),
        (EBS, "8Gi", None, "ReadWriteOnce"),
    ),
    (
        behind("EBS of a class", {"configuredAtLaunch": True}, {}, launch_volumes=(volume("data", 8, "gp3"),))._replace(
            settings=CLASSES
        ),
        (EBS, "8Gi", "disks", "ReadWriteOnce"),
    ),
    (
        behind("EBS of a type", {"configuredAtLaunch": True}, {}, launch_volumes=(volume("data", 8, "io2"),))._replace(
            settings=CLASSES
        ),
        (EBS, "8Gi", "fast-disks", "ReadWriteOnce"),
    ),
    (
        behind("EBS of a snapshot", {"configuredAtLaunch": True}, {}, launch_volumes=(volume("data"),)),
        (EBS, "20Gi", None, "ReadWriteOnce"),
    ),
]


@pytest.mark.parametrize(("case", "expected"), CLAIMS, ids=lambda value: value.name if isinstance(value, Case) else "")
def test_claims(case: Case, expected: tuple[str, str, str | None, str] | None) -> None:
    assert claims(case) == ([expected] if expected else [])


def test_a_claim_of_the_tasks_own_goes_with_it() -> None:
    at_launch = behind("", {"configuredAtLaunch": True}, {}).plan
    (made,) = claims_of(at_launch, SETTINGS)
    assert made == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": EBS,
            "namespace": NAMESPACE,
            "labels": OURS | {"kecs.dev/task": TASK_ID, "kecs.dev/role": "volume"},
            "annotations": {"kecs.dev/task-arn": ARN},
        },
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}},
    }


@pytest.mark.parametrize(
    ("given", "role", "task"),
    [
        (efs(), "file-system", {}),
        (docker(scope="shared", autoprovision=True), "shared", {}),
        ({"configuredAtLaunch": True}, "kept-volume", {"kept_volumes": ("data",)}),
    ],
)
def test_others_stay(given: dict[str, Any], role: str, task: dict[str, Any]) -> None:
    (made,) = claims_of(behind("", given, {}, **task).plan, SETTINGS)
    assert made["metadata"]["labels"] == OURS | {"kecs.dev/role": role}


def test_two_volumes_on_one_file_system_are_one_claim() -> None:
    both = plan(
        {"mountPoints": [{"sourceVolume": name, "containerPath": f"/{name}"} for name in ("a", "b")]},
        volumes=[{"name": "a", **efs()}, {"name": "b", **efs(rootDirectory="/b")}],
    )
    assert [made["metadata"]["name"] for made in claims_of(both, SETTINGS)] == ["efs-fs-1"]


def test_a_shared_volume_that_ecs_does_not_make_has_to_be_there() -> None:
    made = behind("", docker(scope="shared"), {}).plan
    assert required_claims(made, SETTINGS) == {"data": "data"}
    assert missing_claim("data", "data").startswith("initialize volume: volume detection failed, volume 'data' ")
