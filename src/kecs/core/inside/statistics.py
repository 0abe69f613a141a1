"""Statistics of containers as the task metadata endpoint shows them: Docker's, and what its network carries a second.

`runtimes` call this with what they have seen of a container before.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kecs.core.inside.seen import Statistics


def with_rates(before: tuple[float, Statistics] | None, now: tuple[float, Statistics]) -> Statistics:
    """The statistics of now, with those of an earlier time (seconds) as what they are compared to."""
    at, statistics = now
    if before is None or at <= before[0]:
        return statistics
    seconds, earlier = at - before[0], before[1]
    rates = {
        f"{way}_bytes_per_sec": max(_carried(statistics, way) - _carried(earlier, way), 0) / seconds
        for way in ("rx", "tx")
    }
    compared = {"preread": earlier["read"], "precpu_stats": earlier.get("cpu_stats", {})}
    return statistics | compared | ({"network_rate_stats": rates} if statistics.get("networks") else {})


def _carried(statistics: Statistics, way: str) -> int:
    networks: Mapping[str, Mapping[str, Any]] = statistics.get("networks") or {}
    return sum(network[f"{way}_bytes"] for network in networks.values())
