"""What a task has as a whole, and what its containers share, in its pod: rights, network, names, times."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.runtimes.kubernetes.translated import ARN, NAMESPACE, POD, SETTINGS, TASK_ID, Case, changes, one, plan

from kecs.aws.model import ecs as m
from kecs.runtimes.kubernetes.manifests.network import policy_of
from kecs.runtimes.kubernetes.manifests.pods import grace, pod_of
from kecs.runtimes.kubernetes.manifests.settings import HOME

SECURITY = {"seccompProfile": {"type": "RuntimeDefault"}}
APPARMOR = "container.apparmor.security.beta.kubernetes.io/app"


def of_pod(name: str, container: dict[str, Any], changed: dict[str, Any], **task: Any) -> Case:
    return Case(name, [container], {"pod": changed} if changed else {}, task)


def linux(**parameters: Any) -> dict[str, Any]:
    return {"linuxParameters": parameters}


def guarded(name: str, container: dict[str, Any], **context: Any) -> Case:
    return one(name, container, {"securityContext": context} if context else {})


RIGHTS = [
    guarded("a user by number", {"user": "1000"}, runAsUser=1000),
    guarded("a user and a group", {"user": "1000:2000"}, runAsUser=1000, runAsGroup=2000),
    guarded("root by name", {"user": "root:root"}, runAsUser=0, runAsGroup=0),
    guarded("root file system", {"readonlyRootFilesystem": True}, readOnlyRootFilesystem=True),
    guarded("privileged", {"privileged": True}, privileged=True, seccompProfile={"type": "Unconfined"}),
    guarded("not privileged", {"privileged": False}, privileged=False),
    guarded(
        "capabilities",
        linux(capabilities={"add": ["NET_ADMIN"], "drop": ["ALL"]}),
        capabilities={"add": ["NET_ADMIN"], "drop": ["ALL"]},
    ),
    guarded("no capabilities", linux(capabilities={"add": [], "drop": []})),
    guarded("no new privileges", {"dockerSecurityOptions": ["no-new-privileges"]}, allowPrivilegeEscalation=False),
    guarded("the same", {"dockerSecurityOptions": ["no-new-privileges:true"]}, allowPrivilegeEscalation=False),
    guarded(
        "SELinux",
        {"dockerSecurityOptions": ["label:user:u", "label:role:r", "label:type:t", "label:level:s0:c1"]},
        seLinuxOptions={"user": "u", "role": "r", "type": "t", "level": "s0:c1"},
    ),
    guarded("no SELinux", {"dockerSecurityOptions": ["label:disable"]}, seLinuxOptions={"type": "spc_t"}),
    Case("AppArmor", [{"dockerSecurityOptions": ["apparmor:mine"]}], {"annotations": {APPARMOR: "localhost/mine"}}),
    Case(
        "Docker's AppArmor",
        [{"dockerSecurityOptions": ["apparmor:docker-default"]}],
        {"annotations": {APPARMOR: "runtime/default"}},
    ),
    Case(
        "no AppArmor", [{"dockerSecurityOptions": ["apparmor:unconfined"]}], {"annotations": {APPARMOR: "unconfined"}}
    ),
    Case(
        "kernel parameters, the last of which counts",
        [
            {"systemControls": [{"namespace": "net.ipv4.tcp_syncookies", "value": "0"}]},
            {
                "name": "b",
                "systemControls": [
                    {"namespace": "net.ipv4.tcp_syncookies", "value": "1"},
                    {"namespace": "kernel.shm_rmid_forced", "value": "0"},
                ],
            },
        ],
        {
            "pod": {
                "securityContext": {
                    **SECURITY,
                    "sysctls": [
                        {"name": "net.ipv4.tcp_syncookies", "value": "1"},
                        {"name": "kernel.shm_rmid_forced", "value": "0"},
                    ],
                }
            }
        },
    ),
    of_pod("processes of the host", {}, {"hostPID": True}, pidMode="host"),
    of_pod("processes of the task", {}, {"shareProcessNamespace": True}, pidMode="task"),
    of_pod("an init process", linux(initProcessEnabled=True), {"shareProcessNamespace": True}),
    of_pod("an init process among the host's", linux(initProcessEnabled=True), {"hostPID": True}, pidMode="host"),
    Case("an init process of one of two", [linux(initProcessEnabled=True), {"name": "b"}], {}),
    of_pod("IPC of the host", {}, {"hostIPC": True}, ipcMode="host"),
    of_pod("IPC of the task, which a pod has", {}, {}, ipcMode="task"),
    Case(
        "Windows",
        [{"user": "ContainerUser"}],
        {
            "pod": {
                "securityContext": None,
                "nodeSelector": {
                    "kubernetes.io/os": "windows",
                    "kubernetes.io/arch": "amd64",
                    "node.kubernetes.io/windows-build": "10.0.20348",
                },
            },
            "app": {"securityContext": {"windowsOptions": {"runAsUserName": "ContainerUser"}}},
        },
        {
            "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64"},
        },
    ),
]

NETWORKS = [
    of_pod("a host name", {"hostname": "box"}, {"hostname": "box"}),
    of_pod("a host name that is none here", {"hostname": "My_Box.example"}, {"hostname": "my-box"}),
    of_pod(
        "links lead to the pod itself",
        {"links": ["db:Database", "cache", "my_queue:queue"]},
        {"hostAliases": [{"ip": "127.0.0.1", "hostnames": ["database", "db", "cache", "queue"]}]},
    ),
    of_pod(
        "further hosts",
        {
            "extraHosts": [
                {"hostname": "a", "ipAddress": "10.0.0.3"},
                {"hostname": "b", "ipAddress": "10.0.0.4"},
                {"hostname": "c.example", "ipAddress": "10.0.0.3"},
            ]
        },
        {
            "hostAliases": [
                {"ip": "10.0.0.3", "hostnames": ["a", "c.example"]},
                {"ip": "10.0.0.4", "hostnames": ["b"]},
            ]
        },
    ),
    of_pod(
        "name servers",
        {"dnsServers": ["10.0.0.2"], "dnsSearchDomains": ["example.test"]},
        {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.0.0.2"], "searches": ["example.test"]}},
    ),
    of_pod("search domains", {"dnsSearchDomains": ["example.test"]}, {"dnsConfig": {"searches": ["example.test"]}}),
    Case(
        "what all containers ask for together",
        [
            {"dnsServers": ["10.0.0.1", "10.0.0.2"]},
            {"name": "b", "dnsServers": ["10.0.0.2", "10.0.0.3", "10.0.0.4"], "hostname": "b"},
        ],
        {
            "pod": {
                "dnsPolicy": "None",
                "dnsConfig": {"nameservers": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]},
                "hostname": "b",
            }
        },
    ),
    Case(
        "networking disabled",
        [{"disableNetworking": True}],
        {"labels": {"kecs.dev/network-mode": "none"}},
    ),
]

TIMES = [
    of_pod("a stop timeout", {"stopTimeout": 5}, {"terminationGracePeriodSeconds": 5}),
    Case(
        "the longest of them",
        [{"stopTimeout": 5}, {"name": "b", "stopTimeout": 90}],
        {"pod": {"terminationGracePeriodSeconds": 90}},
    ),
]

LABELLED = [
    Case(
        "Docker labels",
        [{"dockerLabels": {"team": "a", "com.example/x-y": "b", "no annotation!": "c", "io.kubernetes.io/z": "d"}}],
        {
            "annotations": {
                "team": "a",
                "com.example/x-y": "b",
                "kecs.dev/docker-labels": '{"app": {"team": "a", "com.example/x-y": "b", "no annotation!": "c", '
                '"io.kubernetes.io/z": "d"}}',
            }
        },
    ),
    Case(
        "Docker labels of two containers, and none of KECS's own",
        [{"dockerLabels": {"team": "a"}}, {"name": "b", "dockerLabels": {"team": "b", "kecs.dev/task-arn": "x"}}],
        {
            "annotations": {
                "team": "a",
                "kecs.dev/docker-labels": '{"app": {"team": "a"}, "b": {"team": "b", "kecs.dev/task-arn": "x"}}',
            }
        },
    ),
]

CASES = [*RIGHTS, *NETWORKS, *TIMES, *LABELLED]


def without_others(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Without containers that a bare pod does not have: those are looked at elsewhere."""
    return {name: change for name, change in found.items() if name != "b"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_field_changes_what_it_says_and_nothing_else(case: Case) -> None:
    expected = {name: change for name, change in case.changes.items() if change}
    assert without_others(changes(case)) == expected


def test_the_least_that_a_pod_can_be() -> None:
    made = pod_of(plan({}), started=["app"], settings=SETTINGS)
    assert made == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": POD,
            "namespace": NAMESPACE,
            "labels": {
                "app.kubernetes.io/managed-by": "kecs",
                "kecs.dev/instance": "test",
                "kecs.dev/task": TASK_ID,
                "kecs.dev/cluster": "dev",
                "kecs.dev/group": "family.web",
                "kecs.dev/family": "web",
                "kecs.dev/network-mode": "bridge",
            },
            "annotations": {
                "kecs.dev/task-arn": ARN,
                "kecs.dev/task-definition": "web:7",
                "kecs.dev/cluster-name": "dev",
                "kecs.dev/containers": '["app"]',
            },
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 30,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": SECURITY,
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "containers": [
                {
                    "name": "app",
                    "image": "nginx:latest",
                    "imagePullPolicy": "IfNotPresent",
                    "env": [
                        {"name": "AWS_EXECUTION_ENV", "value": "AWS_ECS_EC2"},
                        {"name": "AWS_REGION", "value": "us-east-1"},
                        {"name": "AWS_DEFAULT_REGION", "value": "us-east-1"},
                    ],
                    "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}},
                }
            ],
        },
    }


def test_the_pod_of_a_service_says_whose_it_is() -> None:
    made = pod_of(
        plan({}, {"name": "B_2"}, service="My_Service", group="service:My_Service", deployment="ecs-svc/42"),
        started=["app"],
        settings=SETTINGS,
    )
    labels, annotations = made["metadata"]["labels"], made["metadata"]["annotations"]
    assert made["metadata"]["name"] == f"my-service-{TASK_ID}"
    assert labels["kecs.dev/service"] == "My_Service"
    assert labels["kecs.dev/group"] == "service.My_Service"
    assert labels["kecs.dev/deployment"] == "42"
    assert annotations["kecs.dev/service-name"] == "My_Service"
    assert annotations["kecs.dev/deployment-id"] == "ecs-svc/42"
    assert json.loads(annotations["kecs.dev/containers"]) == ["app", "B_2"]


def test_spare_slots_are_held_to_the_same_profile_of_apparmor() -> None:
    restarted = {"restartPolicy": {"enabled": True}, "dockerSecurityOptions": ["apparmor:mine"]}
    annotations = pod_of(plan(restarted), started=["app"], settings=SETTINGS)["metadata"]["annotations"]
    assert annotations[APPARMOR] == annotations[f"{APPARMOR}--8"] == "localhost/mine"


def test_what_takes_longest_to_stop_has_its_time() -> None:
    assert grace(plan({"stopTimeout": 2}, {"name": "b"})) == 30


def test_the_policy_of_tasks_without_a_network() -> None:
    assert policy_of("test", HOME, HOME, "dev") == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": "kecs-no-network",
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/managed-by": "kecs", "kecs.dev/instance": "test"},
        },
        "spec": {
            "podSelector": {"matchLabels": {"kecs.dev/network-mode": "none"}},
            "policyTypes": ["Ingress", "Egress"],
        },
    }


OF_A_TASK = {
    "container_definitions": "test_containers",
    "family": "names",
    "revision": "names",
    "network_mode": "test_ports, and here",
    "volumes": "test_volumes",
    "runtime_platform": "test_placing",
    "placement_constraints": "test_constraints",
    "cpu": "test_resources",
    "memory": "test_resources",
    "ephemeral_storage": "test_resources",
    "pid_mode": "here",
    "ipc_mode": "here",
}
NOT_A_RUNTIMES = {
    "task_definition_arn",
    "task_role_arn",  # core.tasks.environment
    "execution_role_arn",
    "status",
    "requires_attributes",
    "compatibilities",
    "requires_compatibilities",
    "inference_accelerators",
    "proxy_configuration",
    "registered_at",
    "deregistered_at",
    "delete_requested_at",
    "registered_by",
    "enable_fault_injection",
    "trusted_execution_configuration",
}


def test_every_field_of_a_task_definition_is_accounted_for() -> None:
    assert {f.name for f in msgspec.structs.fields(m.TaskDefinition)} == {*OF_A_TASK, *NOT_A_RUNTIMES}
