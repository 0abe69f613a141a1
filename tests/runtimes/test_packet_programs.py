"""Which packets are struck, by running the programs on them as the kernel would."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from ipaddress import ip_address, ip_network

import pytest

from kecs.core.inside.network_faults import Network, PacketLoss
from kecs.runtimes.docker.fault_scripts import Door, losing
from kecs.runtimes.packet_programs import (
    ALL,
    AND,
    ETHERTYPE,
    IF_AT_LEAST,
    IF_EQUAL,
    JUMP,
    LOAD,
    LOAD_BYTE,
    LOAD_HALF,
    NETWORK_HEADER,
    RANDOM,
    RETURN,
    Program,
    picked,
    returned,
)

GO, TAKEN = 0, 4
TCP, UDP = 6, 17
SIZES = {LOAD: 4, LOAD_HALF: 2, LOAD_BYTE: 1}
HERE = {4: "10.0.0.9", 6: "2001:db8::9"}


def packet(to: str, *, of: str | None = None, protocol: int = TCP, port: int = 443) -> bytes:
    """From the header of IP on."""
    receiver = ip_address(to)
    sender = ip_address(of or HERE[receiver.version])
    if receiver.version == 4:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 40, 0, 0, 64, protocol, 0)
    else:
        head = struct.pack(">IHBB", 6 << 28, 20, protocol, 64)
    return head + sender.packed + receiver.packed + struct.pack(">HH16x", 50000, port)


def run(program: Program, sent: bytes, chance: Callable[[], int] = lambda: 0) -> int:
    """What the kernel would make of the packet."""
    loaded, at = 0, 0
    special = {ETHERTYPE: lambda: {4: 0x0800, 6: 0x86DD}[sent[0] >> 4], RANDOM: chance}
    while True:
        code, if_true, if_false, value = program[at]
        at += 1
        if code in SIZES and value in special:
            loaded = special[value]()
        elif code in SIZES:
            start = value - NETWORK_HEADER
            loaded = int.from_bytes(sent[start : start + SIZES[code]])
        elif code == AND:
            loaded &= value
        elif code == JUMP:
            at += value
        elif code == RETURN:
            return value
        else:
            holds = {IF_EQUAL: loaded == value, IF_AT_LEAST: loaded >= value}[code]
            at += if_true if holds else if_false


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, texts))


@pytest.mark.parametrize(
    ("receiver", "struck"),
    [
        ("10.1.2.3", True),
        ("10.2.0.0", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("2001:db8:1::1", True),
        ("2001:db8:2::1", False),
        ("2001:db8:ffff::5", True),
        ("2001:db8:ffff::4", False),
    ],
)
def test_who_is_a_source(receiver: str, struck: bool) -> None:
    sources = networks("10.1.0.0/16", "192.0.2.7/32", "2001:db8:1::/48", "2001:db8:ffff::5/128")
    program = losing(PacketLoss(100, sources), [])
    assert run(program, packet(receiver)) == (TAKEN if struck else GO)


def test_who_is_spared_goes_on_whoever_is_a_source() -> None:
    anybody, spared = networks("0.0.0.0/0", "::/0"), networks("10.1.0.0/16", "2001:db8::/33")
    program = losing(PacketLoss(100, anybody, spared), [])
    for receiver, outcome in (("10.1.9.9", GO), ("10.2.9.9", TAKEN), ("2001:db8::1", GO), ("2001:db8:8000::1", TAKEN)):
        assert run(program, packet(receiver)) == outcome, receiver


def test_the_way_to_kecs_stays_open() -> None:
    program = losing(PacketLoss(100, networks("0.0.0.0/0")), [Door("10.0.0.1", 5373), Door("169.254.170.2", 80)])
    assert run(program, packet("10.0.0.1", port=5373)) == GO
    assert run(program, packet("169.254.170.2", port=80)) == GO
    assert run(program, packet("10.0.0.1", port=5374)) == TAKEN
    assert run(program, packet("10.0.0.1", port=5373, protocol=UDP)) == TAKEN
    assert run(program, packet("10.0.0.2", port=5373)) == TAKEN


@pytest.mark.parametrize("percent", [1, 25, 50, 99, 100])
def test_so_many_of_a_hundred_are_lost(percent: int) -> None:
    program = losing(PacketLoss(percent, networks("10.0.0.0/8")), [])
    drawn = itertools.count()
    outcomes = [run(program, packet("10.0.0.1"), lambda: next(drawn) * (1 << 32) // 1000) for _ in range(1000)]
    assert outcomes.count(TAKEN) == pytest.approx(percent * 10, abs=1)


def test_a_program_may_be_long() -> None:
    """Longer than a branch of it reaches."""
    many = networks(*(f"10.{n // 256}.{n % 256}.1/32" for n in range(300)))
    program = losing(PacketLoss(50, many), [])
    assert all(0 <= each.if_true < 256 and 0 <= each.if_false < 256 for each in program)
    assert run(program, packet("10.1.43.1")) == TAKEN
    assert run(program, packet("10.1.44.1")) == GO
    assert run(program, packet("2001:db8::1")) == GO


def test_the_sender_can_be_meant() -> None:
    program = [*picked(networks("10.0.0.8/31", "::/0"), 4, "sender", [returned(ALL)]), returned(0)]
    assert run(program, packet("192.0.2.1", of="10.0.0.9")) == ALL
    assert run(program, packet("10.0.0.9", of="192.0.2.1")) == 0
