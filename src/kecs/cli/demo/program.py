"""What the demo's containers run, where the image has Python: a web server that names its version, and a job.

It is copied into an image that holds little more than an interpreter, so it imports next to nothing, and nothing of
KECS. `serve` answers HTTP on port 8080. At SIGTERM it goes on for DRAIN_SECONDS, as whoever sends it requests needs a
moment to see that the task is stopping, then it answers what has arrived and exits with 0.
"""

import os
import signal
import socket
import sys
import time

PORT = 8080
DRAIN_SECONDS = 1.5


def serve() -> None:
    """Answer every request with the version."""
    ends: list[float] = []
    signal.signal(signal.SIGTERM, lambda *_: ends.append(time.monotonic() + DRAIN_SECONDS))
    body = f"definition={os.environ['VERSION']}\n".encode()
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    listener = socket.create_server(("0.0.0.0", PORT), backlog=128)
    listener.settimeout(0.05)
    while True:
        last_round = bool(ends) and time.monotonic() >= ends[0]
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            if last_round:
                return
            continue
        with connection:
            try:
                connection.settimeout(1.0)
                connection.recv(65536)
                connection.sendall(answer)
            except OSError:
                continue  # the client has gone


def check() -> None:
    """The container's health check."""
    with socket.socket() as connection:
        connection.settimeout(2.0)
        connection.connect(("127.0.0.1", PORT))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if not connection.recv(100).startswith(b"HTTP/1.1 200"):
            raise SystemExit(1)


def job() -> None:
    """Greet whom the environment names and exit with the code that it names."""
    print(f"Hello, {os.environ['WHOM']}!", flush=True)  # noqa: T201
    raise SystemExit(int(os.environ["CODE"]))


if __name__ == "__main__":
    {"serve": serve, "check": check, "job": job}[sys.argv[1]]()
