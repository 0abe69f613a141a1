"""Which service actions the texts of service events come to, and how an event is written out."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core import events
from kecs.core.eventbridge.event import Event, written_out
from kecs.core.eventbridge.services import actions, service_events
from kecs.core.records import ServiceRecord

SCOPE = "arn:aws:ecs:eu-west-1:111122223333:"
SERVICE = ServiceRecord(
    arn=f"{SCOPE}service/prod/web", cluster_arn=f"{SCOPE}cluster/prod", service=m.Service(), desired_count=1
)
INSTANCE, TASK = "2dd1b186f39845a584488d2ef155c131", "c13b4cb40f1f4fe4a2971f76ae5a47ad"
PLACED, INSTANCE_ARN = "SERVICE_TASK_PLACEMENT_FAILURE", f"{SCOPE}container-instance/prod/{INSTANCE}"
NONE = "No Container Instances were found in your {}."


def said(text: str, service: str = "service web") -> m.ServiceEvent:
    return m.ServiceEvent(id=text, created_at=1.0, message=f"({service}) {text}")


@pytest.mark.parametrize(
    ("text", "event_type", "name", "members"),
    [
        (events.STEADY, "INFO", "SERVICE_STEADY_STATE", {}),
        (events.stopped_running([f"x/{TASK}"]), "INFO", "TASKS_STOPPED", {"taskArns": [f"{SCOPE}task/prod/{TASK}"]}),
        (events.THROTTLED, "WARN", "SERVICE_TASK_START_IMPAIRED", {}),
        (
            events.computed_desired_count("ecs-svc/1", 3),
            "INFO",
            "SERVICE_DESIRED_COUNT_UPDATED",
            {"taskSetArns": [f"{SCOPE}task-set/prod/web/ecs-svc/1"], "desiredCount": 3},
        ),
        *(
            (events.not_placed(reason, instance), "ERROR", PLACED, {"reason": reason} | members)
            for instance, members in ((INSTANCE_ARN, {"containerInstanceArns": [INSTANCE_ARN]}), (None, {}))
            for reason in (*events.CLOSEST, "RESOURCE:ENI", "AGENT", "MemberOf placement constraint unsatisfied.")
        ),
        (events.not_placed(NONE.format("cluster")), "ERROR", PLACED, {"reason": NONE.format("cluster")}),
        (
            events.not_placed(NONE.format("capacity provider")),
            "ERROR",
            PLACED,
            {"reason": NONE.format("capacity provider")},
        ),
    ],
)
def test_what_a_text_comes_to(text: str, event_type: str, name: str, members: dict[str, Any]) -> None:
    (action,) = actions(SERVICE, said(text))
    assert (action.event_type, action.name, action.members) == (event_type, name, members)


@pytest.mark.parametrize("text", [events.started(["a"]), events.stopped_pending(1), events.STUCK, "something new"])
def test_texts_that_are_no_action(text: str) -> None:
    assert list(actions(SERVICE, said(text))) == []


def test_a_text_of_a_task_set() -> None:
    (action,) = actions(SERVICE, said(events.TASK_SET_STEADY, "service web, taskSet ecs-svc/7"))
    assert action.name == "TASKSET_STEADY_STATE"
    assert action.members == {"taskSetArns": [f"{SCOPE}task-set/prod/web/ecs-svc/7"]}


@pytest.mark.parametrize("message", [None, "", "written by another KECS"])
def test_what_cannot_be_read_is_let_go(message: str | None) -> None:
    assert list(actions(SERVICE, m.ServiceEvent(id="x", message=message))) == []


def test_only_what_is_new_is_told_and_the_oldest_first() -> None:
    def having(*texts: str) -> ServiceRecord:
        return replace(SERVICE, events=tuple(map(said, texts)))

    before, after = having(events.STEADY), having(events.THROTTLED, events.stopped_running(["x"]), events.STEADY)
    told = [event.subject.name for event in service_events(before, after, 5.0)]
    assert told == ["TASKS_STOPPED", "SERVICE_TASK_START_IMPAIRED"]
    assert list(service_events(after, after, 6.0)) == []


def test_the_id_of_an_event_is_its_own() -> None:
    def event(at: float, said: str) -> dict[str, Any]:
        subject = {"said": said}
        return written_out(
            Event(detail_type="T", about=SERVICE.arn, at=at, detail=lambda subject, _: subject, subject=subject)
        )

    assert event(1.25, "a") == event(1.25, "a")
    assert len({event(at, text)["id"] for at in (1.25, 1.5) for text in "ab"}) == 4
    assert (event(1.25, "a")["time"], event(1.25, "a")["resources"]) == ("1970-01-01T00:00:01Z", [SERVICE.arn])
