"""Who speaks: account and region out of a Signature Version 4 header.

KECS checks no signature, it reads the credential scope: `Credential=<access key>/<date>/<region>/<service>/…`. An
access key id that is 12 digits names the account, and so does that of a task's credentials.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import re
from functools import lru_cache

from kecs.aws.errors import ModeledError
from kecs.core.arns import Scope

_CREDENTIAL = re.compile(rb"Credential=([^/,\s\x80-\xff]+)/[^/]*/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


class IncompleteSignatureException(ModeledError):
    """The Authorization header is there and is no signature that could be read."""

    code = "IncompleteSignatureException"


class Callers:
    """Scopes by the part of the header that names them."""

    def __init__(self, account: str, region: str) -> None:
        self._default = Scope(account=account, region=region)
        self._of_header = lru_cache(maxsize=1024)(self._parse)

    def scope(self, authorization: bytes | None) -> Scope:
        """The scope of a request; the default one without a signature. Raises IncompleteSignatureException."""
        if authorization is None:
            return self._default
        # Everything behind the credential differs from request to request; it stands first in all of AWS's clients.
        first = authorization.partition(b",")[0]
        return self._of_header(first if b"Credential=" in first else authorization)

    def _parse(self, credential: bytes) -> Scope:
        match = _CREDENTIAL.search(credential)
        if match is None:
            raise IncompleteSignatureException("Authorization header requires 'Credential' parameter.")
        key, region = match[1].decode(), match[2].decode()
        return Scope(account=_account_of(key) or self._default.account, region=region)


def _account_of(key: str) -> str | None:
    if len(key) == 12 and key.isdigit():
        return key
    if not key.startswith("ASIA"):
        return None
    from kecs.core.inside.credentials import account_in  # with the first who calls with a task's credentials

    return account_in(key)
