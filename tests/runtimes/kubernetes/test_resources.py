"""CPU, memory, storage and GPUs of a task and its containers, as requests and limits."""

from __future__ import annotations

from typing import Any

import pytest
from tests.runtimes.kubernetes.translated import Case, plan

from kecs.runtimes.kubernetes.manifests.resources import resources_of, shared_out

FARGATE = {"launch": "FARGATE", "mode": "awsvpc"}


def sized(cpu: str, memory: str, **more: Any) -> dict[str, Any]:
    return {"cpu": cpu, "memory": memory, **more}


Amounts = dict[str, str]


def resources(name: str, containers: list[dict[str, Any]], *amounts: tuple[Amounts, Amounts], **task: Any) -> Case:
    """A task of containers a, b …, and what each of them requests and is held to."""
    named = [{"name": letter, **container} for letter, container in zip("abc", containers, strict=False)]
    expected = {
        letter: {"resources": {key: value for key, value in (("requests", asks), ("limits", held)) if value}}
        for letter, (asks, held) in zip("abc", amounts, strict=False)
    }
    return Case(name, named, expected, task)


CASES = [
    resources("memory", [{"memory": 512}], ({"memory": "512Mi"}, {"memory": "512Mi"})),
    resources(
        "memory and what of it is reserved",
        [{"memory": 512, "memoryReservation": 128}],
        ({"memory": "128Mi"}, {"memory": "512Mi"}),
    ),
    resources("a reservation alone", [{"memory": None, "memoryReservation": 128}], ({"memory": "128Mi"}, {})),
    resources(
        "CPU units are a share, and no limit",
        [{"cpu": 256}, {"cpu": 1024}, {"cpu": 10}],
        ({"cpu": "250m", "memory": "64Mi"}, {"memory": "64Mi"}),
        ({"cpu": "1", "memory": "64Mi"}, {"memory": "64Mi"}),
        ({"cpu": "10m", "memory": "64Mi"}, {"memory": "64Mi"}),
    ),
    resources(
        "a task's size holds its container",
        [{"memory": None}],
        ({"cpu": "250m", "memory": "512Mi"}, {"cpu": "250m", "memory": "512Mi"}),
        **sized("256", "512", **FARGATE),
    ),
    resources(
        "those that ask for nothing share what the others leave",
        [{"cpu": 128, "memory": None, "memoryReservation": 512}, {"memory": None}, {"memory": None}],
        ({"cpu": "125m", "memory": "512Mi"}, {"cpu": "500m", "memory": "2048Mi"}),
        ({"cpu": "188m", "memory": "768Mi"}, {"cpu": "500m", "memory": "2048Mi"}),
        ({"cpu": "188m", "memory": "768Mi"}, {"cpu": "500m", "memory": "2048Mi"}),
        **sized("512", "2048", **FARGATE),
    ),
    resources(
        "hard limits that are more than the task has together",
        [{"memory": 1024}, {"memory": 512}],
        ({"cpu": "250m", "memory": "682Mi"}, {"cpu": "500m", "memory": "1024Mi"}),
        ({"cpu": "250m", "memory": "341Mi"}, {"cpu": "500m", "memory": "512Mi"}),
        **sized("512", "1024", **FARGATE),
    ),
    resources(
        "a hard limit is the most that is requested",
        [{"memory": 100}, {"memory": None}],
        ({"memory": "100Mi"}, {"memory": "100Mi"}),
        ({"memory": "924Mi"}, {"memory": "1024Mi"}),
        memory="1024",
    ),
    resources(
        "sizes by an override",
        [{"cpu": 128, "memory": 128}],
        ({"cpu": "500m", "memory": "256Mi"}, {"memory": "512Mi"}),
        overrides={"containerOverrides": [{"name": "a", "cpu": 512, "memory": 512, "memoryReservation": 256}]},
    ),
    resources(
        "storage",
        [{"memory": None}],
        (
            {"cpu": "250m", "memory": "512Mi", "ephemeral-storage": "0"},
            {"cpu": "250m", "memory": "512Mi", "ephemeral-storage": "30Gi"},
        ),
        **sized("256", "512", ephemeralStorage={"sizeInGiB": 30}, **FARGATE),
    ),
    resources(
        "GPUs",
        [{"resourceRequirements": [{"type": "GPU", "value": "2"}]}],
        ({"memory": "64Mi"}, {"memory": "64Mi", "nvidia.com/gpu": "2"}),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_requests_and_limits(case: Case) -> None:
    made = case.plan
    assert {c.name: {"resources": resources_of(made, c)} for c in made.containers} == case.changes


def test_a_container_of_no_size_has_no_resources() -> None:
    made = plan({"memory": None})
    assert resources_of(made, made.containers[0]) is None
    assert resources_of(made, made.containers[0], spare=True) is None


@pytest.mark.parametrize(
    ("asked", "size", "given"),
    [
        ([1, 2], None, [1, 2]),
        ([0, 0], "10", [5, 5]),
        ([4, 0, 0], "10", [4, 3, 3]),
        ([4, 4], "10", [4, 4]),
        ([10, 0], "10", [10, 0]),
        ([20, 20], "10", [5, 5]),
    ],
)
def test_a_size_is_shared_out(asked: list[int], size: str | None, given: list[int]) -> None:
    assert shared_out(asked, size) == given
