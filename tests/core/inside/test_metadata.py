"""What tasks and containers are told of themselves, in the words of AWS's examples."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.inside.introspection import agent_document, agent_task
from kecs.core.inside.metadata import Subject, Version, container_document, task_document
from kecs.core.inside.seen import SeenContainer, SeenTask, SeenVolume
from kecs.core.records import ContainerRecord, InstanceRecord, TaskRecord
from kecs.core.tasks.plan import TaskPlan

ID = "cd189a933e5849daa93386466019ab50"
CLUSTER = "arn:aws:ecs:us-west-2:111122223333:cluster/shop"
ARN = f"arn:aws:ecs:us-west-2:111122223333:task/shop/{ID}"
NOW = 1_696_163_000.9
DEFINITION = m.ContainerDefinition(
    name="app",
    image="curltest",
    cpu=10,
    memory=128,
    docker_labels={"team": "a"},
    port_mappings=[m.PortMapping(container_port=80, protocol="tcp")],
    log_configuration=m.LogConfiguration(
        log_driver="awslogs", options={"awslogs-group": "/ecs", "awslogs-stream-prefix": "web"}
    ),
)
RUNNING = ContainerRecord(
    name="app",
    arn=f"arn:aws:ecs:us-west-2:111122223333:container/shop/{ID}/05966557",
    image="curltest",
    essential=True,
    phase="RUNNING",
    runtime_id="cd189a93-1",
    image_digest="sha256:25f3",
    started_at=1_696_162_800.5,
)
INTERFACE = m.Attachment(
    type="ElasticNetworkInterface",
    details=[
        m.KeyValuePair(name="privateIPv4Address", value="10.0.0.222"),
        m.KeyValuePair(name="macAddress", value="0a:de:f6:10:51:e5"),
        m.KeyValuePair(name="privateDnsName", value="ip-10-0-0-222.us-west-2.compute.internal"),
    ],
)
SEEN = SeenTask(
    containers={"app": SeenContainer(name="kecs-app", created_at=1_696_162_800.25, written=3 * 1024 * 1024)},
    subnet="10.0.0.0/24",
    gateway="10.0.0.1",
    name_servers=("10.0.0.2",),
)


def subject(
    *containers: ContainerRecord,
    launch: Any = "FARGATE",
    mode: str = "awsvpc",
    seen: SeenTask = SEEN,
    instance: InstanceRecord | None = None,
    definition: m.ContainerDefinition = DEFINITION,
    **task: Any,
) -> Subject:
    record = TaskRecord(
        arn=ARN,
        cluster_arn=CLUSTER,
        definition_arn="arn:aws:ecs:us-west-2:111122223333:task-definition/web:7",
        group="family:web",
        launch_type=launch,
        created_at=NOW - 300,
        containers=containers or (RUNNING,),
        last_status="RUNNING",
        attachments=(INTERFACE,) if mode == "awsvpc" else (),
    )
    plan = TaskPlan(
        arn=ARN,
        id=ID,
        cluster="shop",
        account="111122223333",
        region="us-west-2",
        definition=m.TaskDefinition(family="web", revision=7),
        containers=(definition,),
        network_mode=mode,
        launch_type=launch,
        cpu="256" if launch == "FARGATE" else None,
        memory="512" if launch == "FARGATE" else None,
    )
    return Subject(replace(record, **task), plan, instance, seen, NOW)


LABELS = {
    "team": "a",
    "com.amazonaws.ecs.cluster": CLUSTER,
    "com.amazonaws.ecs.container-name": "app",
    "com.amazonaws.ecs.task-arn": ARN,
    "com.amazonaws.ecs.task-definition-family": "web",
    "com.amazonaws.ecs.task-definition-version": "7",
}


def test_a_container_on_fargate() -> None:
    of = subject()
    assert container_document(of, of.task.containers[0], "v4") == {
        "DockerId": "cd189a93-1",
        "Name": "app",
        "DockerName": "kecs-app",
        "Image": "curltest",
        "ImageID": "sha256:25f3",
        "Ports": [{"ContainerPort": 80, "Protocol": "tcp", "HostPort": 80}],
        "Labels": LABELS,
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Limits": {"CPU": 10, "Memory": 128},
        "CreatedAt": "2023-10-01T12:20:00.250000Z",
        "StartedAt": "2023-10-01T12:20:00.500000Z",
        "Type": "NORMAL",
        "Networks": [
            {
                "NetworkMode": "awsvpc",
                "IPv4Addresses": ["10.0.0.222"],
                "AttachmentIndex": 0,
                "MACAddress": "0a:de:f6:10:51:e5",
                "IPv4SubnetCIDRBlock": "10.0.0.0/24",
                "DomainNameServers": ["10.0.0.2"],
                "DomainNameSearchList": ["us-west-2.compute.internal"],
                "PrivateDNSName": "ip-10-0-0-222.us-west-2.compute.internal",
                "SubnetGatewayIpv4Address": "10.0.0.1/24",
            }
        ],
        "LogDriver": "awslogs",
        "LogOptions": {"awslogs-group": "/ecs", "awslogs-stream": f"web/app/{ID}"},
        "ContainerARN": RUNNING.arn,
        "Snapshotter": "overlayfs",
    }


def test_a_task_on_fargate() -> None:
    document = task_document(subject(availability_zone="us-west-2b", pull_started_at=NOW - 200), "v4")
    assert [container["Name"] for container in document.pop("Containers")] == ["app"]
    assert document == {
        "Cluster": CLUSTER,
        "TaskARN": ARN,
        "Family": "web",
        "Revision": "7",
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Limits": {"CPU": 0.25, "Memory": 512},
        "PullStartedAt": "2023-10-01T12:20:00.900000Z",
        "AvailabilityZone": "us-west-2b",
        "LaunchType": "FARGATE",
        "ClockDrift": {
            "ClockErrorBound": 0.0,
            "ReferenceTimestamp": "2023-10-01T12:23:20Z",
            "ClockSynchronizationStatus": "SYNCHRONIZED",
        },
        "EphemeralStorageMetrics": {"Utilized": 3, "Reserved": 20496},
        "FaultInjectionEnabled": False,
    }


def instance(**attributes: str) -> InstanceRecord:
    named = [
        m.Attribute(name=name.replace("_", "-").replace("ecs-", "ecs."), value=v) for name, v in attributes.items()
    ]
    tags = (m.Tag(key="rack", value="1"),)
    return InstanceRecord(
        arn="arn:i", cluster_arn=CLUSTER, instance=m.ContainerInstance(attributes=named), local=True, tags=tags
    )


def test_a_task_of_a_service_on_an_instance() -> None:
    machine = instance(ecs_availability_zone="us-west-2a", ecs_vpc_id="vpc-1")
    of = subject(launch="EC2", mode="bridge", instance=machine, service_name="web", tags=(m.Tag(key="k", value="v"),))
    document = task_document(of, "v4", tags=True)
    assert document["Cluster"] == "shop"
    assert document["LaunchType"] == "EC2"
    assert document["AvailabilityZone"] == "us-west-2a"
    assert document["VPCID"] == "vpc-1"
    assert document["ServiceName"] == "web"
    assert document["TaskTags"] == {"k": "v"}
    assert document["ContainerInstanceTags"] == {"rack": "1"}
    assert {"Limits", "ClockDrift", "EphemeralStorageMetrics"}.isdisjoint(document)
    assert "TaskTags" not in task_document(of, "v4")
    assert "Snapshotter" not in document["Containers"][0]


def test_ports_and_addresses_of_a_bridge() -> None:
    binding = m.NetworkBinding(bind_ip="127.0.0.1", container_port=80, host_port=32768, protocol="tcp")
    seen = SeenTask(
        containers={
            "app": SeenContainer(
                name="kecs-app", addresses=("172.17.0.2",), volumes=(SeenVolume(destination="/d", source="/s"),)
            )
        }
    )
    of = subject(replace(RUNNING, network_bindings=(binding,)), launch="EC2", mode="bridge", seen=seen)
    document = container_document(of, of.task.containers[0], "v4")
    assert document["Ports"] == [{"ContainerPort": 80, "Protocol": "tcp", "HostPort": 32768, "HostIp": "127.0.0.1"}]
    assert document["Networks"] == [{"NetworkMode": "bridge", "IPv4Addresses": ["172.17.0.2"]}]
    assert document["Volumes"] == [{"Source": "/s", "Destination": "/d"}]


def test_version_3_says_less() -> None:
    document = task_document(subject(service_name="web"), "v3")
    assert {"LaunchType", "ServiceName", "ClockDrift", "FaultInjectionEnabled"}.isdisjoint(document)
    (container,) = document["Containers"]
    assert container["Networks"] == [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.0.222"]}]
    assert {"ContainerARN", "LogDriver", "LogOptions", "Snapshotter"}.isdisjoint(container)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"phase": "PULLING"}, {"KnownStatus": "NONE"}),
        ({"phase": "PULLED"}, {"KnownStatus": "PULLED"}),
        ({"phase": "STARTING"}, {"KnownStatus": "CREATED"}),
        ({"phase": "STOPPING"}, {"KnownStatus": "RUNNING"}),
        ({"phase": "STOPPED", "exit_code": 3, "finished_at": NOW}, {"KnownStatus": "STOPPED", "ExitCode": 3}),
        ({"health": "UNHEALTHY"}, {"Health": {"status": "UNHEALTHY"}}),
        ({"restart_policy": m.ContainerRestartPolicy(enabled=True), "restart_count": 2}, {"RestartCount": 2}),
    ],
)
def test_how_a_container_does(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    of = subject(replace(RUNNING, **changes))
    assert container_document(of, of.task.containers[0], "v4").items() >= expected.items()


def test_a_container_that_asks_before_its_start_is_reported() -> None:
    starting = replace(RUNNING, phase="STARTING", runtime_id=None, started_at=None)
    seen = SeenTask(containers={"app": SeenContainer(name="kecs-app", id="cd18", started_at=NOW)})
    of = subject(starting, seen=seen, last_status="PENDING")
    document = container_document(of, starting, "v4")
    assert (document["DockerId"], document["KnownStatus"]) == ("cd18", "RUNNING")
    assert task_document(of, "v4")["KnownStatus"] == "RUNNING"


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_what_no_runtime_has_seen_is_said_by_the_record(version: Version) -> None:
    of = subject(seen=SeenTask())
    document = container_document(of, of.task.containers[0], version)
    assert (document["DockerName"], document["CreatedAt"]) == ("app", document["StartedAt"])


def test_a_task_is_as_far_as_its_last_container() -> None:
    of = subject(replace(RUNNING, phase="PULLED"), last_status="PENDING")
    assert task_document(of, "v4")["KnownStatus"] == "PULLED"
    assert task_document(subject(last_status="STOPPING"), "v4")["KnownStatus"] == "RUNNING"
    assert task_document(subject(last_status="DEPROVISIONING"), "v4")["KnownStatus"] == "STOPPED"


def test_the_agent() -> None:
    machine = instance()
    assert agent_document("shop", machine) == {
        "Cluster": "shop",
        "ContainerInstanceArn": "arn:i",
        "Version": "Amazon ECS Agent - v1.0.0 (KECS)",
    }
    assert agent_document("shop", None)["ContainerInstanceArn"] is None
    task = agent_task(subject(launch="EC2"))
    assert (task["Arn"], task["Family"], task["Version"]) == (ARN, "web", "7")
    assert set(task["Containers"][0]) == {"DockerId", "DockerName", "Name", "Ports", "Networks"}
