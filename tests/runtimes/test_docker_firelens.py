"""FireLens on a Docker Engine, with a router that says what it is sent: it speaks Fluentd's forward protocol."""

from __future__ import annotations

import msgspec
import pytest
from tests.support.docker_runtime import Bench, bench, container, plan, run
from tests.support.images import unavailable
from tools.base_image import NoBase, base_image

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Failed, Provisioned, Released

pytestmark = pytest.mark.docker

# Prints its configuration and the first message, an array of four whose third is the record.
ROUTER = """
import pathlib, socket
server = socket.socket(socket.AF_UNIX)
server.bind("/var/run/fluent.sock")
server.listen()
print(pathlib.Path("/fluent-bit/etc/fluent-bit.conf").read_text(), flush=True)
connection, data = server.accept()[0], b""
while b"hello" not in data:
    data += connection.recv(4096)
print("got", data.hex(), flush=True)
"""
FIRELENS = m.FirelensConfiguration(type="fluentbit")


@pytest.fixture(scope="module")
def router() -> m.ContainerDefinition:
    try:
        image = base_image()
    except NoBase as error:
        unavailable(f"no image with a Python can be made: {error}")
    return m.ContainerDefinition(
        name="router", image=image, entry_point=["python3"], command=["-c", ROUTER], firelens_configuration=FIRELENS
    )


def routed(command: str) -> m.ContainerDefinition:
    log = m.LogConfiguration(log_driver="awsfirelens", options={"Name": "stdout"})
    return container("app", ["sh", "-c", command], log_configuration=log)


async def until_routed(on: Bench, task: TaskPlan) -> list[str]:
    """What the router has printed once it has got something."""
    await run(on, task)
    await on.until(Exited, task, "router")
    return await on.output(task, "router")


@pytest.mark.parametrize("mode", ["awsvpc", "bridge", "host", "none"])
async def test_output_goes_to_the_router(router: m.ContainerDefinition, mode: str) -> None:
    async with bench() as on:
        task = plan(router, routed("echo hello $FLUENT_PORT; sleep 60"), mode=mode)
        *config, last = await until_routed(on, task)
        tag, _, record, *_ = msgspec.msgpack.decode(bytes.fromhex(last.removeprefix("got ")))
        ours = await on.output(task, "app")
    assert tag == f"app-firelens-{task.id}"
    said = "hello 24224" if mode in ("awsvpc", "bridge") else "hello"
    assert (record["log"], record["source"]) == (said, "stdout")
    assert f"    Record ecs_task_arn {task.arn}" in config
    assert "    Match app-firelens*" in config
    assert ours == [said], "the engine keeps a copy"


async def test_nothing_of_it_is_left(router: m.ContainerDefinition) -> None:
    async with bench() as on:
        task = plan(router, routed("trap 'exit 3' TERM; echo hello; while true; do sleep 0.1; done"), mode="none")
        await until_routed(on, task)
        on.runtime.stop(task, "app", 30)
        assert (await on.until(Exited, task, "app")).exit_code == 3
        on.runtime.release(task)
        await on.until(Released, task)
        assert await on.runtime.inventory() == []


async def test_a_configuration_from_s3_is_refused(router: m.ContainerDefinition) -> None:
    from_s3 = {"config-file-type": "s3", "config-file-value": "arn:aws:s3:::bucket/extra.conf"}
    firelens = m.FirelensConfiguration(type="fluentbit", options=from_s3)
    async with bench() as on:
        task = plan(msgspec.structs.replace(router, firelens_configuration=firelens), routed("true"), mode="none")
        on.runtime.provision(task)
        await on.until(Provisioned, task)
        on.runtime.start(task, "router")
        reason = (await on.until(Failed, task, "router")).reason
    assert reason.startswith("CannotCreateContainerError: FireLens configurations from S3 are not supported")


async def test_a_router_whose_image_is_not_there_is_one_clear_reason() -> None:
    missing = container("router", image="127.0.0.1:1/fluent-bit:1", firelens_configuration=FIRELENS)
    async with bench() as on:
        task = plan(missing, routed("true"), mode="none")
        on.runtime.pull(task, "router")
        assert (await on.until(Failed, task, "router")).reason.startswith("CannotPullContainerError: ")
