"""EC2 instance types as far as placement needs them: what there is to a size, and which types meet requirements.

The numbers are those of https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html: within a family every
size has its vCPUs times the family's memory per vCPU, so FAMILIES and SIZES say it all; what does not follow that rule
stands in SPECIAL. An instance registers all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol

from kecs.aws.model import ecs as m

DEFAULT_TYPE = "m5.xlarge"  # of an Auto Scaling group, whose launch template nobody can look up: 4 vCPUs, 16 GiB
GIB = 1024


class Bounds(Protocol):
    """Any of EC2's ranges: either end may be open."""

    @property
    def min(self) -> float | None: ...

    @property
    def max(self) -> float | None: ...


class InstanceType(NamedTuple):
    """One EC2 instance type."""

    name: str
    vcpus: int
    memory: int  # MiB
    manufacturer: str
    generation: str = "current"
    burstable: bool = False
    local_storage: bool = False
    gpus: int = 0  # all of NVIDIA's
    gpu: str | None = None  # the accelerator's name

    @property
    def cpu(self) -> int:
        """CPU units."""
        return self.vcpus * 1024

    @property
    def architecture(self) -> str:
        """The value of ecs.cpu-architecture."""
        return "arm64" if self.manufacturer == "amazon-web-services" else "x86_64"

    @property
    def bare_metal(self) -> bool:
        return self.name.endswith(".metal")


SIZES = {
    "medium": 1,
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "12xlarge": 48,
    "16xlarge": 64,
    "24xlarge": 96,
    "metal": 96,
}
"""vCPUs."""

INTEL, AMD, AWS = "intel", "amd", "amazon-web-services"
FAMILIES: tuple[tuple[str, str, str, bool], ...] = (
    ("c7g m7g r7g c6g m6g r6g", AWS, "current", False),
    ("c7i m7i r7i c6i m6i r6i c5 m5 r5", INTEL, "current", False),
    ("c7a m7a r7a c6a m6a r6a c5a m5a r5a", AMD, "current", False),
    ("c6id m6id r6id c5d m5d r5d", INTEL, "current", True),
    ("m4", INTEL, "previous", False),
)
"""Families, manufacturer, generation, whether they have an instance store."""

GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8}
"""By a family's first letter."""

WITH_METAL = {"c5", "m5", "r5"}
MISSING = {"c5": {"8xlarge", "16xlarge"}, "c5d": {"8xlarge", "16xlarge"}, "m4": {"8xlarge", "12xlarge", "24xlarge"}}
"""Sizes that a family does not have, or has under another name."""

BURSTABLE = (("t4g", AWS, "current"), ("t3", INTEL, "current"), ("t3a", AMD, "current"), ("t2", INTEL, "previous"))
BURSTABLE_SIZES = (
    ("nano", 2, GIB // 2),
    ("micro", 2, GIB),
    ("small", 2, 2 * GIB),
    ("medium", 2, 4 * GIB),
    ("large", 2, 8 * GIB),
    ("xlarge", 4, 16 * GIB),
    ("2xlarge", 8, 32 * GIB),
)
SMALL_T2 = {"nano", "micro", "small"}  # these have one vCPU in t2

SPECIAL = (
    InstanceType("g4dn.xlarge", 4, 16 * GIB, INTEL, local_storage=True, gpus=1, gpu="t4"),
    InstanceType("g4dn.2xlarge", 8, 32 * GIB, INTEL, local_storage=True, gpus=1, gpu="t4"),
    InstanceType("g4dn.12xlarge", 48, 192 * GIB, INTEL, local_storage=True, gpus=4, gpu="t4"),
    InstanceType("g5.xlarge", 4, 16 * GIB, AMD, local_storage=True, gpus=1, gpu="a10g"),
    InstanceType("g5.2xlarge", 8, 32 * GIB, AMD, local_storage=True, gpus=1, gpu="a10g"),
    InstanceType("g5.12xlarge", 48, 192 * GIB, AMD, local_storage=True, gpus=4, gpu="a10g"),
    InstanceType("g6.xlarge", 4, 16 * GIB, AMD, local_storage=True, gpus=1, gpu="l4"),
    InstanceType("p3.2xlarge", 8, 61 * GIB, INTEL, generation="previous", gpus=1, gpu="v100"),
    InstanceType("p4d.24xlarge", 96, 1152 * GIB, INTEL, local_storage=True, gpus=8, gpu="a100"),
    InstanceType("p5.48xlarge", 192, 2048 * GIB, AMD, local_storage=True, gpus=8, gpu="h100"),
)


def _types() -> Iterator[InstanceType]:
    for families, maker, generation, store in FAMILIES:
        for family in families.split():
            for size in _sizes(family, maker):
                memory = SIZES[size] * GIB_PER_VCPU[family[0]] * GIB
                yield InstanceType(f"{family}.{size}", SIZES[size], memory, maker, generation, local_storage=store)
    for family, maker, generation in BURSTABLE:
        for size, vcpus, memory in BURSTABLE_SIZES:
            cores = 1 if family == "t2" and size in SMALL_T2 else vcpus
            yield InstanceType(f"{family}.{size}", cores, memory, maker, generation, burstable=True)
    yield from SPECIAL


def _sizes(family: str, maker: str) -> list[str]:
    absent = MISSING.get(family, set()) | ({"24xlarge"} if maker == AWS else {"medium"})
    return [size for size in SIZES if size not in absent and (size != "metal" or family in WITH_METAL)]


INSTANCE_TYPES: dict[str, InstanceType] = {kind.name: kind for kind in _types()}


def matching(requirements: m.InstanceRequirementsRequest | None) -> tuple[InstanceType, ...]:
    """The types that a Managed Instances provider may launch, the smallest first, and for x86_64 before any other.

    Without requirements ECS takes general purpose types of the current generation. What the attributes mean when they
    are left out is EC2's rule: no burstable and no bare metal types, any manufacturer, storage and generation.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceRequirements.html
    """
    kinds: Iterable[InstanceType] = INSTANCE_TYPES.values()
    if requirements is None:
        chosen = [k for k in kinds if k.generation == "current" and not (k.burstable or k.bare_metal or k.gpus)]
    else:
        chosen = [k for k in kinds if _meets(k, requirements)]
    return tuple(sorted(chosen, key=lambda k: (k.gpus, k.architecture != "x86_64", k.vcpus, k.memory)))


def _meets(kind: InstanceType, asked: m.InstanceRequirementsRequest) -> bool:
    allowed = asked.allowed_instance_types
    return (
        _within(kind.vcpus, asked.v_cpu_count)
        and _within(kind.memory, asked.memory_mi_b)
        and _within(kind.memory / GIB / kind.vcpus, asked.memory_gi_b_per_v_cpu)
        and (not allowed or _named(kind, allowed))
        and not _named(kind, asked.excluded_instance_types or ())
        and _listed(kind.manufacturer, asked.cpu_manufacturers)
        and _listed(kind.generation, asked.instance_generations)
        and _wanted(kind.burstable, asked.burstable_performance, "included" if allowed else "excluded")
        and _wanted(kind.bare_metal, asked.bare_metal, "included" if allowed else "excluded")
        and _wanted(kind.local_storage, asked.local_storage, "included")
        and _within(kind.gpus, asked.accelerator_count)
        and (not asked.accelerator_types or ("gpu" in asked.accelerator_types and kind.gpus > 0))
        and _listed("nvidia" if kind.gpus else None, asked.accelerator_manufacturers)
        and _listed(kind.gpu, asked.accelerator_names)
    )


def _within(value: float, bounds: Bounds | None) -> bool:
    if bounds is None:
        return True
    return (bounds.min is None or value >= bounds.min) and (bounds.max is None or value <= bounds.max)


def _named(kind: InstanceType, patterns: Sequence[str]) -> bool:
    """Whether one of EC2's patterns (m5.8xlarge, c5*.*, r*) names the type."""
    return any(fnmatchcase(kind.name, pattern) for pattern in patterns)


def _listed(value: str | None, wanted: Sequence[str] | None) -> bool:
    return not wanted or value in wanted


def _wanted(has: bool, rule: str | None, otherwise: str) -> bool:
    return {"included": True, "required": has, "excluded": not has}[rule or otherwise]
