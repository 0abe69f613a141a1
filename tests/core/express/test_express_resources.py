"""The resources around an Express service: shared load balancers, and how they come and go with it."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.express.resources import (
    MOST_ON_A_BALANCER,
    SECONDS,
    configuration_of,
    default_subnets,
    progressed,
    provisioned,
    rolled_out,
)
from kecs.core.express.rules import SCALING, scaling
from kecs.core.express.service import bounded, service_name
from kecs.core.records import DeploymentRecord, ExpressConfiguration, ExpressRecord, ServiceRecord

SCOPE = Scope("000000000000", "us-east-1")
REQUEST = m.CreateExpressGatewayServiceRequest(infrastructure_role_arn="arn:aws:iam::000000000000:role/r")
NUMBERS = count(1)


def hex32() -> str:
    return f"{next(NUMBERS):032x}"[::-1]


def express(name: str = "web", others: list[ExpressRecord] | None = None) -> ExpressRecord:
    return provisioned(SCOPE.service("default", name), REQUEST, others or [], "/group", 0.0, hex32, hex32)


def service(status: Any) -> ServiceRecord:
    return ServiceRecord(
        arn=SCOPE.service("default", "web"),
        cluster_arn=SCOPE.cluster("default"),
        service=m.Service(resource_management_type="ECS"),
        desired_count=1,
        status=status,
    )


def configuration(deployment: str, path: str = "/") -> ExpressConfiguration:
    record = DeploymentRecord(
        id=deployment, status="PRIMARY", task_definition="arn", desired_count=1, created_at=0.0, updated_at=0.0
    )
    return ExpressConfiguration(deployment=record, health_check_path=path, scaling=SCALING)


def test_a_load_balancer_is_shared_until_it_is_full() -> None:
    made: list[ExpressRecord] = []
    for number in range(MOST_ON_A_BALANCER + 1):
        made.append(express(f"s{number}", made))
    assert len({record.balancer for record in made[:-1]}) == 1
    assert made[-1].balancer != made[0].balancer
    assert len({record.rule_arn for record in made}) == len({record.host for record in made}) == len(made)


def test_what_is_deleted_makes_room() -> None:
    made: list[ExpressRecord] = []
    for number in range(MOST_ON_A_BALANCER):
        made.append(express(f"s{number}", made))
    gone = replace(made[0], status="DELETED")
    assert express("new", [gone, *made[1:]]).balancer == made[1].balancer


@pytest.mark.parametrize(
    ("of_service", "before", "after"),
    [
        ("ACTIVE", "PROVISIONING", "ACTIVE"),
        ("ACTIVE", "ACTIVE", "ACTIVE"),
        ("DRAINING", "PROVISIONING", "DEPROVISIONING"),
        ("DRAINING", "ACTIVE", "DEPROVISIONING"),
        ("DRAINING", "DEPROVISIONING", "DEPROVISIONING"),
        ("INACTIVE", "PROVISIONING", "DEPROVISIONING"),
        ("INACTIVE", "ACTIVE", "DEPROVISIONING"),
        ("INACTIVE", "DEPROVISIONING", "DELETED"),
        ("INACTIVE", "DELETED", "DELETED"),
    ],
)
def test_they_follow_the_service(of_service: Any, before: Any, after: str) -> None:
    record = replace(express(), status=before, settles_at=SECONDS)
    moved = progressed(record, service(of_service), SECONDS)
    assert moved.status == after
    assert (moved is record) == (before == after)


@pytest.mark.parametrize(("of_service", "status"), [("ACTIVE", "PROVISIONING"), ("INACTIVE", "DEPROVISIONING")])
def test_what_is_in_progress_takes_its_time(of_service: Any, status: Any) -> None:
    record = replace(express(), status=status, settles_at=SECONDS)
    assert progressed(record, service(of_service), SECONDS / 2) is record


def test_configurations_are_kept_as_long_as_their_revisions() -> None:
    record = rolled_out(express(), configuration("a", "/a"), (), 1.0)
    record = rolled_out(record, configuration("b", "/b"), {"a"}, 2.0)
    assert [configuration_of(record, name).health_check_path for name in ("a", "b", "by hand")] == ["/a", "/b", "/b"]
    record = rolled_out(record, configuration("c", "/c"), {"b"}, 3.0)
    assert [c.deployment.id for c in record.configurations] == ["c", "b"]
    assert record.updated_at == 3.0


def test_the_default_subnets_of_a_scope_are_always_the_same() -> None:
    subnets = default_subnets(SCOPE)
    assert subnets == default_subnets(SCOPE)
    assert len(set(subnets)) == 2
    assert set(subnets).isdisjoint(default_subnets(Scope("000000000000", "eu-west-1")))


@pytest.mark.parametrize(("asked", "runs"), [(0, 1), (1, 1), (20, 20), (21, 20)])
def test_a_count_within_bounds(asked: int, runs: int) -> None:
    assert bounded(asked, SCALING) == runs


def test_bounds_are_given_one_by_one() -> None:
    wider = scaling(m.ExpressGatewayScalingTarget(max_task_count=30))
    assert scaling(m.ExpressGatewayScalingTarget(min_task_count=25), wider) == replace(
        SCALING, min_task_count=25, max_task_count=30
    )
    with pytest.raises(m.InvalidParameterException, match="maxTaskCount must be between 25 and 5000"):
        scaling(m.ExpressGatewayScalingTarget(min_task_count=25))


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx", "nginx-0123"),
        ("registry:5000/shop/web.api:1.2", "web-api-0123"),
        (f"web@sha256:{'0' * 64}", "web-0123"),
        ("w" * 300, f"{'w' * 240}-0123"),
    ],
)
def test_a_name_from_an_image(image: str, name: str) -> None:
    assert service_name(image, "0123456789") == name
