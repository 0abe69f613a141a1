"""One Kubernetes API server behind a few verbs; every other module of this package talks to it through here.

lightkube finds the cluster (accounts, contexts, tokens, certificates), knows its resources and decodes them. Its client
has no bound on what is asked at once, gives up at the first 429, and cannot send a manifest as it stands, so this uses
the layer beneath it. All that can go wrong comes out as a ClusterError.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx2
import msgspec
import yaml  # type: ignore[import-untyped]  # it comes without types
from lightkube.config.client_adapter import ConnectionParams, user_auth, verify_cluster
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError
from lightkube.core.generic_client import BasicRequest, GenericAsyncClient
from lightkube.core.resource import NamespacedResource, Resource, api_info
from lightkube.resources.core_v1 import PodLog
from lightkube.types import PatchType

from kecs.ports.runtime import RuntimeUnavailable
from kecs.runtimes.kubernetes.api.wire import (
    Busy,
    ClusterError,
    ClusterGone,
    Event,
    event_of,
    lines_of,
    pause_of,
    refusal,
    retry_after,
)

__all__ = ["ALL", "Cluster", "ClusterError", "ClusterGone", "Event", "Listing"]

R = TypeVar("R", bound=Resource)

ALL = "*"  # every namespace
FIELD_MANAGER = "kecs"
AT_ONCE = 32  # requests; an API server gives one client its share and answers what is above it with 429
ATTEMPTS = 5  # at one request, while the API server is too busy for it
FIRST_PAUSE = 0.25  # seconds before the second attempt; each further one doubles it
ANSWER_WITHIN = 30.0  # seconds; the API server itself gives up on a request after 60
CONNECT_WITHIN = 5.0  # seconds
WATCH_FOR = 300  # seconds; a watch then ends by itself and is taken up again
SILENT_FOR = 100.0  # seconds without a word of a watch, which has a bookmark every minute: its connection is dead
CONFUSED_FOR = 10.0  # seconds after it was away; one that has just started forbids what it will allow
PAGE = 500  # objects of a list in one answer

_NODE_AWAY = (500, 502, 504)  # how the API server says that a kubelet does not answer it
_LOST = (httpx2.HTTPError, httpx2.StreamError, ConfigError, OSError)  # ConfigError: a helper has no token to give


class Listing(NamedTuple):
    """What a list found, and the version of the collection from which a watch goes on."""

    items: list[Any]
    version: str


def configured(kubeconfig: Path | None = None, context: str | None = None) -> SingleConfig:
    """How to connect, with that file and context. By default to the cluster that KECS runs in, else to that of
    KUBECONFIG or ~/.kube/config, and its current context. Raises RuntimeUnavailable."""
    try:
        found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        config = found.get(context)
    except (ConfigError, KeyError, OSError) as error:
        raise RuntimeUnavailable(f"no Kubernetes cluster is known: {error}") from error
    except (ValueError, TypeError, AttributeError, yaml.YAMLError, msgspec.ValidationError) as error:
        said = " ".join(str(error).split())
        raise RuntimeUnavailable(f"no Kubernetes cluster is known: the kubeconfig cannot be read: {said}") from error
    assert config is not None
    return config


class Cluster:
    """A connection pool to one API server.

    `calls` counts the requests made, as `verb resource` (`create pods`, `watch nodes`), repeated attempts included.
    `trouble` says in one line why the API server does not answer; None when it last did.
    """

    def __init__(self, config: SingleConfig) -> None:
        """Needs a running event loop. Raises RuntimeUnavailable."""
        self._config = config
        self.url = config.cluster.server
        self.context = config.context_name
        self.kubeconfig = config.fname  # None: the account of the pod that KECS runs in
        self.namespace = config.namespace  # of the context, or of the account
        self.calls: Counter[str] = Counter()
        self.trouble: str | None = None
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._away_at = float("-inf")
        try:
            timeout = httpx2.Timeout(ANSWER_WITHIN, connect=CONNECT_WITHIN, pool=None)
            # This layer of lightkube has no types.
            self._api: Any = _Api(ConnectionParams(timeout=timeout), config, field_manager=FIELD_MANAGER)
        except (ConfigError, OSError, AssertionError) as error:
            raise RuntimeUnavailable(f"the Kubernetes context {config.context_name} cannot be used: {error}") from error

    @classmethod
    def named(cls, kubeconfig: Path | None = None, context: str | None = None) -> Cluster:
        """The cluster of that file and context, see `configured`. Raises RuntimeUnavailable."""
        return cls(configured(kubeconfig, context))

    async def close(self) -> None:
        await self._api.close()

    def tls(self) -> ssl.SSLContext | None:
        """How to speak TLS with the API server; None where it speaks plain HTTP."""
        if not self.url.startswith("https:"):
            return None
        assert self._config.user is not None
        return verify_cluster(self._config.cluster, self._config.user, self._config.abs_file)

    async def headers(self) -> dict[str, str]:
        """The headers by which the API server knows who asks, for connections that others make."""
        auth = user_auth(self._config.user)
        if auth is None:
            return {}
        async with aclosing(auth.async_auth_flow(httpx2.Request("GET", self.url))) as flow:
            request = await anext(flow)
        return {"Authorization": request.headers["Authorization"]}

    async def get(self, kind: type[R], name: str, namespace: str | None = None) -> R:
        found: R = await self._ask("get", kind, self._one("get", kind, name, namespace))
        return found

    async def list(
        self, kind: type[Resource], namespace: str | None = ALL, *, labels: str | None = None, fields: str | None = None
    ) -> Listing:
        """All that match the selectors, in pages: those of one version, so a list that took too long begins anew."""
        params = {"labelSelector": labels, "fieldSelector": fields, "limit": PAGE}
        scope = _scope(kind, namespace)
        try:
            return await self._pages(kind, self._api.prepare_request("list", kind, namespace=scope, params=params))
        except ClusterError as error:
            if error.status != 410:
                raise
        return await self._pages(kind, self._api.prepare_request("list", kind, namespace=scope, params=params))

    async def _pages(self, kind: type[Resource], request: BasicRequest) -> Listing:
        items: list[Any] = []
        more, version = True, ""
        while more:
            more, version, page = await self._ask("list", kind, request)  # which sets `continue` in the request
            items += page
        return Listing(items, version or "")

    async def create(self, kind: type[R], manifest: Mapping[str, Any], namespace: str | None = None) -> R:
        """Raises ClusterError with status 409 where one of the name is there, also when this made it: the answer to an
        earlier attempt may have been lost."""
        request = self._api.prepare_request("list", kind, namespace=namespace, params={"fieldManager": FIELD_MANAGER})
        request.method, request.data, request.response_type = "POST", _whole(kind, manifest), kind
        made: R = await self._ask("create", kind, request)
        return made

    async def apply(self, kind: type[R], manifest: Mapping[str, Any], namespace: str | None = None) -> R:
        """Server-side apply, by force: what KECS says of an object is for KECS to say."""
        name = manifest["metadata"]["name"]
        params = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._send_patch("apply", kind, name, _whole(kind, manifest), namespace, PatchType.APPLY, params)

    async def patch(
        self,
        kind: type[R],
        name: str,
        change: Any,
        namespace: str | None = None,
        *,
        way: PatchType = PatchType.STRATEGIC,
    ) -> R:
        params = {"fieldManager": FIELD_MANAGER}
        return await self._send_patch("patch", kind, name, change, namespace, way, params)

    async def delete(
        self,
        kind: type[Resource],
        name: str,
        namespace: str | None = None,
        *,
        grace: int | None = None,
        uid: str | None = None,
    ) -> None:
        """`grace` in seconds. With `uid` only that very object: another one of its name is a conflict (409)."""
        request = self._one("delete", kind, name, namespace)
        request.data = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if grace is not None:
            request.data["gracePeriodSeconds"] = grace
        if uid is not None:
            request.data["preconditions"] = {"uid": uid}
        await self._ask("delete", kind, request)

    async def delete_collection(
        self, kind: type[Resource], namespace: str | None = None, *, labels: str, grace: int | None = None
    ) -> None:
        """Every object of the namespace that the selector matches."""
        params = {"labelSelector": labels, "gracePeriodSeconds": grace}
        request = self._api.prepare_request("list", kind, namespace=_scope(kind, namespace), params=params)
        request.method, request.response_type = "DELETE", None
        await self._ask("deletecollection", kind, request)

    async def watch(
        self,
        kind: type[Resource],
        version: str,
        namespace: str | None = ALL,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[Event]:
        """What happens to these objects after `version`, until the API server ends it. One request, no second attempt;
        raises ClusterError with status 410 for a version that is forgotten."""
        params = {"labelSelector": labels, "fieldSelector": fields, "resourceVersion": version}
        params |= {"timeoutSeconds": str(WATCH_FOR), "allowWatchBookmarks": "true"}
        scope = _scope(kind, namespace)
        request = self._api.prepare_request("list", kind, namespace=scope, watch=True, params=params)
        request.timeout = httpx2.Timeout(SILENT_FOR, connect=CONNECT_WITHIN, pool=None)
        async with self._stream("watch", kind, request) as pieces:
            async for line in lines_of(pieces):
                yield event_of(line, kind)

    async def log(
        self,
        name: str,
        namespace: str,
        container: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        timestamps: bool = True,
        since: str | None = None,
        silent: float | None = None,
    ) -> AsyncIterator[bytes]:
        """What a container has written, in pieces as they come; each line behind its time in RFC 3339 unless
        `timestamps` is false. `since` is such a time, of which Kubernetes takes the whole seconds. Who follows can
        have it break off after so many `silent` seconds: the connection may be dead. Raises ClusterError, with status
        400 for a container that has not started."""
        params = {"container": container, "tailLines": tail, "sinceTime": since}
        params |= {"follow": "true" if follow else None, "timestamps": "true" if timestamps else None}
        request = self._api.prepare_request("get", PodLog, name=name, namespace=namespace, params=params)
        request.timeout = httpx2.Timeout(silent if follow else ANSWER_WITHIN, connect=CONNECT_WITHIN, pool=None)
        async with self._stream("log", PodLog, request) as pieces:
            async for piece in pieces:
                yield piece

    def _one(self, verb: str, kind: type[Resource], name: str, namespace: str | None) -> BasicRequest:
        request: BasicRequest = self._api.prepare_request(verb, kind, name=name, namespace=namespace)
        return request

    async def _send_patch(
        self,
        verb: str,
        kind: type[R],
        name: str,
        change: Any,
        namespace: str | None,
        way: PatchType,
        params: dict[str, str],
    ) -> R:
        request = self._api.prepare_request(
            "get", kind, name=name, namespace=namespace, params=params, headers={"Content-Type": way.value}
        )
        request.method, request.data = "PATCH", change
        changed: R = await self._ask(verb, kind, request)
        return changed

    async def _ask(self, verb: str, kind: type[Resource], request: BasicRequest) -> Any:
        """Send the request, again while the API server is too busy or a connection breaks, and decode the answer."""
        pause = FIRST_PAUSE
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._turn:
                    self._count(verb, kind)
                    answer = await self._api.send(self._api.build_adapter_request(request))
                self._check(answer)
                return self._api.handle_response("list" if verb == "list" else "get", answer, request)
            except Busy as busy:
                if attempt == ATTEMPTS:
                    raise self._gone(f"it is too busy: {busy.message}", busy.after) from None
                wait = pause_of(pause, busy.after)
            except _LOST as error:
                if attempt > 1 or not isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
                    raise self._gone(str(error) or type(error).__name__) from error
                wait = 0.0  # most likely the API server had closed a connection that was not in use
            await asyncio.sleep(wait)
            pause *= 2
        raise AssertionError

    @asynccontextmanager
    async def _stream(
        self, verb: str, kind: type[Resource], request: BasicRequest
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The pieces of an answer as they come. It takes no turn: it may last for days."""
        self._count(verb, kind)
        try:
            answer = await self._api.send(self._api.build_adapter_request(request), stream=True)
            try:
                if answer.status_code >= 400:
                    await answer.aread()
                self._check(answer)
                yield answer.aiter_bytes()
            finally:
                await answer.aclose()
        except Busy as busy:
            if verb == "log" and busy.status in _NODE_AWAY:
                raise ClusterError(busy.status, busy.reason, busy.message) from None
            raise self._gone(f"it is too busy: {busy.message}", busy.after) from None
        except _LOST as error:
            why = str(error) or type(error).__name__
            raise (ClusterGone(why) if verb == "log" else self._gone(why)) from error

    def _count(self, verb: str, kind: type[Resource]) -> None:
        self.calls[f"{verb} {api_info(kind).plural}"] += 1

    def _check(self, answer: httpx2.Response) -> None:
        """Raise what the answer says went wrong."""
        now, status = asyncio.get_running_loop().time(), answer.status_code
        if status < 400:
            self.trouble = None
            return
        error = refusal(status, answer.content)
        confused = status == 403 and now - self._away_at < CONFUSED_FOR
        if status in (401, 429) or status >= 500 or confused:  # 401: a token may be renewed
            raise Busy(error, retry_after(answer))
        self.trouble = None
        raise error

    def _gone(self, why: str, after: float = 0.0) -> ClusterGone:
        self._away_at = asyncio.get_running_loop().time()
        gone = ClusterGone(f"the Kubernetes API server at {self.url} does not answer: {why}", after)
        self.trouble = gone.message
        return gone


class _Api(GenericAsyncClient):
    """lightkube's client, with connections for every stream that somebody follows."""

    @staticmethod
    def AdapterClient(config: SingleConfig, params: ConnectionParams) -> httpx2.AsyncClient:  # type: ignore[override]  # noqa: N802  as lightkube's own subclass does
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=AT_ONCE, keepalive_expiry=60.0)
        return httpx2.AsyncClient(limits=limits, **params.httpx_params(config))


def _whole(kind: type[Resource], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with what every one has to say of itself."""
    resource = api_info(kind).resource
    return {"apiVersion": resource.api_version, "kind": resource.kind, **manifest}


def _scope(kind: type[Resource], namespace: str | None) -> str | None:
    """lightkube has no word for every namespace where there are none."""
    return namespace if issubclass(kind, NamespacedResource) else None
