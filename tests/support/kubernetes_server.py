"""A Kubernetes API server in the process and on the loop of a test: it keeps what it is given, and tells of it.

Nothing in it takes time: how much is asked of it is counted, and a test has it misbehave.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.support.kubernetes_objects import Object, Objects, Scope, merged, selected

AT = "2026-01-01T00:00:00Z"  # when anything was made or is to go: nobody asks
PAGE = 500  # objects of a list in one answer, at most


class Asked(NamedTuple):
    """A request."""

    verb: str  # Kubernetes', and log: see `_verb`
    plural: str
    namespace: str
    name: str
    query: dict[str, str]
    body: Any

    @property
    def what(self) -> str:
        return f"{self.verb} {self.plural}"

    @property
    def scope(self) -> Scope:
        labels = tuple(selected(self.query.get("labelSelector")))
        fields = tuple(selected(self.query.get("fieldSelector")))
        return Scope(self.plural, self.namespace or None, labels, fields)


class Refused(Exception):
    """An answer that is an error; `headers` go with it."""

    def __init__(self, status: int, reason: str = "", message: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = {"kind": "Status", "code": status, "reason": reason, "message": message or reason}


class KubernetesServer:
    """Its `url` and `objects`. `asked` counts requests, as `verb plural`; `refusals`: what the next requests of such a
    kind get instead of an answer; `unanswered`: how many of the next ones are done, and their connections break.
    With `namespaces_linger` one that is deleted is there, and refuses what is new, until a test removes it."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.asked: Counter[str] = Counter()
        self.refusals: dict[str, list[Refused]] = {}
        self.unanswered: Counter[str] = Counter()
        self.namespaces_linger = False
        self.url = ""
        self.at_once = 0  # the most requests, watches aside, that were under way at a time
        self._under_way = 0
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[Any] | None] = {}
        self._streams: set[asyncio.StreamWriter] = set()

    def kubeconfig(self, path: Path) -> Path:
        """Written to `path`."""
        config = {
            "clusters": [{"name": "it", "cluster": {"server": self.url}}],
            "contexts": [{"name": "here", "context": {"cluster": "it", "user": "me"}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
            "current-context": "here",
        }
        path.write_text(json.dumps(config))
        return path

    def cut_watches(self) -> None:
        """Break their connections."""
        for stream in list(self._streams):
            stream.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[writer] = asyncio.current_task()
        closed = asyncio.create_task(writer.wait_closed())
        try:
            while (asked := await _read(reader)) is not None:
                self.asked[asked.what] += 1
                if asked.verb == "watch":
                    await self._watch(asked, writer, closed)
                else:
                    await self._answer(asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            await asyncio.gather(closed, return_exceptions=True)
            del self._connections[writer]

    async def close(self) -> None:
        serving = [task for task in self._connections.values() if task is not None]
        for writer in self._connections:
            writer.transport.abort()
        await asyncio.gather(*serving)

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        await asyncio.sleep(0)  # those that came at once are seen to be there at once
        try:
            self._refuse(asked)
            done = self._do(asked)
            if self.unanswered[asked.what]:
                self.unanswered[asked.what] -= 1
                writer.transport.abort()
            else:
                _send(writer, 200, done)
        except Refused as refused:
            _send(writer, refused.status, refused.body, **refused.headers)
        finally:
            self._under_way -= 1
        await writer.drain()

    async def _watch(self, asked: Asked, writer: asyncio.StreamWriter, closed: asyncio.Task[None]) -> None:
        version = int(asked.query["resourceVersion"])
        try:
            self._refuse(asked)
            if version < self.objects.forgotten:
                raise Refused(410, "Expired", f"too old resource version: {version} ({self.objects.forgotten})")
        except Refused as refused:
            _send(writer, refused.status, refused.body, **refused.headers)
            return
        over = asyncio.get_running_loop().create_future()

        def hear(line: bytes | None) -> None:
            writer.write(b"%x\r\n%s\r\n" % (len(line or b""), line or b""))
            if line is None:
                self.objects.unwatch(hear)
                over.set_result(None)

        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.objects.watch(asked.scope, version, hear)
        self._streams.add(writer)
        ends = asyncio.get_running_loop().call_later(float(asked.query["timeoutSeconds"]), hear, None)
        await asyncio.wait((closed, over), return_when=asyncio.FIRST_COMPLETED)
        ends.cancel()
        self.objects.unwatch(hear)
        self._streams.discard(writer)

    def _refuse(self, asked: Asked) -> None:
        if waiting := self.refusals.get(asked.what):
            raise waiting.pop(0)

    def _do(self, asked: Asked) -> Object:
        plural, namespace, name = asked.plural, asked.namespace, asked.name
        found = self.objects.get(plural, namespace, name) if name else None
        match asked.verb:
            case "list":
                return self._list(asked)
            case "create":
                return self._create(asked)
            case "apply" if found is None:
                return self.objects.put(plural, merged({"metadata": {"namespace": namespace}}, asked.body))
            case "log" if found is not None:
                return {}
            case "deletecollection":
                for each in self.objects.find(asked.scope):
                    self.objects.remove(plural, each["metadata"].get("namespace", ""), each["metadata"]["name"])
                return {}
        if found is None:
            raise Refused(404, "NotFound", f'{plural} "{name}" not found')
        if asked.verb in ("apply", "patch"):
            return self.objects.put(plural, merged(found, asked.body))
        if asked.verb == "delete":
            self._delete(asked, found)
        return found

    def _list(self, asked: Asked) -> Object:
        """A page. `continue` says where the next one begins, and at which version the list was."""
        begin, _, then = (asked.query.get("continue") or "0").partition("@")
        version = int(then or self.objects.version)
        if version < self.objects.forgotten:
            raise Refused(410, "Expired", "The provided continue parameter is too old")
        size = min(int(asked.query.get("limit") or PAGE), PAGE)
        found, first = self.objects.find(asked.scope), int(begin)
        more = f"{first + size}@{version}" if len(found) > first + size else ""
        metadata = {"resourceVersion": str(version), "continue": more}
        return {"metadata": metadata, "items": found[first : first + size]}

    def _create(self, asked: Asked) -> Object:
        wanted, name = asked.body, asked.body["metadata"]["name"]
        if self.objects.get(asked.plural, asked.namespace, name) is not None:
            raise Refused(409, "AlreadyExists", f'{asked.plural} "{name}" already exists')
        if asked.namespace:
            home = self.objects.get("namespaces", "", asked.namespace)
            if home is None:
                raise Refused(404, "NotFound", f'namespaces "{asked.namespace}" not found')
            if "deletionTimestamp" in home["metadata"]:
                raise Refused(403, "Forbidden", f"namespace {asked.namespace} is being terminated")
            wanted = merged(wanted, {"metadata": {"namespace": asked.namespace}})
        return self.objects.put(
            asked.plural, merged(wanted, {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}})
        )

    def _delete(self, asked: Asked, found: Object) -> None:
        """At once where no grace is left; else the pod's kubelet does it, and of a namespace its controller."""
        wanted = (asked.body or {}).get("preconditions", {}).get("uid")
        if wanted not in (None, found["metadata"]["uid"]):
            raise Refused(409, "Conflict", "the UID in the precondition does not match")
        graceful = asked.plural == "pods" and (asked.body or {}).get("gracePeriodSeconds") != 0
        if graceful or (asked.plural == "namespaces" and self.namespaces_linger):
            self.objects.put(asked.plural, merged(found, {"metadata": {"deletionTimestamp": AT}}))
        else:
            self.objects.remove(asked.plural, asked.namespace, asked.name)


@contextlib.asynccontextmanager
async def kubernetes_server() -> AsyncIterator[KubernetesServer]:
    server = KubernetesServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        await server.close()
        await listening.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    """The next request of the connection; None when there is no more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    plural, namespace, name, part = _place(url.path)
    query = dict(parse_qsl(url.query))
    verb = "log" if part == "log" else _verb(method, bool(name), query, headers.get("content-type", ""))
    return Asked(verb, plural, namespace, name, query, json.loads(body) if body else None)


def _place(path: str) -> tuple[str, str, str, str]:
    """Plural, namespace, name and subresource, of /api/v1/… or /apis/GROUP/VERSION/…."""
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    plural, name, part, *_ = [*parts, "", ""]
    return plural, namespace, name, part


def _verb(method: str, one: bool, query: dict[str, str], content: str) -> str:
    if method == "GET":
        return "get" if one else "watch" if query.get("watch") else "list"
    if method == "PATCH":
        return "apply" if "apply-patch" in content else "patch"
    return "create" if method == "POST" else "delete" if one else "deletecollection"


def _send(writer: asyncio.StreamWriter, status: int, body: Object, **headers: str) -> None:
    content = json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"HTTP/1.1 {status} -\r\n{head}\r\n".encode() + content)
