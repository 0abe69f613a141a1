"""Files that containers have together: within a task, and from one task to the next."""

from __future__ import annotations

from tests.runtimes.conformance.harness import Harness
from tests.runtimes.plans import make_plan

from kecs.core.tasks.reports import Exited

MOUNT = {"mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}]}
WAITS = ["sh", "-c", "until cat /data/x 2>/dev/null; do sleep 0.1; done"]
EFS = [{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0"}}]


async def test_a_volume_of_the_task_is_one_for_all_its_containers(harness: Harness) -> None:
    harness.needs("keep files")
    writer = {"name": "writer", "command": ["sh", "-c", "echo hello > /data/x; sleep 600"], **MOUNT}
    plan = make_plan(writer, {"name": "reader", "command": WAITS, **MOUNT}, volumes=[{"name": "data"}])
    await harness.run(plan)
    await harness.until(Exited, plan, "reader")
    assert await harness.output(plan, "reader") == ["hello"]


async def test_a_volume_of_the_task_is_empty_for_the_next_task(harness: Harness) -> None:
    harness.needs("keep files")
    script = ["sh", "-c", "ls /data; touch /data/x"]
    for _ in range(2):
        plan = make_plan({"command": script, **MOUNT}, volumes=[{"name": "data"}])
        assert (await harness.finish(plan)).exit_code == 0
        assert await harness.output(plan) == []
        await harness.release(plan)


async def test_a_file_system_is_shared_by_tasks_that_run_at_once(harness: Harness) -> None:
    harness.needs("keep files")
    await harness.may_share_files()
    reader = make_plan({"command": WAITS, **MOUNT}, volumes=EFS)
    await harness.run(reader)
    writer = make_plan({"command": ["sh", "-c", "echo hello > /data/x"], **MOUNT}, volumes=EFS)
    await harness.finish(writer)
    await harness.until(Exited, reader, "app")
    assert await harness.output(reader) == ["hello"]


async def test_a_file_system_outlives_its_tasks(harness: Harness) -> None:
    harness.needs("keep files")
    await harness.may_share_files()
    writer = make_plan({"command": ["sh", "-c", "echo hello > /data/x"], **MOUNT}, volumes=EFS)
    await harness.finish(writer)
    await harness.release(writer)
    reader = make_plan({"command": ["cat", "/data/x"], **MOUNT}, volumes=EFS)
    assert (await harness.finish(reader)).exit_code == 0
    assert await harness.output(reader) == ["hello"]


async def test_what_is_mounted_read_only_cannot_be_written(harness: Harness) -> None:
    harness.needs("keep files")
    mounts = [{**MOUNT["mountPoints"][0], "readOnly": True}]
    plan = make_plan(
        {"command": ["sh", "-c", "touch /data/x || exit 3"], "mountPoints": mounts}, volumes=[{"name": "data"}]
    )
    assert (await harness.finish(plan)).exit_code == 3
    assert await harness.output(plan) == ["touch: /data/x: Read-only file system"]
