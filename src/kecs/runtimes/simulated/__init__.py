"""Scripted containers on an injected clock: the runtime of tests, of test mode, and of machines without Docker."""

from kecs.runtimes.simulated.runtime import SimulatedRuntime
from kecs.runtimes.simulated.scripts import Script

__all__ = ["Script", "SimulatedRuntime"]
