"""The endpoints inside a task, as an ASGI application. `gateway.http` calls it for what containers ask unsigned.

A table from paths to answers; each finds whose request it is by the name in its path and has `core.inside` say the
rest. Errors are those of the container agent.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-introspection.html
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec

from kecs.core.inside.introspection import agent_document, agent_task
from kecs.core.inside.metadata import Document, Version, container_document, stamp, task_document
from kecs.endpoints.inside.fault_injection import PATH, FaultInjection
from kecs.endpoints.inside.protection import protection
from kecs.ports.inside import Asking, Inside

MOST_BODY = 64 * 1024  # bytes
DEFAULT_CLUSTER = "default"
READ = ("GET", "HEAD")

Reply = tuple[int, Any]


class Request(NamedTuple):
    """One that a path of the table fits; `parts` is what its groups have."""

    method: str
    parts: tuple[str, ...]
    query: dict[str, list[str]]
    body: bytes


class InsideApp:
    """Every endpoint."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._fault_injection = FaultInjection(inside)
        self._routes: tuple[tuple[re.Pattern[str], Callable[[Request], Awaitable[Reply]]], ...] = (
            (re.compile(r"/(v[34])/([^/]+)/?"), self._container),
            (re.compile(r"/(v[34])/([^/]+)/(task|taskWithTags)/?"), self._task),
            (re.compile(r"/(v[34])/([^/]+)/stats/?"), self._statistics),
            (re.compile(r"/(v[34])/([^/]+)/task/stats/?"), self._task_statistics),
            (re.compile(r"/v2/credentials/([^/]+)/?"), self._credentials),
            (re.compile(r"/api/([^/]+)/task-protection/v1/state/?"), self._protection),
            (re.compile(PATH), self._fault),
            (re.compile(r"/v1/metadata/?"), self._agent),
            (re.compile(r"/v1/tasks/?"), self._agent_tasks),
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await _body(receive)
        status, answer = 404, "page not found"
        for pattern, handler in self._routes:
            if match := pattern.fullmatch(scope["path"]):
                query = parse_qs(scope["query_string"].decode("latin-1"))
                status, answer = await self._answered(handler, Request(scope["method"], match.groups(), query, body))
                break
        data = msgspec.json.encode(answer)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else data})

    async def _answered(self, handler: Callable[[Request], Awaitable[Reply]], request: Request) -> Reply:
        methods = ("GET", "PUT") if handler == self._protection else ("POST",) if handler == self._fault else READ
        return await handler(request) if request.method in methods else (405, "method not allowed")

    async def _container(self, request: Request) -> Reply:
        version, asking = await self._asking(request)
        if asking is None:
            return _nobody(version, "container metadata", request)
        return 200, container_document(asking.of, asking.container, version)

    async def _task(self, request: Request) -> Reply:
        version, asking = await self._asking(request)
        if asking is None:
            return _nobody(version, "task metadata", request)
        return 200, task_document(asking.of, version, tags=request.parts[2] == "taskWithTags")

    async def _statistics(self, request: Request) -> Reply:
        version, asking = await self._asking(request)
        if asking is None:
            return _nobody(version, "container stats", request)
        found = (await self._inside.statistics(asking.of.task.arn)).get(asking.container.name)
        return (200, found) if found is not None else _nobody(version, "container stats", request)

    async def _task_statistics(self, request: Request) -> Reply:
        version, asking = await self._asking(request)
        if asking is None:
            return _nobody(version, "task stats", request)
        found = await self._inside.statistics(asking.of.task.arn)
        return 200, {c.runtime_id: found.get(c.name) for c in asking.of.task.containers if c.runtime_id}

    async def _asking(self, request: Request) -> tuple[Version, Asking | None]:
        return "v3" if request.parts[0] == "v3" else "v4", await self._inside.asking(request.parts[1])

    async def _credentials(self, request: Request) -> Reply:
        found = self._inside.credentials(request.parts[0])
        if found is None:
            text = "CredentialsV2Request: Credentials not found"
            return 400, {"code": "InvalidIdInRequest", "message": text, "HTTPErrorCode": 400}
        return 200, {
            "RoleArn": found.role_arn,
            "AccessKeyId": found.access_key_id,
            "SecretAccessKey": found.secret_access_key,
            "Token": found.token,
            "Expiration": stamp(float(int(found.expiration))),
        }

    async def _protection(self, request: Request) -> Reply:
        asking = await self._inside.asking(request.parts[0])
        return protection(self._inside, asking, request.method, request.body)

    async def _fault(self, request: Request) -> Reply:
        return await self._fault_injection.answer(request.parts, request.body)

    async def _agent(self, request: Request) -> Reply:
        cluster = request.query.get("cluster", [DEFAULT_CLUSTER])[0]
        instance, _ = await self._inside.agent(cluster)
        return 200, agent_document(cluster, instance)

    async def _agent_tasks(self, request: Request) -> Reply:
        """All of them, or the one that the query names."""
        _, subjects = await self._inside.agent(request.query.get("cluster", [DEFAULT_CLUSTER])[0])
        for name, fits in (("taskarn", _is_task), ("dockerid", _has_container)):
            if name in request.query:
                wanted = request.query[name][0]
                return next(((200, task) for s in subjects if fits(task := agent_task(s), wanted)), (404, {}))
        return 200, {"Tasks": [agent_task(subject) for subject in subjects]}


def _is_task(task: Document, arn: str) -> bool:
    return bool(task["Arn"] == arn)


def _has_container(task: Document, runtime_id: str) -> bool:
    """By the beginning of its id, as Docker takes them."""
    ids = [container["DockerId"] for container in task["Containers"]]
    return len(runtime_id) > 0 and any(each.startswith(runtime_id) for each in ids)


def _nobody(version: Version, what: str, request: Request) -> Reply:
    return 404, f"{version.upper()} {what} handler: unable to find a container for {request.parts[1]}"


async def _body(receive: Any) -> bytes:
    """As much of it as could be meant."""
    body, more = b"", True
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)
        if len(body) <= MOST_BODY:
            body += message.get("body", b"")
    return body
