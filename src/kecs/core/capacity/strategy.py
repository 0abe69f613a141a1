"""Base and weight of a capacity provider strategy.

As AWS describes it: `base` tasks go to the provider that names one first; the rest is shared out by weight.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from kecs.aws.model import ecs as m

FargateProvider = Literal["FARGATE", "FARGATE_SPOT"]
FARGATE_PROVIDERS: tuple[FargateProvider, ...] = ("FARGATE", "FARGATE_SPOT")


def launch_type_of(provider: str, managed: Collection[str]) -> str:
    """What a task of this provider shows as its launch type; `managed` are the cluster's Managed Instances ones."""
    if provider in FARGATE_PROVIDERS:
        return "FARGATE"
    return "MANAGED_INSTANCES" if provider in managed else "EC2"


def assign(strategy: Sequence[m.CapacityProviderStrategyItem], count: int, running: Mapping[str, int]) -> list[str]:
    """The providers of the next `count` tasks, given how many tasks each provider runs already."""
    have = {item.capacity_provider: running.get(item.capacity_provider, 0) for item in strategy}
    chosen: list[str] = []
    for _ in range(count):
        provider = _next(strategy, have)
        have[provider] += 1
        chosen.append(provider)
    return chosen


def beyond_share(strategy: Sequence[m.CapacityProviderStrategyItem], providers: Sequence[str], keep: int) -> list[int]:
    """Which of the tasks (places in `providers`, each one's provider) to stop first so that `keep` are shared out as
    the strategy says: those beyond their provider's share, then the others, both in the order given."""
    if len(strategy) < 2:
        return list(range(len(providers)))
    share, have = Counter(assign(strategy, keep, {})), Counter(providers)
    first: list[int] = []
    rest: list[int] = []
    for place, provider in enumerate(providers):
        beyond = have[provider] > share[provider]
        have[provider] -= beyond
        (first if beyond else rest).append(place)
    return first + rest


def _next(strategy: Sequence[m.CapacityProviderStrategyItem], have: Mapping[str, int]) -> str:
    for item in strategy:
        if have[item.capacity_provider] < (item.base or 0):
            return item.capacity_provider
    weighted = [item for item in strategy if (item.weight or 0) > 0] or list(strategy)
    # The one that is furthest below its share; the earlier one when two are alike.
    return min(
        weighted, key=lambda item: (have[item.capacity_provider] - (item.base or 0) + 1) / (item.weight or 1)
    ).capacity_provider
