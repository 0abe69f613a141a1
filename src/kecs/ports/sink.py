"""Where the events go that ECS and CodeDeploy send to EventBridge."""

from __future__ import annotations

from typing import Protocol

from kecs.core.eventbridge.event import Event


class Sink(Protocol):
    """What `control.events.eventbridge` hands events to."""

    def take(self, event: Event) -> None:
        """An event that has been committed; they come in the order in which things happened.

        Returns at once and raises nothing. `core.eventbridge.event.written_out` makes what EventBridge's targets get
        of it; whoever lets an event pass unseen need not call that.
        """
