"""How many network interfaces an instance has for its tasks."""

from __future__ import annotations

import pytest

from kecs.core.instances.interfaces import task_interfaces


@pytest.mark.parametrize(
    ("instance_type", "count"),
    [
        ("t2.micro", 1),
        ("t2.xlarge", 2),
        ("t3.xlarge", 3),
        ("t3a.small", 1),
        ("m5.large", 2),
        ("c5.9xlarge", 7),
        ("c7gn.medium", 1),
        ("r6i.16xlarge", 14),
        ("m5.metal", None),
        ("x1e.32xlarge", None),
        ("m5", None),
        ("", None),
        (None, None),
    ],
)
def test_the_first_interface_is_the_instance_s_own(instance_type: str | None, count: int | None) -> None:
    assert task_interfaces(instance_type) == count
