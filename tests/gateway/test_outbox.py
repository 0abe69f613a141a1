"""Answers that are held back until the turn of the event loop ends: all of them go out, in order, whatever follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.gateway.connections import HEALTH, create, request
from tests.scenarios.world import World

from kecs.gateway.outbox import Outbox
from kecs.gateway.protocol import GatewayProtocol


class Transport:
    """What has been written to a connection, in one piece a write; None: it was closed."""

    def __init__(self) -> None:
        self.writes: list[bytes | None] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def write_eof(self) -> None:
        self.writes.append(None)

    close = write_eof


class Server:
    """Connections over one outbox; `turns` holds what the event loop is to call when its turn ends."""

    def __init__(self) -> None:
        self.turns: list[Callable[[], None]] = []
        self.handed_over: list[tuple[Any, bytes]] = []
        self._outbox = Outbox(self.turns.append)
        self._world = World()

    def connect(self) -> tuple[GatewayProtocol, Transport]:
        protocol = GatewayProtocol(
            self._world.kernel.endpoint,
            self._world.kernel.ids.uuid,
            lambda transport, data: self.handed_over.append((transport, data)),
            self._outbox,
            set(),
        )
        transport = Transport()
        protocol.connection_made(transport)  # type: ignore[arg-type]
        return protocol, transport

    def end_turn(self) -> None:
        while self.turns:
            self.turns.pop(0)()


@pytest.fixture
def server() -> Server:
    return Server()


def names(*writes: bytes | None) -> list[str]:
    """The names of the clusters that the answers show."""
    answers = b"".join(write for write in writes if write).split(b"HTTP/1.1 200 OK\r\n")[1:]
    return [json.loads(answer.partition(b"\r\n\r\n")[2])["cluster"]["clusterName"] for answer in answers]


def test_answers_of_a_turn_are_written_at_its_end(server: Server) -> None:
    ends = [server.connect() for _ in range(3)]
    for number, (protocol, _) in enumerate(ends):
        protocol.data_received(create(f"c{number}"))
    assert [transport.writes for _, transport in ends] == [[], [], []]
    assert len(server.turns) == 1
    server.end_turn()
    assert [names(*transport.writes) for _, transport in ends] == [["c0"], ["c1"], ["c2"]]


def test_two_answers_to_one_client_are_one_write(server: Server) -> None:
    protocol, transport = server.connect()
    protocol.data_received(create("a"))
    protocol.data_received(create("b"))
    server.end_turn()
    assert len(transport.writes) == 1
    assert names(*transport.writes) == ["a", "b"]


def test_an_answer_that_is_not_held_back_does_not_overtake(server: Server) -> None:
    protocol, transport = server.connect()
    protocol.data_received(create("a"))
    protocol.data_received(request("CreateCluster", b'{"clusterName":"b"}', "Connection: close"))
    assert names(*transport.writes) == ["a", "b"]
    assert transport.writes[-1] is None
    server.end_turn()
    assert len(transport.writes) == 2


def test_a_connection_that_is_handed_over_has_been_answered(server: Server) -> None:
    protocol, transport = server.connect()
    protocol.data_received(create("a"))
    protocol.data_received(HEALTH)
    assert names(*transport.writes) == ["a"]
    assert server.handed_over == [(transport, HEALTH)]
    server.end_turn()
    assert len(transport.writes) == 1


def test_a_connection_that_is_closed_has_been_answered(server: Server) -> None:
    protocol, transport = server.connect()
    protocol.data_received(create("a"))
    protocol.close()
    assert names(*transport.writes) == ["a"]
    assert transport.writes[-1] is None


def test_an_answer_to_a_client_that_has_gone_is_let_go(server: Server) -> None:
    protocol, transport = server.connect()
    protocol.data_received(create("a"))
    protocol.connection_lost(None)
    server.end_turn()
    assert transport.writes == []
