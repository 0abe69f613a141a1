"""Errors as clients of any of AWS's protocols read them. For requests of services that are not KECS's own: `gateway`
and `companions` have to refuse some of those, and know nothing of their models.

https://smithy.io/2.0/aws/protocols/index.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape

import msgspec

Protocol = Literal["json", "rest-json", "query", "ec2", "rest-xml", "cbor"]

_FORM = b"application/x-www-form-urlencoded"
_XML_SERVICES = {"s3", "s3express", "route53", "cloudfront"}  # REST, and their bodies are XML


class Refusal(NamedTuple):
    """An error on the wire."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def protocol_of(headers: Mapping[bytes, bytes], service: str) -> Protocol:
    """What the client speaks that sent these headers (names in lower case) to the service."""
    if b"x-amz-target" in headers:
        return "json"
    if headers.get(b"smithy-protocol", b"").lower() == b"rpc-v2-cbor":
        return "cbor"
    if headers.get(b"content-type", b"").lower().startswith(_FORM):
        return "ec2" if service == "ec2" else "query"
    return "rest-xml" if service in _XML_SERVICES else "rest-json"


def error_in(protocol: Protocol, status: int, code: str, text: str) -> Refusal:
    """The error as a client reads it that speaks the protocol."""
    kind, body = _BODIES[protocol]
    # Of these two, each protocol knows one.
    named = [(b"x-amzn-errortype", code.encode())] if protocol == "rest-json" else []
    spoken = [(b"smithy-protocol", b"rpc-v2-cbor")] if protocol == "cbor" else []
    written = body(code, text)
    if protocol == "query" and status >= 500:
        written = written.replace(b"<Type>Sender<", b"<Type>Receiver<", 1)
    return Refusal(status, [(b"content-type", kind), *named, *spoken], written)


def _json(code: str, text: str) -> bytes:
    return msgspec.json.encode({"__type": code, "message": text})


def _xml(*tags: str) -> str:
    """A template: code and text inside these tags."""
    ends = "".join(f"</{tag}>" for tag in reversed(tags))
    return "".join(f"<{tag}>" for tag in tags) + "<Code>{}</Code><Message>{}</Message>" + ends


def _query(code: str, text: str) -> bytes:
    fault = f"<Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(text)}</Message></Error>"
    return f"<ErrorResponse>{fault}</ErrorResponse>".encode()


def _ec2(code: str, text: str) -> bytes:
    return _xml("Response", "Errors", "Error").format(escape(code), escape(text)).encode()


def _rest_xml(code: str, text: str) -> bytes:
    return _xml("Error").format(escape(code), escape(text)).encode()


def _cbor(code: str, text: str) -> bytes:
    """A map of two texts (RFC 8949)."""
    return b"\xa2" + b"".join(map(_cbor_text, ("__type", code, "message", text)))


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x7a" + len(data).to_bytes(4, "big") + data


_BODIES = {
    "json": (b"application/x-amz-json-1.1", _json),
    "rest-json": (b"application/json", _json),
    "query": (b"text/xml", _query),
    "ec2": (b"text/xml", _ec2),
    "rest-xml": (b"application/xml", _rest_xml),
    "cbor": (b"application/cbor", _cbor),
}
