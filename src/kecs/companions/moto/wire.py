"""What KECS and moto's process have agreed on; both import it."""

from __future__ import annotations

import msgspec

AWS_URL = "x-kecs-aws-url"  # where the request would go at AWS, without its query
URL = "x-kecs-url"  # as its client sees it, or as moto has to see it
ACCOUNT = "x-kecs-account"  # whose request it is, unless moto knows its key
KEY = "x-kecs-key"
CONTROL = "x-kecs-control"  # what KECS itself wants
OF_KECS = "x-kecs-"
TROUBLE = 599  # no status of HTTP's: there is a Trouble in the body


class Trouble(msgspec.Struct):
    """Why there is no answer."""

    text: str
    trace: str  # of a bug; "": moto does not have it
