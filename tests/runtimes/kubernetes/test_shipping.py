"""Output of pods on its way to CloudWatch Logs: each line once, whatever is cut, and one run after the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightkube.resources.core_v1 import Pod
from tests.runtimes.plans import make_plan

from kecs.core.logs.destinations import Destination, destination
from kecs.ports.logs import Line
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import ClusterError, ClusterGone
from kecs.runtimes.kubernetes.output import shipping
from kecs.runtimes.kubernetes.output.outlets import logs_of, outlet_of, source_of
from kecs.runtimes.kubernetes.output.shipping import PodOutput
from kecs.runtimes.kubernetes.seeing.observing import TaskPod
from kecs.runtimes.shipping import OutputLost, Source

TASK = "arn:aws:ecs:us-east-1:000000000000:task/dev/0123456789abcdef0123456789abcdef"
START = 1_700_000_000_000_000_000  # nanoseconds
WHATEVER = {"image": "a", "imageID": "a", "ready": False, "restartCount": 0}  # that a status has to have
SOURCE = Source(TASK, source_of(TASK, "app"))

Run = list[bytes]
"""The lines of one run of the container, each behind its time."""


class Node:
    """Keeps what the runs of a container have written, cuts connections where it is told to, and says what it is asked
    for. A stand-in for Cluster."""

    def __init__(self, runs: list[Run], cuts: Sequence[int] = ()) -> None:
        self.runs = runs
        self.cuts = list(cuts)  # after how many bytes each connection is cut; the later ones are not
        self.asked: list[dict[str, Any]] = []
        self.error: ClusterError | None = None

    async def log(self, name: str, namespace: str, container: str, **how: Any) -> AsyncIterator[bytes]:
        self.asked.append(how)
        since = (how.get("since") or "")[:19].encode()
        number = int(container.partition("--")[2] or 0)
        data = b"".join(line for line in self.runs[number] if line >= since)
        if self.cuts:
            yield data[: self.cuts.pop(0)]
            raise ClusterGone("the connection broke")
        yield data
        if self.error is not None:
            raise self.error


class Kept:
    """An outlet that keeps what it is given, up to the next loss."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def write(self, lines: Sequence[Line]) -> None:
        self.lines += lines

    @property
    def mark(self) -> str:
        return self.lines[-1].mark if self.lines else ""

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


def run(number: int, texts: list[str], step: int) -> Run:
    found = []
    for index, text in enumerate(texts):
        whole, rest = divmod(START + number * 10_000_000_000 + index * step, 1_000_000_000)
        stamp = f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
        found.append(f"{stamp} {text}\n".encode())
    return found


def pod(*states: str) -> TaskPod:
    """A pod whose container has had runs that are now in these states."""
    statuses = []
    for number, state in enumerate(states):
        at = {"startedAt": "2023-11-14T22:13:20Z"}
        ended = at | {"finishedAt": "2023-11-14T22:13:21Z", "exitCode": 0}
        statuses.append(
            {
                "name": names.slot_name("app", number),
                "state": {"terminated": ended} if state == "exited" else {state: at},
                **WHATEVER,
            }
        )
    manifest = {
        "metadata": {"name": "p", "namespace": "n", "annotations": {names.CONTAINERS: json.dumps(["app"])}},
        "spec": {"containers": [{"name": status["name"], "image": "a"} for status in statuses]},
        "status": {"phase": "Running", "containerStatuses": statuses},
    }
    return TaskPod(TASK, pod=msgspec.convert(manifest, Pod))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("PAUSE", "RETRY", "AGAIN", "NODE_AWAY"):
        monkeypatch.setattr(shipping, pause, 0)


def shipped(node: Node, known: TaskPod, kept: Kept, steps: int = 1000) -> bool:
    """Whether all is read after at most as many steps."""

    async def ship() -> bool:
        output = PodOutput(node, lambda _: known)  # type: ignore[arg-type]
        mark: str | None = kept.mark
        for _ in range(steps):
            if mark is None:
                return True
            mark = await output.follow(SOURCE, kept, mark)  # type: ignore[arg-type]
        return mark is None

    return asyncio.run(ship())


texts = st.lists(st.sampled_from(["", "a", "bb", "x" * 100]), max_size=8)
steps = st.sampled_from([0, 1, 300_000_000, 2_000_000_000])


@given(st.lists(st.tuples(texts, steps), min_size=1, max_size=3), st.lists(st.integers(0, 600), max_size=6))
def test_each_line_comes_once_however_often_connections_break(
    runs: list[tuple[list[str], int]], cuts: list[int]
) -> None:
    node = Node([run(number, *each) for number, each in enumerate(runs)], cuts)
    kept = Kept()
    assert shipped(node, pod(*["exited"] * len(runs)), kept)
    assert kept.texts == [text for each, _ in runs for text in each]


@given(st.lists(st.tuples(texts, steps), min_size=1, max_size=3), st.lists(st.integers(1, 30), max_size=4))
def test_each_line_comes_once_however_often_kecs_is_killed(
    runs: list[tuple[list[str], int]], losses: list[int]
) -> None:
    """What was written after the last line that is kept is lost with it, and read again."""
    node, known = Node([run(number, *each) for number, each in enumerate(runs)]), pod(*["exited"] * len(runs))
    kept = Kept()
    for loss in losses:
        shipped(node, known, kept, steps=len(runs) - 1)
        del kept.lines[-loss:]
    assert shipped(node, known, kept)
    assert kept.texts == [text for each, _ in runs for text in each]


def test_a_container_that_runs_is_followed_and_read_once_more_when_it_has_exited() -> None:
    node, known, kept = Node([run(0, ["a", "b"], 1)]), pod("running"), Kept()
    assert not shipped(node, known, kept, steps=2)
    assert [how["follow"] for how in node.asked] == [True, True]
    assert kept.texts == ["a", "b"]
    node.runs[0] += [run(0, ["", "", "c"], 1)[-1].removesuffix(b"\n")]
    known.pod = pod("exited").pod
    assert shipped(node, known, kept, steps=1)
    assert node.asked[-1]["follow"] is False
    assert kept.texts == ["a", "b", "c"]


def test_reading_goes_on_from_whole_seconds() -> None:
    node, known, kept = Node([run(0, ["a", "b", "c", "d"], 700_000_000)]), pod("running"), Kept()
    shipped(node, known, kept, steps=2)
    assert [how["since"] for how in node.asked] == [None, "2023-11-14T22:13:20Z"]


def test_a_run_that_comes_later_goes_on_in_the_same_place() -> None:
    node, known, kept = Node([run(0, ["a"], 1), run(1, ["b"], 1)]), pod("exited"), Kept()
    assert shipped(node, known, kept)
    known.pod = pod("exited", "running").pod
    assert not shipped(node, known, kept, steps=3)
    assert kept.texts == ["a", "b"]


def test_a_pod_that_is_gone_has_no_more_to_say() -> None:
    node, known, kept = Node([run(0, ["a"], 1)]), pod("running"), Kept()
    node.error = ClusterError(404, "NotFound", "no such pod")
    assert shipped(node, known, kept, steps=1)
    assert shipped(node, TaskPod(TASK), kept, steps=1)
    assert kept.texts == ["a"]


def test_a_node_that_does_not_answer() -> None:
    node, known, kept = Node([run(0, ["a"], 1)]), pod("running"), Kept()
    node.error = ClusterError(500, "InternalError", "dial tcp: no route to host")
    assert not shipped(node, known, kept, steps=3)
    assert kept.texts == ["a"]
    known.pod = pod("exited").pod
    with pytest.raises(OutputLost, match="no route"):
        shipped(node, known, kept)


@pytest.mark.parametrize(("states", "runs"), [(["running"], True), (["exited"], False), (["exited", "running"], True)])
async def test_whether_it_runs(states: list[str], runs: bool) -> None:
    output = PodOutput(Node([]), lambda _: pod(*states))  # type: ignore[arg-type]
    assert await output.runs(SOURCE) is runs


def test_a_pod_tells_where_the_output_of_its_containers_goes() -> None:
    def logging(name: str, driver: str = "awslogs", **options: str) -> dict[str, Any]:
        return {"name": name, "logConfiguration": {"logDriver": driver, "options": options}}

    plan = make_plan(
        logging("app", **{"awslogs-group": "/shop", "awslogs-datetime-format": "%Y"}),
        logging("wrong", **{"awslogs-create-group": "perhaps"}),
        logging("other", "json-file"),
        {"name": "none"},
    )
    value = logs_of(plan)
    assert value is not None
    told = msgspec.convert({"metadata": {"annotations": {names.LOGS: value}}}, Pod)
    to = outlet_of(told, "app")
    assert to is not None
    assert msgspec.json.decode(to, type=Destination) == destination(plan, plan.container("app"))
    assert [outlet_of(told, name) for name in ("wrong", "other", "none")] == [None, None, None]
    assert logs_of(make_plan({"name": "none"})) is None
    assert outlet_of(Pod(), "app") is None


def test_a_stream_without_a_prefix_has_a_name_that_is_known_before_the_container() -> None:
    assert source_of(TASK, "app") == "app/0123456789abcdef0123456789abcdef"
