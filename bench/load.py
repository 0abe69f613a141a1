"""The load client: many keep-alive connections that send prebuilt bytes, in a process of its own.

Thinner than the ceiling server, so that it is never what limits a measurement: sockets and epoll without an event
loop around them, no URL handling, no header parsing beyond Content-Length, no JSON. `Sample.busy` shows it for each
run. Called by the cases through `run()`, which starts this file as a child, hands it an `Order` on standard input and
reads a `Sample` from its standard output.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEADERS_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Order:
    """What to send. A burst is `clients` connections that each send `requests`, one after the other's answer."""

    port: int
    request: str  # latin-1 text of the whole HTTP request
    expect: str = ""  # an answer must be a 200 that holds this text `count` times, else it is an error
    count: int = 0  # 0: any 200 will do
    clients: int = 100
    requests: int = 10
    seconds: float = 2.0  # bursts are repeated until this much time has been measured
    warmup: int = 1  # bursts that are not counted
    silence: float = 60.0  # seconds without any answer after which a burst is given up


@dataclass
class Sample:
    """What came of it. Times are seconds; `busy` is the share of the time in which this client used its processor."""

    errors: int = 0
    answers: int = 0
    elapsed: float = 0.0
    busy: float = 0.0
    bursts: int = 0
    warm: int = 0  # answers before the first counted burst
    latencies: list[float] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        """Right answers a second."""
        return (self.answers - self.errors) / self.elapsed

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Client:
    """One connection: what is still to send on it and what has arrived of the answer under way."""

    __slots__ = ("buffer", "closes", "left", "need", "sent_at", "socket")

    def __init__(self, left: int) -> None:
        self.left = left
        self.socket: socket.socket
        self.buffer = b""
        self.need = 0  # bytes of a whole answer, once its headers are here
        self.closes = False  # the server announced that it closes after this answer
        self.sent_at = 0.0


class Burst:
    """All clients at once, from the first request to the last answer; connecting at the start is not timed."""

    def __init__(self, order: Order, sample: Sample) -> None:
        self.order = order
        self.sample = sample
        self.request = order.request.encode("latin-1")
        self.expect = order.expect.encode("latin-1")
        self.epoll = select.epoll()
        self.clients: dict[int, Client] = {}
        for _ in range(order.clients):
            self.connect(Client(order.requests))

    def run(self) -> None:
        clients, poll = self.clients, self.epoll.poll
        began, used = time.perf_counter(), time.process_time()
        for client in list(clients.values()):
            self.send(client)
        while clients:
            ready = poll(self.order.silence)
            if not ready:
                self.give_up()
            for descriptor, _ in ready:
                self.receive(clients[descriptor])
        self.sample.elapsed += time.perf_counter() - began
        self.sample.busy += time.process_time() - used
        self.sample.bursts += 1
        self.epoll.close()

    def connect(self, client: Client) -> None:
        client.socket = socket.create_connection(("127.0.0.1", self.order.port), timeout=self.order.silence)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.socket.setblocking(False)
        self.clients[client.socket.fileno()] = client
        self.epoll.register(client.socket.fileno(), select.EPOLLIN)

    def send(self, client: Client) -> None:
        client.sent_at = time.perf_counter()
        client.socket.send(self.request)  # a request is smaller than any socket buffer

    def receive(self, client: Client) -> None:
        try:
            data = client.socket.recv(65536)  # larger buffers are slower: each would be mapped and unmapped
        except OSError:
            data = b""
        if not data:  # the server went away in the middle of an answer
            self.finish(client, right=False, again=True)
            return
        answer = client.buffer + data if client.buffer else data
        if not client.need:
            client.need, client.closes = extent(answer)
        if not client.need or len(answer) < client.need:
            client.buffer = answer
            return
        right = answer.startswith(b"HTTP/1.1 200")
        if self.order.count:
            right = right and answer.count(self.expect) == self.order.count
        self.finish(client, right=right, again=client.closes)

    def finish(self, client: Client, *, right: bool, again: bool) -> None:
        """Count the answer and send the next request; `again`: on a new connection, whose time counts."""
        now = time.perf_counter()
        sample = self.sample
        sample.latencies.append(now - client.sent_at)
        sample.answers += 1
        if not right:
            sample.errors += 1
        client.buffer, client.need = b"", 0
        client.left -= 1
        if again or not client.left:
            self.drop(client)
        if client.left:
            if again:
                self.connect(client)
            client.socket.send(self.request)
            client.sent_at = now

    def drop(self, client: Client) -> None:
        del self.clients[client.socket.fileno()]
        client.socket.close()

    def give_up(self) -> None:
        for client in list(self.clients.values()):
            self.sample.errors += client.left
            self.sample.answers += client.left
            self.drop(client)


def extent(answer: bytes) -> tuple[int, bool]:
    """The length of head and body together (0 while the head is not complete), and whether the server will close.

    Raises ValueError when the head does not announce a length.
    """
    head = answer.find(HEADERS_END)
    if head < 0:
        return 0, False
    lower = answer[:head].lower()
    start = lower.index(b"content-length:") + 15
    end = lower.find(b"\r\n", start)
    length = int(lower[start:end] if end >= 0 else lower[start:])
    return head + len(HEADERS_END) + length, b"connection: close" in lower


def measure(order: Order) -> Sample:
    warm, sample = Sample(), Sample()
    for _ in range(order.warmup):
        Burst(order, warm).run()
    while not sample.bursts or sample.elapsed < order.seconds:
        Burst(order, sample).run()
    sample.busy /= sample.elapsed
    sample.warm = warm.answers
    return sample


def run(order: Order) -> Sample:
    """Carry out an order in a child process. Raises CalledProcessError when the child fails."""
    command = [sys.executable, "-m", "bench.load"]
    child = subprocess.run(
        command, cwd=ROOT, input=json.dumps(asdict(order)), stdout=subprocess.PIPE, text=True, check=True
    )
    return Sample(**json.loads(child.stdout))


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Order(**json.load(sys.stdin))))))
