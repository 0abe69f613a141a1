"""HTTP as functions answer it that stand for images: a connection in, exchanges in its thread, each in its turn."""

from __future__ import annotations

import json
import socket
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from kecs.ports.program import Process

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Request(NamedTuple):
    """A request to a container."""

    method: str
    path: str  # decoded, without the query
    query: Mapping[str, str]  # the last value of each name
    headers: Message  # by name, in whichever case
    body: bytes
    target: str  # path and query as they were sent

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class Response(NamedTuple):
    """What goes back."""

    status: int
    body: bytes = b""
    headers: Iterable[tuple[str, str]] = ()


Answer = Callable[[Request], Response]


def of_handler(handler: Callable[[Request], Any]) -> Answer:
    """What a handler answers; see Container.listen."""
    return lambda request: _response(handler(request))


def of_wsgi(application: Any, port: int) -> Answer:
    """What a WSGI application answers, as a whole."""

    def answer(request: Request) -> Response:
        begun: list[tuple[int, list[tuple[str, str]]]] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
            begun.append((int(status.split(" ", 1)[0]), headers))
            return written.append

        content = application(_environ(request, port), start_response)
        try:
            body = b"".join(content)
        finally:
            if hasattr(content, "close"):
                content.close()
        status, headers = begun[-1]
        own = [(name, value) for name, value in headers if name.lower() != "content-length"]
        return Response(status, b"".join(written) + body, own)

    return answer


def connected(connection: socket.socket, process: Process, answer: Answer) -> None:
    """Answer every request of the connection."""
    _Exchanges(connection, process, answer)


class _Exchanges(BaseHTTPRequestHandler):
    """The requests of one connection, all answered when it is made."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body go out together

    def __init__(self, connection: socket.socket, process: Process, answer: Answer) -> None:
        self._process = process
        self._answer = answer
        super().__init__(connection, connection.getpeername(), None)  # type: ignore[arg-type]  # no server of its kind

    def exchange(self) -> None:
        address = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(address.path),
            query=dict(parse_qsl(address.query, keep_blank_values=True)),
            headers=self.headers,
            body=self._body(),
            target=self.path,
        )
        with self._process.answering():
            try:
                response = self._answer(request)
            except Exception:
                traceback.print_exc()  # to the container's output
                response = Response(500, b"Internal Server Error\n", [("Content-Type", "text/plain")])
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status >= 200 and response.status not in (204, 304):
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def log_message(self, *_: Any) -> None:
        """What a container prints is up to its function."""

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return body


for _method in METHODS:
    setattr(_Exchanges, f"do_{_method}", _Exchanges.exchange)


def _response(given: Any) -> Response:
    match given:
        case Response():
            return given
        case (int() as status, content):
            return _response(content)._replace(status=status)
        case (int() as status, content, headers):
            made = _response(content)
            own = {name.lower() for name in headers}
            kept = [(name, value) for name, value in made.headers if name.lower() not in own]
            return Response(status, made.body, [*kept, *((name, str(value)) for name, value in headers.items())])
        case None:
            return Response(204)
        case int() if not isinstance(given, bool):
            return Response(given)
        case str():
            return Response(200, given.encode(), [("Content-Type", "text/plain; charset=utf-8")])
        case bytes():
            return Response(200, given, [("Content-Type", "application/octet-stream")])
        case dict() | list() | bool() | float():
            return Response(200, json.dumps(given).encode(), [("Content-Type", "application/json")])
    raise TypeError(f"A handler returned {given!r}, which is no answer; see Container.listen.")


def _environ(request: Request, port: int) -> dict[str, Any]:
    """See PEP 3333."""
    variables = {
        f"HTTP_{name.upper().replace('-', '_')}": ",".join(request.headers.get_all(name, []))
        for name in request.headers
        if name.lower() not in ("content-type", "content-length")
    }
    return variables | {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": urlsplit(request.target).query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": request.headers.get("host", "localhost").split(":")[0],
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
