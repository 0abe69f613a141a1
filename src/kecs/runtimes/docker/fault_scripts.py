"""Faults of a network namespace as scripts of a shell, for whoever is in it and may change it. `fault_injector` runs
them.

A black hole is a chain of iptables, in the table `mangle`: there Docker's own name server has not yet been put in an
address's place, so that port 53 can be one too. Latency is a netem queue of tc. Packet loss is a program on the way out
of the interface: iptables would tell whoever sends a datagram of its loss, and many a kernel comes without netem.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from kecs.core.inside.network_faults import LATENCY, PACKET_LOSS, BlackHole, Fault, Latency, Network, PacketLoss
from kecs.runtimes.packet_programs import (
    ETHERTYPE,
    IF_AT_LEAST,
    IF_EQUAL,
    JUMP,
    LOAD_BYTE,
    LOAD_HALF,
    NETWORK_HEADER,
    RANDOM,
    Instruction,
    Program,
    equal,
    load,
    picked,
    returned,
)

_HOOKS = {"ingress": "INPUT", "egress": "OUTPUT"}
_SIGNS = {LATENCY: "qdisc netem ", PACKET_LOSS: "qdisc clsact "}  # in what LOOK prints
_QUEUES = {LATENCY: "root", PACKET_LOSS: "clsact"}
_TOOLS = {4: "iptables-restore", 6: "ip6tables-restore"}
_BLACK_HOLE = re.compile(r":((?:in|e)gress-(?:tcp|udp)-\d+) ")

LOOK = """
if command -v iptables-save >/dev/null; then iptables-save -t mangle || exit; fi
if command -v tc >/dev/null; then tc qdisc show; fi
"""
"""What `found` reads. A tool that is not there has made nothing."""

_LOOKED = f"said=$({LOOK}) || exit\nprintf '%s\\n' \"$said\"\n"
_ETHERTYPES = {4: 0x0800, 6: 0x86DD}
_TCP = 6
_GO, _TAKEN = 0, 4  # TC_ACT_OK; TC_ACT_STOLEN, of which the sender hears nothing

_DEVICE = """
set -- $(ip route show default)
while [ $# -gt 1 ] && [ "$1" != dev ]; do shift; done
"""  # the task's interface is $2 from there on; the network of the link leads nowhere else


class Door(NamedTuple):
    """Where the task reaches KECS, which no fault is to close."""

    host: str
    port: int


def found(said: str) -> frozenset[str]:
    """The names of the faults that run, by what LOOK printed."""
    holes = (match[1] for match in map(_BLACK_HOLE.match, said.splitlines()) if match)
    return frozenset((*holes, *(name for name, sign in _SIGNS.items() if sign in said)))


def starting(fault: Fault, doors: Sequence[Door], unless: Iterable[str]) -> str:
    """What looks, and brings the fault about, or nothing of it, unless it sees a fault of one of these names."""
    match fault:
        case BlackHole():
            act = _chained(lambda version: _black_hole(fault, doors, version))
        case PacketLoss():
            act = _packet_loss(fault, doors)
        case Latency():
            act = _latency(fault, doors)
    return f"{_LOOKED}case $said in\n{'|'.join(map(_seen, sorted(unless)))}) exit ;;\nesac\n{act}"


def stopping(name: str) -> str:
    """What ends the fault of this name, if it sees it."""
    if name in _QUEUES:
        act = f"{_DEVICE}tc qdisc del dev $2 {_QUEUES[name]}"
    else:
        hook = _HOOKS[name.partition("-")[0]]
        act = _chained(lambda _: [f"-D {hook} -j {name}", f"-F {name}", f"-X {name}"])
    return f"{_LOOKED}case $said in\n{_seen(name)}) ;;\n*) exit ;;\nesac\n{act}"


def _seen(name: str) -> str:
    """A pattern of a shell's for what LOOK printed."""
    return f"*'{_SIGNS.get(name, f':{name} ')}'*"


def _chained(rules: Callable[[int], list[str]]) -> str:
    """The rules for IPv4 and, where there is such a thing, for IPv6; of each all of them or none."""
    texts = {version: ["*mangle", *rules(version), "COMMIT"] for version in _TOOLS}
    fed = {v: f"printf '%s\\n' {shlex.join(text)} | {_TOOLS[v]} --noflush" for v, text in texts.items()}
    return f"{fed[4]} || exit\n{fed[6]} 2>/dev/null || true"


def _black_hole(fault: BlackHole, doors: Sequence[Door], version: int) -> list[str]:
    # The agent looks at where a packet goes in either case, which spares nobody who sends one.
    other = "-s" if fault.traffic == "ingress" else "-d"
    return [
        f":{fault.name} - [0:0]",
        *(
            f"-A {fault.name} -p tcp -d {door.host} --dport {door.port} -j RETURN"
            for door in doors
            if version == 4 and fault.traffic == "egress"
        ),
        *(f"-A {fault.name} {other} {network} -j RETURN" for network in _of(version, fault.spared)),
        f"-A {fault.name} -p {fault.protocol} --dport {fault.port} -j DROP",
        f"-I {_HOOKS[fault.traffic]} -j {fault.name}",
    ]


def _latency(fault: Latency, doors: Sequence[Door]) -> str:
    """Two bands, 1 with the delay and 2 with all that no filter puts there; the first filter that fits counts."""
    filters = [
        f"protocol ip prio 1 u32 match ip dst {d.host}/32 match ip dport {d.port} 0xffff flowid 1:2" for d in doors
    ]
    for version, name, protocol in ((4, "ip", "ip"), (6, "ip6", "ipv6")):
        for networks, priority, band in ((fault.spared, version, 2), (fault.sources, version + 1, 1)):
            filters += [
                f"protocol {protocol} prio {priority} u32 match {name} dst {network} flowid 1:{band}"
                for network in _of(version, networks)
            ]
    return _queued(
        LATENCY,
        f"tc qdisc add dev $2 root handle 1: prio bands 2 priomap{' 1' * 16}",
        f"tc qdisc add dev $2 parent 1:1 handle 10: netem delay {fault.delay}ms {fault.jitter}ms",
        *(f"tc filter add dev $2 parent 1: {each}" for each in filters),
    )


def _packet_loss(fault: PacketLoss, doors: Sequence[Door]) -> str:
    program = [" ".join(map(str, instruction)) for instruction in losing(fault, doors)]
    return _queued(
        PACKET_LOSS,
        "tc qdisc add dev $2 clsact",
        f"tc filter add dev $2 egress bpf da bytecode '{','.join([str(len(program)), *program])}'",
    )


def losing(fault: PacketLoss, doors: Sequence[Door]) -> Program:
    """What an interface's way out does with each packet."""
    chance = [load(RANDOM), Instruction(IF_AT_LEAST, 0, 1, (fault.percent << 32) // 100), returned(_GO)]
    lost = [*(chance if fault.percent < 100 else ()), returned(_TAKEN)]
    program: list[Instruction] = []
    for version, ethertype in _ETHERTYPES.items():
        open_doors = [each for door in doors if version == 4 for each in _through(door)]
        spared = picked(fault.spared, version, "receiver", [returned(_GO)])
        struck = picked(fault.sources, version, "receiver", lost)
        part = [*open_doors, *spared, *struck, returned(_GO)]
        passed_over = Instruction(JUMP, 0, 0, len(part))  # a branch reaches 255 instructions only
        program += [load(ETHERTYPE, LOAD_HALF), Instruction(IF_EQUAL, 1, 0, ethertype), passed_over, *part]
    return [*program, returned(_GO)]


def _through(door: Door) -> Program:
    """Who goes to KECS goes on. What a machine sends itself has no options before the ports."""
    return picked(
        [ip_network(door.host)],
        4,
        "receiver",
        [
            load(NETWORK_HEADER + 9, LOAD_BYTE),
            equal(_TCP, 3),
            load(NETWORK_HEADER + 22, LOAD_HALF),
            equal(door.port, 1),
            returned(_GO),
        ],
    )


def _queued(name: str, *commands: str) -> str:
    """All of it, or none."""
    undone = f"{{ code=$?; tc qdisc del dev $2 {_QUEUES[name]} 2>/dev/null; exit $code; }}"
    return f"{_DEVICE}{' && '.join(commands)} || {undone}"


def _of(version: int, networks: Iterable[Network]) -> list[Network]:
    return [network for network in networks if network.version == version]
