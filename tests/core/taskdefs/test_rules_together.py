"""What is refused of ports, volumes and containers that need each other, and with which text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.taskdefs.cases import Case, check, named, one, ports, task, volume
from tests.core.taskdefs.definitions import container

from kecs.core.taskdefs.rules.common import has_cycle

EFS = {"fileSystemId": "fs-1"}
PORTS = ("AppPorts", "ProxyIngressPort", "ProxyEgressPort")


NOT_WITH_AWSVPC: tuple[tuple[str, Any, str], ...] = (
    ("hostname", "h", "hostname is not supported on container when networkMode=awsvpc."),
    (
        "extraHosts",
        [{"hostname": "h", "ipAddress": "1.1.1.1"}],
        "Extra hosts are not supported on container when networkMode=awsvpc.",
    ),
    ("dnsServers", ["1.1.1.1"], "DNS servers are not supported on container when networkMode=awsvpc."),
    (
        "dnsSearchDomains",
        ["example.org"],
        "DNS search domains are not supported on container when networkMode=awsvpc.",
    ),
    (
        "disableNetworking",
        True,
        "Disable Networking is not supported on container when networkMode=awsvpc.",
    ),
)
NETWORK = [
    ports("Invalid 'containerPort' setting for container 'app'.", {"hostPort": 80}),
    ports("Invalid 'containerPort' setting for container 'app'.", {"containerPort": 0}),
    ports("Invalid 'containerPort' setting for container 'app'.", {"containerPort": 65536}),
    ports("Invalid 'hostPort' setting for container 'app'.", {"containerPort": 80, "hostPort": 65536}),
    ports("Invalid 'containerPortRange' setting for container 'app'.", {"containerPortRange": "90-80"}),
    ports("Invalid 'containerPortRange' setting for container 'app'.", {"containerPortRange": "80-65536"}),
    ports("Invalid 'containerPortRange' setting for container 'app'.", {"containerPortRange": "80"}),
    ports(
        "Invalid port mapping for container 'app', cannot specify both single port and port range.",
        {"containerPort": 80, "containerPortRange": "80-90"},
    ),
    ports(
        "Invalid port mapping for container 'app', port ranges must not overlap.",
        {"containerPortRange": "8080-8085"},
        {"containerPort": 8085},
    ),
    ports(
        "Container 'app' can have at most 100 port ranges.",
        *({"containerPortRange": f"{port}-{port + 1}"} for port in range(8000, 8202, 2)),
    ),
    ports(
        "Invalid 'name' setting in a port mapping for container 'app'.",
        {"containerPort": 80, "name": "-http"},
    ),
    ports("TCP host port '80' is mapped multiple times in task.", *[{"containerPort": 8080, "hostPort": 80}] * 2),
    ports(
        "UDP host port '53' is mapped multiple times in task.",
        *[{"containerPort": 5353, "hostPort": 53, "protocol": "udp"}] * 2,
    ),
    ports(
        "TCP container port '8085' is used multiple times in task when networkMode=awsvpc.",
        {"containerPortRange": "8080-8085"},
        {"containerPortRange": "8085-8090"},
        network="awsvpc",
    ),
    ports(
        "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        {"containerPort": 80, "hostPort": 8080},
        network="awsvpc",
    ),
    ports(
        "When networkMode=host, the host ports and container ports in port mappings must match.",
        {"containerPort": 80, "hostPort": 8080},
        network="host",
    ),
    ports(
        "When networkMode=awsvpc, port mapping name is already used",
        {"containerPort": 80, "name": "http"},
        {"containerPort": 81, "name": "http"},
        network="awsvpc",
    ),
    ports("Port mappings are not supported when networkMode=none.", {"containerPort": 80}, network="none"),
    ports("Port ranges are not supported when networkMode=host.", {"containerPortRange": "80-81"}, network="host"),
    *(task(text, container(**{name: value}), networkMode="awsvpc") for name, value, text in NOT_WITH_AWSVPC),
    task(
        "APPMESH proxy configuration is only supported in networkMode=awsvpc",
        proxyConfiguration={"containerName": "app"},
    ),
    task(
        "Proxy container [envoy] does not exist.",
        networkMode="awsvpc",
        proxyConfiguration={"containerName": "envoy"},
    ),
    task("Ingress port not found", networkMode="awsvpc", proxyConfiguration={"containerName": "app"}),
    task(
        "One of [IgnoredUID, IgnoredGID] must be specified for the proxy.",
        networkMode="awsvpc",
        proxyConfiguration={"containerName": "app", "properties": [{"name": name, "value": "1"} for name in PORTS]},
    ),
    task(
        "Fault injection is only supported in networkMode=awsvpc and networkMode=host.",
        enableFaultInjection=True,
    ),
]
VOLUMES = [
    volume("Volume.name should not be null or empty.", name=None),
    volume("Volume.name contains invalid characters.", name="my volume"),
    volume("Volume.name should be 255 characters or less", name="v" * 256),
    task("Volume names must be unique within a task definition.", volumes=[{"name": "v"}, {"name": "v"}]),
    volume(
        "When the volume parameter is specified, only one volume configuration type should be used.",
        host={},
        efsVolumeConfiguration=EFS,
    ),
    volume("host.sourcePath should not be blank.", host={"sourcePath": ""}),
    volume(
        "autoprovision is only supported for Docker volumes with scope 'shared'.",
        dockerVolumeConfiguration={"autoprovision": True},
    ),
    volume(
        'When using an EFS access point, the root directory must either be set to "/" or be omitted.',
        efsVolumeConfiguration={**EFS, "rootDirectory": "/x", "authorizationConfig": {"accessPointId": "fsap-1"}},
    ),
    volume(
        "EFS access point requires TransitEncryption to be enabled.",
        efsVolumeConfiguration={**EFS, "authorizationConfig": {"accessPointId": "fsap-1"}},
    ),
    volume(
        "EFS IAM authorization requires TransitEncryption to be enabled.",
        efsVolumeConfiguration={**EFS, "authorizationConfig": {"iam": "ENABLED"}},
    ),
    volume(
        "TransitEncryptionPort requires that TransitEncryption is enabled.",
        efsVolumeConfiguration={**EFS, "transitEncryptionPort": 2049},
    ),
    volume(
        "Invalid 'transitEncryptionPort' setting for volume 'v'.",
        efsVolumeConfiguration={**EFS, "transitEncryption": "ENABLED", "transitEncryptionPort": 65536},
    ),
    volume(
        'When using an S3 Files access point, the root directory must either be set to "/" or be omitted.',
        s3filesVolumeConfiguration={"fileSystemArn": "a", "accessPointArn": "b", "rootDirectory": "/x"},
    ),
    volume("Volumes [v] are not referenced by any of the containers", configuredAtLaunch=True),
    task(
        "Only one volume can be configured at launch.",
        volumes=[{"name": name, "configuredAtLaunch": True} for name in "ab"],
    ),
    one("Unknown volume 'data'.", mountPoints=[{"sourceVolume": "data", "containerPath": "/data"}]),
    one("Unknown volume 'null'.", mountPoints=[{"containerPath": "/data"}]),
    task(
        "Invalid 'containerPath' setting in a mount point for container 'app'.",
        container(mountPoints=[{"sourceVolume": "v"}]),
        volumes=[{"name": "v"}],
    ),
]
ORDER = [
    *(
        task(f"Links are not supported when networkMode={network}.", container(links=["db"]), networkMode=network)
        for network in ("awsvpc", "host", "none")
    ),
    one("Invalid 'links' setting. Unknown container: 'db'.", links=["db:database"]),
    one("Invalid 'volumesFrom' setting. Unknown container: 'db'.", volumesFrom=[{"sourceContainer": "db"}]),
    one(
        "Cannot depend on container + 'db' because it does not exist",
        dependsOn=[{"containerName": "db", "condition": "START"}],
    ),
    task(
        "Container links should not have a cycle",
        container("a", links=["b"]),
        container("b", links=["c:see"]),
        container("c", links=["a"]),
    ),
    task(
        "Container volumesFrom should not have a cycle",
        container("a", volumesFrom=[{"sourceContainer": "b"}]),
        container("b", volumesFrom=[{"sourceContainer": "a"}]),
    ),
    one(
        "Container dependencies should not have a cycle",
        dependsOn=[{"containerName": "app", "condition": "START"}],
    ),
    task(
        "Container dependencies should not have a cycle",
        container("a", volumesFrom=[{"sourceContainer": "b"}]),
        container("b", dependsOn=[{"containerName": "a", "condition": "START"}]),
    ),
    *(
        task(
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
            container("a", dependsOn=[{"containerName": "b", "condition": condition}]),
            container("b"),
        )
        for condition in ("SUCCESS", "COMPLETE")
    ),
    task(
        "A dependency container with HEALTHY condition must have health check configured",
        container("a", dependsOn=[{"containerName": "b", "condition": "HEALTHY"}]),
        container("b"),
    ),
]


@pytest.mark.parametrize("case", [*NETWORK, *VOLUMES, *ORDER], ids=named)
def test_refused(case: Case) -> None:
    check(case)


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=4)))
def test_a_cycle_is_a_node_that_leads_back_to_itself(graph: dict[str, list[str]]) -> None:
    def reachable(start: str) -> set[str]:
        found: set[str] = set()
        following = list(graph.get(start, ()))
        while following:
            node = following.pop()
            if node not in found:
                found.add(node)
                following.extend(graph.get(node, ()))
        return found

    assert has_cycle(graph) == any(node in reachable(node) for node in graph)
