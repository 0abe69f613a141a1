"""What the image runs: `python -m shop orders`, `payment`, `shipping` or `report`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from socketserver import ThreadingMixIn
from types import FrameType
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import boto3

from shop import workers
from shop.orders import PORT, Orders


class Server(ThreadingMixIn, WSGIServer):
    """Answers several customers at once, and everybody who is being answered when it stops."""

    daemon_threads = False


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> int:
    told = threading.Event()

    def tell(_: int, __: FrameType | None) -> None:
        told.set()

    signal.signal(signal.SIGTERM, tell)
    match sys.argv[1:]:
        case ["orders"]:
            with make_server("0.0.0.0", PORT, Orders(os.environ, boto3.client), Server, Quiet) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                told.wait()
                server.shutdown()
        case ["payment"]:
            workers.payment(os.environ, boto3.client, told.is_set)
        case ["shipping"]:
            workers.shipping(os.environ, boto3.client, told.is_set)
        case ["report"]:
            return workers.report(os.environ, boto3.client)
        case _:
            print("Say what to run: orders, payment, shipping or report.", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
