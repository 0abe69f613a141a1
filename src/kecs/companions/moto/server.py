"""moto's process: an HTTP server on a socket that KECS made, in front of moto. `__main__` runs it.

A request says in headers of KECS's own what `companions.around` has made out. What moto cannot answer comes back with
the status TROUBLE and a text, for KECS to refuse; no client ever sees either.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from kecs.companions.moto import quirks
from kecs.companions.moto.wire import ACCOUNT, AWS_URL, CONTROL, KEY, TROUBLE, URL, WHO, Caller, Trouble

_THREADS = 256  # at most; a receiver of a queue that waits for messages holds one
_IDLE = 86_400  # seconds until a connection is closed; sooner, KECS might be about to use it
_lock = threading.Lock()


def run(listener: int) -> None:
    """Serve until KECS's end of standard input closes, however KECS ends."""
    sock = socket.socket(fileno=listener)
    threading.Thread(target=_end_with_parent, args=[Path(sock.getsockname()).parent], daemon=True).start()
    quirks.forget_objects()
    quirks.forget_quickly()
    config = uvicorn.Config(
        Server(),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=_IDLE,
    )
    with sock:
        uvicorn.Server(config).run(sockets=[sock])


def _end_with_parent(folder: Path) -> None:
    """`folder` was made for this process, and KECS may have been killed."""
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # nothing here outlives KECS, and threads that wait for messages would not let go


class Server:
    """The ASGI application."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="moto")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(receive)
        if body is None:
            return
        loop = asyncio.get_running_loop()
        act = _control if CONTROL in headers else _answer
        status, sent, data = await loop.run_in_executor(self._pool, act, scope, headers, body)
        raw = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in sent]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": data})


def _answer(scope: Any, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    from kecs.companions.moto.backends import Call, NotInMoto, answer

    aws_url, url, key, account = (headers.pop(name, "") for name in (AWS_URL, URL, KEY, ACCOUNT))
    who = headers.pop(WHO, "")
    headers.pop("host", None)  # it is in the URL
    headers["x-moto-account-id"] = _account_of(key) or account
    try:
        with _known(who):
            reply = answer(Call(scope["method"], aws_url, url, headers, body))
    except NotInMoto as error:
        return _trouble(str(error), "")
    except Exception as error:
        return _trouble(f"{type(error).__name__}: {error}", traceback.format_exc())
    return reply.status, reply.headers, reply.body


def _known(who: str) -> AbstractContextManager[None]:
    if not who:
        return nullcontext()
    from kecs.companions.moto.callers import known

    return known(msgspec.json.decode(who, type=Caller))


def _account_of(key: str) -> str:
    """The account of a key that moto has given out; "" for any other."""
    if not key or "moto.iam.models" not in sys.modules:
        return ""
    from moto.iam.models import iam_backends

    there: list[tuple[str, Any]] = [(account, backend) for account, _, backend in list(iam_backends.iter_backends())]
    return next((account for account, backend in there if key in backend.access_keys), "")


def _trouble(text: str, trace: str) -> tuple[int, list[tuple[str, str]], bytes]:
    return TROUBLE, [], msgspec.json.encode(Trouble(text=text, trace=trace))


def _control(scope: Any, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:  # noqa: ARG001
    """What KECS itself wants of moto."""
    match headers[CONTROL]:
        case "reset":
            with _lock:
                quirks.forget()
        case "interfaces":
            from kecs.companions.moto.interfaces import Interfaces, agree

            for told in msgspec.json.decode(body, type=list[Interfaces]):
                agree(told)
    return 204, [], b""


async def _body(receive: Any) -> bytes | None:
    """All of it; None when its end does not come: what was half sent must not be carried out."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
