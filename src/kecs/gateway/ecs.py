"""Amazon ECS over JSON 1.1: from target header and body to status and answer, with no HTTP server in sight.

The chain, in this order:
1. the target names an operation, or UnknownOperationException;
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
from typing import Any, NamedTuple

import msgspec

from kecs.aws.decoding import Decoder
from kecs.aws.errors import ModeledError, UnknownOperationException
from kecs.aws.model import ecs as m
from kecs.core.settings import Settings
from kecs.gateway.listings import with_sealed_tokens
from kecs.gateway.signature import Callers
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store
from kecs.services.ecs import HANDLERS
from kecs.services.ecs.clusters import ensure_default_cluster
from kecs.services.ecs.context import Context, Handler

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """An HTTP status and a JSON body."""

    status: int
    body: bytes


class EcsEndpoint:
    """Answers ECS requests of every account and region."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._callers = Callers(settings.account, settings.region)
        self._routes: dict[bytes, tuple[str, Decoder, Handler]] = {}
        self.answered: Counter[tuple[str, str]] = Counter()  # by operation and error code ("": none)
        self._encode = msgspec.json.Encoder().encode

    def answer(self, target: bytes, authorization: bytes | None, body: bytes) -> Answer:
        """The whole way of one request; never raises."""
        name = ""
        try:
            name, decode, handler = self._routes.get(target) or self._route(target)
            scope = self._callers.scope(authorization)
            response = self._call(scope, handler, decode(body))
        except ModeledError as error:
            self.answered[name, error.code] += 1
            return Answer(error.status, self._encode(_error(error.code, error.message, error.members)))
        except Exception:
            log.exception("%s failed", name)
            self.answered[name, "ServerException"] += 1
            return Answer(500, self._encode(_error("ServerException", "Service Unavailable.", {})))
        self.answered[name, ""] += 1
        return Answer(200, self._encode(response))

    def _call(self, scope: Any, handler: Handler, request: Any) -> Any:
        principal = f"arn:aws:iam::{scope.account}:root"
        context = Context(scope, principal, self._clock.now(), self._ids, self._store, self._settings)
        with self._store.transaction():
            ensure_default_cluster(context)
            response = handler(context, request)
        self._store.flush()
        return response

    def _route(self, target: bytes) -> tuple[str, Decoder, Handler]:
        prefix, _, name = target.decode(errors="replace").partition(".")
        operation = m.OPERATIONS.get(name)
        if prefix != m.TARGET_PREFIX or operation is None:
            asked = f"operation {name or prefix}" if target else "operation, which no X-Amz-Target header names,"
            raise UnknownOperationException(f"The requested {asked} is not known to Amazon ECS.")
        handler = HANDLERS.get(name)
        if handler is None:
            raise _not_there_yet(operation)
        route = self._routes[target] = (name, Decoder(operation), with_sealed_tokens(operation, handler))
        return route


def _not_there_yet(operation: m.Operation) -> ModeledError:
    """The refusal of an operation that has no handler: an error that the model declares for it."""
    error = m.ClientException if m.ClientException in operation.errors else operation.errors[0]
    return error(f"{operation.name} is not there yet in KECS: see docs/coverage.md for what is.")


def _error(code: str, message: str, members: dict[str, Any]) -> dict[str, Any]:
    return {"__type": code, "message": message, **members}
