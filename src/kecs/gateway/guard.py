"""Keeps web pages away from the admin API: a page that a developer visits must not move, read or reset their KECS.

`gateway` asks this before it answers anything under /_kecs. A browser names the page that caused a request in `Origin`
or `Sec-Fetch-Site`. A page that lets its own DNS name point at this machine (DNS rebinding) counts as the same origin
for the browser, so the `Host` header has to be a name that nobody else can own.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

Headers = Iterable[tuple[bytes, bytes]]  # names in lower case, as ASGI has them

_FOREIGN_SITES = {"cross-site", "same-site"}


def refusal(headers: Headers, configured_host: str | None = None) -> str | None:
    """Why a request to /_kecs is refused (answer 403 with this text), None when it is welcome."""
    values = {name: value.decode("latin-1") for name, value in headers}
    host = values.get(b"host")
    if host is not None and not _is_ours(host, configured_host):
        return f"The host name {host!r} is not one of this KECS; use 127.0.0.1 or localhost."
    if values.get(b"sec-fetch-site", "").lower() in _FOREIGN_SITES:
        return "A web page on another origin caused this request."
    origin = values.get(b"origin")
    if origin is not None and not _same_origin(origin, host):
        return "A web page on another origin caused this request."
    return None


def _is_ours(host: str, configured_host: str | None) -> bool:
    name = _host_name(host)
    if name is None:
        return False
    if name == (configured_host or "").lower() or name.endswith((".localhost", ".internal", ".svc")):
        return True  # .svc: a Service of the cluster that KECS is in
    if "." not in name and ":" not in name:
        return True  # localhost, or a container's name: nobody can register a name without a dot
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _host_name(host: str) -> str | None:
    """The name of a Host header without port, brackets and case; None when it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return None if parts.netloc != host or parts.username is not None else parts.hostname


def _same_origin(origin: str, host: str | None) -> bool:
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and authority.lower() == (host or "").lower()
