"""Task-level `cpu` and `memory` as callers write them, turned into CPU units and MiB.

Called when a task definition is registered and when RunTask overrides its size.
"""

from __future__ import annotations

import re
from decimal import Decimal

from kecs.aws.model import ecs as m

_CPU = re.compile(r"\s*(\d*\.?\d+)\s*(vcpu)?\s*", re.IGNORECASE)
_MEMORY = re.compile(r"\s*(\d*\.?\d+)\s*(gb)?\s*", re.IGNORECASE)
_LEAST_CPU = 128  # 0.125 vCPU, the smallest task-level value that ECS knows
_MOST_CPU = 196608  # 192 vCPU


def cpu_units(text: str) -> int:
    """`"256"`, `".25 vCPU"` or `"1vcpu"` as CPU units. Raises ClientException for anything else."""
    units = _amount(_CPU, text)
    if units is None or not _LEAST_CPU <= units <= _MOST_CPU:
        raise m.ClientException("Invalid 'cpu' setting for task.")
    return units


def memory_mib(text: str) -> int:
    """`"512"`, `"0.5 GB"` or `"2GB"` as MiB. Raises ClientException for anything else."""
    size = _amount(_MEMORY, text)
    if size is None or size < 1:
        raise m.ClientException("Invalid 'memory' setting for task.")
    return size


def _amount(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.fullmatch(text)
    if match is None:
        return None
    amount = Decimal(match[1]) * (1024 if match[2] else 1)
    return int(amount) if amount == int(amount) else None
