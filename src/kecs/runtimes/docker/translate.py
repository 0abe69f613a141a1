"""A container definition as the body of Docker's POST /containers/create: tables, and nothing that acts.

Each row says which key of Docker's it fills, from which fields, and how; a value of None leaves the key out, so that
the image's own setting or Docker's default holds. A test checks that every field of the model stands in a row or in
ELSEWHERE. Model shape ContainerDefinition; Docker Engine API, ContainerCreate. Called by `runtime`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.logs import firelens
from kecs.core.tasks.environment import Way, container_environment
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.docker import labels, pause, ports, routing
from kecs.runtimes.docker.routing import Route
from kecs.runtimes.docker.volumes import mount_source

MIB = 1024 * 1024
SECOND = 1_000_000_000  # Docker's durations are nanoseconds
MIN_CPU_SHARES = 2  # the kernel's least; the ECS agent gives it to a container that asks for none
CPU_PERIOD = 100_000  # microseconds; the kernel's default
BLOCKING, BUFFER = "blocking", "10m"  # a mode of awslogs', and what ECS has for the buffer of the other by default

DECIDED_BY_CORE = (
    "name",
    "essential",
    "depends_on",
    "start_timeout",
    "stop_timeout",
    "restart_policy",
    "version_consistency",
    "environment_files",
    "secrets",
    "repository_credentials",
)
"""Fields that say when a container starts and stops and what an exit means, or that have been looked up before Docker
is asked for anything: nothing is left of them to translate."""

NOT_ACTED_ON = {
    "credential_specs": "for Windows and for machines of a domain",
}
"""Fields that do nothing on this runtime, and why."""


class Source(NamedTuple):
    """All that a body depends on."""

    plan: TaskPlan
    container: m.ContainerDefinition
    instance: str
    pause: str | None = None  # id of the container that holds the task's namespaces
    bind_ip: str = "127.0.0.1"
    first_host_ports: Mapping[str, int] = {}
    image: str | None = None  # what Docker calls the image; None: as the definition does
    way: Way | None = None  # how the container reaches KECS
    logs: str | None = None  # where its output goes beside, for its label
    folders: Mapping[str, str] = {}  # of volumes on shared file systems, by name
    route: Route | None = None  # of its output to the task's log router
    parent: str | None = None  # control group of the whole task
    storage: str | None = None  # size of its own file system

    @property
    def linux(self) -> m.LinuxParameters:
        return self.container.linux_parameters or m.LinuxParameters()

    @property
    def has_network_of_its_own(self) -> bool:
        """False: hostname, DNS and hosts are those of the pause container, where Docker wants them."""
        return self.plan.network_mode != "awsvpc"


class Row(NamedTuple):
    key: str
    fields: tuple[str, ...]
    value: Callable[[Source], Any]


def needs_pause(plan: TaskPlan) -> bool:
    """Whether the containers of the task share a namespace that outlives each of them."""
    return plan.network_mode == "awsvpc" or "task" in (plan.definition.pid_mode, plan.definition.ipc_mode)


def has_interface(plan: TaskPlan, name: str) -> bool:
    """Whether a container, by name, or the pause container has a network of its own that others can be added to."""
    if name == labels.PAUSE or plan.network_mode != "bridge":
        return name == labels.PAUSE and plan.network_mode == "awsvpc"
    return not plan.container(name).disable_networking


def create_body(source: Source) -> dict[str, Any]:
    """The body for one container. Raises VolumeError."""
    body = _filled(_CONFIG, source)
    body["HostConfig"] = _filled(_HOST_CONFIG, source)
    return body


def pause_body(instance: str, plan: TaskPlan, network: str | None, parent: str | None = None) -> dict[str, Any]:
    """The body for the container that holds the task's namespaces; `network` is the awsvpc network's name, `parent` the
    control group of the whole task."""
    containers = plan.containers
    shm = max((c.linux_parameters.shared_memory_size or 0 for c in containers if c.linux_parameters), default=0)
    host: dict[str, Any] = {
        "NetworkMode": network or plan.network_mode,
        "LogConfig": {"Type": "none"},
        "CgroupParent": parent,
        "IpcMode": "shareable" if plan.definition.ipc_mode == "task" else None,
        "ShmSize": shm * MIB or None,
    }
    body: dict[str, Any] = {
        "Image": pause.IMAGE,
        "Labels": labels.container_labels(instance, plan, labels.PAUSE, "pause"),
    }
    if network is not None:
        body["Hostname"] = next((c.hostname for c in containers if c.hostname), None)
        host["Dns"] = _union(c.dns_servers for c in containers)
        host["DnsSearch"] = _union(c.dns_search_domains for c in containers)
        host["ExtraHosts"] = _union(_extra_hosts(c) for c in containers)
    body["HostConfig"] = {key: value for key, value in host.items() if value is not None}
    return {key: value for key, value in body.items() if value is not None}


def _filled(rows: tuple[Row, ...], source: Source) -> dict[str, Any]:
    values = ((row.key, row.value(source)) for row in rows)
    return {key: value for key, value in values if value is not None}


def _union(lists: Any) -> list[str] | None:
    return list(dict.fromkeys(item for items in lists for item in items or ())) or None


def _environment(s: Source) -> list[str]:
    values = container_environment(s.plan, s.container, _way(s))
    if s.route is not None and s.route.host is not None:
        values = {"FLUENT_HOST": s.route.host, "FLUENT_PORT": str(firelens.PORT)} | values
    return [f"{name}={value}" for name, value in values.items()]


def _way(s: Source) -> Way | None:
    return None if s.container.disable_networking else s.way


def _labels(s: Source) -> dict[str, str]:
    published = ports.published(s.container) if s.plan.network_mode in ("bridge", "host") else ()
    ours = labels.container_labels(s.instance, s.plan, s.container.name or "")
    way = _way(s)
    told = {labels.TOLD: " ".join(filter(None, (way.url, way.credentials)))} if way else {}
    logs = {labels.LOGS: s.logs} if s.logs else {}
    return (s.container.docker_labels or {}) | ours | {labels.PORTS: ",".join(published)} | told | logs


def _health_check(s: Source) -> dict[str, Any]:
    """ECS looks only at the check of the definition, so one that comes with the image is switched off."""
    check = s.container.health_check
    if check is None:
        return {"Test": ["NONE"]}
    return {
        "Test": check.command,
        "Interval": (check.interval or 30) * SECOND,
        "Timeout": (check.timeout or 5) * SECOND,
        "Retries": check.retries or 3,
        "StartPeriod": (check.start_period or 0) * SECOND,
    }


def _exposed_ports(s: Source) -> dict[str, Any] | None:
    if s.plan.network_mode != "bridge":
        return None
    return {port: {} for spec in ports.published(s.container) for port in ports.members(spec)} or None


def _port_bindings(s: Source) -> dict[str, Any] | None:
    if s.plan.network_mode != "bridge":
        return None
    return ports.port_map(s.container, s.bind_ip, s.first_host_ports) or None


def _network_mode(s: Source) -> str:
    if s.container.disable_networking:
        return "none"
    return f"container:{s.pause}" if s.plan.network_mode == "awsvpc" else s.plan.network_mode


def _links(s: Source) -> list[str] | None:
    """`name:alias` of the definition, with the name that the other container has in Docker."""
    parts = (link.partition(":") for link in s.container.links or ())
    return [f"{labels.container_name(s.plan, name)}:{alias or name}" for name, _, alias in parts] or None


def _cpu_shares(s: Source) -> int:
    """The container's CPU units. In a task with a size, those that ask for none share what the others leave."""
    if s.container.cpu or not s.plan.cpu:
        return max(s.container.cpu or 0, MIN_CPU_SHARES)
    asked = [c.cpu or 0 for c in s.plan.containers]
    return max((int(s.plan.cpu) - sum(asked)) // asked.count(0), MIN_CPU_SHARES)


def _cpu_quota(s: Source) -> int | None:
    """The task's size, which no container of it can exceed; `cgroups` bounds them together."""
    return int(s.plan.cpu) * CPU_PERIOD // 1024 if s.plan.cpu else None


def _memory(s: Source) -> int | None:
    """The container's hard limit in bytes; the task's size for a container that has none."""
    mib = s.container.memory or int(s.plan.memory or 0)
    return mib * MIB or None


def _memory_swap(s: Source) -> int | None:
    """Memory and swap together. Without maxSwap there is no swap, as on the machines that AWS gives."""
    memory = _memory(s)
    return None if memory is None else memory + (s.linux.max_swap or 0) * MIB


def _binds(s: Source) -> list[str] | None:
    binds = [
        f"{mount_source(s.plan, mount.source_volume, s.folders)}:{mount.container_path}:{_access(mount.read_only)}"
        for mount in s.container.mount_points or ()
        if mount.source_volume
    ]
    if s.container.firelens_configuration:
        binds.append(f"{routing.volume_name(s.plan)}:{firelens.FOLDER}:rw")
    return binds or None


def _volumes_from(s: Source) -> list[str] | None:
    sources = [
        f"{labels.container_name(s.plan, volume.source_container)}:{_access(volume.read_only)}"
        for volume in s.container.volumes_from or ()
        if volume.source_container
    ]
    return sources or None


def _access(read_only: bool | None) -> str:
    return "ro" if read_only else "rw"


def _log_config(s: Source) -> dict[str, Any]:
    """Output for awslogs is read from Docker's file; how it gets there is as the options say."""
    config = s.container.log_configuration
    if config is None:
        return {"Type": "json-file"}
    if config.log_driver == "awslogs":
        given = config.options or {}
        mode = given.get("mode", BLOCKING)
        buffer = {"mode": mode, "max-buffer-size": given.get("max-buffer-size", BUFFER)}
        return {"Type": "json-file", "Config": {} if mode == BLOCKING else buffer}
    if s.route is not None:
        return {"Type": "fluentd", "Config": _fluentd_options(s, s.route)}
    if firelens.is_routed(s.container):  # by nobody
        return {"Type": "json-file"}
    return {"Type": config.log_driver, "Config": config.options or {}}


def _fluentd_options(s: Source, route: Route) -> dict[str, str]:
    """The router may be slow to listen, and may end before the container."""
    given = (s.container.log_configuration and s.container.log_configuration.options) or {}
    limit = given.get("log-driver-buffer-limit")
    return {
        "fluentd-address": f"unix://{route.socket}",
        "fluentd-async": "true",
        "fluentd-sub-second-precision": "true",
        "tag": firelens.tag(s.plan, s.container),
        **({"fluentd-buffer-limit": limit} if limit else {}),
    }


def _devices(s: Source) -> list[dict[str, str]] | None:
    letters = {"read": "r", "write": "w", "mknod": "m"}
    devices = [
        {
            "PathOnHost": device.host_path,
            "PathInContainer": device.container_path or device.host_path,
            "CgroupPermissions": "".join(letters[p] for p in device.permissions or letters),
        }
        for device in s.linux.devices or ()
    ]
    return devices or None


def _gpus(s: Source) -> list[dict[str, Any]] | None:
    """Docker's -1 is every GPU that there is."""
    asked = [r.value for r in s.container.resource_requirements or () if r.type == "GPU"]
    wanted = -1 if "ALL" in asked else sum(int(value) for value in asked if value)
    return [{"Driver": "nvidia", "Count": wanted, "Capabilities": [["gpu"]]}] if wanted else None


def _tmpfs(s: Source) -> dict[str, str] | None:
    mounts = {t.container_path: ",".join([f"size={t.size}m", *(t.mount_options or ())]) for t in s.linux.tmpfs or ()}
    return mounts or None


def _security(s: Source) -> list[str] | None:
    """The definition has `label:user:x`, Docker's separator is an equals sign."""
    options = s.container.docker_security_options or ()
    return [o if o.startswith("no-new-privileges") else o.replace(":", "=", 1) for o in options] or None


def _ulimits(s: Source) -> list[dict[str, Any]] | None:
    limits = [{"Name": u.name, "Soft": u.soft_limit, "Hard": u.hard_limit} for u in s.container.ulimits or ()]
    return limits or None


def _extra_hosts(container: m.ContainerDefinition) -> list[str] | None:
    return [f"{entry.hostname}:{entry.ip_address}" for entry in container.extra_hosts or ()] or None


def _shared(mode: str | None, s: Source) -> str | None:
    """A namespace of the task is the pause container's; `host` and `none` are Docker's words too."""
    return f"container:{s.pause}" if mode == "task" else mode


_CONFIG: tuple[Row, ...] = (
    Row("Image", ("image",), lambda s: s.image or s.container.image),
    Row("Entrypoint", ("entry_point",), lambda s: s.container.entry_point or None),
    Row("Cmd", ("command",), lambda s: s.container.command or None),
    Row("Env", ("environment",), _environment),
    Row("WorkingDir", ("working_directory",), lambda s: s.container.working_directory),
    Row("User", ("user",), lambda s: s.container.user),
    Row("Hostname", ("hostname",), lambda s: s.container.hostname if s.has_network_of_its_own else None),
    Row("OpenStdin", ("interactive",), lambda s: s.container.interactive),
    Row("Tty", ("pseudo_terminal",), lambda s: s.container.pseudo_terminal),
    Row("Labels", ("docker_labels",), _labels),
    Row("Healthcheck", ("health_check",), _health_check),
    Row("ExposedPorts", ("port_mappings",), _exposed_ports),
)

_HOST_CONFIG: tuple[Row, ...] = (
    Row("NetworkMode", ("disable_networking",), _network_mode),
    Row("PortBindings", ("port_mappings",), _port_bindings),
    Row("Links", ("links",), _links),
    Row("Dns", ("dns_servers",), lambda s: (s.container.dns_servers or None) if s.has_network_of_its_own else None),
    Row(
        "DnsSearch",
        ("dns_search_domains",),
        lambda s: (s.container.dns_search_domains or None) if s.has_network_of_its_own else None,
    ),
    Row("ExtraHosts", ("extra_hosts",), lambda s: _extra_hosts(s.container) if s.has_network_of_its_own else None),
    Row("PidMode", (), lambda s: _shared(s.plan.definition.pid_mode, s)),
    Row("IpcMode", (), lambda s: _shared(s.plan.definition.ipc_mode, s)),
    Row("CgroupParent", (), lambda s: s.parent),
    Row("CpuShares", ("cpu",), _cpu_shares),
    Row("CpuPeriod", (), lambda s: CPU_PERIOD if s.plan.cpu else None),
    Row("CpuQuota", (), _cpu_quota),
    Row("Memory", ("memory",), _memory),
    Row(
        "MemoryReservation",
        ("memory_reservation",),
        lambda s: s.container.memory_reservation * MIB if s.container.memory_reservation else None,
    ),
    Row("MemorySwap", ("linux_parameters.max_swap",), _memory_swap),
    Row(
        "MemorySwappiness",
        ("linux_parameters.swappiness",),
        lambda s: s.linux.swappiness if s.linux.max_swap is not None else None,  # ignored without maxSwap, as on AWS
    ),
    Row("Binds", ("mount_points", "firelens_configuration"), _binds),
    Row("VolumesFrom", ("volumes_from",), _volumes_from),
    Row("StorageOpt", (), lambda s: {"size": s.storage} if s.storage else None),
    Row("ReadonlyRootfs", ("readonly_root_filesystem",), lambda s: s.container.readonly_root_filesystem),
    Row("Privileged", ("privileged",), lambda s: s.container.privileged),
    Row("SecurityOpt", ("docker_security_options",), _security),
    Row("CapAdd", ("linux_parameters.capabilities",), lambda s: s.linux.capabilities and s.linux.capabilities.add),
    Row("CapDrop", ("linux_parameters.capabilities",), lambda s: s.linux.capabilities and s.linux.capabilities.drop),
    Row("Init", ("linux_parameters.init_process_enabled",), lambda s: s.linux.init_process_enabled),
    Row("Devices", ("linux_parameters.devices",), _devices),
    Row("DeviceRequests", ("resource_requirements",), _gpus),
    Row("Tmpfs", ("linux_parameters.tmpfs",), _tmpfs),
    Row(
        "ShmSize",
        ("linux_parameters.shared_memory_size",),
        lambda s: s.linux.shared_memory_size * MIB if s.linux.shared_memory_size else None,
    ),
    Row("Ulimits", ("ulimits",), _ulimits),
    Row(
        "Sysctls",
        ("system_controls",),
        lambda s: {c.namespace: c.value for c in s.container.system_controls or () if c.namespace} or None,
    ),
    Row("LogConfig", ("log_configuration",), _log_config),
)
