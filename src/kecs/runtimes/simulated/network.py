"""Addresses and ports of simulated tasks. The runtime asks for them when it provisions tasks and starts containers.

Without listening, addresses come from 10.0.0.0/16 in order, as a subnet would give them out. With listening each TCP
port of a running container answers HTTP: host ports everywhere, those of a task's own address on Linux only, where all
of 127.0.0.0/8 is there without being set up. Two processes do not get into each other's way: each claims a /16 of it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.ports.runtime import RuntimeUnavailable
from kecs.runtimes.simulated.listener import HeldPort, Listener, most_listeners

HOST = "127.0.0.1"  # where host ports are reached
DYNAMIC_PORTS = range(32768, 61000)  # what Docker draws host ports from
CLAIM_PORT = 53730  # on the last address of a /16: who holds it owns the block


class PortTaken(Exception):
    """Another container holds the host port; the text is Docker's."""


class OpenPorts:
    """What a running container holds until it exits."""

    def __init__(self) -> None:
        self.bindings: list[m.NetworkBinding] = []
        self.listeners: list[Listener | HeldPort] = []
        self.by_port: dict[int, Listener | HeldPort] = {}  # the same, by the container's port
        self.host_ports: list[tuple[str, int]] = []
        self.notes: list[str] = []  # ports that could not be opened


class Span(NamedTuple):
    """A port or a range of ports of a port mapping."""

    first: int
    size: int
    protocol: m.TransportProtocol

    @property
    def range_text(self) -> str:
        return f"{self.first}-{self.first + self.size - 1}"


class Network:
    """All addresses and ports of one runtime."""

    def __init__(self, *, listen: bool) -> None:
        self.listen = listen
        self._own_addresses = sys.platform == "linux"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._claim: socket.socket | None = None
        self._block = "10.0"  # the first half of every address
        self._next_address = 0
        self._addresses: set[str] = set()
        self._next_port = 0
        self._host_ports: set[tuple[str, int]] = set()  # protocol, port
        self._listening = 0
        self._most_listening = most_listeners()

    def open(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Be ready. Without a loop nothing listens. Raises RuntimeUnavailable."""
        self.listen = self.listen and loop is not None
        self._loop = loop
        if self.listen and self._own_addresses and self._claim is None:
            self._claim, self._block = _claim_block()

    def close(self) -> None:
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    @property
    def awsvpc_listens(self) -> bool:
        """Whether ports of tasks with an address of their own are open."""
        return self.listen and self._own_addresses

    def take_address(self) -> str:
        """An address that no other task has, the one that was free for longest."""
        while True:
            third, fourth = divmod(self._next_address, 251)  # of each /24, AWS keeps the first four and the last
            self._next_address = (self._next_address + 1) % (255 * 251)
            address = f"{self._block}.{third}.{fourth + 4}"
            if address not in self._addresses:
                self._addresses.add(address)
                return address

    def give_back(self, address: str) -> None:
        self._addresses.discard(address)

    def open_ports(
        self, mode: str, address: str | None, definition: m.ContainerDefinition, page: str | None
    ) -> OpenPorts:
        """Open the container's ports as its task's network mode has it, with a page to answer or None to hold them.

        Raises PortTaken and opens none.
        """
        opened = OpenPorts()
        try:
            for mapping in definition.port_mappings or ():
                span = _span(mapping)
                if span is None or mode == "none":
                    continue
                if mode == "awsvpc":
                    for port in range(span.first, span.first + span.size):
                        self._answer(opened, address or HOST, port, span.protocol, page, inside=port)
                else:
                    self._bind(opened, mapping, span, page, fixed=mode == "host")
        except PortTaken:
            self.close_ports(opened)
            raise
        return opened

    def close_ports(self, opened: OpenPorts) -> None:
        """Close everything at once, connections included."""
        for listener in opened.listeners:
            listener.close()
        self._listening -= len(opened.listeners)
        self._host_ports.difference_update(opened.host_ports)
        opened.listeners.clear()
        opened.by_port.clear()
        opened.host_ports.clear()

    def _bind(self, opened: OpenPorts, mapping: m.PortMapping, span: Span, page: str | None, *, fixed: bool) -> None:
        """Open a mapping on the host; `fixed` where container ports are host ports."""
        host = span.first if fixed else mapping.host_port or 0
        if host:
            self._reserve(opened, host, span)
            for number in range(span.size):
                self._answer(opened, HOST, host + number, span.protocol, page, inside=span.first + number)
        else:
            host = self._draw(opened, span, page)
        ranged = mapping.container_port_range is not None
        on_host = span._replace(first=host)
        opened.bindings.append(
            m.NetworkBinding(
                bind_ip="0.0.0.0",
                container_port=None if ranged else span.first,
                host_port=None if ranged else host,
                protocol=span.protocol,
                container_port_range=span.range_text if ranged else None,
                host_port_range=on_host.range_text if ranged else None,
            )
        )

    def _reserve(self, opened: OpenPorts, first: int, span: Span) -> None:
        wanted = [(span.protocol, port) for port in range(first, first + span.size)]
        for protocol, port in wanted:
            if (protocol, port) in self._host_ports:
                raise PortTaken(f"Bind for 0.0.0.0:{port} failed: port is already allocated")
        self._host_ports.update(wanted)
        opened.host_ports.extend(wanted)

    def _draw(self, opened: OpenPorts, span: Span, page: str | None) -> int:
        """The first of enough dynamic host ports in a row that neither a container nor another process has."""
        for first in self._dynamic_ports(span):
            if self.listen and span.protocol == "tcp":
                listeners = [self._try(HOST, port, page) for port in range(first, first + span.size)]
                working = [listener for listener in listeners if not isinstance(listener, str)]
                if len(working) < span.size and self._listening + span.size <= self._most_listening:
                    for listener in working:
                        listener.close()
                    continue
                for inside, made in enumerate(listeners, span.first):
                    self._keep(opened, made, inside)
            self._reserve(opened, first, span)
            return first
        raise PortTaken("all ports are allocated")

    def _dynamic_ports(self, span: Span) -> Iterator[int]:
        for _ in DYNAMIC_PORTS:
            first = DYNAMIC_PORTS[self._next_port % len(DYNAMIC_PORTS)]
            self._next_port += 1
            ports = range(first, first + span.size)
            if ports[-1] < DYNAMIC_PORTS.stop and not any((span.protocol, port) in self._host_ports for port in ports):
                yield first

    def _answer(
        self, opened: OpenPorts, address: str, port: int, protocol: str, page: str | None, *, inside: int
    ) -> None:
        """Answer HTTP there, or hold the port, or note why not. `inside`: the container's port."""
        if self.listen and protocol == "tcp" and (self._own_addresses or address == HOST):
            self._keep(opened, self._try(address, port, page), inside)

    def _keep(self, opened: OpenPorts, listener: Listener | HeldPort | str, inside: int) -> None:
        if isinstance(listener, str):
            opened.notes.append(listener)
            return
        opened.listeners.append(listener)
        opened.by_port[inside] = listener
        self._listening += 1

    def _try(self, address: str, port: int, page: str | None) -> Listener | HeldPort | str:
        """A listener, or why there is none."""
        assert self._loop is not None
        if self._listening >= self._most_listening:
            return f"port {port} does not answer: {self._listening} ports are open, more would take too many files"
        try:
            return HeldPort(self._loop, address, port) if page is None else Listener(self._loop, address, port, page)
        except OSError as error:
            return f"port {port} does not answer: {error.strerror or error} ({address}:{port})"


def _span(mapping: m.PortMapping) -> Span | None:
    protocol = mapping.protocol or "tcp"
    if mapping.container_port_range:
        first, _, last = mapping.container_port_range.partition("-")
        return Span(int(first), int(last or first) - int(first) + 1, protocol)
    if mapping.container_port is not None:
        return Span(mapping.container_port, 1, protocol)
    return Span(mapping.host_port, 1, protocol) if mapping.host_port else None


def _claim_block() -> tuple[socket.socket, str]:
    """A /16 of 127.0.0.0/8 that no other process has claimed, and the socket that holds the claim."""
    for attempt in range(253):
        second = 2 + (os.getpid() + attempt) % 253  # 127.0 and 127.1 belong to the machine
        block = f"127.{second}"
        claim = socket.socket()
        try:
            claim.bind((f"{block}.255.254", CLAIM_PORT))
        except OSError:
            claim.close()
            continue
        return claim, block
    raise RuntimeUnavailable(
        "253 simulated runtimes run on this machine and hold all of 127.0.0.0/8; stop some of them"
    )
