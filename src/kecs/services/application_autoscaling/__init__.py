"""Application Auto Scaling, for services of ECS.

`HANDLERS` is the one table from an operation's name to what answers it.
"""

from __future__ import annotations

from kecs.services.context import Handler

HANDLERS: dict[str, Handler] = {}
