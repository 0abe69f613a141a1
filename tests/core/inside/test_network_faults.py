"""What requests of the fault injection endpoints may say, and in which words the agent refuses the others."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

import pytest

from kecs.core.inside.network_faults import (
    BlackHole,
    FaultRefused,
    Kind,
    Latency,
    PacketLoss,
    conflict,
    read_fault,
    rivals,
)

HOLE: Kind = "network-blackhole-port"
LATE: Kind = "network-latency"
LOSS: Kind = "network-packet-loss"

ANYBODY = (ip_network("0.0.0.0/0"),)
GOOD: dict[Kind, dict[str, Any]] = {
    HOLE: {"Port": 80, "Protocol": "tcp", "TrafficType": "ingress"},
    LATE: {"DelayMilliseconds": 100, "JitterMilliseconds": 0, "Sources": ["0.0.0.0/0"]},
    LOSS: {"LossPercent": 6, "Sources": ["0.0.0.0/0"]},
}


def read(kind: Kind, **changes: Any) -> Any:
    return read_fault(kind, json.dumps(GOOD[kind] | changes).encode())


def refusal(kind: Kind, body: bytes) -> str:
    with pytest.raises(FaultRefused) as refused:
        read_fault(kind, body)
    return str(refused.value)


def test_what_faults_there_are() -> None:
    assert read(HOLE) == BlackHole(80, "tcp", "ingress")
    assert read(LATE) == Latency(100, 0, ANYBODY)
    assert read(LOSS) == PacketLoss(6, ANYBODY)
    assert [read(kind).name for kind in (HOLE, LATE, LOSS)] == ["ingress-tcp-80", LATE, LOSS]


def test_sources_are_addresses_and_blocks_of_them() -> None:
    said = ["10.0.0.1", "10.0.3.7/16", "2001:db8::1", "2001:db8::/32"]
    meant = tuple(map(ip_network, ("10.0.0.1/32", "10.0.0.0/16", "2001:db8::1/128", "2001:db8::/32")))
    for kind in (HOLE, LATE, LOSS):
        assert read(kind, SourcesToFilter=said).spared == meant
    assert read(LOSS, Sources=said).sources == meant


def test_names_are_read_in_any_case_and_others_passed_over() -> None:
    body = b'{"port": 0, "PROTOCOL": "udp", "trafficType": "egress", "SourcesToFilter": null, "Until": [1]}'
    assert read_fault(HOLE, body) == BlackHole(0, "udp", "egress")


NOTHING: list[tuple[Kind, str, Any]] = [
    (kind, member, empty)
    for kind, said in GOOD.items()
    for member, value in said.items()
    for empty in ([None] if isinstance(value, int) else [None, type(value)()])
]


@pytest.mark.parametrize(("kind", "member", "empty"), NOTHING)
def test_what_has_to_be_said(kind: Kind, member: str, empty: Any) -> None:
    expected = f"required parameter {member} is missing"
    said = GOOD[kind] | {member: empty}
    assert refusal(kind, json.dumps(said).encode()) == expected
    del said[member]
    assert refusal(kind, json.dumps(said).encode()) == expected


@pytest.mark.parametrize(
    ("kind", "member", "value", "said"),
    [
        (HOLE, "Protocol", "icmp", "icmp"),
        (HOLE, "Protocol", "TCP", "TCP"),
        (HOLE, "TrafficType", "both", "both"),
        (HOLE, "SourcesToFilter", ["10.0.0.0/8", "example.com"], "example.com"),
        (LATE, "Sources", ["10.0.0.0/33"], "10.0.0.0/33"),
        (LATE, "Sources", ["10.0.0.0/255.0.0.0"], "10.0.0.0/255.0.0.0"),
        (LATE, "Sources", ["fe80::1%eth0"], "fe80::1%eth0"),
        (LATE, "Sources", [None], ""),
        (LATE, "SourcesToFilter", ["10.0.0.1/"], "10.0.0.1/"),
        (LOSS, "LossPercent", 0, "0"),
        (LOSS, "LossPercent", 101, "101"),
        (LOSS, "SourcesToFilter", ["0x7f.1"], "0x7f.1"),
    ],
)
def test_what_is_not_valid(kind: Kind, member: str, value: Any, said: str) -> None:
    body = json.dumps(GOOD[kind] | {member: value}).encode()
    assert refusal(kind, body) == f"invalid value {said} for parameter {member}"


@pytest.mark.parametrize(
    ("kind", "member", "value", "said"),
    [
        (HOLE, "Port", "80", "string into Go struct field NetworkBlackholePortRequest.Port of type uint16"),
        (HOLE, "Port", 65536, "number 65536 into Go struct field NetworkBlackholePortRequest.Port of type uint16"),
        (HOLE, "Port", -1, "number -1 into Go struct field NetworkBlackholePortRequest.Port of type uint16"),
        (HOLE, "Port", 1.5, "number 1.5 into Go struct field NetworkBlackholePortRequest.Port of type uint16"),
        (HOLE, "Port", True, "bool into Go struct field NetworkBlackholePortRequest.Port of type uint16"),
        (HOLE, "Protocol", 6, "number into Go struct field NetworkBlackholePortRequest.Protocol of type string"),
        (LATE, "Sources", "a", "string into Go struct field NetworkLatencyRequest.Sources of type []*string"),
        (LATE, "Sources", ["::", {}], "object into Go struct field NetworkLatencyRequest.Sources of type string"),
        (LOSS, "LossPercent", [6], "array into Go struct field NetworkPacketLossRequest.LossPercent of type uint64"),
    ],
)
def test_what_is_of_another_type(kind: Kind, member: str, value: Any, said: str) -> None:
    body = json.dumps(GOOD[kind] | {member: value}).encode()
    assert refusal(kind, body) == f"json: cannot unmarshal {said}"


def test_what_is_no_request() -> None:
    assert refusal(HOLE, b" ") == "required request body is missing"
    assert refusal(HOLE, b"null") == "required parameter Port is missing"
    assert refusal(LATE, b"[]") == "json: cannot unmarshal array into Go value of type types.NetworkLatencyRequest"
    assert refusal(LOSS, b'{"LossPercent": ') == "unexpected EOF"
    assert refusal(LOSS, b"{'LossPercent': 6}").startswith("invalid request body")
    assert refusal(LOSS, b'{"LossPercent": 6, "Sources": ["\xff"]}').startswith("invalid request body")
    assert refusal(LOSS, b"[" * 60_000).startswith("invalid request body")


def test_latency_and_packet_loss_stand_in_each_others_way() -> None:
    for fault in (read(LATE), read(LOSS)):
        assert rivals(fault) == {LATE, LOSS}
        assert conflict(fault, frozenset({"ingress-tcp-80"})) is None
        assert conflict(fault, frozenset({LATE})) == "There is already one network latency fault running"
        assert conflict(fault, frozenset({LOSS})) == "There is already one network packet loss fault running"


def test_a_black_hole_stands_in_nobodys_way_and_may_be_started_again() -> None:
    assert rivals(read(HOLE)) == {"ingress-tcp-80"}
    assert conflict(read(HOLE), frozenset({LATE, LOSS, "ingress-tcp-80"})) is None
