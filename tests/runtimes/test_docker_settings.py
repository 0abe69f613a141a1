"""What a container definition says of its process and kernel, seen from inside a container of a Docker Engine.

One row a setting; `test_docker_runtime` has those that need more than a look. Control groups are read in both versions.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.support.docker_runtime import Bench, bench, inspect, plan, run
from tests.support.images import docker, test_image

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Failed
from kecs.runtimes.docker import translate

pytestmark = pytest.mark.docker

MIB = 1024 * 1024
GROUP = "cat /sys/fs/cgroup/{} /sys/fs/cgroup/{} 2>/dev/null"


class Setting(NamedTuple):
    """A container with these fields, the API's, prints one of these first lines."""

    fields: dict[str, Any]
    script: str
    lines: tuple[str, ...]
    task: dict[str, Any] = {}  # noqa: RUF012  never written to


LINUX = "linuxParameters"
CAPABILITIES = (
    "for c in 0 12 19; do echo $(( 0x$(awk '/CapEff/{print $2}' /proc/self/status) >> c & 1 )); done | tr -d '\\n'"
)
KMSG = {"hostPath": "/dev/kmsg", "containerPath": "/dev/mine"}
OPENED = "test -c /dev/mine && if (: > /dev/mine) 2>/dev/null; then echo writes; else echo does not; fi"
SETTINGS: dict[str, Setting] = {
    "capabilities": Setting(
        {LINUX: {"capabilities": {"add": ["NET_ADMIN"], "drop": ["CHOWN"]}}}, CAPABILITIES, ("010",)
    ),
    "no capabilities": Setting({}, CAPABILITIES, ("100",)),
    "all of them dropped": Setting({LINUX: {"capabilities": {"drop": ["ALL"]}}}, CAPABILITIES, ("000",)),
    "devices": Setting({LINUX: {"devices": [KMSG]}}, OPENED, ("writes",)),
    "devices to be read only": Setting(
        {LINUX: {"devices": [{**KMSG, "permissions": ["read"]}]}}, OPENED, ("does not",)
    ),
    "security options": Setting(
        {"dockerSecurityOptions": ["no-new-privileges:true"]}, "awk '/NoNewPrivs/{print $2}' /proc/self/status", ("1",)
    ),
    "cpu": Setting({"cpu": 256}, GROUP.format("cpu.weight", "cpu/cpu.shares"), ("10", "256")),
    "no cpu": Setting({}, GROUP.format("cpu.weight", "cpu/cpu.shares"), ("1", "2")),
    "the task's cpu": Setting(
        {},
        GROUP.format("cpu.max", "cpu/cpu.cfs_quota_us"),
        ("50000 100000", "50000"),
        {"cpu": "512", "memory": "1024"},
    ),
    "memory": Setting({"memory": 64}, GROUP.format("memory.max", "memory/memory.limit_in_bytes"), (str(64 * MIB),)),
    "the task's memory": Setting(
        {},
        GROUP.format("memory.max", "memory/memory.limit_in_bytes"),
        (str(1024 * MIB),),
        {"cpu": "512", "memory": "1024"},
    ),
    "memory reservation": Setting(
        {"memoryReservation": 32}, GROUP.format("memory.low", "memory/memory.soft_limit_in_bytes"), (str(32 * MIB),)
    ),
    "shared memory": Setting({LINUX: {"sharedMemorySize": 5}}, "df -m /dev/shm | awk 'NR==2{print $2}'", ("5",)),
    "tmpfs": Setting(
        {LINUX: {"tmpfs": [{"containerPath": "/t", "size": 4, "mountOptions": ["noexec", "ro"]}]}},
        "awk '$2==\"/t\"{print $4}' /proc/mounts | tr ',' '\\n' | grep -cE '^(ro|noexec|size=4096k)$'",
        ("3",),
    ),
    "interactive": Setting({"interactive": True}, "readlink /proc/self/fd/0 | cut -c 1-4", ("pipe",)),
    "not interactive": Setting({}, "readlink /proc/self/fd/0", ("/dev/null",)),
    "terminal": Setting({"pseudoTerminal": True}, "test -t 1 && echo yes", ("yes",)),
    "search domains": Setting(
        {"dnsSearchDomains": ["a.test", "b.test"]}, "grep search /etc/resolv.conf", ("search a.test b.test",)
    ),
    "user and group": Setting({"user": "12:34"}, "echo $(id -u):$(id -g)", ("12:34",)),
    "limits": Setting(
        {"ulimits": [{"name": "core", "softLimit": 0, "hardLimit": 0}]},
        "awk '/core file size/{print $5, $6}' /proc/self/limits",
        ("0 0",),
    ),
    "kernel parameters of ipc": Setting(
        {"systemControls": [{"namespace": "kernel.msgmax", "value": "4321"}]},
        "cat /proc/sys/kernel/msgmax",
        ("4321",),
    ),
    "processes of the machine": Setting(
        {}, '[ "$(cat /proc/1/comm)" = sh ] || echo yes', ("yes",), {"pid_mode": "host"}
    ),
    "no memory shared": Setting({}, "grep -c ' /dev/shm ' /proc/mounts", ("0",), {"ipc_mode": "none"}),
    "entry point": Setting({"entryPoint": ["sh", "-c", "echo $0 $1"], "command": ["a", "b"]}, "", ("a b",)),
    "working directory": Setting({"workingDirectory": "/made/for/it"}, "pwd", ("/made/for/it",)),
    "read-only root": Setting({"readonlyRootFilesystem": True}, "touch /x 2>/dev/null || echo no", ("no",)),
    "init process": Setting({LINUX: {"initProcessEnabled": True}}, "cat /proc/1/comm", ("docker-init", "tini")),
}


def task(fields: dict[str, Any], script: str = "", mode: str = "bridge", **definition: Any) -> TaskPlan:
    """A task of one container."""
    given = {"name": "app", "image": test_image("v1"), "command": ["sh", "-c", script], **fields}
    made = plan(msgspec.convert(given, m.ContainerDefinition), mode=mode, **definition)
    return msgspec.structs.replace(made, cpu=definition.get("cpu"), memory=definition.get("memory"))


async def printed(on: Bench, of: TaskPlan) -> list[str]:
    await run(on, of)
    await on.until(Exited, of, "app")
    return await on.output(of)


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_setting_reaches_the_process(name: str) -> None:
    setting = SETTINGS[name]
    async with bench() as on:
        lines = await printed(on, task(setting.fields, setting.script, **setting.task))
    assert len(lines) == 1, lines
    assert lines[0] in setting.lines


def test_docker_is_asked_for_a_privileged_container() -> None:
    """Created only: an engine that has not every capability itself starts none."""
    asked = task({"privileged": True}, "true")
    body = translate.create_body(translate.Source(asked, asked.containers[0], "test"))
    status, made = docker("POST", "/containers/create", json.dumps(body).encode())
    assert status == 201, made
    try:
        assert inspect(made["Id"])["HostConfig"]["Privileged"] is True
    finally:
        docker("DELETE", f"/containers/{made['Id']}")


async def test_namespaces_of_the_machine_are_the_same_for_every_task() -> None:
    script = "readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc"
    async with bench() as on:
        ours = [await printed(on, task({}, script, pid_mode="host", ipc_mode="host")) for _ in range(2)]
        own = await printed(on, task({}, script))
    assert ours[0] == ours[1]
    assert not set(ours[0]) & set(own)


@pytest.mark.parametrize(("swap", "allowed"), [(None, 64), (0, 64), (32, 96)])
async def test_swap_is_what_the_definition_allows(swap: int | None, allowed: int) -> None:
    linux = {} if swap is None else {LINUX: {"maxSwap": swap, "swappiness": 10}}
    async with bench() as on:
        (started,) = await run(on, task({"memory": 64, "command": ["sleep", "60"], **linux}))
        host = inspect(started.runtime_id)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (64 * MIB, allowed * MIB)


async def test_a_gpu_where_there_is_none_is_one_clear_reason() -> None:
    async with bench() as on:
        wants = task({"resourceRequirements": [{"type": "GPU", "value": "ALL"}]}, "true")
        on.runtime.provision(wants)
        on.runtime.start(wants, "app")
        reason = (await on.until(Failed, wants, "app")).reason
    assert reason.startswith("CannotStartContainerError: Error response from daemon: could not select device driver")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"logConfiguration": {"logDriver": "fluentd", "options": {"odd": "x"}}}, "unknown log opt 'odd'"),
        ({LINUX: {"devices": [{"hostPath": "/dev/kecs-nowhere"}]}}, "/dev/kecs-nowhere"),
        ({"workingDirectory": "relative"}, "working directory 'relative' is invalid"),
        ({"user": "nobody-of-that-name"}, "unable to find user nobody-of-that-name"),
    ],
)
async def test_what_docker_refuses_is_the_reason(fields: dict[str, Any], reason: str) -> None:
    async with bench() as on:
        odd = task(fields, "true")
        on.runtime.provision(odd)
        on.runtime.start(odd, "app")
        failed = await on.until(Failed, odd, "app")
    assert failed.reason.startswith(("CannotCreateContainerError: ", "CannotStartContainerError: "))
    assert reason in failed.reason
