"""What bounds a task as a whole on Docker: the control group above those of its containers."""

from __future__ import annotations

import os
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.runtimes.translated import MIB, TASK_ID
from tests.runtimes.translated import plan as described
from tests.support.control_groups import bounded_as_a_whole
from tests.support.docker_runtime import Bench, bench, container, inspect, plan, run
from tests.support.images import docker

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Released, Started
from kecs.runtimes.docker import cgroups
from kecs.runtimes.docker.cgroups import Hierarchies, hierarchies, hindrance, make

VERSION_1 = """
23 1 8:1 / / rw - ext4 /dev/sda1 rw
31 23 0:28 / {0} rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / {0}/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / {0}/memory rw,nosuid - cgroup cgroup rw,memory
36 31 0:33 / {0}/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
37 31 0:34 /docker/0123 {0}/pids rw - cgroup cgroup rw,pids
38 31 0:35 / {0}/unified rw - cgroup2 cgroup2 rw,nsdelegate
"""
VERSION_2 = "31 23 0:28 / {0} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
SIZED = described(
    m.ContainerDefinition(name="a", image="x", linux_parameters=m.LinuxParameters(max_swap=32)),
    m.ContainerDefinition(name="b", image="x"),
    cpu="512",
    memory="1024",
)


def trees(folder: Path, version: str, mounts: str) -> Hierarchies:
    (folder / "mountinfo").write_text(mounts.strip().format(folder))
    found = hierarchies(version, folder / "mountinfo")
    assert found is not None
    for root in found.every:
        root.mkdir(exist_ok=True)
    return found


def written(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


def test_version_1_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    at = trees(tmp_path, "1", VERSION_1)
    assert {path.name for path in at.every} == {"cpu,cpuacct", "memory", "systemd", "unified"}
    group = f"kecs-one/{TASK_ID}"
    (at.memory / group).mkdir(parents=True)
    (at.memory / group / "memory.memsw.limit_in_bytes").touch()  # some kernels have it
    make(at, group, SIZED)
    assert written(at.cpu / group) == {
        "cpu.shares": "512",
        "cpu.cfs_period_us": "100000",
        "cpu.cfs_quota_us": "50000",
    }
    assert written(at.memory / group) == {
        "memory.limit_in_bytes": str(1024 * MIB),
        "memory.memsw.limit_in_bytes": str(1056 * MIB),
    }


def test_version_2_has_one_in_which_controllers_are_handed_down(tmp_path: Path) -> None:
    at = trees(tmp_path, "2", VERSION_2)
    group = f"kecs-one/{TASK_ID}"
    make(at, group, SIZED)
    assert written(at.memory / group) == {
        "cpu.weight": "20",
        "cpu.max": "50000 100000",
        "memory.max": str(1024 * MIB),
    }
    for above in (tmp_path, tmp_path / "kecs-one"):
        assert (above / "cgroup.subtree_control").read_text() == "+cpu +memory"


def test_what_a_task_has_no_size_of_is_not_bounded(tmp_path: Path) -> None:
    at = trees(tmp_path, "2", VERSION_2)
    make(at, "kecs-one/t", msgspec.structs.replace(SIZED, cpu=None))
    assert written(at.memory / "kecs-one/t") == {"memory.max": str(1024 * MIB)}


def test_groups_of_another_version_are_none(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(VERSION_1.strip().format(tmp_path).replace(" cpu,", " rw,"))
    assert hierarchies("2", tmp_path / "mountinfo") is not None
    (tmp_path / "mountinfo").write_text(VERSION_2.format(tmp_path))
    assert hierarchies("1", tmp_path / "mountinfo") is None


def test_mounts_without_a_source_and_with_names_of_any_bytes(tmp_path: Path) -> None:
    odd = b"39 23 0:36 / /mnt/caf\xe9 rw - tmpfs  rw\n"
    (tmp_path / "mountinfo").write_bytes(odd + VERSION_2.format(tmp_path).encode())
    assert hierarchies("2", tmp_path / "mountinfo") is not None


def test_a_kernel_without_namespaces_of_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").touch()
    monkeypatch.setattr(cgroups, "_NAMESPACE", tmp_path / "cgroup")
    monkeypatch.setattr(cgroups, "hierarchies", lambda version: hierarchies(version, tmp_path / "mountinfo"))
    assert hindrance("unix:///run/docker.sock", HERE) == "no control groups for CPU and memory are mounted"


HERE = {"Name": os.uname().nodename, "KernelVersion": os.uname().release, "CgroupDriver": "cgroupfs"}


@pytest.mark.parametrize(
    ("url", "info", "reason"),
    [
        ("tcp://10.0.0.1:2375", HERE, "the Docker Engine is on another machine"),
        ("unix:///run/docker.sock", {**HERE, "Name": "a-vm"}, "the Docker Engine is on another machine"),
        ("unix:///run/docker.sock", {**HERE, "KernelVersion": "5.15-x"}, "the Docker Engine is on another machine"),
        (
            "unix:///run/docker.sock",
            {**HERE, "CgroupDriver": "systemd"},
            "the Docker Engine's cgroup driver is systemd",
        ),
    ],
)
def test_why_a_task_cannot_be_bounded(url: str, info: dict[str, Any], reason: str) -> None:
    assert (hindrance(url, info) or "").startswith(reason)


# From here on with the engine of this machine.


@pytest.fixture
def machine() -> Hierarchies:
    return bounded_as_a_whole()


def sized(*containers: m.ContainerDefinition, mode: str = "bridge", **size: str) -> TaskPlan:
    return msgspec.structs.replace(plan(*containers, mode=mode), **size)


def groups(at: Hierarchies, instance: str) -> set[str]:
    """The tasks of an instance that have a group in any tree."""
    return {each.name for root in at.every for each in root.glob(f"kecs-{instance}/*") if each.is_dir()}


def limits(at: Hierarchies, on: Bench, task: TaskPlan) -> tuple[str, str]:
    """A task's memory and CPU, as the kernel says them."""
    memory, cpu = ("memory.max", "cpu.max") if at.unified else ("memory.limit_in_bytes", "cpu.cfs_quota_us")
    group = f"kecs-{on.instance}/{task.id}"
    return (at.memory / group / memory).read_text().strip(), (at.cpu / group / cpu).read_text().split()[0]


def members(at: Path, group: str) -> set[str]:
    """Containers in a group, by id."""
    return {each.name for each in (at / group).iterdir() if each.is_dir()}


@pytest.mark.docker
async def test_containers_of_a_task_are_bounded_together(machine: Hierarchies) -> None:
    async with bench() as on:
        task = sized(container("a", memory=64), container("b"), mode="awsvpc", cpu="512", memory="128")
        started = await run(on, task)
        group = f"kecs-{on.instance}/{task.id}"
        ours = {each.runtime_id for each in started}
        for controller in (machine.cpu, machine.memory):
            inside = members(controller, group)
            assert ours < inside
            assert len(inside) == 3  # and the one that holds the task's network
        assert limits(machine, on, task) == (str(128 * MIB), "50000")
        on.runtime.release(task)
        await on.until(Released, task)
        assert groups(machine, on.instance) == set()
    assert not [root for root in machine.every if (root / f"kecs-{on.instance}").exists()]


@pytest.mark.docker
async def test_a_task_without_a_size_has_no_group(machine: Hierarchies) -> None:
    async with bench() as on:
        (started,) = await run(on, plan(container()))
        assert not inspect(started.runtime_id)["HostConfig"]["CgroupParent"]
        assert groups(machine, on.instance) == set()


HOLDS = """
trap 'exit 3' TERM
dd if=/dev/zero bs=16M count=1 2>/dev/null | { dd bs=1 count=1 of=/dev/null 2>/dev/null; echo holds; sleep 600; } &
wait
"""
"""Has 16 MiB of memory for good, when it says so."""


async def too_much_together(on: Bench) -> tuple[TaskPlan, str]:
    """A task whose second container takes what the first has left, less than it may have by itself; the first one."""
    first = container("first", ["sh", "-c", HOLDS], memory=40)
    task = sized(first, container("second", ["tail", "/dev/zero"], memory=40), cpu="1024", memory="48")
    on.runtime.provision(task)
    on.runtime.start(task, "first")
    started = await on.until(Started, task, "first")
    async with aclosing(on.runtime.logs(task.arn, "first", follow=True)) as lines:
        async for line in lines:
            assert line.text == "holds"
            break
    on.runtime.start(task, "second")
    return task, started.runtime_id


@pytest.mark.docker
async def test_the_container_that_is_killed_for_the_whole_task_is_told(machine: Hierarchies) -> None:
    async with bench() as on:
        task, survivor = await too_much_together(on)
        struck = await on.until(Exited, task, "second")
        assert (struck.exit_code, struck.out_of_memory) == (137, True)
        assert inspect(survivor)["State"]["Running"]
        docker("POST", f"/containers/{survivor}/kill?signal=TERM")
        after = await on.until(Exited, task, "first")
        assert (after.exit_code, after.out_of_memory) == (3, False)


@pytest.mark.docker
async def test_it_is_told_by_a_kecs_that_was_not_there(machine: Hierarchies) -> None:
    async with bench(keep=True) as on:
        task, survivor = await too_much_together(on)
        await on.until(Exited, task, "second")
        docker("POST", f"/containers/{survivor}/kill?signal=TERM")
        await on.until(Exited, task, "first")
    async with bench(on.instance) as later:
        (found,) = await later.runtime.inventory()
        ends = {each.name: (each.exit_code, each.out_of_memory) for each in found.containers}
    assert ends == {"first": (3, False), "second": (137, True)}


@pytest.mark.docker
async def test_groups_that_a_crash_has_left_go_with_the_next_start(machine: Hierarchies) -> None:
    async with bench(keep=True) as on, bench() as other:
        task, theirs = (sized(container(), memory="64") for _ in range(2))
        await run(on, task)
        await run(other, theirs)
        for root in machine.every:
            (root / f"kecs-{on.instance}" / "left").mkdir(parents=True, exist_ok=True)
        assert groups(machine, on.instance) == {task.id, "left"}
        async with bench(on.instance) as later:
            await later.runtime.inventory()
            assert groups(machine, on.instance) == {task.id}
        assert groups(machine, on.instance) == set()
        assert groups(machine, other.instance) == {theirs.id}


@pytest.mark.docker
async def test_a_container_that_starts_again_after_a_crash_is_bounded_again(machine: Hierarchies) -> None:
    async with bench(keep=True) as on:
        task = sized(container(command=["true"]), memory="64")
        await run(on, task)
        await on.until(Exited, task)
    async with bench(on.instance) as later:
        await later.runtime.inventory()
        assert groups(machine, on.instance) == set()
        later.runtime.restart(task, "app")
        await later.until(Started, task)
        assert limits(machine, later, task)[0] == str(64 * MIB)
