"""How many tasks with a network interface of their own an EC2 instance can hold.

A type takes so many interfaces, and the first of them is the instance's. What stands in no table here takes any number,
as do instances with trunking and those that KECS itself makes: their tasks share the network of the machine they are
on. Called when an agent registers an instance.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AvailableIpPerENI.html
"""

from __future__ import annotations

import re

_GENERAL = re.compile(r"[cmr][5-8][a-z]*")
GENERAL_SIZES = {
    "medium": 2,
    "large": 3,
    "xlarge": 4,
    "2xlarge": 4,
    "4xlarge": 8,
    "8xlarge": 8,
    "9xlarge": 8,
    "12xlarge": 8,
    "16xlarge": 15,
    "18xlarge": 15,
    "24xlarge": 15,
}
SMALL_SIZES = {"nano": 2, "micro": 2, "small": 3, "medium": 3, "large": 3}
BURSTABLE_SIZES = {
    "t2": {**SMALL_SIZES, "xlarge": 3, "2xlarge": 3},
    "t3": {**SMALL_SIZES, "xlarge": 4, "2xlarge": 4},
    "t3a": {**SMALL_SIZES, "small": 2, "xlarge": 4, "2xlarge": 4},
    "t4g": {**SMALL_SIZES, "xlarge": 4, "2xlarge": 4},
}
"""By family and size: how many interfaces an instance takes."""


def task_interfaces(instance_type: str | None) -> int | None:
    """How many of the interfaces of an instance are left to its tasks; None: nothing is known of its type."""
    family, _, size = (instance_type or "").partition(".")
    sizes = GENERAL_SIZES if _GENERAL.fullmatch(family) else BURSTABLE_SIZES.get(family, {})
    return sizes[size] - 1 if size in sizes else None
