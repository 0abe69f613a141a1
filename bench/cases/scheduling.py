"""(e) How much the service scheduler does for a service of 1,000 to 5,000 tasks, counted and not timed."""

from __future__ import annotations

import http.client
import json
import re

from bench.api import Api, wait_until
from bench.model import Case, Column, Goal, Sample
from bench.servers import CLUSTER, SERVICE, STEADY_TIMEOUT, TARGETS, fill_with_service, running

SIZES = {"kecs-1,000 tasks": 1000, "kecs-2,000 tasks": 2000, "kecs-5,000 tasks": 5000}
IDLE = "kecs-1,000 services"
MOMENT, HOUR = 10, 3600  # seconds
COUNTERS = {"looks": "kecs_service_looks", "seen": "kecs_service_tasks_seen", "changes": "kecs_service_task_changes"}


def measure(subject: str) -> Sample:
    """A service that starts, rolls to a new revision and goes to 0, then an hour in which nothing happens."""
    with running(TARGETS["kecs"]) as server:
        api = Api(server.port)
        if subject == IDLE:
            fill_with_service(api, 1)
            _many(api)
        else:
            fill_with_service(api, SIZES[subject])
            _roll(api)
            _settle(api, desiredCount=0)
        _advance(server.port, MOMENT)  # the last tasks are counted
        done = _counters(server.port)
        _advance(server.port, HOUR)
        after = _counters(server.port)
        api.close()
        return {
            "looks": done["looks"],
            "changes": done["changes"],
            "seen": done["seen"] / done["changes"],
            "idle": after["looks"] - done["looks"],
        }


def _roll(api: Api) -> None:
    _settle(api, forceNewDeployment=True)


def _settle(api: Api, **members: object) -> None:
    """An update of the service, and what it comes to."""
    api.call("UpdateService", cluster=CLUSTER, service=SERVICE, **members)

    def settled() -> bool:
        service = api.call("DescribeServices", cluster=CLUSTER, services=[SERVICE])["services"][0]
        states = [deployment["rolloutState"] for deployment in service["deployments"]]
        return states == ["COMPLETED"] and service["runningCount"] == service["desiredCount"]

    wait_until(settled, STEADY_TIMEOUT, "the service")


def _many(api: Api) -> None:
    """1,000 services with a task each."""
    (first,) = api.call("DescribeServices", cluster=CLUSTER, services=[SERVICE])["services"]
    shape = {name: first[name] for name in ("taskDefinition", "launchType", "networkConfiguration") if name in first}
    names = [f"idle-{number}" for number in range(1000)]
    for name in names:
        api.call("CreateService", cluster=CLUSTER, serviceName=name, desiredCount=1, **shape)

    def settled() -> bool:
        page = api.call("DescribeServices", cluster=CLUSTER, services=names[-10:])["services"]
        return all(service["runningCount"] == 1 for service in page)

    wait_until(settled, STEADY_TIMEOUT, "the services")


def _counters(port: int) -> dict[str, float]:
    text = _ask(port, "GET", "/_kecs/metrics")
    found = {name: re.search(rf"^{counter}_total (\S+)$", text, re.MULTILINE) for name, counter in COUNTERS.items()}
    return {name: float(match[1]) if match else 0.0 for name, match in found.items()}


def _advance(port: int, seconds: float) -> None:
    _ask(port, "POST", "/_kecs/clock", json.dumps({"advance": seconds}))


def _ask(port: int, method: str, path: str, body: str | None = None) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status != 200:
        raise AssertionError(f"{method} {path}: {answer.status} {text}")
    return text


CASE = Case(
    key="e",
    title="What the service scheduler does, counted",
    subjects=(*SIZES, IDLE),
    reference="kecs",
    columns=(
        Column("changes", "tasks started, stopped and counted", "", 0),
        Column("looks", "looks at a service", "", 0),
        Column("seen", "tasks seen for each change", "", 2),
        Column("idle", "looks in an hour at rest", "", 0),
    ),
    goals=(
        Goal("work grows with the number of changes", "kecs-5,000 tasks", "seen", of="kecs-1,000 tasks", at_most=1.2),
        Goal("stopped tasks are forgotten without a look", "kecs-5,000 tasks", "idle", at_most=0),
        Goal("1,000 idle services cost nothing", IDLE, "idle", at_most=0),
    ),
    notes=(
        "A service starts its tasks, rolls to a new revision and is scaled to 0; then an hour passes on the clock. "
        "Each look at a service goes through the tasks that it has or that have just stopped. The numbers are counted "
        "by KECS itself (`/_kecs/metrics`), so they say nothing about the machine."
    ),
)
