"""What KECS and moto's process have agreed on; both import it."""

from __future__ import annotations

import msgspec

AWS_URL = "x-kecs-aws-url"  # where the request would go at AWS, without its query
URL = "x-kecs-url"  # as its client sees it, or as moto has to see it
ACCOUNT = "x-kecs-account"  # whose request it is, unless moto knows its key
KEY = "x-kecs-key"
WHO = "x-kecs-who"  # a Caller: whose credentials of KECS's own have signed the request
CONTROL = "x-kecs-control"  # what KECS itself wants
OF_KECS = "x-kecs-"
TROUBLE = 599  # no status of HTTP's: there is a Trouble in the body


class Caller(msgspec.Struct):
    """A task, by its role."""

    access_key: str
    account: str
    role_arn: str
    session: str


class Trouble(msgspec.Struct):
    """Why there is no answer."""

    text: str
    trace: str  # of a bug; "": moto does not have it
