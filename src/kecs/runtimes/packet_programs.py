"""Programs of the kernel's packet filter (classic BPF) that pick packets by the network at one end of them.

Runtimes build with them what is to become of packets while a network has a fault: no right is needed to put one on a
socket, and no module of the kernel but the filter itself to put one on an interface. What the numbers are is in
linux/filter.h and https://www.kernel.org/doc/html/latest/networking/filter.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from kecs.core.inside.network_faults import Network

LOAD, LOAD_HALF, LOAD_BYTE, AND = 0x20, 0x28, 0x30, 0x54
IF_EQUAL, IF_AT_LEAST, JUMP, RETURN = 0x15, 0x35, 0x05, 0x06
ALL = 0xFFFFFFFF

NETWORK_HEADER = 0xFFF00000  # offsets from there on are from the header of IP
ETHERTYPE = 0xFFFFF000  # what an offset beyond the packet reads: its protocol,
RANDOM = 0xFFFFF038  # and a random number of 32 bits

_ADDRESSES = {(4, "sender"): 12, (4, "receiver"): 16, (6, "sender"): 8, (6, "receiver"): 24}  # in the header


class Instruction(NamedTuple):
    """`if_true` and `if_false`: how many instructions to pass over."""

    code: int
    if_true: int
    if_false: int
    value: int


Program = Sequence[Instruction]


def load(value: int, code: int = LOAD) -> Instruction:
    return Instruction(code, 0, 0, value)


def returned(value: int) -> Instruction:
    return Instruction(RETURN, 0, 0, value)


def equal(value: int, others: int) -> Instruction:
    """Go on when what was loaded is this, else pass over so many."""
    return Instruction(IF_EQUAL, 0, others, value)


def picked(networks: Iterable[Network], version: int, end: Literal["sender", "receiver"], then: Program) -> Program:
    """Packets of this version of IP whose sender or receiver is in one of the networks: `then` is what becomes of
    them."""
    program: list[Instruction] = []
    for network in networks:
        if network.version == version:
            program += _within(network, _ADDRESSES[version, end], then)
    return program


def _within(network: Network, address: int, then: Program) -> Program:
    """The address is compared word by word."""
    program: list[Instruction] = list(then)
    for number in reversed(range(network.max_prefixlen // 32)):
        shift = network.max_prefixlen - 32 * (number + 1)
        mask, value = (int(of) >> shift & ALL for of in (network.netmask, network.network_address))
        if mask:
            masked = [] if mask == ALL else [Instruction(AND, 0, 0, mask)]
            word = load(NETWORK_HEADER + address + 4 * number)
            program = [word, *masked, equal(value, len(program)), *program]
    return program
