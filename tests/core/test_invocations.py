"""Invocations: what they ask of RunTask, and when they are tried again."""

from __future__ import annotations

import pytest

from kecs.aws.model import ecs as m
from kecs.aws.model import events as e
from kecs.core.invocations import is_cluster, new_invocation, request_of, run_of, tried
from kecs.core.records.eventbridge import InvocationRecord

CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/c"
RULE = "arn:aws:events:us-east-1:000000000000:rule/r"
SCHEDULE = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s"


def invocation(given: str | None = None, source: str = RULE, policy: e.RetryPolicy | None = None) -> InvocationRecord:
    run = run_of(CLUSTER, e.EcsParameters(task_definition_arn="job"), "me")
    return new_invocation("id", source, CLUSTER, given, policy, 1000.0, run=run)


def asked(record: InvocationRecord) -> m.RunTaskRequest:
    assert record.run is not None
    return request_of(record, record.run)


def waits(record: InvocationRecord) -> list[float]:
    """Seconds before each further attempt, until it is given up."""
    now, found = record.due_at, []
    while (record := tried(record, "RESOURCE:CPU", "RESOURCE_LIMIT_EXCEEDED", now)).status == "RETRYING":
        found.append(record.due_at - now)
        now = record.due_at
    assert (record.status, record.reason) == ("FAILED", "RESOURCE:CPU")
    return found


def test_waits_double_up_to_eight_minutes_for_a_day() -> None:
    found = waits(invocation())
    assert found[:7] == [10, 20, 40, 80, 160, 320, 480]
    assert set(found[7:]) == {480}
    assert len(found) <= 185
    assert 86400 - 480 < sum(found) <= 86400


def test_the_policy_says_how_often_and_how_long() -> None:
    assert waits(invocation(policy=e.RetryPolicy(maximum_retry_attempts=2))) == [10, 20]
    assert waits(invocation(policy=e.RetryPolicy(maximum_retry_attempts=0))) == []
    assert waits(invocation(policy=e.RetryPolicy(maximum_event_age_in_seconds=60))) == [10, 20]


def test_the_input_becomes_overrides() -> None:
    assert asked(invocation('{"cpu": "512", "other": [1]}')).overrides == m.TaskOverride(cpu="512")
    for nothing in (None, "", "{}", '"text"', "[1]", "null"):
        assert asked(invocation(nothing)).overrides is None


@pytest.mark.parametrize("given", ["{", '{"cpu": 512}', "[" * 100_000])
def test_an_input_that_says_none(given: str) -> None:
    with pytest.raises(ValueError, match="the input is no task override"):
        asked(invocation(given))


def test_a_schedule_knows_the_number_of_its_attempt() -> None:
    record = invocation('{"cpu": "<aws.scheduler.attempt-number>"}', SCHEDULE)
    again = tried(record, "", "", 1000.0)
    assert [getattr(asked(one).overrides, "cpu", None) for one in (record, again)] == ["1", "2"]


def test_which_targets_are_clusters() -> None:
    assert is_cluster(CLUSTER)
    for arn in (
        "arn:aws:sqs:us-east-1:000000000000:q",
        "cluster/c",
        f"{CLUSTER}/x",
        CLUSTER.replace("cluster", "task"),
    ):
        assert not is_cluster(arn)
