"""What a world has sent to EventBridge."""

from __future__ import annotations

from typing import Any

from kecs.core.eventbridge.event import written_out

from .world import World


def sent(world: World, detail_type: str, **members: Any) -> list[dict[str, Any]]:
    """The details of the events of that type, as far as they have these members."""
    events = [written_out(kept.event) for kept in world.kernel.sent.recent()]
    details = [event["detail"] for event in events if event["detail-type"] == detail_type]
    return [detail for detail in details if all(detail.get(name) == value for name, value in members.items())]
