"""AWS's JSON APIs: from target header and body to status and answer, with no HTTP server in sight.

The chain, in this order:
1. the target names an API of `services.apis` and one of its operations, or UnknownOperationException; of a REST API,
   method and path do;
2. the signature names account and region;
3. the body becomes the operation's request struct;
4. the handler runs in one transaction;
5. what was committed is made durable; only then
6. the answer goes out.
A modelled error at any point becomes its answer and leaves no trace; anything else is a bug and answers 500.
"""

from __future__ import annotations

import logging
from collections import Counter
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kecs.aws.decoding import Decoder
from kecs.aws.errors import ModeledError, UnknownOperationException, ValidationException
from kecs.aws.structs import Operation
from kecs.core.settings import Settings
from kecs.gateway.listings import with_sealed_tokens
from kecs.gateway.signature import Callers
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store
from kecs.services.api import Api
from kecs.services.apis import APIS, ECS
from kecs.services.context import Context, Handler

if TYPE_CHECKING:
    from collections.abc import Callable

    from kecs.core.tasks.launch import Refuse
    from kecs.gateway.faults import CallFaults
    from kecs.gateway.rest import Router
    from kecs.ports.logs import LogService
    from kecs.ports.streams import EventStream

log = logging.getLogger(__name__)

_TITLES = [api.title for api in APIS]
THERE = f"{', '.join(_TITLES[:-1])} and {_TITLES[-1]}"
STREAMED = frozenset(f"{api.target_prefix}.{name}".encode() for api in APIS for name in api.streams)
_BY_PREFIX = {api.target_prefix: api for api in APIS if api.target_prefix}
REST_TYPE = b"application/json"


class Answer(NamedTuple):
    """An HTTP status and a body."""

    status: int
    body: bytes
    content_type: bytes = b"application/x-amz-json-1.1"
    headers: tuple[tuple[bytes, bytes], ...] = ()


class NotOurs(Answer):
    """The refusal of a request that names another API than KECS's: a companion may answer it instead."""


class Streamed(Answer):
    """The answer goes on and on: who can send such has to `open` it. As it is, it is the refusal of who cannot."""

    open: Callable[[], Answer | Opened]


class Opened(NamedTuple):
    """An answer that goes on, and the code in it of what is a bug."""

    stream: EventStream
    failure: str


class _GoesOn(UnknownOperationException):
    """The operation answers with a stream."""


class _NotOurs(UnknownOperationException):
    """The target is another API's."""


def is_our_target(target: bytes | None) -> bool:
    """Whether a target header names one of the APIs here."""
    return bool(target) and (target or b"").partition(b".")[0].decode(errors="replace") in _BY_PREFIX


class Endpoint:
    """Answers the requests of every API, account and region."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._callers = Callers(settings.account, settings.region)
        self._routes: dict[bytes, tuple[Api, str, Decoder, Handler]] = {}
        self.answered: Counter[tuple[str, str, str]] = Counter()  # by API, operation and error code ("": none)
        self._encode = msgspec.json.Encoder().encode
        self.refuse: Refuse | None = None  # asked before a task is placed
        self.logs: Callable[[], LogService] | None = None
        self.faults: CallFaults | None = None  # what goes wrong with calls: the connections ask it, not this

    @cached_property
    def _rest(self) -> Router:
        from kecs.gateway.rest import Router  # with the first request for a REST API

        return Router(APIS)

    def answer(self, target: bytes, authorization: bytes | None, body: bytes) -> Answer:
        """The whole way of one request; never raises."""
        api, name = ECS, ""
        try:
            api, name, decode, handler = self._routes.get(target) or self._route(target)
            scope = self._callers.scope(authorization)
            response = self._call(api, scope, handler, decode(body))
        except _NotOurs as error:
            return NotOurs(error.status, self._encode(_error(api, error.code, error.message, error.members)))
        except _GoesOn as error:
            streamed = Streamed(error.status, self._encode(_error(api, error.code, error.message, error.members)))
            streamed.open = partial(self._open, target.decode(), authorization, body)
            return streamed
        except ModeledError as error:
            return self._refused(api, name, error)
        except Exception:
            log.exception("%s failed", name)
            return self._failed(api, name)
        self.answered[api.name, name, ""] += 1
        return Answer(200, self._encode(response))

    def _open(self, target: str, authorization: bytes | None, body: bytes) -> Answer | Opened:
        """The same for an operation whose answer goes on."""
        api, operation = _named(target)
        try:
            request = Decoder(operation, api.parts.dialect)(body)
            handler = api.parts.handlers[operation.name]
            stream = self._call(api, self._callers.scope(authorization), handler, request)
        except ModeledError as error:
            return self._refused(api, operation.name, error)
        except Exception:
            log.exception("%s failed", operation.name)
            return self._failed(api, operation.name)
        self.answered[api.name, operation.name, ""] += 1
        return Opened(stream, api.stream_failure)

    def _refused(self, api: Api, name: str, error: ModeledError) -> Answer:
        self.answered[api.name, name, error.code] += 1
        return Answer(error.status, self._encode(_error(api, error.code, error.message, error.members)))

    def _failed(self, api: Api, name: str) -> Answer:
        self.answered[api.name, name, api.failure] += 1
        return Answer(500, self._encode(_error(api, api.failure, "Service Unavailable.", {})))

    def answer_rest(
        self, service: str, method: str, path: str, query: str, authorization: bytes | None, body: bytes
    ) -> Answer | None:
        """The same for a REST API: `service` is the one that the request is signed for, path and query are as they were
        sent. None when this is no request for one; never raises."""
        found, signed = self._rest.find(service, method, path), self._rest.services.get(service)
        if found is None:
            unknown = UnknownOperationException(f"{method} {path} is no operation of the API.")
            return None if signed is None else self._refused_rest(signed, "", unknown, 404)
        route, api = found.route, found.route.api
        try:
            request = route.decode(route.body(found.labels, query, body))
            response = self._call(api, self._callers.scope(authorization), route.handler, request)
        except ModeledError as error:
            return self._refused_rest(api, route.name, error, error.status)
        except Exception:
            log.exception("%s failed", route.name)
            self.answered[api.name, route.name, api.failure] += 1
            return _rest_error(500, api, api.failure, "Service Unavailable.", {})
        self.answered[api.name, route.name, ""] += 1
        return Answer(200, self._encode(response), REST_TYPE)

    def named(self, target: bytes, service: str, method: str, path: str) -> tuple[Api, str] | None:
        """The API and operation that a request is for, if it is one: by its target, or as `answer_rest` finds it."""
        if target:
            try:
                api, operation = _named(target.decode(errors="replace"))
            except UnknownOperationException:
                return None
            return api, operation.name
        found = self._rest.find(service, method, path)
        return None if found is None else (found.route.api, found.route.name)

    def _refused_rest(self, api: Api, name: str, error: ModeledError, status: int) -> Answer:
        self.answered[api.name, name, error.code] += 1
        return _rest_error(status, api, error.code, error.message, error.members)

    def _call(self, api: Api, scope: Any, handler: Handler, request: Any) -> Any:
        principal = f"arn:aws:iam::{scope.account}:root"
        now = self._clock.now()
        context = Context(scope, principal, now, self._ids, self._store, self._settings, self.refuse, self.logs)
        with self._store.transaction():
            if api.parts.prepare is not None:
                api.parts.prepare(context)
            response = handler(context, request)
        self._store.flush()
        return response

    def _route(self, target: bytes) -> tuple[Api, str, Decoder, Handler]:
        api, operation = _named(target.decode(errors="replace"))
        if operation.name in api.streams:
            raise _GoesOn(f"{operation.name} answers with a stream, which is not possible here.")
        handler = api.parts.handlers.get(operation.name)
        if handler is None:
            raise _not_there_yet(operation)
        decoder = Decoder(operation, api.parts.dialect)
        route = (api, operation.name, decoder, with_sealed_tokens(api, operation, handler))
        self._routes[target] = route
        return route


def _named(target: str) -> tuple[Api, Operation]:
    """The API and the operation that a target header names. Raises UnknownOperationException."""
    if not target:
        raise UnknownOperationException(
            f"The requested operation, which no X-Amz-Target header names, is not known to {THERE}."
        )
    prefix, _, name = target.partition(".")
    api = _BY_PREFIX.get(prefix)
    if api is None:
        raise _NotOurs(f"KECS does not have the API of {target}. It has {THERE}.")
    operation = api.parts.operations.get(name)
    if operation is None:
        raise UnknownOperationException(
            f"The requested operation {name} is not known to {api.title} here: see docs/coverage.md for those that are."
        )
    return api, operation


def _not_there_yet(operation: Operation) -> ModeledError:
    """The refusal of an operation that has no handler: an error that the model declares for it, if it does."""
    declared: tuple[type[ModeledError], ...] = (*operation.errors, ValidationException)
    error = next((error for error in declared if error.code == "ClientException"), declared[0])
    return error(f"{operation.name} is not there yet in KECS: see docs/coverage.md for what is.")


def _rest_error(status: int, api: Api, code: str, text: str, members: dict[str, Any]) -> Answer:
    body = msgspec.json.encode({api.text: text, **members})
    return Answer(status, body, REST_TYPE, ((b"x-amzn-errortype", code.encode()),))


def _error(api: Api, code: str, text: str, members: dict[str, Any]) -> dict[str, Any]:
    return {"__type": code, api.text: text, **members}
