"""Tasks as containers of the local Docker Engine. `app` makes one; see `ports.runtime` for the protocol.

A command becomes a coroutine in the lane of its task (`lanes`), which asks the engine and reports. What happens to a
container afterwards comes from Docker's event stream (`events`, `watch`). Nothing here polls, and what KECS has made
is found again by its labels.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kecs.aws.model import ecs as m
from kecs.core.tasks.images import pull_failure
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.platforms import image_platform
from kecs.core.tasks.reports import Failed, ObservedTask, Provisioned, Pulled, Released, Started
from kecs.ports.endpoint import TaskEndpoint
from kecs.ports.metrics import Measured
from kecs.ports.runtime import Capacity, GetIntake, LogLine, RuntimeUnavailable, Sink
from kecs.ports.terminal import SessionRefused, Terminal
from kecs.runtimes.docker import inventory, labels, logs, removal
from kecs.runtimes.docker.cgroups import TaskGroups
from kecs.runtimes.docker.engine import ANSWER_WITHIN, Engine, EngineError, EngineGone, host_address, seconds
from kecs.runtimes.docker.events import Events
from kecs.runtimes.docker.filesystems import sees_files
from kecs.runtimes.docker.lanes import Lanes, Work
from kecs.runtimes.docker.launch import Launcher, Surroundings
from kecs.runtimes.docker.pulls import PullPolicy, Pulls
from kecs.runtimes.docker.reach import Reach
from kecs.runtimes.docker.translate import has_interface, needs_pause
from kecs.runtimes.docker.usage import measuring
from kecs.runtimes.docker.watch import PAUSE_LOST, Watch, Watched
from kecs.runtimes.launching import LaunchError, sends_to_cloudwatch
from kecs.runtimes.spool import Spool

if TYPE_CHECKING:
    from kecs.ports.inside import Insight
    from kecs.runtimes.docker.terminals import Terminals
    from kecs.runtimes.shipping import Shipping

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}  # Podman's names for them; Docker uses the kernel's
_RETRY = 1.0  # seconds between attempts while the engine does not answer

log = logging.getLogger(__name__)


class DockerRuntime:
    """Runs the containers of tasks on a Docker Engine.

    Containers of a released task are removed at once; their last output is kept in memory (`spool`), so `logs`
    answers for stopped tasks too, until KECS ends.
    """

    name = "docker"

    def __init__(
        self,
        instance: str = "default",
        *,
        pull: PullPolicy = "missing",
        url: str | None = None,
        bind_ip: str = "127.0.0.1",
        ecr_registry: str | None = None,
        endpoint: TaskEndpoint | None = None,
        data_folder: Path | None = None,
    ) -> None:
        """`instance` keeps KECS processes on one engine apart.

        `url` is a DOCKER_HOST value; None looks where the docker command looks. `bind_ip` is the host's address that
        ports of bridge tasks are published on: by default nobody else in the network reaches them. `ecr_registry` is
        what stands in for Amazon ECR (`pulls`). At `endpoint` containers find KECS. In `data_folder` the files of EFS
        and its like are kept (`filesystems`); None: with the instance.
        """
        self._instance = instance
        self._policy: PullPolicy = pull
        self._url = url
        self._bind_ip = bind_ip
        self._ecr_registry = ecr_registry
        self._endpoint = endpoint
        self._data_folder = data_folder
        self._lanes = Lanes()
        self._pulling: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._spool = Spool()
        self.intake: GetIntake | None = None  # whoever has CloudWatch Logs sets it
        self._shipping: Shipping | None = None  # made with the first container whose output goes there
        self._terminals: Terminals | None = None  # made with the first session
        self._is_open = False

    async def open(self, sink: Sink) -> Capacity:
        engine = Engine(self._url)
        try:
            info = await engine.connect()
            self._sink = sink
            self._engine = engine
            self._host = await host_address(engine.url)
            self._watch = Watch(engine, sink)
            self._events = Events(engine, self._instance, self._watch.on_event, self._watch.catch_up)
            machine = str(info["Architecture"])
            architecture = _ARCHITECTURES.get(machine, machine)
            folder = self._data_folder if sees_files(engine.url, info) else None
            self._groups = TaskGroups(self._instance, engine.url, info)
            self._launcher = Launcher(engine, self._instance, self._bind_ip, architecture, self._groups, folder)
            self._pulls = Pulls(engine, self._policy, self._ecr_registry)
            self._reach = Reach(engine, self._endpoint, self._launcher.network, str(info.get("OperatingSystem")))
            self._usages = measuring(engine, self._watch)
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._events.open(seconds(info["SystemTime"]) or time.time())
        except TimeoutError:
            await self._events.close()
            await engine.close()
            raise RuntimeUnavailable("the Docker Engine sends no events; is something between it and KECS?") from None
        except BaseException:
            await engine.close()
            raise
        self._is_open = True
        return Capacity(
            cpu=int(info["NCPU"]) * 1024,
            memory=int(info["MemTotal"]) // (1024 * 1024),
            architecture="arm64" if architecture == "aarch64" else architecture,
        )

    async def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        await self._lanes.close()
        pulling = list(self._pulling.values())
        for job in pulling:
            job.cancel()
        await asyncio.gather(*pulling, return_exceptions=True)
        await self._pulls.close()
        if self._shipping is not None:
            await self._shipping.close()
        if self._terminals is not None:
            await self._terminals.close()
        if self._endpoint is not None:
            await self._endpoint.close()
        await self._usages.close()
        await self._events.close()
        await self._watch.close()
        await self._engine.close()

    @property
    def trouble(self) -> str | None:
        return self._events.trouble if self._is_open else None

    async def inventory(self) -> list[ObservedTask]:
        try:
            told = await inventory.told(self._engine, self._instance)
            found = await inventory.observe(self._engine, self._instance, self._watch, self._address)
        except EngineError as error:
            raise RuntimeUnavailable(f"the Docker Engine does not tell what it runs: {error.message}") from error
        await self._reach.resume(told)
        await self._groups.clear()
        for watched in [watched for task in found for watched in self._watch.of(task.task)]:
            if watched.logs is not None and watched.started_at and self.intake is not None:
                self._ships().resume(watched.task, watched.id, watched.logs)
        return found

    async def discard(self, tasks: Iterable[str] | None = None) -> None:
        busy = {*self._watch.tasks(), *self._lanes.tasks(), *(task for task, _ in self._pulling)}
        wanted = busy if tasks is None else set(tasks)
        for key in [key for key in self._pulling if key[0] in wanted]:
            self._give_up_pull(key)
        for task in wanted:
            self._watch.mute(task)
        await asyncio.gather(*(self._lanes.drain(task) for task in wanted))
        if self._shipping is not None:
            await asyncio.gather(*map(self._shipping.give_up, wanted))
        for task in wanted:
            self._watch.forget(task)
        if tasks is None:
            await self._persist(lambda: removal.remove_instance(self._engine, self._instance))
            await self._persist(self._launcher.network.remove)
            await self._persist(self._reach.clear)
            await self._groups.clear()
            self._spool.clear()
        else:
            await asyncio.gather(*(self._remove(task, None) for task in wanted))

    def vacate(self, clusters: Sequence[str]) -> None:
        """Their tasks had nothing in common but volumes, which are data."""

    def refuses(self, plan: TaskPlan) -> bool:  # noqa: ARG002  # it has no reason of its own
        return False

    def provision(self, plan: TaskPlan) -> None:
        self._lanes.run(plan.arn, None, self._safely(plan, None, lambda: self._provision(plan)))

    def pull(self, plan: TaskPlan, container: str) -> None:
        key = (plan.arn, container)
        work = self._safely(plan, container, lambda: self._pull(plan, container))
        job = self._pulling[key] = asyncio.ensure_future(work())
        job.add_done_callback(lambda _: self._pulling.pop(key) if self._pulling.get(key) is job else None)

    def start(self, plan: TaskPlan, container: str) -> None:
        self._lanes.run(plan.arn, container, self._safely(plan, container, lambda: self._start(plan, container)))

    def restart(self, plan: TaskPlan, container: str) -> None:
        self._lanes.run(plan.arn, container, self._safely(plan, container, lambda: self._restart(plan, container)))

    def stop(self, plan: TaskPlan, container: str, timeout: float) -> None:
        self._give_up_pull((plan.arn, container))
        work = self._safely(plan, container, lambda: self._stop(plan, container, timeout))
        self._lanes.run(plan.arn, container, work, interruptible=True)

    def release(self, plan: TaskPlan) -> None:
        for container in plan.containers:
            self._give_up_pull((plan.arn, container.name or ""))
        self._lanes.run(plan.arn, None, lambda: self._release(plan))

    def measure(self, tasks: Sequence[str], then: Measured) -> None:
        self._usages.ask(tasks, then)

    def insight(self) -> Insight:
        from kecs.runtimes.docker.insight import DockerInsight  # with the first who looks

        return DockerInsight(self._engine, self._watch, self._launcher.network.name)

    async def execute(self, task: str, container: str, command: Sequence[str]) -> Terminal:
        from kecs.runtimes.docker.terminals import Terminals

        watched = self._watch.find(task, container)
        if watched is None or not watched.runs:
            raise SessionRefused(f"container {container} of task {task} is not running")
        self._terminals = self._terminals or Terminals(self._engine)
        return await self._terminals.open(watched.id, command)

    async def logs(
        self, task: str, container: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        watched, silent = self._watch.find(task, container), True
        if watched is not None:
            async with aclosing(logs.output(self._engine, watched.id, follow=follow, tail=tail)) as lines:
                async for line in lines:
                    silent = False
                    yield line
        if silent:  # never created, removed already, or removed just now
            for line in self._spool.lines(task, container, tail):
                yield line

    async def _provision(self, plan: TaskPlan) -> None:
        address = await self._launcher.provision(plan, partial(self._created, plan, labels.PAUSE, None))
        ip = address.ip or self._address(plan.network_mode)
        self._sink(Provisioned(task=plan.arn, address=ip, mac_address=address.mac))
        if pause := self._watch.find(plan.arn, labels.PAUSE):
            self._watch.settle(pause)

    async def _pull(self, plan: TaskPlan, container: str) -> None:
        image = plan.container(container).image or ""
        try:
            digest = await self._pulls.obtain(image, plan.logins.get(container), image_platform(plan.definition))
        except EngineError as error:
            raise LaunchError(pull_failure(plan, image, error.message)) from error
        self._sink(Pulled(task=plan.arn, container=container, digest=digest))

    async def _start(self, plan: TaskPlan, container: str) -> None:
        pause = self._watch.find(plan.arn, labels.PAUSE)
        if needs_pause(plan) and (pause is None or pause.over):
            raise LaunchError(PAUSE_LOST)
        definition = plan.container(container)
        to = self._ships().destination(plan, definition) if self.intake and sends_to_cloudwatch(definition) else None
        try:
            name = await self._pulls.name(definition.image or "")
            around = Surroundings(pause.id if pause else None, name, await self._reach.way(plan), to)
            bindings = await self._launcher.launch(
                plan, definition, around, partial(self._created, plan, container, to)
            )
        except EngineError as error:
            raise LaunchError(f"CannotCreateContainerError: Error response from daemon: {error.message}") from error
        except LaunchError:
            if created := self._watch.find(plan.arn, container):
                created.over = True
            raise
        if started := self._watch.find(plan.arn, container):
            self._runs(started, bindings)

    async def _restart(self, plan: TaskPlan, container: str) -> None:
        before = self._watch.find(plan.arn, container)
        if before is None:
            raise LaunchError("CannotStartContainerError: the container is gone")
        again = self._watch.add(Watched(id=before.id, task=plan.arn, name=container, again=True, logs=before.logs))
        try:
            bindings = await self._launcher.restart(plan, plan.container(container), again.id)
        except LaunchError:
            again.over = True
            raise
        self._runs(again, bindings)

    def _runs(self, watched: Watched, bindings: tuple[m.NetworkBinding, ...]) -> None:
        """Tell that the container has started, and what has happened to it since."""
        watched.started_at = time.time()
        self._sink(
            Started(
                task=watched.task,
                container=watched.name,
                runtime_id=watched.id,
                at=watched.started_at,
                network_bindings=bindings,
            )
        )
        self._watch.settle(watched)
        if watched.logs is not None and self._shipping is not None:
            self._shipping.begin(watched.task, watched.id, watched.logs)

    async def _stop(self, plan: TaskPlan, container: str, timeout: float) -> None:
        """Docker's stop: the image's stop signal, KILL after `timeout` seconds, whole ones for Docker."""
        watched = self._watch.find(plan.arn, container)
        if watched is None or watched.over:
            return
        watched.stopping = True
        path = f"containers/{watched.id}"
        try:
            await self._persist(
                lambda: self._engine.call("POST", f"{path}/stop", params={"t": math.ceil(timeout)}, patient=True)
            )
        except EngineError as error:
            if error.status != 404:
                log.warning("container %s of %s could not be stopped: %s", container, plan.arn, error.message)
            # Without an exit the task would never end; what is left of the container goes with the task.
            self._watch.lost(watched)

    async def _release(self, plan: TaskPlan) -> None:
        self._watch.mute(plan.arn)
        if self._shipping is not None:
            await self._shipping.finish(plan.arn)
        try:
            await self._remove(plan.arn, self._spool)
        except Exception as error:
            # It keeps its labels, so the next start of KECS finds and discards it.
            log.warning("something of %s is left on the engine: %s", plan.arn, error)
        self._watch.forget(plan.arn)
        self._sink(Released(task=plan.arn))

    async def _remove(self, task: str, spool: Spool | None) -> None:
        await self._persist(lambda: removal.remove_task(self._engine, self._instance, task, spool))
        await self._groups.remove(task)

    async def _created(self, plan: TaskPlan, name: str, to: str | None, container: str) -> None:
        self._watch.add(Watched(id=container, task=plan.arn, name=name, pause=name == labels.PAUSE, logs=to))
        if to is not None:
            self._ships().prepare(plan, to, container)
        if has_interface(plan, name):
            await self._reach.join(plan, container)

    def _ships(self) -> Shipping:
        """What reads output for CloudWatch Logs."""
        from kecs.runtimes.docker.shipping import docker_shipping

        assert self.intake is not None
        self._shipping = self._shipping or docker_shipping(self._engine, self.intake())
        return self._shipping

    def _give_up_pull(self, key: tuple[str, str]) -> None:
        if job := self._pulling.get(key):
            job.cancel()

    def _address(self, network_mode: str) -> str | None:
        """Where ports of a task without a network of its own are reached from this machine."""
        return self._host if network_mode in ("bridge", "host") else None

    def _safely(self, plan: TaskPlan, container: str | None, step: Work) -> Work:
        """The step, with whatever it raises turned into a report."""

        async def work() -> None:
            try:
                await step()
            except LaunchError as error:
                reason = str(error)
            except Exception as error:  # a bug here must not leave the task waiting for ever
                log.exception("a step of container %s of %s failed", container, plan.arn)
                reason = f"ResourceInitializationError: {error}"
            else:
                return
            self._sink(Failed(task=plan.arn, container=container, reason=reason, at=time.time()))

        return work

    async def _persist(self, step: Work) -> None:
        """Do the step, again and again while the engine does not answer: it can be asked for twice."""
        while True:
            try:
                await step()
                return
            except EngineGone:
                await asyncio.sleep(_RETRY)
