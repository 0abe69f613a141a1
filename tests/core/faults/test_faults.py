"""Which faults there are, and whom they strike."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.core.faults.kinds import KINDS
from kecs.core.faults.matching import drawn, is_spent, matches
from kecs.core.faults.reading import read, reads, said
from kecs.core.faults.reasons import PLACEMENT, refusal, with_code
from kecs.core.faults.records import Subject, Tally
from kecs.core.faults.subjects import of_call

NEEDED: dict[str, Any] = {
    "latency": {"seconds": 1},
    "stale": {"age": 1},
    "slow-start": {"seconds": 1},
    "slow-stop": {"seconds": 1},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_fault_reads_as_the_same(kind: str) -> None:
    fault = read({"kind": kind, "cluster": "shop", **NEEDED.get(kind, {})})
    assert read(said(fault)) == fault


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ([], "This is no fault"),
        ({}, "kind"),
        ({"kind": "earthquake"}, "There is no kind 'earthquake'; there are throttle, "),
        ({"kind": "throttle", "seconds": 1}, "throttle has no seconds; it may have after, api, cluster, "),
        ({"kind": "throttle", "container": "app"}, "throttle has no container"),
        ({"kind": "throttle", "color": "red"}, "unknown field `color`"),
        ({"kind": "throttle", "times": 0}, "times"),
        ({"kind": "throttle", "times": True}, "times"),
        ({"kind": "throttle", "rate": 1.5}, "rate"),
        ({"kind": "throttle", "operation": ""}, "operation"),
        ({"kind": "latency"}, "latency needs seconds"),
        ({"kind": "latency", "seconds": -1}, "seconds"),
        ({"kind": "server-error", "status": 502}, "status is 500 or 503"),
        ({"kind": "stale", "age": 5, "operation": "RunTask"}, "RunTask is no operation that reads"),
        ({"kind": "stale", "age": 5, "operation": "Run*"}, "no operation that reads"),
        ({"kind": "kill", "after": 1}, "kill has no after"),
        ({"kind": "kill", "when": {"cpu": 1}}, "when cannot ask for cpu of a task"),
        ({"kind": "no-capacity", "reason": "RESOURCE:DISK"}, "reason is one of FARGATE, RESOURCE:CPU, "),
        ({"kind": "agent-disconnected", "times": 1}, "agent-disconnected has no times"),
    ],
)
def test_what_is_no_fault(members: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("*", r"\*")) as caught:
        read(members)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("operation", ["Describe*", "*", "*Tasks", "List[ST]*", "DescribeTasks", "D*"])
def test_globs_of_operations_that_read(operation: str) -> None:
    read({"kind": "stale", "age": 1, "operation": operation})
    assert reads("ListTasks")
    assert not reads("RunTask")


SUBJECT = Subject(
    {"cluster": ("shop",), "service": ("web",), "operation": ("RunTask",)},
    {"family": "web", "revision": 2, "image": ("web:2", "proxy:1"), "network": {"subnets": ["a", "b"], "public": True}},
)


@pytest.mark.parametrize(
    ("members", "struck"),
    [
        ({}, True),
        ({"cluster": "shop"}, True),
        ({"cluster": "arn:aws:ecs:us-east-1:000000000000:cluster/shop"}, True),
        ({"cluster": "sh*", "service": "w?b"}, True),
        ({"cluster": "shop", "service": "api"}, False),
        ({"task": "*"}, False),  # it has none
        ({"operation": "Run*"}, True),
        ({"operation": "run*"}, False),
        ({"when": {"revision": 2, "family": "w*"}}, True),
        ({"when": {"revision": 3}}, False),
        ({"when": {"revision": "2"}}, False),
        ({"when": {"image": "proxy:*"}}, True),
        ({"when": {"image": "other:*"}}, False),
        ({"when": {"network": {"subnets": "b"}}}, True),
        ({"when": {"network": {"subnets": ["a", "b"], "public": True}}}, True),
        ({"when": {"network": {"public": 1}}}, False),
        ({"when": {"unknown": 1}}, False),
    ],
)
def test_whom_a_fault_is_about(members: dict[str, Any], struck: bool) -> None:
    assert matches(read({"kind": "throttle", **members}), SUBJECT) is struck


def struck(members: dict[str, Any], chances: list[float]) -> list[bool]:
    fault, tally, outcome = read({"kind": "throttle", **members}), Tally(), []
    for chance in chances:
        strikes, tally = drawn(fault, tally, chance)
        outcome.append(strikes)
    return outcome


def test_how_often_it_strikes() -> None:
    assert struck({}, [0.9] * 3) == [True, True, True]
    assert struck({"times": 2}, [0.0] * 4) == [True, True, False, False]
    assert struck({"after": 2, "times": 1}, [0.0] * 5) == [False, False, True, False, False]
    assert struck({"rate": 0.5}, [0.2, 0.5, 0.49, 0.9]) == [True, False, True, False]
    assert struck({"rate": 0}, [0.0]) == [False]
    assert struck({"rate": 1}, [0.999]) == [True]


def test_it_is_spent_when_it_has_struck_as_often_as_it_was_to() -> None:
    fault = read({"kind": "throttle", "times": 2})
    assert [is_spent(fault, Tally(matched=9, struck=count)) for count in range(4)] == [False, False, True, True]


def test_a_call_is_about_what_its_request_names() -> None:
    arn = "arn:aws:ecs:us-east-1:000000000000:service/shop/web"
    call = of_call("ecs", "DescribeServices", {"cluster": "shop", "services": [arn, "api"]})
    assert call.names["cluster"] == ("shop",)
    assert call.names["service"] == ("web", "api")
    assert of_call("ecs", "ListTasks", {}).names["cluster"] == ("default",)


def test_reasons_of_placement_go_with_launch_types() -> None:
    assert set(PLACEMENT) == {
        "FARGATE", "RESOURCE:CPU", "RESOURCE:MEMORY", "RESOURCE:PORTS", "RESOURCE:GPU", "RESOURCE:ENI", "AGENT",
        "ATTRIBUTE", "memberOf", "distinctInstance",
    }  # fmt: skip
    assert refusal(None, "FARGATE") == refusal("FARGATE", "FARGATE") != refusal(None, "EC2") == "RESOURCE:CPU"
    assert refusal("RESOURCE:ENI", "FARGATE") is None
    assert refusal("FARGATE", "EC2") is None
    assert refusal("memberOf", "EC2") == "MemberOf placement constraint unsatisfied."


def test_a_reason_of_the_users_gets_the_name_of_its_kind() -> None:
    assert with_code("no such host", "CannotPullContainerError") == "CannotPullContainerError: no such host"
    assert with_code("CannotPullECRContainerError: x", "CannotPullContainerError") == "CannotPullECRContainerError: x"
