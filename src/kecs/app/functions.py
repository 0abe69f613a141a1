"""Functions that stand for images of the simulated runtime: how they are bound, and how time moves with them.

`testing` binds them to a kernel of its own process; the console moves the clock with `advance`. A function runs in a
thread and calls KECS itself, so between two instants the event loop has to go on until every function is at rest. It
does so too for what tasks have asked AWS's services for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kecs.app.kernel import Kernel
from kecs.control.clock import VirtualClock
from kecs.ports.lookups import Lookups
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


async def advance(clock: VirtualClock, runtime: Runtime, lookups: Lookups | None, seconds: float) -> None:
    """`clock.advance` at the pace of functions and of what tasks look up, if there are any. Raises NotAtRest."""
    functions = runtime.functions if isinstance(runtime, SimulatedRuntime) else None
    flowing = not clock.frozen
    clock.freeze()
    try:
        target = clock.now() + seconds
        await _rest(lookups)
        if functions is None:
            while clock.advance_until(lambda: lookups is not None and lookups.busy, target - clock.now()):
                await _rest(lookups)
            return
        rounds, before = 0, clock.now()
        await functions.turns.rest()
        while clock.step(target):
            await _rest(lookups)
            await functions.turns.rest()
            rounds = rounds + 1 if clock.now() == before else 0
            before = clock.now()
            if rounds > MOST_ROUNDS:
                raise NotAtRest(f"Something asked {rounds} times for what is due at once; time cannot move on.")
    finally:
        if flowing:
            clock.resume()


async def _rest(lookups: Lookups | None) -> None:
    if lookups is not None:
        await lookups.rest()
