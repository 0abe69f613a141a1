"""GET /_kecs/health, apart from the rest of the admin API: it is the first thing asked of a new KECS, and answering it
must not wait for a web framework to be imported. `gateway` calls it for that path, `gateway.admin` as a route.
"""

from __future__ import annotations

import msgspec

from kecs.ports.console import Console


def health_response(console: Console) -> bytes:
    """The JSON body of the answer, which always has status 200: whatever is wrong stands in `status`."""
    return msgspec.json.encode(console.health())
