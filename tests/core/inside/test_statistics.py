"""Statistics of containers, compared with what was seen before."""

from __future__ import annotations

from typing import Any

from kecs.core.inside.statistics import with_rates


def seen(read: str, received: int, **more: Any) -> dict[str, Any]:
    network = {"eth0": {"rx_bytes": received, "tx_bytes": 2 * received}, "eth1": {"rx_bytes": 0, "tx_bytes": 0}}
    return {"read": read, "preread": "", "cpu_stats": {"of": read}, "precpu_stats": {}, "networks": network, **more}


def test_the_first_look_is_compared_with_nothing() -> None:
    assert with_rates(None, (10.0, seen("a", 100))) == seen("a", 100)


def test_the_next_one_says_what_has_changed_and_how_fast() -> None:
    found = with_rates((10.0, seen("a", 100)), (14.0, seen("b", 500)))
    assert (found["preread"], found["precpu_stats"]) == ("a", {"of": "a"})
    assert found["network_rate_stats"] == {"rx_bytes_per_sec": 100.0, "tx_bytes_per_sec": 200.0}


def test_a_network_that_counts_anew_carries_nothing() -> None:
    found = with_rates((10.0, seen("a", 100)), (14.0, seen("b", 50)))
    assert found["network_rate_stats"] == {"rx_bytes_per_sec": 0.0, "tx_bytes_per_sec": 0.0}


def test_without_a_network_of_its_own_there_is_no_rate() -> None:
    found = with_rates((10.0, seen("a", 1)), (14.0, seen("b", 5, networks=None)))
    assert "network_rate_stats" not in found


def test_the_same_look_again_is_what_it_was() -> None:
    assert with_rates((10.0, seen("a", 1)), (10.0, seen("a", 1))) == seen("a", 1)
