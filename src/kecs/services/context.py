"""What a handler of any API gets beside its request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kecs.core.arns import Scope
from kecs.core.settings import Settings
from kecs.ports.clock import Ids
from kecs.ports.store import Store

if TYPE_CHECKING:
    from kecs.core.tasks.launch import Refuse
    from kecs.ports.logs import LogService


@dataclass(frozen=True, slots=True)
class Context:
    """One call: who speaks (`scope`), when (`now`, seconds), and what it may touch.

    A handler is a plain function `(Context, Request) -> Response`. It runs inside one store transaction that
    `gateway.endpoint` opens: it raises a modelled error to answer that error and change nothing.
    """

    scope: Scope
    principal: str  # the ARN that AWS would name as the caller
    now: float
    ids: Ids
    store: Store
    settings: Settings
    refuse: Refuse | None = None  # asked before a task is placed
    logs: Callable[[], LogService] | None = None


Handler = Callable[[Context, Any], Any]
"""One operation: `(Context, m.<Operation>Request) -> m.<Operation>Response`."""
