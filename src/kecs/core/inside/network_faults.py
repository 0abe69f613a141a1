"""What a task may ask of the fault injection endpoints: faults of its own network, and what is said to no fault at all.

Pure; `endpoints.inside.fault_injection` reads requests by it, runtimes bring about what they ask for. The rules and the
texts are those of the Amazon ECS container agent, which is written in Go and so speaks of Go's types.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fault-injection-endpoints.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal, NamedTuple

import msgspec

Kind = Literal["network-blackhole-port", "network-latency", "network-packet-loss"]
Traffic = Literal["ingress", "egress"]
Network = IPv4Network | IPv6Network

LATENCY = "network-latency"
PACKET_LOSS = "network-packet-loss"


class FaultRefused(Exception):
    """No fault is asked for; the text is the agent's."""


class BlackHole(NamedTuple):
    """Nothing comes in at a port, or nothing goes out to it."""

    port: int
    protocol: str  # tcp | udp
    traffic: Traffic
    spared: tuple[Network, ...] = ()  # at the other end

    @property
    def name(self) -> str:
        """What tells it from others of its task."""
        return f"{self.traffic}-{self.protocol}-{self.port}"


class Latency(NamedTuple):
    """What goes to the sources comes later."""

    delay: int  # milliseconds
    jitter: int  # milliseconds
    sources: tuple[Network, ...]
    spared: tuple[Network, ...] = ()

    @property
    def name(self) -> str:
        return LATENCY


class PacketLoss(NamedTuple):
    """Of what goes to the sources some is lost."""

    percent: int
    sources: tuple[Network, ...]
    spared: tuple[Network, ...] = ()

    @property
    def name(self) -> str:
        return PACKET_LOSS


Fault = BlackHole | Latency | PacketLoss


class _Form(NamedTuple):
    """A request of one kind: what Go calls it, its members with their types, and how it is read."""

    go_name: str
    members: Mapping[str, str]
    read: Callable[[Mapping[str, Any]], Fault]


def read_fault(kind: Kind, body: bytes) -> Fault:
    """The fault that the body of a request asks for. Raises FaultRefused."""
    form = _FORMS[kind]
    return form.read(_members(form, body))


def rivals(fault: Fault) -> frozenset[str]:
    """The names of the faults beside which it cannot run: its own, and of latency and packet loss both."""
    return frozenset((fault.name,) if isinstance(fault, BlackHole) else (LATENCY, PACKET_LOSS))


def conflict(fault: Fault, running: frozenset[str]) -> str | None:
    """Why it cannot be started where faults of these names run. To start a black hole again is no mistake."""
    for name in () if isinstance(fault, BlackHole) else (LATENCY, PACKET_LOSS):
        if name in running:
            return f"There is already one {name.replace('-', ' ')} fault running"
    return None


def _black_hole(said: Mapping[str, Any]) -> BlackHole:
    port, protocol, traffic = (_required(said, name) for name in ("Port", "Protocol", "TrafficType"))
    _one_of(protocol, ("tcp", "udp"), "Protocol")
    _one_of(traffic, ("ingress", "egress"), "TrafficType")
    return BlackHole(port, protocol, traffic, _networks(said, "SourcesToFilter"))


def _latency(said: Mapping[str, Any]) -> Latency:
    delay, jitter = (_required(said, name) for name in ("DelayMilliseconds", "JitterMilliseconds"))
    _required(said, "Sources")
    return Latency(delay, jitter, _networks(said, "Sources"), _networks(said, "SourcesToFilter"))


def _packet_loss(said: Mapping[str, Any]) -> PacketLoss:
    percent = _required(said, "LossPercent")
    _one_of(percent, range(1, 101), "LossPercent")
    _required(said, "Sources")
    return PacketLoss(percent, _networks(said, "Sources"), _networks(said, "SourcesToFilter"))


_SOURCES = "[]*string"
_FORMS: Mapping[Kind, _Form] = {
    "network-blackhole-port": _Form(
        "NetworkBlackholePortRequest",
        {"Port": "uint16", "Protocol": "string", "TrafficType": "string", "SourcesToFilter": _SOURCES},
        _black_hole,
    ),
    "network-latency": _Form(
        "NetworkLatencyRequest",
        {
            "DelayMilliseconds": "uint64",
            "JitterMilliseconds": "uint64",
            "Sources": _SOURCES,
            "SourcesToFilter": _SOURCES,
        },
        _latency,
    ),
    "network-packet-loss": _Form(
        "NetworkPacketLossRequest",
        {"LossPercent": "uint64", "Sources": _SOURCES, "SourcesToFilter": _SOURCES},
        _packet_loss,
    ),
}
_BITS = {"uint16": 16, "uint64": 64}


def _members(form: _Form, body: bytes) -> dict[str, Any]:
    """What is said, as Go decodes it: names in any case of letters, others passed over, null is nothing."""
    if not body.strip():
        raise FaultRefused("required request body is missing")
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FaultRefused(_unreadable(str(error))) from error
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise FaultRefused(f"json: cannot unmarshal {_type(given)} into Go value of type types.{form.go_name}")
    names = {name.lower(): name for name in form.members}
    said: dict[str, Any] = {}
    for name, value in given.items():
        member = names.get(name.lower())
        if member is not None and value is not None:
            said[member] = value
            _check_type(form, member, value)
    return said


def _check_type(form: _Form, member: str, value: Any) -> None:
    wanted = form.members[member]
    if wanted in _BITS:
        fits = type(value) is int and 0 <= value < 1 << _BITS[wanted]
        found = f"number {value}" if _type(value) == "number" else _type(value)
    elif wanted == _SOURCES and isinstance(value, list):
        odd = next((each for each in value if not isinstance(each, str | None)), None)
        fits, found, wanted = odd is None, _type(odd), "string"
    else:
        fits, found = wanted == "string" and isinstance(value, str), _type(value)
    if not fits:
        where = f"{form.go_name}.{member} of type {wanted}"
        raise FaultRefused(f"json: cannot unmarshal {found} into Go struct field {where}")


def _type(value: Any) -> str:
    """What JSON is to Go."""
    by_type = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return by_type.get(type(value), "null")


def _unreadable(reason: str) -> str:
    return "unexpected EOF" if "truncated" in reason else f"invalid request body: {reason}"


def _required(said: Mapping[str, Any], name: str) -> Any:
    value = said.get(name)
    if value is None or value in ("", []):
        raise FaultRefused(f"required parameter {name} is missing")
    return value


def _one_of(value: object, allowed: Any, name: str) -> None:
    if value not in allowed:
        raise _invalid(value, name)


def _networks(said: Mapping[str, Any], name: str) -> tuple[Network, ...]:
    return tuple(_network(value or "", name) for value in said.get(name) or ())


def _network(value: str, name: str) -> Network:
    """An address or a CIDR block; Go takes neither a netmask nor a zone."""
    address, slash, length = value.partition("/")
    try:
        if "%" in address or (slash and not length.isdecimal()):
            raise ValueError
        return ip_network(value, strict=False)
    except ValueError:
        raise _invalid(value, name) from None


def _invalid(value: object, name: str) -> FaultRefused:
    return FaultRefused(f"invalid value {value} for parameter {name}")
