"""The admin API under /_kecs: what an operator, a test and the command line ask of a running KECS.

`app` imports this module with the first request below /_kecs, because importing Starlette takes longer than the rest of
KECS's start. Every answer is JSON, except metrics, container output and the event stream; every error is
`{"error": "one line"}` with a 4xx status.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from kecs.gateway.admin_companions import companion_routes
from kecs.gateway.admin_faults import fault_routes
from kecs.gateway.admin_history import HistoryRoute
from kecs.gateway.admin_snapshots import snapshot_routes
from kecs.gateway.admin_streams import log_lines, server_sent_events
from kecs.gateway.admin_targets import target_routes
from kecs.gateway.guard import refusal
from kecs.gateway.health import health_response
from kecs.ports.console import ClockNotControllable, Console, EventFormat, NoSuchContainer
from kecs.ports.program import NotAtRest

MAX_PATIENCE = 86_400.0  # a day, in seconds: CloudWatch's longest period
MAX_ADVANCE = 315_360_000.0  # ten years, in seconds: what is recurring has to happen that often

# A cluster's and a task's name, id or ARN between slashes; ARNs contain slashes themselves.
_TASK_PATH = re.compile(r"(arn:[^/]+:cluster/[^/]+|[^/]+)/(arn:[^/]+:task/[^/]+(?:/[^/]+)?|[^/]+)")

_NO_CACHE = {"cache-control": "no-store"}


def admin_app(console: Console, host: str | None = None) -> ASGIApp:
    """The routes of /_kecs. `host` is the name or address that KECS was told to listen on."""
    admin = _Admin(console)
    handlers: dict[Any, ExceptionHandler] = dict.fromkeys((HTTPException, *_STATUS, Exception), _error_answer)
    routes = Starlette(
        exception_handlers=handlers,
        routes=[
            Route("/_kecs/health", admin.health, methods=["GET"]),
            Route("/_kecs/state", admin.state, methods=["GET"]),
            Route("/_kecs/reset", admin.reset, methods=["POST"]),
            Route("/_kecs/events", admin.events, methods=["GET"]),
            Route("/_kecs/history", HistoryRoute(console).history, methods=["GET"]),
            Route("/_kecs/history", HistoryRoute(console).record, methods=["POST"]),
            Route("/_kecs/metrics", admin.metrics, methods=["GET"]),
            Route("/_kecs/clock", admin.clock, methods=["GET"]),
            Route("/_kecs/clock", admin.set_clock, methods=["POST"]),
            Route("/_kecs/interruptions", admin.interrupt, methods=["POST"]),
            Route("/_kecs/images", admin.images, methods=["GET"]),
            Route("/_kecs/images", admin.set_image, methods=["POST"]),
            Route("/_kecs/measurements", admin.measurements, methods=["GET"]),
            Route("/_kecs/measurements", admin.set_measurement, methods=["POST"]),
            Route("/_kecs/alarms", admin.alarms, methods=["GET"]),
            Route("/_kecs/alarms", admin.set_off, methods=["POST", "PUT"]),
            *fault_routes(console),
            Route("/_kecs/tasks/{task:path}/logs/{container}", admin.logs, methods=["GET"]),
            *target_routes(console),
            *snapshot_routes(console),
            *companion_routes(console),
        ],
    )
    routes.router.redirect_slashes = False

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        reason = refusal(scope.get("headers", ()), host) if scope["type"] == "http" else None
        answer: ASGIApp = routes if reason is None else _json({"error": reason}, status=403)
        await answer(scope, receive, send)

    return guarded


class _Admin:
    """One method a route."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def health(self, _: Request) -> Response:
        return Response(health_response(self._console), media_type="application/json", headers=_NO_CACHE)

    async def state(self, request: Request) -> Response:
        given = request.query_params
        history = _flag(request, "history", default=False)
        return _json(self._console.state(given.get("cluster"), given.get("service"), history=history))

    async def reset(self, _: Request) -> Response:
        await self._console.reset()
        return _json({"status": "reset"})

    async def events(self, request: Request) -> Response:
        resume = request.headers.get("last-event-id") or request.query_params.get("since")
        since = None if resume is None else _integer("since", resume)
        told: EventFormat = "kecs"
        match request.query_params.get("format", told):
            case "kecs" | "eventbridge" as given:
                told = given
            case _:
                raise HTTPException(400, "format is kecs or eventbridge.")
        stream = server_sent_events(self._console, since, follow=_flag(request, "follow", default=True), told=told)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_NO_CACHE)

    async def metrics(self, _: Request) -> Response:
        return Response(self._console.metrics(), media_type="text/plain; version=0.0.4", headers=_NO_CACHE)

    async def clock(self, _: Request) -> Response:
        return _json(self._console.clock())

    async def set_clock(self, request: Request) -> Response:
        body = await _json_object(request)
        match list(body.items()):
            case [("advance", float() | int() as seconds)] if not isinstance(seconds, bool):
                if not (math.isfinite(seconds) and 0 <= seconds <= MAX_ADVANCE):
                    raise HTTPException(400, f"advance is a number of seconds from 0 to {MAX_ADVANCE:.0f}.")
                return _json(await self._console.advance(float(seconds)))
            case [("freeze", True)]:
                return _json(await self._console.freeze())
            case [("resume", True)]:
                return _json(await self._console.resume())
        raise HTTPException(400, 'The body is one of {"advance": seconds}, {"freeze": true}, {"resume": true}.')

    async def interrupt(self, request: Request) -> Response:
        match await _json_object(request):
            case {"cluster": str() as cluster, "task": str() as task, **others} if not others:
                wanted = {"task": task}
            case {"cluster": str() as cluster, "capacityProvider": str() as provider, **others} if not others:
                wanted = {"provider": provider}
            case _:
                raise HTTPException(
                    400, 'The body is {"cluster": …, "task": …} or {"cluster": …, "capacityProvider": …}.'
                )
        try:
            return _json({"interrupted": self._console.interrupt(cluster, **wanted)})
        except ValueError as error:
            raise HTTPException(400, str(error)) from error

    async def images(self, _: Request) -> Response:
        return _json({"images": self._console.images()})

    async def set_image(self, request: Request) -> Response:
        body = await _json_object(request)
        match body:
            case {"image": str() as pattern, "script": dict() as script, **others} if pattern and not others:
                try:
                    self._console.set_image(pattern, script)
                except ValueError as error:
                    raise HTTPException(400, str(error)) from error
                return _json({"images": self._console.images()})
        raise HTTPException(400, 'The body is {"image": "name or glob", "script": {…}}.')

    async def measurements(self, _: Request) -> Response:
        return _json({"measurements": self._console.measurements()})

    async def set_measurement(self, request: Request) -> Response:
        match await _json_object(request):
            case {
                "cluster": str() as cluster,
                "service": str() as service,
                "metric": str() as metric,
                "value": value,
                **o,
            }:
                if not o and (value is None or (_number(value) and value >= 0)):
                    try:
                        self._console.set_measurement(cluster, service, metric, value)
                    except ValueError as error:
                        raise HTTPException(400, str(error)) from error
                    return _json({"measurements": self._console.measurements()})
        raise HTTPException(
            400, 'The body is {"cluster": …, "service": …, "metric": …, "value": …}; value is 0 or more, or null.'
        )

    async def alarms(self, _: Request) -> Response:
        return _json({"alarms": self._console.alarms()})

    async def set_off(self, request: Request) -> Response:
        match await _json_object(request):
            case {"name": str() as name, "state": "ALARM" | "OK" as state, **others} if name:
                given = {key: others.pop(key) for key in ("account", "region", "seconds") if key in others}
                seconds = given.pop("seconds", None)
                known = seconds is None or (_number(seconds) and 0 <= seconds <= MAX_PATIENCE)
                if known and not others and all(isinstance(value, str) for value in given.values()):
                    self._console.set_alarm(name, state, seconds=seconds, **given)
                    return _json({"alarms": self._console.alarms()})
            case {"policy": str() as policy, "value": value, "threshold": threshold, **others}:
                alarm = others.pop("alarm", "alarm")
                if not others and isinstance(alarm, str) and _number(value) and _number(threshold):
                    try:
                        return _json({"scaled": self._console.set_off(policy, alarm, value - threshold)})
                    except ValueError as error:
                        raise HTTPException(400, str(error)) from error
        raise HTTPException(
            400,
            'The body is {"name": …, "state": "ALARM" or "OK"} and may have "seconds", "account" and "region", or it '
            'is {"policy": ARN, "value": …, "threshold": …} and may have an "alarm".',
        )

    async def logs(self, request: Request) -> Response:
        names = _TASK_PATH.fullmatch(request.path_params["task"])
        if names is None:
            raise HTTPException(404, "Not Found")
        tail = request.query_params.get("tail")
        lines = self._console.logs(
            names[1],
            names[2],
            request.path_params["container"],
            follow=_flag(request, "follow", default=False),
            tail=None if tail is None else _integer("tail", tail),
        )
        return StreamingResponse(log_lines(lines), media_type="text/plain", headers=_NO_CACHE)


_STATUS: dict[type[Exception], int] = {ClockNotControllable: 409, NoSuchContainer: 404, NotAtRest: 408}


async def _error_answer(_: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _json({"error": error.detail}, status=error.status_code, headers=error.headers)
    status = _STATUS.get(type(error), 500)  # Starlette raises the unforeseen again, for the log
    text = str(error) or (type(error).__doc__ or "").strip()
    return _json({"error": text if status < 500 else f"KECS failed: {error!r}"}, status=status)


def _json(value: object, status: int = 200, headers: Any = None) -> Response:
    content = msgspec.json.encode(value)
    return Response(content, status, media_type="application/json", headers={**_NO_CACHE, **(headers or {})})


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HTTPException(400, f"The body is not a JSON object: {error}") from error


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _integer(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise HTTPException(400, f"{name} is a whole number, 0 or more.")
    return int(text)


def _flag(request: Request, name: str, *, default: bool) -> bool:
    text = request.query_params.get(name)
    if text is None:
        return default
    if text.lower() not in ("true", "false", "1", "0", ""):
        raise HTTPException(400, f"{name} is true or false.")
    return text.lower() in ("true", "1", "")
