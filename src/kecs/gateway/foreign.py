"""Requests for services of AWS's that KECS does not have, as far as they carry no target header. `gateway.http` asks.

The signature says which service the caller wants. Query protocols get their answer in XML: their clients can read no
other. An API of such a protocol would be told apart here, by the service and `Action` or by the path.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

import msgspec

from kecs.aws.errors import UnknownOperationException
from kecs.gateway.endpoint import THERE, Answer
from kecs.services.apis import APIS

XML = b"text/xml"
_FORM = b"application/x-www-form-urlencoded"
_SERVICE = re.compile(rb"Credential=[^/,\s]+/[^/]*/[^/]*/([a-z0-9-]+)/aws4_request")
_OURS = {api.name for api in APIS}


def signed_service(authorization: bytes | None) -> str:
    """The service that a signature is for; "" without one."""
    match = _SERVICE.search(authorization or b"")
    return match[1].decode() if match else ""


def refusal_of_foreign(authorization: bytes | None, content_type: bytes) -> Answer | None:
    """The answer to a request that is signed for another service; None for one that is not."""
    service = signed_service(authorization)
    if not service or service in _OURS:
        return None
    code, text = UnknownOperationException.code, f"KECS does not have the service {service}. It has {THERE}."
    if not content_type.lower().startswith(_FORM):
        return Answer(400, msgspec.json.encode({"__type": code, "message": text}))
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(text)}</Message></Error>"
    return Answer(400, f"<ErrorResponse>{error}</ErrorResponse>".encode(), XML)
