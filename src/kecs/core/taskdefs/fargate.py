"""The sizes that Fargate offers: which memory goes with which CPU.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
Called when a task definition is registered for Fargate, and when a task of it is run with another size.
"""

from __future__ import annotations

from kecs.aws.model import ecs as m

_GB = 1024

LINUX_SIZES: dict[int, range | tuple[int, ...]] = {
    256: (512, 1 * _GB, 2 * _GB),
    512: range(1 * _GB, 4 * _GB + 1, _GB),
    1024: range(2 * _GB, 8 * _GB + 1, _GB),
    2048: range(4 * _GB, 16 * _GB + 1, _GB),
    4096: range(8 * _GB, 30 * _GB + 1, _GB),
    8192: range(16 * _GB, 60 * _GB + 1, 4 * _GB),
    16384: range(32 * _GB, 120 * _GB + 1, 8 * _GB),
}
"""CPU units to the MiB that may go with them."""

WINDOWS_SIZES = {cpu: memory for cpu, memory in LINUX_SIZES.items() if 1024 <= cpu <= 4096}


def check_fargate_size(cpu: int | None, memory: int | None, *, windows: bool = False) -> None:
    """Refuse a size that Fargate does not have. CPU units and MiB of the whole task. Raises ClientException."""
    for name, value in (("cpu", cpu), ("memory", memory)):
        if value is None:
            raise m.ClientException(f"Fargate requires that '{name}' be defined at the task level.")
    sizes = WINDOWS_SIZES if windows else LINUX_SIZES
    if cpu not in sizes or memory not in sizes[cpu]:
        raise m.ClientException("No Fargate configuration exists for given values.")


def is_windows(platform: m.RuntimePlatform | None) -> bool:
    """Whether a task definition asks for a Windows host; Linux is the default."""
    family = platform.operating_system_family if platform else None
    return family is not None and family.startswith("WINDOWS")
