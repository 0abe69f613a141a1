"""Which runtime to use, and the clock that goes with it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from kecs.app.options import ServerOptions
from kecs.core.inside.names import Names
from kecs.ports.clock import Clock
from kecs.ports.nodes import Nodes
from kecs.ports.runtime import Capacity, Runtime, RuntimeForbidden, RuntimeUnavailable, Sink

SIMULATED_CAPACITY = (1_048_576, 4_194_304)  # CPU units and MiB: 1,024 cores and 4 TiB, so that tests find room


log = logging.getLogger(__name__)


class Opened:
    """An open runtime, its clock and what it offers."""

    def __init__(self, runtime: Runtime, clock: Clock, capacity: Capacity, nodes: Nodes | None = None) -> None:
        self.runtime = runtime
        self.clock = clock
        self.capacity = capacity
        self.nodes = nodes  # where it has machines of its own


class Door(NamedTuple):
    """The way into KECS, for containers: where it listens, the URL for clients on this machine, what makes the protocol
    of one more connection from when it is opened, and by which names containers ask for what is their own."""

    listens: str
    url: str
    connection: Callable[[], asyncio.Protocol]
    opened: asyncio.Event
    names: Names


async def open_runtime(options: ServerOptions, sink: Sink, door: Door) -> Opened:
    """The runtime that the options ask for; `auto` is Docker if its daemon answers. Raises RuntimeUnavailable."""
    match "simulated" if options.test_mode else options.runtime:
        case "simulated":
            return await _simulated(sink, door)
        case "docker":
            return await _docker(options, sink, door)
        case "auto":
            try:
                return await _docker(options, sink, door)
            except RuntimeForbidden as error:
                log.warning("Containers are simulated, because %s.", error)
                return await _simulated(sink, door)
            except RuntimeUnavailable:
                return await _simulated(sink, door)
        case "kubernetes":
            return await _kubernetes(options, sink, door)
        case other:
            raise RuntimeUnavailable(f"there is no runtime {other}")


async def _simulated(sink: Sink, door: Door) -> Opened:
    from kecs.control.clock import VirtualClock
    from kecs.core.tasks.environment import Way
    from kecs.runtimes.simulated import SimulatedRuntime

    clock = VirtualClock(time.time(), loop=asyncio.get_running_loop())
    cpu, memory = SIMULATED_CAPACITY
    capacity = Capacity(
        cpu=cpu, memory=memory, architecture="arm64" if os.uname().machine in ("arm64", "aarch64") else "x86_64"
    )
    runtime = SimulatedRuntime(clock, capacity=capacity, listen=True, way=Way(door.url, door.names, door.url))
    return Opened(runtime, clock, await runtime.open(sink))


async def _docker(options: ServerOptions, sink: Sink, door: Door) -> Opened:
    from kecs.control.clock import SystemClock
    from kecs.endpoints.listeners import Listeners
    from kecs.runtimes.docker import DockerRuntime

    runtime = DockerRuntime(
        instance=options.instance,
        pull=options.pull,
        ecr_registry=options.ecr_registry,
        data_folder=options.data_dir,
        endpoint=Listeners(door.listens, door.connection, names=door.names, opened=door.opened),
    )
    return Opened(runtime, SystemClock(asyncio.get_running_loop()), await runtime.open(sink))


async def _kubernetes(options: ServerOptions, sink: Sink, door: Door) -> Opened:
    from kecs.control.clock import SystemClock
    from kecs.core.arns import Scope
    from kecs.endpoints.listeners import Listeners

    try:
        from kecs.runtimes.kubernetes.runtime import KubernetesRuntime
    except ModuleNotFoundError as error:
        raise RuntimeUnavailable(
            f"the extra kubernetes is not installed ({error}): pip install 'kecs[kubernetes]'"
        ) from error
    from kecs.runtimes.kubernetes.manifests.settings import PodSettings, pools, storage_classes

    runtime = KubernetesRuntime(
        PodSettings(
            instance=options.instance,
            home=Scope(account=options.account, region=options.region),
            pull=options.pull,
            ecr_registry=options.ecr_registry,
            storage_classes=storage_classes(options.storage_class),
            shared_access=options.shared_access,
            pools=pools(options.node_pool),
        ),
        kubeconfig=options.kubeconfig,
        context=options.context,
        endpoint=Listeners(door.listens, door.connection, names=door.names, opened=door.opened),
        reached_at=options.pods_reach,
        patience=options.placement_patience,
    )
    capacity = await runtime.open(sink)
    return Opened(runtime, SystemClock(asyncio.get_running_loop()), capacity, runtime.nodes)
