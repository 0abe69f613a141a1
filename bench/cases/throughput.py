"""(a) 100 concurrent clients x 10 ListTasks on a service of 10 tasks."""

from __future__ import annotations

from bench import load
from bench.api import Api, request_bytes
from bench.ceiling import TASKS
from bench.model import Case, Column, Goal, Sample
from bench.servers import CLUSTER, SERVICE, TARGETS, running


def measure(name: str) -> Sample:
    """One round with one server: bursts of 1,000 requests until two seconds have been measured."""
    target = TARGETS[name]
    with running(target) as server:
        chosen = {"serviceName": SERVICE}
        if target.fill is not None:
            api = Api(server.port)
            chosen = target.fill(api, TASKS)
            arns = api.call("ListTasks", cluster=CLUSTER, **chosen)["taskArns"]
            if len(set(arns)) != TASKS:
                raise AssertionError(f"{target.title} lists {len(set(arns))} tasks and not {TASKS}")
            api.close()
        request = request_bytes("ListTasks", {"cluster": CLUSTER, **chosen})
        used = server.cpu()
        sample = load.run(load.Order(server.port, request.decode("latin-1"), f":task/{CLUSTER}/", TASKS))
        requests = sample.answers + sample.warm
        return {
            "errors": sample.errors,
            "throughput": sample.throughput,
            "p50": sample.percentile(0.50) * 1000,
            "p99": sample.percentile(0.99) * 1000,
            "cpu": (server.cpu() - used) / requests * 1e6,
            "busy": sample.busy * 100,
        }


CASE = Case(
    key="a",
    title="100 concurrent clients x 10 ListTasks on a service of 10 tasks",
    subjects=("ceiling", "kecs", "ministack", "moto"),
    reference="ceiling",
    columns=(
        Column("errors", "errors", "", 0),
        Column("throughput", "requests/s", "", 0, ratio=True),
        Column("p50", "p50", "ms", 1),
        Column("p99", "p99", "ms", 1),
        Column("cpu", "server CPU per request", "µs", 0),
        Column("busy", "load client busy", "%", 0),
    ),
    goals=(
        Goal("no errors", "kecs", "errors", at_most=0),
        Goal("at least 0.25 of the ceiling", "kecs", "throughput", of="ceiling", at_least=0.25),
        Goal("at least 10 times MiniStack", "kecs", "throughput", of="ministack", at_least=10),
    ),
    notes=(
        "Each client keeps one connection and sends its next request when the answer to the last is complete; "
        "bursts of 1,000 requests are repeated for two seconds. An answer that is not a 200 with 10 task ARNs is "
        "an error. The ceiling parses HTTP with httptools on uvloop and answers a canned body of the same size. "
        "moto's services start no tasks, so it lists 10 tasks by startedBy; it closes each connection after one "
        "answer."
    ),
)
