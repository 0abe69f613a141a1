"""Amounts of CPU and memory, and the pairs that Fargate has."""

from __future__ import annotations

import pytest

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.fargate import LINUX_SIZES, WINDOWS_SIZES, check_fargate_size, is_windows
from kecs.core.taskdefs.sizes import cpu_units, memory_mib

NO_SUCH_PAIR = "No Fargate configuration exists for given values."


@pytest.mark.parametrize(
    ("text", "units"),
    [("256", 256), ("1 vCPU", 1024), (".5 vCPU", 512), ("0.25vcpu", 256), ("16 VCPU", 16384), (" 512 ", 512)],
)
def test_cpu(text: str, units: int) -> None:
    assert cpu_units(text) == units


@pytest.mark.parametrize("text", ["", "much", "0", "127", "0.1", "196609", "1 core", "-256", "1.5"])
def test_cpu_that_is_no_amount(text: str) -> None:
    with pytest.raises(m.ClientException) as refusal:
        cpu_units(text)
    assert refusal.value.message == "Invalid 'cpu' setting for task."


@pytest.mark.parametrize(("text", "mib"), [("512", 512), ("0.5 GB", 512), ("2GB", 2048), ("30 gb", 30720)])
def test_memory(text: str, mib: int) -> None:
    assert memory_mib(text) == mib


@pytest.mark.parametrize("text", ["", "lots", "0", "0.0001 GB", "-1", "5 MB"])
def test_memory_that_is_no_amount(text: str) -> None:
    with pytest.raises(m.ClientException) as refusal:
        memory_mib(text)
    assert refusal.value.message == "Invalid 'memory' setting for task."


def test_the_pairs_of_fargate() -> None:
    """The number of memory values of each CPU value, with the smallest and largest, from AWS's table."""
    assert {cpu: (len(memory), min(memory), max(memory)) for cpu, memory in LINUX_SIZES.items()} == {
        256: (3, 512, 2048),
        512: (4, 1024, 4096),
        1024: (7, 2048, 8192),
        2048: (13, 4096, 16384),
        4096: (23, 8192, 30720),
        8192: (12, 16384, 61440),
        16384: (12, 32768, 122880),
    }
    assert sorted(WINDOWS_SIZES) == [1024, 2048, 4096]


@pytest.mark.parametrize("pair", [(cpu, memory) for cpu, sizes in LINUX_SIZES.items() for memory in sizes])
def test_every_pair_is_accepted(pair: tuple[int, int]) -> None:
    check_fargate_size(*pair)


@pytest.mark.parametrize("pair", [(256, 3072), (256, 256), (512, 512), (128, 512), (8192, 17408), (300, 1024)])
def test_other_pairs_are_not(pair: tuple[int, int]) -> None:
    with pytest.raises(m.ClientException) as refusal:
        check_fargate_size(*pair)
    assert refusal.value.message == NO_SUCH_PAIR


@pytest.mark.parametrize("pair", [(512, 1024), (8192, 16384)])
def test_windows_has_fewer(pair: tuple[int, int]) -> None:
    check_fargate_size(*pair)
    with pytest.raises(m.ClientException, match=NO_SUCH_PAIR):
        check_fargate_size(*pair, windows=True)


@pytest.mark.parametrize(("cpu", "memory", "name"), [(None, None, "cpu"), (None, 512, "cpu"), (256, None, "memory")])
def test_fargate_wants_both(cpu: int | None, memory: int | None, name: str) -> None:
    with pytest.raises(m.ClientException) as refusal:
        check_fargate_size(cpu, memory)
    assert refusal.value.message == f"Fargate requires that '{name}' be defined at the task level."


def test_what_windows_is() -> None:
    assert is_windows(m.RuntimePlatform(operating_system_family="WINDOWS_SERVER_2019_FULL"))
    assert not is_windows(m.RuntimePlatform(operating_system_family="LINUX"))
    assert not is_windows(m.RuntimePlatform())
    assert not is_windows(None)
