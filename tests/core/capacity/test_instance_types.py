"""Which instance types meet requirements."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.aws.model import ecs as m
from kecs.core.capacity.instance_types import INSTANCE_TYPES, matching


def names(vcpus: int = 0, memory: int = 0, **members: Any) -> list[str]:
    asked = m.InstanceRequirementsRequest(
        v_cpu_count=m.VCpuCountRangeRequest(min=vcpus), memory_mi_b=m.MemoryMiBRequest(min=memory), **members
    )
    return [kind.name for kind in matching(asked)]


@pytest.mark.parametrize(
    ("name", "vcpus", "gib"),
    [("t3.micro", 2, 1), ("t2.small", 1, 2), ("m5.large", 2, 8), ("c7g.medium", 1, 2), ("r6i.4xlarge", 16, 128)],
)
def test_types_are_as_big_as_ec2_says(name: str, vcpus: int, gib: int) -> None:
    kind = INSTANCE_TYPES[name]
    assert (kind.vcpus, kind.cpu, kind.memory) == (vcpus, vcpus * 1024, gib * 1024)


def test_there_are_no_sizes_that_a_family_does_not_have() -> None:
    assert not {"c5.8xlarge", "m5.medium", "m7i.metal", "c7g.24xlarge"} & INSTANCE_TYPES.keys()
    assert {"c5.9xlarge"} - INSTANCE_TYPES.keys() == {"c5.9xlarge"}  # of another size than its name says


def test_without_requirements_any_general_type_of_the_current_generation_will_do() -> None:
    kinds = matching(None)
    assert kinds[0].name.endswith(".large")
    assert kinds[0].architecture == "x86_64"
    assert not any(kind.burstable or kind.gpus or kind.bare_metal or kind.generation == "previous" for kind in kinds)


def test_the_smallest_type_comes_first() -> None:
    found = names(vcpus=3, memory=9000)
    assert INSTANCE_TYPES[found[0]].vcpus == 4
    assert INSTANCE_TYPES[found[0]].memory == 16 * 1024


def test_bounds_hold_at_both_ends() -> None:
    asked = m.InstanceRequirementsRequest(
        v_cpu_count=m.VCpuCountRangeRequest(min=4, max=4), memory_mi_b=m.MemoryMiBRequest(min=8192, max=8192)
    )
    assert {(kind.vcpus, kind.memory) for kind in matching(asked)} == {(4, 8192)}


def test_types_are_allowed_and_left_out_by_pattern() -> None:
    assert set(names(allowed_instance_types=["m5.*", "t3.micro"])) >= {"m5.large", "m5.metal", "t3.micro"}
    assert not any(name.startswith("r") for name in names(excluded_instance_types=["r*"]))


def test_attributes_choose_types() -> None:
    assert all(name.startswith("t") for name in names(burstable_performance="required"))
    assert all(name.endswith(".metal") for name in names(bare_metal="required"))
    assert {INSTANCE_TYPES[n].manufacturer for n in names(cpu_manufacturers=["amd"])} == {"amd"}
    assert names(instance_generations=["previous"])
    assert all(INSTANCE_TYPES[n].local_storage for n in names(local_storage="required"))
    assert {INSTANCE_TYPES[n].gpu for n in names(accelerator_names=["t4"])} == {"t4"}
    assert names(accelerator_manufacturers=["amd"]) == []
    count = m.AcceleratorCountRequest(min=4)
    assert {INSTANCE_TYPES[n].gpus for n in names(accelerator_count=count)} == {4, 8}
    ratio = m.MemoryGiBPerVCpuRequest(min=8.0, max=8.0)
    assert {n[0] for n in names(memory_gi_b_per_v_cpu=ratio)} == {"r"}


def test_arm_comes_after_x86_64_unless_it_is_asked_for() -> None:
    found = [INSTANCE_TYPES[name].architecture for name in names()]
    cpus = [INSTANCE_TYPES[name] for name in names() if not INSTANCE_TYPES[name].gpus]
    assert found[0] == "x86_64"
    assert [k.architecture for k in cpus] == sorted((k.architecture for k in cpus), key=lambda a: a != "x86_64")
    assert INSTANCE_TYPES[names(cpu_manufacturers=["amazon-web-services"])[0]].architecture == "arm64"
