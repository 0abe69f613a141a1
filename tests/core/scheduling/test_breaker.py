"""The circuit breaker's threshold."""

from __future__ import annotations

import pytest

from kecs.aws.model import ecs as m
from kecs.core.scheduling.breaker import threshold

# type, value, desired count -> threshold; the first are AWS's examples
CASES = [
    (None, None, 1, 3),
    (None, None, 25, 13),
    (None, None, 400, 200),
    (None, None, 800, 200),
    ("BOUNDED_PERCENT", 50, 25, 13),
    ("BOUNDED_PERCENT", 10, 0, 3),
    ("BOUNDED_PERCENT", 100, 500, 200),
    ("UNBOUNDED_PERCENT", 100, 500, 500),
    ("UNBOUNDED_PERCENT", 1, 10, 1),
    ("COUNT", 1, 500, 1),
    ("COUNT", 300, 2, 300),
]


@pytest.mark.parametrize(("kind", "value", "desired", "failures"), CASES)
def test_thresholds(kind: m.ThresholdType | None, value: int | None, desired: int, failures: int) -> None:
    given = m.ThresholdConfiguration(type=kind, value=value or 0) if kind else None
    breaker = m.DeploymentCircuitBreaker(enable=True, rollback=False, threshold_configuration=given)
    assert threshold(breaker, desired) == failures
