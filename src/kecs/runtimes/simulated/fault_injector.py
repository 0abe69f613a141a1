"""Black holes in the ports of simulated containers; see ports.fault_injection.Injector. `insight` makes it.

A filter of the kernel's, which needs no right, drops whatever comes to a socket: no connection is made, those that are
there fall silent, and nobody is told. Ports are all the network that there is between simulated containers: what goes
out of one, and how long it is under way, nobody sees.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kecs.core.inside.network_faults import BlackHole, Fault, Network
from kecs.ports.fault_injection import Unsupported
from kecs.runtimes.packet_programs import ALL, picked, returned

if TYPE_CHECKING:
    from kecs.runtimes.simulated.network import Network as Ports
    from kecs.runtimes.simulated.network import OpenPorts
    from kecs.runtimes.simulated.task import SimulatedTask

_ATTACH, _DETACH = 26, 27  # asm-generic/socket.h: Python has no names for them

_NO_PORTS = "Fault injection is not supported: ports of simulated containers are not open here."
_PORTS_ONLY = "Of simulated containers only TCP ports can be a black hole, and only for ingress."


class SimulatedInjector:
    """See ports.fault_injection.Injector."""

    def __init__(self, network: Ports, tasks: Mapping[str, SimulatedTask]) -> None:
        self._network = network
        self._tasks = tasks

    async def running(self, task: str) -> frozenset[str]:
        if not self._network.awsvpc_listens:
            raise Unsupported(_NO_PORTS)
        return frozenset(self._tasks[task].holes) if task in self._tasks else frozenset()

    async def start(self, task: str, fault: Fault, unless: frozenset[str]) -> frozenset[str]:
        before = await self.running(task)
        if not isinstance(fault, BlackHole) or (fault.protocol, fault.traffic) != ("tcp", "ingress"):
            raise Unsupported(_PORTS_ONLY)
        if not before & unless and task in self._tasks:
            _check(fault)
            self._tasks[task].holes[fault.name] = fault
            for opened in self._tasks[task].opened():
                swallow(opened, [fault])
        return before

    async def stop(self, task: str, name: str) -> None:
        hole = self._tasks[task].holes.pop(name, None) if name in await self.running(task) else None
        for opened in self._tasks[task].opened() if hole is not None else ():
            if hole is not None and hole.port in opened.by_port:
                for descriptor in opened.by_port[hole.port].descriptors():
                    with contextlib.suppress(OSError), _socket(descriptor) as made:  # it has none, or is closed
                        made.setsockopt(socket.SOL_SOCKET, _DETACH, 0)


def swallow(opened: OpenPorts, holes: Iterable[BlackHole]) -> None:
    """Have nothing come in at the ports that are one of the holes."""
    for hole in holes:
        if hole.port in opened.by_port:
            for descriptor in opened.by_port[hole.port].descriptors():
                with contextlib.suppress(OSError), _socket(descriptor) as made:  # another thread has just closed it
                    _attach(made, hole.spared)


def _check(hole: BlackHole) -> None:
    """Raises Unsupported where no port would take the filter; its length is limited."""
    with socket.socket() as unused:
        try:
            _attach(unused, hole.spared)
        except OSError as error:
            raise Unsupported(
                f"Fault injection is not supported: the kernel takes no such filter: {error.strerror}."
            ) from error


def _attach(to: socket.socket, spared: Iterable[Network]) -> None:
    program = [*picked(spared, 4, "sender", [returned(ALL)]), returned(0)]  # how much of a packet comes through
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    described = struct.pack("HL", len(program), ctypes.addressof(packed))
    to.setsockopt(socket.SOL_SOCKET, _ATTACH, described)


def _socket(descriptor: int) -> socket.socket:
    """Of a descriptor that stays its owner's; event loops show theirs as less than a socket."""
    return socket.socket(fileno=os.dup(descriptor))
