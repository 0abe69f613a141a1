"""What a task may ask for that no pod can be: it is refused, and says why."""

from __future__ import annotations

from typing import Any

import pytest
from tests.runtimes.kubernetes.translated import SETTINGS, plan

from kecs.core.logs.firelens import FROM_S3
from kecs.runtimes.kubernetes.manifests.pods import Untranslatable, pod_of
from kecs.runtimes.kubernetes.manifests.problems import problem_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

ROUTER = {"type": "fluentbit", "options": {"config-file-type": "s3", "config-file-value": "arn:aws:s3:::b/k"}}
WINDOWS = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}


def docker(**fields: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "data", "dockerVolumeConfiguration": fields}]}


def linux(**parameters: Any) -> dict[str, Any]:
    return {"linuxParameters": parameters}


def ports(*numbers: int, **fields: Any) -> dict[str, Any]:
    return {"portMappings": [{"containerPort": number, **fields} for number in numbers]}


TWICE = {"portMappings": [*ports(80, hostPort=0)["portMappings"], *ports(80, hostPort=8080)["portMappings"]]}


@pytest.mark.parametrize(
    ("containers", "task", "text"),
    [
        ([{"user": "nobody"}], {}, "user 'nobody' has to be given as a number"),
        ([{"user": "0:wheel"}], {}, "user '0:wheel' has to be given as a number"),
        ([{"environment": [{"name": "1A", "value": ""}]}], {}, "'1A' is no name of an environment variable"),
        ([{"environment": [{"name": "..", "value": ""}]}], {}, "'..' is no name of an environment variable"),
        ([linux(devices=[{"hostPath": "/dev/fuse"}])], {}, "gives devices of a node to privileged containers only"),
        ([{"resourceRequirements": [{"type": "GPU", "value": "ALL"}]}], {}, "gives GPUs by their number"),
        ([{"dockerSecurityOptions": ["credentialspec:x"]}], {}, "credential specs are not supported"),
        ([{"dockerSecurityOptions": ["no-new-privileges"], "privileged": True}], {}, "does not combine"),
        (
            [{"dockerSecurityOptions": ["no-new-privileges"], **linux(capabilities={"add": ["SYS_ADMIN"]})}],
            {},
            "does not combine",
        ),
        ([{"links": ["a:my_db"]}], {}, "'my_db' is no host name"),
        ([{"links": ["my_db"]}], {}, "'my_db' is no host name"),
        ([{"extraHosts": [{"hostname": "a b", "ipAddress": "10.0.0.1"}]}], {}, "'a b' is no host name"),
        ([{"firelensConfiguration": ROUTER}], {}, FROM_S3),
        ([{"disableNetworking": True}, {"name": "b"}], {}, "networking is disabled for all of a task or for none"),
        ([ports(80), {"name": "b", **ports(80)}], {}, "TCP container port '80' is used by 2 containers"),
        ([TWICE], {}, "TCP container port '80' has more than one host port"),
    ],
)
def test_a_container_is_refused(containers: list[dict[str, Any]], task: dict[str, Any], text: str) -> None:
    problem = problem_of(plan(*containers, **task), SETTINGS)
    assert problem is not None
    assert problem.startswith("CannotCreateContainerError: ")
    assert text in problem
    with pytest.raises(Untranslatable) as refused:
        pod_of(plan(*containers, **task), started=[], settings=SETTINGS)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        (docker(driver="rexray/ebs"), "there is no Docker volume driver 'rexray/ebs'"),
        (docker(driver="rexray/ebs", scope="shared"), "there is no Docker volume driver 'rexray/ebs'"),
        (docker(driverOpts={"type": "nfs"}), "options of Docker volume drivers mean nothing"),
    ],
)
def test_a_volume_is_refused(volume: dict[str, Any], text: str) -> None:
    problem = problem_of(plan({}, **volume), SETTINGS)
    assert problem is not None
    assert problem.startswith("CannotCreateVolumeError: volume 'data': ")
    assert text in problem


@pytest.mark.parametrize(
    ("containers", "task", "settings"),
    [
        ([{"user": "root"}, {"name": "b", "user": "1:2"}], {}, SETTINGS),
        ([{"user": "ContainerAdministrator"}], {"runtimePlatform": WINDOWS}, SETTINGS),
        ([{"environment": [{"name": "a.b-c_D1", "value": ""}]}], {}, SETTINGS),
        ([{"privileged": True, **linux(devices=[{"hostPath": "/dev/fuse"}])}], {}, SETTINGS),
        ([{"disableNetworking": True}, {"name": "b", "disableNetworking": True}], {}, SETTINGS),
        ([ports(80, hostPort=0), {"name": "b", **ports(80, protocol="udp")}], {}, SETTINGS),
        ([ports(80, 80)], {}, SETTINGS),
        ([{"links": ["my_db:db"]}], {}, SETTINGS),
        ([{}], docker(driver="local"), SETTINGS),
        ([{}], docker(driver="rexray/ebs", driverOpts={"a": "b"}), PodSettings(storage_classes={"rexray/ebs": "x"})),
    ],
)
def test_these_are_not(containers: list[dict[str, Any]], task: dict[str, Any], settings: PodSettings) -> None:
    assert problem_of(plan(*containers, **task), settings) is None
