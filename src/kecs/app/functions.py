"""Functions that stand for images of the simulated runtime: how they are bound, and how time moves with them.

`testing` binds them to a kernel of its own process; the console moves the clock with `advance`. A function runs in a
thread and calls KECS itself, so between two instants the event loop has to go on until every function is at rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kecs.app.kernel import Kernel
from kecs.control.clock import VirtualClock
from kecs.ports.program import NotAtRest, Program
from kecs.ports.runtime import Runtime
from kecs.runtimes.simulated import SimulatedRuntime

MOST_ROUNDS = 10_000  # at one instant; a function that sleeps for no time again and again gets there


def bind(kernel: Kernel, pattern: str, program: Program) -> Callable[[], None]:
    """Have containers whose image matches the glob run the program; how to end that. On the event loop's thread.

    Raises ValueError on a runtime that runs real images.
    """
    runtime = kernel.runtime
    if not isinstance(runtime, SimulatedRuntime):
        raise ValueError(f"The {runtime.name} runtime runs real images; functions can only stand for simulated ones.")
    if runtime.functions is None:
        from kecs.runtimes.simulated.functions import Functions  # most servers have no function

        runtime.functions = Functions(kernel.clock, asyncio.get_running_loop())
    return runtime.functions.bind(pattern, program)


async def advance(clock: VirtualClock, runtime: Runtime, seconds: float) -> None:
    """`clock.advance` at the pace of functions, if there are any. Raises NotAtRest."""
    functions = runtime.functions if isinstance(runtime, SimulatedRuntime) else None
    if functions is None:
        clock.advance(seconds)
        return
    flowing = not clock.frozen
    clock.freeze()
    try:
        target = clock.now() + seconds
        rounds, before = 0, clock.now()
        await functions.turns.rest()
        while clock.step(target):
            await functions.turns.rest()
            rounds = rounds + 1 if clock.now() == before else 0
            before = clock.now()
            if rounds > MOST_ROUNDS:
                raise NotAtRest(f"Something asked {rounds} times for what is due at once; time cannot move on.")
    finally:
        if flowing:
            clock.resume()
