"""Golden tests of what a container definition is to Docker; no engine needed."""

from __future__ import annotations

import msgspec
import pytest
from tests.runtimes.translated import ARN, MIB, NAME, body, plan

from kecs.aws.model import ecs as m
from kecs.ports.runtime import LogLine
from kecs.runtimes.docker import labels, pause, ports, translate
from kecs.runtimes.docker.logs import join


def test_every_field_of_a_container_definition_is_accounted_for() -> None:
    rows = {name for row in (*translate._CONFIG, *translate._HOST_CONFIG) for name in row.fields}
    known = rows | set(translate.DECIDED_BY_CORE) | set(translate.NOT_ACTED_ON)
    linux = {f"linux_parameters.{f.name}" for f in msgspec.structs.fields(m.LinuxParameters)}
    fields = {f.name for f in msgspec.structs.fields(m.ContainerDefinition)} - {"linux_parameters"} | linux
    assert fields == known


def test_the_least_that_a_container_can_say() -> None:
    made, host = body(m.ContainerDefinition(name="app", image="nginx"))
    assert made == {
        "Image": "nginx",
        "Env": ["AWS_EXECUTION_ENV=AWS_ECS_EC2", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1"],
        "Labels": {
            "io.kecs.instance": "test",
            "io.kecs.task": ARN,
            "io.kecs.cluster": "dev",
            "io.kecs.container": "app",
            "io.kecs.role": "container",
            "io.kecs.network-mode": "bridge",
            "io.kecs.ports": "",
            "com.amazonaws.ecs.task-arn": ARN,
            "com.amazonaws.ecs.cluster": "dev",
            "com.amazonaws.ecs.container-name": "app",
            "com.amazonaws.ecs.task-definition-family": "web",
            "com.amazonaws.ecs.task-definition-version": "7",
        },
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": host,
    }
    assert host == {"NetworkMode": "bridge", "CpuShares": 2, "LogConfig": {"Type": "json-file"}}


def test_everything_that_a_container_can_say() -> None:
    container = m.ContainerDefinition(
        name="app",
        image="repo/app:1",
        cpu=256,
        memory=512,
        memory_reservation=128,
        links=["db:database", "cache"],
        port_mappings=[
            m.PortMapping(container_port=80, host_port=8080),
            m.PortMapping(container_port=443, host_port=0),
            m.PortMapping(container_port_range="8000-8002", protocol="udp"),
        ],
        entry_point=["/entry"],
        command=["run", "it"],
        environment=[m.KeyValuePair(name="A", value="1"), m.KeyValuePair(name="AWS_EXECUTION_ENV", value="mine")],
        mount_points=[
            m.MountPoint(source_volume="scratch", container_path="/scratch"),
            m.MountPoint(source_volume="code", container_path="/code", read_only=True),
            m.MountPoint(source_volume="files", container_path="/files"),
        ],
        volumes_from=[m.VolumeFrom(source_container="db", read_only=True), m.VolumeFrom(source_container="cache")],
        linux_parameters=m.LinuxParameters(
            capabilities=m.KernelCapabilities(add=["NET_ADMIN"], drop=["CHOWN"]),
            devices=[
                m.Device(host_path="/dev/fuse"),
                m.Device(host_path="/dev/a", container_path="/dev/b", permissions=["read"]),
            ],
            init_process_enabled=True,
            shared_memory_size=64,
            tmpfs=[m.Tmpfs(container_path="/run", size=16, mount_options=["noexec", "nosuid"])],
            max_swap=256,
            swappiness=10,
        ),
        hostname="box",
        user="1000:1000",
        working_directory="/srv",
        privileged=True,
        readonly_root_filesystem=True,
        dns_servers=["10.0.0.2"],
        dns_search_domains=["example.test"],
        extra_hosts=[m.HostEntry(hostname="db", ip_address="10.0.0.3")],
        docker_security_options=["no-new-privileges", "label:user:box"],
        interactive=True,
        pseudo_terminal=True,
        docker_labels={"team": "a", "io.kecs.role": "spoofed"},
        ulimits=[m.Ulimit(name="nofile", soft_limit=1024, hard_limit=4096)],
        log_configuration=m.LogConfiguration(log_driver="syslog", options={"tag": "x"}),
        health_check=m.HealthCheck(command=["CMD-SHELL", "true"], interval=10, timeout=2, retries=5, start_period=7),
        system_controls=[m.SystemControl(namespace="net.core.somaxconn", value="512")],
        resource_requirements=[m.ResourceRequirement(type="GPU", value="2")],
    )
    made, host = body(
        container,
        pid_mode="task",
        ipc_mode="host",
        volumes=[
            m.Volume(name="scratch"),
            m.Volume(name="code", host=m.HostVolumeProperties(source_path="/users/me/code")),
            m.Volume(name="files", docker_volume_configuration=m.DockerVolumeConfiguration(scope="shared")),
        ],
    )
    assert made.pop("Labels") == {"team": "a"} | labels.container_labels("test", plan(), "app") | {
        "io.kecs.ports": "80/tcp,443/tcp,8000-8002/udp"
    }
    assert made.pop("HostConfig") is host
    assert made == {
        "Image": "repo/app:1",
        "Entrypoint": ["/entry"],
        "Cmd": ["run", "it"],
        "Env": ["AWS_EXECUTION_ENV=mine", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "A=1"],
        "WorkingDir": "/srv",
        "User": "1000:1000",
        "Hostname": "box",
        "OpenStdin": True,
        "Tty": True,
        "Healthcheck": {
            "Test": ["CMD-SHELL", "true"],
            "Interval": 10 * 10**9,
            "Timeout": 2 * 10**9,
            "Retries": 5,
            "StartPeriod": 7 * 10**9,
        },
        "ExposedPorts": {"80/tcp": {}, "443/tcp": {}, "8000/udp": {}, "8001/udp": {}, "8002/udp": {}},
    }
    assert host == {
        "NetworkMode": "bridge",
        "PortBindings": {
            "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}],
            "443/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
            "8000/udp": [{"HostIp": "127.0.0.1", "HostPort": "50000"}],
            "8001/udp": [{"HostIp": "127.0.0.1", "HostPort": "50001"}],
            "8002/udp": [{"HostIp": "127.0.0.1", "HostPort": "50002"}],
        },
        "Links": [f"{NAME.format('db')}:database", f"{NAME.format('cache')}:cache"],
        "Dns": ["10.0.0.2"],
        "DnsSearch": ["example.test"],
        "ExtraHosts": ["db:10.0.0.3"],
        "PidMode": "container:PAUSE",
        "IpcMode": "host",
        "CpuShares": 256,
        "Memory": 512 * MIB,
        "MemoryReservation": 128 * MIB,
        "MemorySwap": 768 * MIB,
        "MemorySwappiness": 10,
        "Binds": [f"{NAME.format('scratch')}:/scratch:rw", "/users/me/code:/code:ro", "files:/files:rw"],
        "VolumesFrom": [f"{NAME.format('db')}:ro", f"{NAME.format('cache')}:rw"],
        "ReadonlyRootfs": True,
        "Privileged": True,
        "SecurityOpt": ["no-new-privileges", "label=user:box"],
        "CapAdd": ["NET_ADMIN"],
        "CapDrop": ["CHOWN"],
        "Init": True,
        "Devices": [
            {"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rwm"},
            {"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"},
        ],
        "DeviceRequests": [{"Driver": "nvidia", "Count": 2, "Capabilities": [["gpu"]]}],
        "Tmpfs": {"/run": "size=16m,noexec,nosuid"},
        "ShmSize": 64 * MIB,
        "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 4096}],
        "Sysctls": {"net.core.somaxconn": "512"},
        "LogConfig": {"Type": "syslog", "Config": {"tag": "x"}},
    }


def test_in_awsvpc_mode_the_pause_container_has_what_belongs_to_the_network() -> None:
    web = m.ContainerDefinition(
        name="web",
        image="x",
        hostname="box",
        port_mappings=[m.PortMapping(container_port=80, host_port=80)],
        dns_servers=["10.0.0.2"],
        extra_hosts=[m.HostEntry(hostname="db", ip_address="10.0.0.3")],
    )
    side = m.ContainerDefinition(
        name="side",
        image="x",
        dns_servers=["10.0.0.2", "10.0.0.4"],
        dns_search_domains=["example.test"],
        linux_parameters=m.LinuxParameters(shared_memory_size=64),
    )
    made, host = body(web, side, mode="awsvpc")
    assert host["NetworkMode"] == "container:PAUSE"
    assert not {"Hostname", "ExposedPorts"} & set(made)
    assert not {"PortBindings", "Dns", "DnsSearch", "ExtraHosts", "Links"} & set(host)

    holder = translate.pause_body("test", plan(web, side, mode="awsvpc", ipc_mode="task"), "kecs-test")
    assert holder["Image"] == pause.IMAGE
    assert holder["Hostname"] == "box"
    assert holder["Labels"]["io.kecs.role"] == "pause"
    assert holder["HostConfig"] == {
        "NetworkMode": "kecs-test",
        "LogConfig": {"Type": "none"},
        "IpcMode": "shareable",
        "ShmSize": 64 * MIB,
        "Dns": ["10.0.0.2", "10.0.0.4"],
        "DnsSearch": ["example.test"],
        "ExtraHosts": ["db:10.0.0.3"],
    }


@pytest.mark.parametrize(
    ("mode", "definition", "needed"),
    [
        ("awsvpc", {}, True),
        ("bridge", {}, False),
        ("host", {}, False),
        ("none", {}, False),
        ("bridge", {"pid_mode": "task"}, True),
        ("none", {"ipc_mode": "task"}, True),
        ("bridge", {"pid_mode": "host", "ipc_mode": "none"}, False),
    ],
)
def test_only_tasks_that_share_a_namespace_have_a_pause_container(
    mode: str, definition: dict[str, str], needed: bool
) -> None:
    assert translate.needs_pause(plan(mode=mode, **definition)) is needed


def test_a_container_with_networking_disabled_has_no_network_in_any_mode() -> None:
    for mode in ("bridge", "host", "none"):
        _, host = body(m.ContainerDefinition(name="a", image="x", disable_networking=True), mode=mode)
        assert host["NetworkMode"] == "none"


def test_the_size_of_a_task_limits_each_of_its_containers() -> None:
    small = m.ContainerDefinition(name="small", image="x", cpu=64, memory=128)
    one = m.ContainerDefinition(name="one", image="x")
    two = m.ContainerDefinition(name="two", image="x", cpu=0)
    size = {"mode": "awsvpc", "launch": "FARGATE", "cpu": "512", "memory": "1024"}
    _, host = body(small, one, two, **size)
    limits = ("CpuShares", "CpuPeriod", "CpuQuota", "Memory", "MemorySwap")
    assert [host[key] for key in limits] == [64, 100_000, 50_000, 128 * MIB, 128 * MIB]
    _, host = body(one, small, two, **size)
    assert [host[key] for key in limits] == [224, 100_000, 50_000, 1024 * MIB, 1024 * MIB]


def test_a_container_that_asks_for_no_cpu_gets_the_kernels_least() -> None:
    for cpu in (None, 0, 1):
        assert body(m.ContainerDefinition(name="a", image="x", cpu=cpu))[1]["CpuShares"] == 2


def test_every_gpu_that_there_is() -> None:
    gpus = [m.ResourceRequirement(type="GPU", value="ALL")]
    _, host = body(m.ContainerDefinition(name="a", image="x", resource_requirements=gpus))
    assert host["DeviceRequests"] == [{"Driver": "nvidia", "Count": -1, "Capabilities": [["gpu"]]}]


def test_swappiness_without_max_swap_is_ignored() -> None:
    linux = m.LinuxParameters(swappiness=10)
    assert "MemorySwappiness" not in body(m.ContainerDefinition(name="a", image="x", linux_parameters=linux))[1]


def test_fargate_tells_the_region() -> None:
    made, _ = body(m.ContainerDefinition(name="a", image="x"), launch="FARGATE", mode="awsvpc")
    assert made["Env"] == ["AWS_EXECUTION_ENV=AWS_ECS_FARGATE", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1"]


def test_health_check_defaults() -> None:
    made, _ = body(m.ContainerDefinition(name="a", image="x", health_check=m.HealthCheck(command=["CMD", "true"])))
    second = 10**9
    assert made["Healthcheck"] == {
        "Test": ["CMD", "true"],
        "Interval": 30 * second,
        "Timeout": 5 * second,
        "Retries": 3,
        "StartPeriod": 0,
    }


@pytest.mark.parametrize(
    ("driver", "options", "expected"),
    [
        ("json-file", {"max-size": "1m"}, {"Type": "json-file", "Config": {"max-size": "1m"}}),
        ("awslogs", {"awslogs-group": "g"}, {"Type": "json-file", "Config": {}}),
        (
            "awslogs",
            {"awslogs-group": "g", "mode": "non-blocking"},
            {"Type": "json-file", "Config": {"mode": "non-blocking", "max-buffer-size": "10m"}},
        ),
        (
            "awslogs",
            {"mode": "non-blocking", "max-buffer-size": "25m"},
            {"Type": "json-file", "Config": {"mode": "non-blocking", "max-buffer-size": "25m"}},
        ),
        ("awsfirelens", {"Name": "x"}, {"Type": "json-file"}),
        ("none", None, {"Type": "none", "Config": {}}),
        ("gelf", {"gelf-address": "udp://x:1"}, {"Type": "gelf", "Config": {"gelf-address": "udp://x:1"}}),
    ],
)
def test_log_drivers(driver: m.LogDriver, options: dict[str, str] | None, expected: dict[str, object]) -> None:
    config = m.LogConfiguration(log_driver=driver, options=options)
    assert body(m.ContainerDefinition(name="a", image="x", log_configuration=config))[1]["LogConfig"] == expected


def test_network_bindings_of_single_ports_and_ranges() -> None:
    specs = ["80/tcp", "8000-8001/udp", "53/udp"]
    bound = {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}, {"HostIp": "::", "HostPort": "32768"}],
        "8000/udp": [{"HostIp": "127.0.0.1", "HostPort": "50000"}],
        "8001/udp": [{"HostIp": "127.0.0.1", "HostPort": "50001"}],
        "53/udp": None,
    }
    assert ports.network_bindings(specs, bound) == (
        m.NetworkBinding(bind_ip="0.0.0.0", container_port=80, host_port=32768, protocol="tcp"),
        m.NetworkBinding(bind_ip="::", container_port=80, host_port=32768, protocol="tcp"),
        m.NetworkBinding(
            bind_ip="127.0.0.1", container_port_range="8000-8001", host_port_range="50000-50001", protocol="udp"
        ),
    )


def test_a_long_line_comes_in_chunks_and_is_put_together() -> None:
    parts: dict[str, tuple[float, bytes]] = {}
    assert join(parts, "stdout", b"1970-01-01T00:00:01.500000000Z begin") is None
    assert join(parts, "stderr", b"1970-01-01T00:00:02Z oops\n") == LogLine(at=2.0, stream="stderr", text="oops")
    line = join(parts, "stdout", b"1970-01-01T00:00:03Z  end\n")
    assert line == LogLine(at=1.5, stream="stdout", text="begin end")
    assert not parts
