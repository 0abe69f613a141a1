"""What containers see of their definitions, from inside real pods; no privileged ones, which few test machines have."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, NamedTuple

import pytest
from lightkube.resources.core_v1 import Pod, Secret
from tests.runtimes.kubernetes import pods
from tests.runtimes.kubernetes.translated import plan
from tests.support.images import test_image

from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import Cluster
from kecs.runtimes.kubernetes.manifests.pods import pod_of
from kecs.runtimes.kubernetes.manifests.secrets import secret_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]

AT_ONCE = 4  # pods
SETTINGS = PodSettings(instance="inside", pull="never")
MOUNTS = r"grep -E ' (/dev/shm|/scratch) ' /proc/mounts | cut -d' ' -f2,3 | sort"


class Fact(NamedTuple):
    """A container that says so, runs this and writes these lines."""

    name: str
    container: dict[str, Any]
    command: str
    lines: list[str]
    others: tuple[dict[str, Any], ...] = ()
    task: dict[str, Any] = {}  # noqa: RUF012  never written to


def linux(**parameters: Any) -> dict[str, Any]:
    return {"linuxParameters": parameters}


FACTS = [
    Fact(
        "dollars are the container's own",
        {"environment": [{"name": "A", "value": "$(B) $$C $D"}]},
        "echo $(echo $A) '$(A)' $((6 * 7))",
        ["$(B) $$C $D $(A) 42"],
    ),
    Fact(
        "a secret",
        {
            "environment": [{"name": "KEY", "value": "$(A) ü\nof two lines"}],
            "secrets": [{"name": "KEY", "valueFrom": "key"}],
        },
        'echo "$KEY"',
        ["$(A) ü", "of two lines"],
    ),
    Fact("the working directory", {"workingDirectory": "/etc"}, "pwd", ["/etc"]),
    Fact("a user and a group", {"user": "1000:2000"}, "id -u; id -g", ["1000", "2000"]),
    Fact("a root file system to read", {"readonlyRootFilesystem": True}, "touch /x 2>/dev/null || echo no", ["no"]),
    Fact(
        "a capability less",
        linux(capabilities={"drop": ["CHOWN"]}),
        "touch /x; chown 1 /x 2>/dev/null || echo no",
        ["no"],
    ),
    Fact("filtered system calls", {}, "grep Seccomp: /proc/self/status | cut -f2", ["2"]),
    Fact(
        "no new privileges",
        {"dockerSecurityOptions": ["no-new-privileges"]},
        "grep NoNewPrivs /proc/self/status | cut -f2",
        ["1"],
    ),
    Fact("no account of Kubernetes", {}, "ls /var/run/secrets/kubernetes.io 2>/dev/null || echo none", ["none"]),
    Fact(
        "directories in memory",
        linux(tmpfs=[{"containerPath": "/scratch", "size": 4}], sharedMemorySize=8),
        MOUNTS,
        ["/dev/shm tmpfs", "/scratch tmpfs"],
    ),
    Fact(
        "names of hosts",
        {"hostname": "box", "extraHosts": [{"hostname": "far", "ipAddress": "10.9.8.7"}], "links": ["b:db"]},
        "hostname; grep -w far /etc/hosts | tr '\\t' ' '; grep -w db /etc/hosts | tr '\\t' ' '",
        ["box", "10.9.8.7 far", "127.0.0.1 db b"],
        ({"name": "b"},),
    ),
    Fact(
        "resolvers",
        {"dnsServers": ["10.9.8.7"], "dnsSearchDomains": ["example.test"]},
        "grep -E 'nameserver|search' /etc/resolv.conf",
        ["nameserver 10.9.8.7", "search example.test"],
    ),
    Fact(
        "a kernel parameter",
        {"systemControls": [{"namespace": "net.ipv4.ip_local_port_range", "value": "40000 50000"}]},
        "cat /proc/sys/net/ipv4/ip_local_port_range | tr '\\t' ' '",
        ["40000 50000"],
    ),
    Fact("an init process", linux(initProcessEnabled=True), "[ $$ = 1 ] || echo no", ["no"]),
    Fact("none", {}, "echo $$", ["1"]),
    Fact(
        "files of another container, to read",
        {"volumesFrom": [{"sourceContainer": "b", "readOnly": True}]},
        "until [ -s /data/x ]; do sleep 0.1; done; cat /data/x; touch /data/y 2>/dev/null || echo no",
        ["hello", "no"],
        ({"name": "b", "command": ["sh", "-c", "echo hello > /data/x"], "mountPoints": [
            {"sourceVolume": "data", "containerPath": "/data"}
        ]},),
        {"volumes": [{"name": "data"}]},
    ),
    Fact(
        "a limit of memory",
        {"memory": 48},
        "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes",
        [str(48 * 1024 * 1024)],
    ),
]  # fmt: skip


async def output(cluster: Cluster, where: str, fact: Fact) -> list[str]:
    """What the container writes; all containers of the task start."""
    containers = [{"command": ["true"], **each, "image": test_image("v1")} for each in ({}, *fact.others)]
    containers[0] |= {**fact.container, "entryPoint": ["sh", "-c"], "command": [fact.command]}
    task = plan(*containers, id=hashlib.blake2b(fact.name.encode(), digest_size=16).hexdigest(), **fact.task)
    if (secret := secret_of(task, SETTINGS)) is not None:
        await cluster.apply(Secret, _in(where, secret), where)
    started = [container.name or "" for container in task.containers]
    await cluster.create(Pod, _in(where, pod_of(task, started=started, settings=SETTINGS)), where)
    name = names.pod_name(task)
    await pods.until(cluster, where, lambda pod: pod.status.phase in ("Succeeded", "Failed"), name)
    pieces = [piece async for piece in cluster.log(name, where, "app", timestamps=False)]
    return b"".join(pieces).decode().splitlines()


def _in(where: str, manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest | {"metadata": manifest["metadata"] | {"namespace": where}}


async def test_containers_find_what_their_definitions_say(cluster: Cluster) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def seen(where: str, fact: Fact) -> list[str]:
        async with turns:
            return await output(cluster, where, fact)

    async with pods.namespace(cluster) as where:
        found = await asyncio.gather(*(seen(where, fact) for fact in FACTS))
    assert dict(zip([fact.name for fact in FACTS], found, strict=True)) == {fact.name: fact.lines for fact in FACTS}
