"""Faults of a network namespace as scripts of a shell, for whoever is in it and may change it. `fault_injector` runs
them.

A black hole is a chain of iptables, packet loss two of them, latency a netem queue of tc, each found again by its name.
Chains are in the table `mangle`, before Docker's own name server is put in an address's place: port 53 can be a black
hole too. Packet loss is iptables' as well, since many a kernel comes without netem; whoever sends a datagram then gets
to know of its loss (EPERM), as with AWS's own black holes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kecs.core.inside.network_faults import LATENCY, PACKET_LOSS, BlackHole, Fault, Latency, Network, PacketLoss

_DROPPING = "network-packet-drop"  # the second chain of packet loss: what comes to it is lost by chance
_HOOKS = {"ingress": "INPUT", "egress": "OUTPUT", "network": "POSTROUTING"}  # by the first word of a fault's name
_TOOLS = {4: "iptables-restore", 6: "ip6tables-restore"}
_BLACK_HOLE = re.compile(r":((?:in|e)gress-(?:tcp|udp)-\d+) ")

LOOK = """
if command -v iptables-save >/dev/null; then iptables-save -t mangle || exit; fi
if command -v tc >/dev/null; then tc qdisc show; fi
"""
"""What `found` reads. A tool that is not there has made nothing."""

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
    names = {match[1] for match in map(_BLACK_HOLE.match, said.splitlines()) if match}
    if f":{PACKET_LOSS} " in said:
        names.add(PACKET_LOSS)
    if "qdisc netem " in said:
        names.add(LATENCY)
    return frozenset(names)


def starting(fault: Fault, doors: Sequence[Door]) -> str:
    """What brings the fault about, or nothing of it."""
    match fault:
        case BlackHole():
            return _chained(lambda version: _black_hole(fault, doors, version))
        case PacketLoss():
            return _chained(lambda version: _packet_loss(fault, doors, version))
        case Latency():
            return _latency(fault, doors)


def stopping(name: str) -> str:
    """What ends the fault of this name."""
    if name == LATENCY:
        return f"{_DEVICE}tc qdisc del dev $2 root"
    hook = _HOOKS[name.partition("-")[0]]
    chains = [name, _DROPPING] if name == PACKET_LOSS else [name]
    rules = [f"-D {hook} -j {name}", *(f"-F {chain}" for chain in chains), *(f"-X {chain}" for chain in chains)]
    return _chained(lambda _: rules)


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
        *(_open(fault.name, door) for door in doors if version == 4 and fault.traffic == "egress"),
        *(f"-A {fault.name} {other} {network} -j RETURN" for network in _of(version, fault.spared)),
        f"-A {fault.name} -p {fault.protocol} --dport {fault.port} -j DROP",
        f"-I {_HOOKS[fault.traffic]} -j {fault.name}",
    ]


def _packet_loss(fault: PacketLoss, doors: Sequence[Door], version: int) -> list[str]:
    return [
        f":{PACKET_LOSS} - [0:0]",
        f":{_DROPPING} - [0:0]",
        f"-A {_DROPPING} -m statistic --mode random --probability {fault.percent / 100} -j DROP",
        f"-A {PACKET_LOSS} -o lo -j RETURN",
        *(_open(PACKET_LOSS, door) for door in doors if version == 4),
        *(f"-A {PACKET_LOSS} -d {network} -j RETURN" for network in _of(version, fault.spared)),
        # Not a jump but a way on: whoever is in two of the sources is struck once.
        *(f"-A {PACKET_LOSS} -d {network} -g {_DROPPING}" for network in _of(version, fault.sources)),
        f"-I {_HOOKS['network']} -j {PACKET_LOSS}",
    ]


def _open(chain: str, door: Door) -> str:
    return f"-A {chain} -p tcp -d {door.host} --dport {door.port} -j RETURN"


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
    commands = [
        f"tc qdisc add dev $2 root handle 1: prio bands 2 priomap{' 1' * 16}",
        f"tc qdisc add dev $2 parent 1:1 handle 10: netem delay {fault.delay}ms {fault.jitter}ms",
        *(f"tc filter add dev $2 parent 1: {each}" for each in filters),
    ]
    undone = "{ code=$?; tc qdisc del dev $2 root 2>/dev/null; exit $code; }"
    return f"{_DEVICE}{' && '.join(commands)} || {undone}"


def _of(version: int, networks: Iterable[Network]) -> list[Network]:
    return [network for network in networks if network.version == version]
