"""The kit's way to /_kecs: plain HTTP with the standard library, so it serves a KECS in this process and any other."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

from kecs.core.arns import last_part

SECONDS = 600.0  # how long an answer may take; moving the clock by years takes a while


class Refused(Exception):
    """KECS answered with an error; the text is its own."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def call(endpoint: str, method: str, path: str, body: Any = None, *, seconds: float = SECONDS) -> Any:
    """The JSON that /_kecs/`path` answers. Raises Refused, and OSError when nothing answers in so many seconds."""
    return json.loads(read(endpoint, method, path, body, seconds=seconds))


def read(endpoint: str, method: str, path: str, body: Any = None, *, seconds: float = SECONDS) -> str:
    """The text that /_kecs/`path` answers. Raises Refused, and OSError when nothing answers in so many seconds."""
    address = urlsplit(endpoint)
    secure = address.scheme == "https"
    connected = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connected(address.hostname or "", address.port, timeout=seconds)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, f"/_kecs/{path}", content, {"Connection": "close"})
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except http.client.HTTPException as error:
        raise OSError(f"{endpoint} is not a KECS: {error!r}") from error
    except ConnectionError as error:
        raise type(error)(f"nothing answers at {endpoint}: {error.strerror or error}") from error
    finally:
        connection.close()
    if response.status >= 400:
        raise Refused(response.status, _reason(text))
    return text


def output(
    endpoint: str, cluster: str, task: str, container: str, *, tail: int | None = None, seconds: float = SECONDS
) -> list[str]:
    """The lines that a container has printed, or the last so many; cluster and task by name, id or ARN. As `read`."""
    where = f"tasks/{quote(cluster, safe=':/')}/{last_part(task)}/logs/{quote(container)}"
    last = "" if tail is None else f"?tail={tail}"
    return read(endpoint, "GET", f"{where}{last}", seconds=seconds).splitlines()


def _reason(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, LookupError, TypeError):
        return text
