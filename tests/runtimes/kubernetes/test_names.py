"""Names of objects, and how those of ECS's that Kubernetes does not take are told apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runtimes.kubernetes.translated import TASK_ID, plan

from kecs.core.arns import Scope
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.settings import HOME

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
ECS_NAME = st.text("abzABZ09-_", min_size=1, max_size=255)  # what names of ECS consist of


@pytest.mark.parametrize(
    ("cluster", "scope", "namespace"),
    [
        ("dev", HOME, "kecs-mine-dev"),
        ("team-a_dev", HOME, "kecs-mine-team-a-dev-a1b2c3d4"),
        ("Dev", HOME, "kecs-mine-dev-a1b2c3d4"),
        ("d" * 60, HOME, "kecs-mine-" + "d" * 44 + "-a1b2c3d4"),
        ("dev", HOME._replace(region="eu-west-1"), "kecs-mine-dev-a1b2c3d4"),
        ("dev", HOME._replace(account="111111111111"), "kecs-mine-dev-a1b2c3d4"),
    ],
)
def test_the_namespace_of_a_cluster(cluster: str, scope: Scope, namespace: str) -> None:
    made = names.namespace("mine", HOME, scope, cluster)
    assert re.sub("-[0-9a-f]{8}$", "-a1b2c3d4", made) == namespace
    assert DNS_LABEL.fullmatch(made)


def test_namespaces_of_different_clusters_are_different() -> None:
    scopes = [HOME, HOME._replace(region="eu-west-1"), HOME._replace(account="111111111111")]
    clusters = ["dev", "Dev", "d_ev", "d-ev", "d" * 80, "d" * 81]
    made = {
        names.namespace(instance, HOME, scope, cluster)
        for instance in ("mine", "other")
        for scope in scopes
        for cluster in clusters
    }
    assert len(made) == 2 * len(scopes) * len(clusters)


@pytest.mark.parametrize(
    ("family", "service", "name"),
    [
        ("web", None, f"web-{TASK_ID}"),
        ("web", "Orders_v2", f"orders-v2-{TASK_ID}"),
        ("w" * 40, None, "w" * 30 + f"-{TASK_ID}"),
        ("___", None, TASK_ID),
    ],
)
def test_the_name_of_a_pod_ends_with_its_tasks_id(family: str, service: str | None, name: str) -> None:
    made = plan({}, service=service, family=family)
    assert names.pod_name(made) == names.secret_name(made) == name
    assert DNS_LABEL.fullmatch(name), "it is the name of the pod's host as well"


@given(ECS_NAME)
def test_a_name_of_ecs_becomes_a_valid_one(name: str) -> None:
    assert DNS_LABEL.fullmatch(names.dns_label(name))
    assert DNS_LABEL.fullmatch(names.slot_name(name, names.SPARES))
    assert LABEL_VALUE.fullmatch(names.label_value(name))


@given(st.lists(ECS_NAME, unique=True, min_size=2, max_size=10))
def test_no_two_slots_of_a_pod_have_one_name(containers: list[str]) -> None:
    assert len(names.slots(containers)) == len(containers) * (names.SPARES + 1)


@pytest.mark.parametrize("name", ["app", "a-b", "a" * 60])
def test_a_container_keeps_its_name_where_it_can(name: str) -> None:
    assert names.slot_name(name) == name
    assert names.slots([name])[f"{name}--3"] == names.Slot(name, 3)


def test_a_container_called_like_a_spare_slot_is_none() -> None:
    found = names.slots(["app", "app--1"])
    assert found["app--1"] == names.Slot("app", 1)
    assert found[names.slot_name("app--1")] == names.Slot("app--1", 0)


@pytest.mark.parametrize(("text", "value"), [("My_Service.v2", "My_Service.v2"), ("42", "42")])
def test_a_label_keeps_its_value_where_it_can(text: str, value: str) -> None:
    assert names.label_value(text) == value


def test_what_belongs_to_kecs_is_found_by_its_labels() -> None:
    assert names.selector(names.of_task("mine", TASK_ID)) == (
        f"app.kubernetes.io/managed-by=kecs,kecs.dev/instance=mine,kecs.dev/task={TASK_ID}"
    )
