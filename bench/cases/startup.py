"""(b) From the start of the process to the first answered ListClusters, and resident memory then."""

from __future__ import annotations

import socket
import time

from bench.api import request_bytes
from bench.model import Case, Column, Goal, Sample
from bench.servers import TARGETS, Server, running

_DEADLINE = 60.0  # seconds


def measure(name: str) -> Sample:
    """One start."""
    with running(TARGETS[name]) as server:
        return {"time": _first_answer(server) * 1000, "cpu": server.cpu() * 1000, "memory": server.memory()}


def _first_answer(server: Server) -> float:
    """Seconds from the start of the process until ListClusters is answered with 200."""
    request = request_bytes("ListClusters", {})
    while True:
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=_DEADLINE) as connection:
                connection.sendall(request)
                answered = connection.recv(65536).startswith(b"HTTP/1.1 200")
        except OSError:
            answered = False
        elapsed = time.perf_counter() - server.started_at
        if answered:
            return elapsed
        if elapsed > _DEADLINE:
            raise TimeoutError(f"{server.target.title} does not answer ListClusters")
        time.sleep(0.001)


CASE = Case(
    key="b",
    title="Process start to the first answered ListClusters, and memory then",
    subjects=("kecs", "ministack", "moto", "ceiling"),
    reference="ministack",
    columns=(
        Column("time", "time", "ms", 0, ratio=True),
        Column("cpu", "processor time", "ms", 0, ratio=True),
        Column("memory", "resident memory", "MB", 1),
    ),
    goals=(
        Goal("at most half of MiniStack's time", "kecs", "time", of="ministack", at_most=0.5),
        Goal("at most 55 MB", "kecs", "memory", at_most=55),
    ),
    notes="Byte code is cached, as after any first start; the uncounted first round makes it so.",
    warmup=1,
)
