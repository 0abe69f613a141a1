"""Another AWS by URL: an emulator, which takes a request as it is, or AWS itself, for which it has to be signed anew.

`around` calls it. An emulator checks no signature, and finds service and region in it as KECS does. AWS would refuse
one for KECS's host, so there the request gets a signature with the credentials of whoever started KECS.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from kecs.companions.hosts import bucket_in, host_of
from kecs.ports.companion import Addressed

if TYPE_CHECKING:
    from aiohttp import ClientSession

Headers = list[tuple[str, str]]

DOMAIN = "amazonaws.com"
_CONNECT = 10.0  # seconds
_MOST_SIGNED = 64 * 1024 * 1024  # bytes: what has to be there as a whole before it can be signed; S3's are not
_UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNED_BEFORE = {"authorization", "x-amz-date", "x-amz-security-token", "date"}
_SIGNED_IN_QUERY = {
    "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-security-token", "x-amz-signature",
    "x-amz-signedheaders", "awsaccesskeyid", "expires", "signature",
}  # fmt: skip


class CannotSign(ValueError):
    """AWS would refuse the request; the text says why."""


class Remote:
    """Every companion by URL."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None
        self._credentials: Any = None

    async def session(self) -> ClientSession:
        if self._session is None:
            aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
            self._session = self._session or aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        session: ClientSession = self._session
        return session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def ready(
        self, companion: str, to: Addressed, method: str, path: str, headers: Headers, body: AsyncIterator[bytes] | None
    ) -> tuple[str, Headers, AsyncIterator[bytes] | bytes | None]:
        """URL, headers and body as the companion at this URL takes the request. Raises CannotSign."""
        told = dict(headers)
        if to.service == "s3" and (bucket := bucket_in(told.get("host", ""))):
            path = f"/{bucket}{path}"
        headers = [(name, value) for name, value in headers if name != "host"]
        host = urlsplit(companion).hostname or ""
        if host != DOMAIN and not host.endswith(f".{DOMAIN}"):
            return companion + path, headers, body
        if host == DOMAIN:
            host = host_of(to.service, to.region, path.partition("?")[0], told.get("x-amz-target", ""))
        data = body if body is None or to.service == "s3" else await _whole(body)
        url, headers = await asyncio.to_thread(
            self._signed, to, method, f"https://{host}{path}", headers, data if isinstance(data, bytes) else b""
        )
        return url, headers, data

    def _signed(self, to: Addressed, method: str, url: str, headers: Headers, data: bytes) -> tuple[str, Headers]:
        try:
            import botocore.session
        except ImportError as error:
            raise CannotSign("requests to AWS need KECS's extra aws: pip install 'kecs[aws]'") from error
        if self._credentials is None:
            self._credentials = botocore.session.Session().get_credentials()
        if self._credentials is None:
            raise CannotSign("KECS has no credentials for AWS in its environment or configuration")
        return signed_anew(to, method, url, headers, data, self._credentials)


def signed_anew(
    to: Addressed, method: str, url: str, headers: Headers, data: bytes, credentials: Any
) -> tuple[str, Headers]:
    """URL and headers with a signature by these credentials in place of the one that they had. Raises CannotSign."""
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest

    hashed = dict(headers).get("x-amz-content-sha256", "")
    if hashed.startswith("STREAMING-AWS4"):
        raise CannotSign("a body that is signed chunk by chunk cannot be signed anew")
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0].lower() not in _SIGNED_IN_QUERY]
    url = parts._replace(query=urlencode(query, quote_via=quote)).geturl()
    kept = {name: value for name, value in headers if name not in _SIGNED_BEFORE and name != "x-amz-content-sha256"}
    # What a client's own connection has put in is no part of what is signed.
    signing = {name: value for name, value in kept.items() if name.startswith("x-amz-") or name == "content-type"}

    class OfS3(S3SigV4Auth):  # type: ignore[misc,unused-ignore]
        def payload(self, request: Any) -> str:  # noqa: ARG002  # botocore's signature
            return hashed if hashed.startswith("STREAMING-UNSIGNED") else _UNSIGNED

    request = AWSRequest(method=method, url=url, headers=signing, data=data)
    (OfS3 if to.service == "s3" else SigV4Auth)(credentials, to.service, to.region).add_auth(request)
    given = {name.lower(): str(value) for name, value in request.headers.items()}
    return url, [*((name, value) for name, value in kept.items() if name not in given), *given.items()]


async def _whole(body: AsyncIterator[bytes]) -> bytes:
    """Raises CannotSign for one that is too large."""
    parts, size = [], 0
    async for part in body:
        parts.append(part)
        size += len(part)
        if size > _MOST_SIGNED:
            raise CannotSign(f"a body of more than {_MOST_SIGNED} bytes cannot be signed")
    return b"".join(parts)
