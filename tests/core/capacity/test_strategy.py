"""Base and weight: where the next tasks go, and which stop first."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kecs.aws.model import ecs as m
from kecs.core.capacity import assign, beyond_share


def item(name: str, weight: int = 0, base: int = 0) -> m.CapacityProviderStrategyItem:
    return m.CapacityProviderStrategyItem(capacity_provider=name, weight=weight, base=base)


def test_the_base_comes_first_and_the_weights_share_out_the_rest() -> None:
    strategy = [item("a", 1, 2), item("b", 3)]
    assert Counter(assign(strategy, 10, {})) == {"a": 4, "b": 6}
    assert assign(strategy, 2, {}) == ["a", "a"]


def test_what_runs_already_counts() -> None:
    assert assign([item("a", 1), item("b", 1)], 2, {"a": 2}) == ["b", "b"]


def test_a_provider_of_weight_0_gets_its_base_and_nothing_more() -> None:
    assert Counter(assign([item("a", 0, 1), item("b", 1)], 5, {})) == {"a": 1, "b": 4}


def test_scaling_in_stops_what_is_beyond_a_providers_share_first() -> None:
    strategy = [item("a", 1, 1), item("b", 1)]
    providers = ["a", "a", "a", "b", "b"]  # newest first
    order = beyond_share(strategy, providers, 1)
    assert [providers[place] for place in order[:4]] == ["a", "a", "b", "b"]
    assert order == [0, 1, 3, 4, 2]


NAMES = ("a", "b", "c")
STRATEGIES = st.tuples(st.integers(0, 5), st.lists(st.integers(0, 4), min_size=2, max_size=3).filter(any)).map(
    lambda given: [item(NAMES[i], weight, given[0] if i == 0 else 0) for i, weight in enumerate(given[1])]
)


@given(STRATEGIES, st.integers(0, 40))
def test_shares_are_within_one_task_of_the_weights(strategy: list[m.CapacityProviderStrategyItem], count: int) -> None:
    chosen = Counter(assign(strategy, count, {}))
    base = min(count, strategy[0].base or 0)
    total = sum(each.weight or 0 for each in strategy)
    for each in strategy:
        exact = (count - base) * (each.weight or 0) / total
        mine = chosen[each.capacity_provider] - (base if each is strategy[0] else 0)
        assert abs(mine - exact) < len(strategy)


@given(STRATEGIES, st.integers(0, 30), st.integers(0, 30))
def test_scaling_out_and_in_again_leaves_the_shares_as_they_were(
    strategy: list[m.CapacityProviderStrategyItem], fewer: int, more: int
) -> None:
    providers = assign(strategy, fewer + more, {})[::-1]
    stopped = set(beyond_share(strategy, providers, fewer)[:more])
    left = Counter(provider for place, provider in enumerate(providers) if place not in stopped)
    assert left == Counter(assign(strategy, fewer, {}))
    assert sorted(beyond_share(strategy, providers, fewer)) == list(range(len(providers)))
