"""Which runtime to use, and the clock that goes with it."""

from __future__ import annotations

import asyncio
import os
import time

from kecs.app.options import ServerOptions
from kecs.ports.clock import Clock
from kecs.ports.runtime import Capacity, Runtime, RuntimeUnavailable, Sink

SIMULATED_CAPACITY = (1_048_576, 4_194_304)  # CPU units and MiB: 1,024 cores and 4 TiB, so that tests find room


class Opened:
    """An open runtime, its clock and what it offers."""

    def __init__(self, runtime: Runtime, clock: Clock, capacity: Capacity) -> None:
        self.runtime = runtime
        self.clock = clock
        self.capacity = capacity


async def open_runtime(options: ServerOptions, sink: Sink) -> Opened:
    """The runtime that the options ask for; `auto` is Docker if its daemon answers. Raises RuntimeUnavailable."""
    match "simulated" if options.test_mode else options.runtime:
        case "simulated":
            return await _simulated(sink)
        case "docker":
            return await _docker(options, sink)
        case "auto":
            try:
                return await _docker(options, sink)
            except RuntimeUnavailable:
                return await _simulated(sink)
        case other:
            raise RuntimeUnavailable(f"the runtime {other} is not there yet; use docker or simulated")


async def _simulated(sink: Sink) -> Opened:
    from kecs.control.clock import VirtualClock
    from kecs.runtimes.simulated import SimulatedRuntime

    clock = VirtualClock(time.time(), loop=asyncio.get_running_loop())
    cpu, memory = SIMULATED_CAPACITY
    capacity = Capacity(
        cpu=cpu, memory=memory, architecture="arm64" if os.uname().machine in ("arm64", "aarch64") else "x86_64"
    )
    runtime = SimulatedRuntime(clock, capacity=capacity, listen=True)
    return Opened(runtime, clock, await runtime.open(sink))


async def _docker(options: ServerOptions, sink: Sink) -> Opened:
    from kecs.control.clock import SystemClock
    from kecs.runtimes.docker import DockerRuntime

    runtime = DockerRuntime(instance=options.instance, pull=options.pull)
    return Opened(runtime, SystemClock(asyncio.get_running_loop()), await runtime.open(sink))
