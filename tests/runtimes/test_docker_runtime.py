"""What only the Docker runtime does: its containers' names, labels and settings, and what it makes around them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import cast

import pytest
from tests.support.docker_runtime import Bench, bench, container, inspect, listed, plan, run
from tests.support.images import docker

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Failed, Provisioned, Released
from kecs.ports.runtime import RuntimeUnavailable
from kecs.runtimes.docker import DockerRuntime, labels

pytestmark = pytest.mark.docker


async def printed(on: Bench, task: TaskPlan, name: str = "app") -> list[str]:
    """The output of a task whose container ends by itself."""
    await run(on, task)
    exited = await on.until(Exited, task, name)
    lines = await on.output(task, name)
    assert exited.exit_code == 0, lines
    return lines


async def test_names_and_labels_say_whose_a_container_is() -> None:
    async with bench() as on:
        task = plan(container(docker_labels={"team": "a"}), mode="awsvpc")
        (started,) = await run(on, task)
        found = inspect(started.runtime_id)
        assert found["Name"] == f"/kecs-dev-web-7-app-{task.id[:12]}"
        assert found["Config"]["Labels"]["team"] == "a"
        assert found["Config"]["Labels"]["com.amazonaws.ecs.task-arn"] == task.arn
        pauses = listed("containers", f"io.kecs.instance={on.instance}")
        assert {c["Labels"]["io.kecs.role"] for c in pauses} == {"pause", "container"}
        (network,) = listed("networks", f"io.kecs.instance={on.instance}")
        assert network["Name"] == f"kecs-{on.instance}"
    assert listed("containers", f"io.kecs.instance={on.instance}") == []
    assert listed("networks", f"io.kecs.instance={on.instance}") == []


async def test_instances_on_one_engine_leave_each_other_alone() -> None:
    async with bench() as one, bench() as other:
        task = plan(container())
        await run(one, task)
        assert await other.runtime.inventory() == []
        await other.runtime.discard()
        assert [found.task for found in await one.runtime.inventory()] == [task.arn]


async def test_settings_reach_the_process() -> None:
    script = """
        id -u; pwd; echo "$A"; ulimit -n; hostname; cat /proc/sys/net/core/somaxconn
        df -m /scratch | awk 'NR==2{print $2}'; df -m /dev/shm | awk 'NR==2{print $2}'
        grep -c '10.9.8.7.*there' /etc/hosts; grep nameserver /etc/resolv.conf
        touch /x 2>/dev/null || echo read-only; cat /proc/1/comm
    """
    app = container(
        command=["sh", "-c", script],
        user="1234",
        working_directory="/www",
        environment=[m.KeyValuePair(name="A", value="b c")],
        ulimits=[m.Ulimit(name="nofile", soft_limit=100, hard_limit=200)],
        hostname="box",
        system_controls=[m.SystemControl(namespace="net.core.somaxconn", value="321")],
        readonly_root_filesystem=True,
        extra_hosts=[m.HostEntry(hostname="there", ip_address="10.9.8.7")],
        dns_servers=["10.9.8.6"],
        linux_parameters=m.LinuxParameters(
            tmpfs=[m.Tmpfs(container_path="/scratch", size=3, mount_options=["mode=1777"])],
            shared_memory_size=7,
            init_process_enabled=True,
        ),
    )
    async with bench() as on:
        lines = await printed(on, plan(app, mode="bridge"))
    assert lines[:-1] == [
        "1234", "/www", "b c", "100", "box", "321", "3", "7", "1", "nameserver 10.9.8.6", "read-only",
    ]  # fmt: skip
    assert lines[-1] != "sh", "an init process is process 1"


async def test_settings_of_the_network_hold_for_a_whole_awsvpc_task() -> None:
    script = "hostname; grep -c '10.9.8.7.*there' /etc/hosts; cat /proc/sys/net/core/somaxconn"
    one = container(
        "one", hostname="box", system_controls=[m.SystemControl(namespace="net.core.somaxconn", value="321")]
    )
    two = container("two", ["sh", "-c", script], extra_hosts=[m.HostEntry(hostname="there", ip_address="10.9.8.7")])
    async with bench() as on:
        assert await printed(on, plan(one, two, mode="awsvpc"), "two") == ["box", "1", "321"]


async def test_containers_of_a_task_can_share_processes() -> None:
    first = container("first", ["sh", "-c", "exec sleep 4321"])
    second = container("second", ["sh", "-c", "ps | grep -q 'sleep 432[1]' && echo seen; cat /proc/1/comm"])
    async with bench() as on:
        assert await printed(on, plan(first, second, mode="none", pid_mode="task"), "second") == ["seen", "pause"]


async def test_containers_of_a_task_can_share_memory() -> None:
    first = container("first", ["sh", "-c", "echo hello > /dev/shm/x; sleep 60"])
    second = container("second", ["sh", "-c", "until cat /dev/shm/x 2>/dev/null; do sleep 0.1; done"])
    async with bench() as on:
        assert await printed(on, plan(first, second, mode="none", ipc_mode="task"), "second") == ["hello"]


async def test_links_and_volumes_of_another_container() -> None:
    first = container("first", ["/serve"], mount_points=[m.MountPoint(source_volume="data", container_path="/data")])
    second = container(
        "second",
        [
            "sh",
            "-c",
            "until wget -qO- http://server:8080/; do sleep 0.1; done; echo; ls -d /data; touch /data/x || true",
        ],
        links=["first:server"],
        volumes_from=[m.VolumeFrom(source_container="first", read_only=True)],
    )
    async with bench() as on:
        lines = await printed(on, plan(first, second, volumes=[m.Volume(name="data")]), "second")
        assert {line for line in lines if "wget" not in line} == {
            "v1",
            "/data",
            "touch: /data/x: Read-only file system",
        }


async def test_a_volume_of_the_task_is_shared_by_its_containers_and_goes_with_it() -> None:
    mount = [m.MountPoint(source_volume="data", container_path="/data")]
    writer = container("writer", ["sh", "-c", "echo hello > /data/x; sleep 60"], mount_points=mount)
    reader = container("reader", ["sh", "-c", "until cat /data/x 2>/dev/null; do sleep 0.1; done"], mount_points=mount)
    async with bench() as on:
        task = plan(writer, reader, mode="none", volumes=[m.Volume(name="data")])
        assert await printed(on, task, "reader") == ["hello"]
        assert len(listed("volumes", f"io.kecs.task={task.arn}")) == 1
        on.runtime.release(task)
        await on.until(Released, task)
        assert listed("volumes", f"io.kecs.task={task.arn}") == []


def shared(name: str, **config: object) -> m.Volume:
    docker_config = m.DockerVolumeConfiguration(scope="shared", **config)  # type: ignore[arg-type]
    return m.Volume(name=name, docker_volume_configuration=docker_config)


async def test_a_shared_volume_outlives_its_tasks() -> None:
    async with bench() as on:
        name = f"kecs-{on.instance}-shared"
        mount = [m.MountPoint(source_volume=name, container_path="/data")]
        volumes = [shared(name, autoprovision=True, labels={"a": "b"})]
        try:
            first = plan(container(command=["sh", "-c", "echo hello > /data/x"], mount_points=mount), volumes=volumes)
            await printed(on, first)
            await on.runtime.discard()
            second = plan(container(command=["cat", "/data/x"], mount_points=mount), volumes=volumes)
            assert await printed(on, second) == ["hello"]

            other = plan(container(), volumes=[shared(name, autoprovision=True, labels={"a": "c"})])
            on.runtime.provision(other)
            assert "does not match existing volume labels" in (await on.until(Failed, other)).reason
        finally:
            await on.runtime.discard()
            docker("DELETE", f"/volumes/{name}")


async def test_a_shared_volume_that_is_not_provided_must_exist() -> None:
    async with bench() as on:
        task = plan(container(), volumes=[shared("kecs-test-not-there")])
        on.runtime.provision(task)
        failed = await on.until(Failed, task)
        assert failed.container is None
        assert "volume 'kecs-test-not-there' does not exist and autoprovision is set to false" in failed.reason


async def test_a_range_of_ports_gets_host_ports_in_a_row() -> None:
    app = container(
        command=["/serve"],
        environment=[m.KeyValuePair(name="PORT", value="9002")],
        port_mappings=[m.PortMapping(container_port_range="9000-9003")],
    )
    async with bench() as on:
        (started,) = await run(on, plan(app))
        (binding,) = started.network_bindings
        assert binding.container_port_range == "9000-9003"
        first, last = (int(port) for port in (binding.host_port_range or "").split("-"))
        assert last - first == 3
        assert await http_answer(first + 2) == "v1"
        (observed,) = await on.runtime.inventory()
        assert observed.containers[0].network_bindings == (binding,)


async def http_answer(port: int) -> str:
    """The body that the server there sends, once it listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                answer = await reader.read()
                writer.close()
                await writer.wait_closed()
            except ConnectionError:
                answer = b""
            if answer:
                return answer.rpartition(b"\r\n\r\n")[2].decode()
            await asyncio.sleep(0.05)


async def test_networking_disabled() -> None:
    app = container(command=["ls", "/sys/class/net"], disable_networking=True)
    async with bench() as on:
        assert "eth0" not in await printed(on, plan(app))


async def test_what_an_interrupted_start_left_behind_is_replaced() -> None:
    async with bench() as on:
        task = plan(container(command=["echo", "new"]))
        theirs = {"io.kecs.instance": on.instance, "io.kecs.task": task.arn}
        body = json.dumps({"Image": task.containers[0].image, "Labels": theirs})
        name = labels.container_name(task, "app")
        status, left = docker("POST", f"/containers/create?name={name}", body.encode())
        assert status == 201, left
        assert await printed(on, task) == ["new"]


async def test_somebody_elses_container_of_that_name_is_not_touched() -> None:
    async with bench() as on:
        task = plan(container())
        body = json.dumps({"Image": task.containers[0].image})
        name = labels.container_name(task, "app")
        _, theirs = docker("POST", f"/containers/create?name={name}", body.encode())
        try:
            on.runtime.start(task, "app")
            failed = await on.until(Failed, task, "app")
            assert failed.reason.startswith("CannotCreateContainerError: Error response from daemon: Conflict.")
            assert inspect(theirs["Id"])["State"]["Status"] == "created"
        finally:
            docker("DELETE", f"/containers/{theirs['Id']}?force=1")


async def test_the_network_is_made_again_when_somebody_has_removed_it() -> None:
    async with bench() as on:
        first, second = plan(container(), mode="awsvpc"), plan(container(), mode="awsvpc")
        on.runtime.provision(first)
        await on.until(Provisioned, first)
        on.runtime.release(first)
        await on.until(Released, first)
        (network,) = listed("networks", f"io.kecs.instance={on.instance}")
        docker("DELETE", f"/networks/{network['Id']}")
        on.runtime.provision(second)
        assert (await on.until(Provisioned, second)).address


async def test_a_task_whose_pause_container_is_killed_has_failed() -> None:
    async with bench() as on:
        task = plan(container(), mode="awsvpc")
        on.runtime.provision(task)
        await on.until(Provisioned, task)
        (pause,) = listed("containers", f"io.kecs.task={task.arn}")
        begun = time.monotonic()
        docker("POST", f"/containers/{pause['Id']}/stop?t=60")
        assert time.monotonic() - begun < 30, "it ends on SIGTERM"
        failed = await on.until(Failed, task)
        assert failed.container is None
        assert failed.reason.startswith("ResourceInitializationError: ")
        assert inspect(pause["Id"])["State"]["ExitCode"] == 0


async def test_output_of_a_terminal_and_long_lines() -> None:
    script = "printf '%040000d\\n' 7; echo short; printf unfinished"
    async with bench() as on:
        for terminal in (False, True):
            task = plan(container(command=["sh", "-c", script], pseudo_terminal=terminal), mode="none")
            long, short, unfinished = await printed(on, task)
            if not terminal:
                assert long == "7".zfill(40_000)
            assert (short, unfinished) == ("short", "unfinished")


async def test_output_is_followed_while_it_comes_and_kept_after_release() -> None:
    script = "trap 'echo bye; exit 0' TERM; echo one; while true; do sleep 0.1; done"
    async with bench() as on:
        task = plan(container(command=["sh", "-c", script]), mode="none")
        await run(on, task)
        seen = []
        async for line in on.runtime.logs(task.arn, "app", follow=True):
            seen.append(line.text)
            if line.text == "one":
                on.runtime.stop(task, "app", 30)
        assert seen == ["one", "bye"]
        on.runtime.release(task)
        await on.until(Released, task)
        assert await on.output(task) == ["one", "bye"]
        assert await on.output(task, tail=1) == ["bye"]
        await on.runtime.discard()
        assert await on.output(task) == []


async def test_a_driver_that_keeps_nothing_has_no_output() -> None:
    none = m.LogConfiguration(log_driver=cast(m.LogDriver, "none"))  # Docker's, not in the model
    async with bench() as on:
        assert await printed(on, plan(container(command=["echo", "x"], log_configuration=none))) == []


async def test_many_tasks_at_once() -> None:
    async with bench() as on:
        tasks = [plan(container(command=["sh", "-c", f"exit {n}"]), mode="none") for n in range(8)]
        for task in tasks:
            on.runtime.provision(task)
            on.runtime.start(task, "app")
        codes = [(await on.until(Exited, task)).exit_code for task in tasks]
        assert codes == list(range(8))
        for task in tasks:
            on.runtime.release(task)
        for task in tasks:
            await on.until(Released, task)
        assert await on.runtime.inventory() == []


async def test_an_engine_that_is_not_there() -> None:
    with pytest.raises(RuntimeUnavailable) as refused:
        await DockerRuntime("test", url="unix:///nowhere/docker.sock").open(print)
    assert "\n" not in str(refused.value)
    assert "/nowhere/docker.sock" in str(refused.value)


async def test_a_url_that_is_none() -> None:
    with pytest.raises(RuntimeUnavailable):
        await DockerRuntime("test", url="nonsense").open(print)
