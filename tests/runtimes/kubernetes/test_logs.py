"""Output of real pods: lines as they were written, what comes while somebody follows, the end of several runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from tests.runtimes.kubernetes import pods
from tests.support.patience import PATIENCE

from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone
from kecs.runtimes.kubernetes.output.logs import output
from kecs.runtimes.kubernetes.places import Place

pytestmark = pytest.mark.kubernetes

ENDS = ["Succeeded", "Failed"]


@pytest.fixture
async def namespace(cluster: Cluster) -> AsyncIterator[str]:
    async with pods.namespace(cluster) as name:
        yield name


async def texts(cluster: Cluster, *runs: Place, tail: int | None = None) -> list[str]:
    return [line.text async for line in output(cluster, runs, tail=tail)]


async def test_lines_are_as_they_were_written(cluster: Cluster, namespace: str) -> None:
    written = [
        "head -c 40000 /dev/zero | tr '\\0' x; echo",
        "printf 'a\\rb\\014c\\302\\205d\\n'",
        "echo; echo '2023-11-14T22:13:20Z not now'; printf 'no end'",
    ]
    await pods.make(cluster, namespace, pods.container("; ".join(written)))
    await pods.until(cluster, namespace, lambda pod: pod.status.phase in ENDS)
    place = Place(namespace, "pod", "app")
    expected = ["x" * 40_000, "a\rb\x0cc\x85d", "", "2023-11-14T22:13:20Z not now", "no end"]
    assert await texts(cluster, place) == expected
    assert await texts(cluster, place, tail=2) == expected[-2:]


async def test_both_streams_are_one(cluster: Cluster, namespace: str) -> None:
    await pods.make(cluster, namespace, pods.container("echo out; usleep 100000; echo err >&2"))
    await pods.until(cluster, namespace, lambda pod: pod.status.phase in ENDS)
    found = [(line.stream, line.text) async for line in output(cluster, [Place(namespace, "pod", "app")])]
    assert found == [("stdout", "out"), ("stdout", "err")]


async def test_who_follows_sees_lines_as_they_come_until_the_end(cluster: Cluster, namespace: str) -> None:
    goes_on = "echo one; until test -e /tmp/go; do usleep 20000; done; echo two"
    await pods.make(cluster, namespace, pods.container(goes_on), pods.container("sleep 600", "other"))
    found = []
    async with (
        asyncio.timeout(PATIENCE),
        aclosing(output(cluster, [Place(namespace, "pod", "app")], follow=True)) as lines,
    ):
        async for line in lines:
            found.append(line.text)
            if line.text == "one":
                await pods.run(cluster, Place(namespace, "pod", "app"), "touch /tmp/go")
    assert found == ["one", "two"]


async def test_runs_come_one_after_the_other(cluster: Cluster, namespace: str) -> None:
    await pods.make(
        cluster,
        namespace,
        pods.container("echo 1; echo 2; echo 3", "app"),
        pods.container("echo 4; echo 5; sleep 600", "app--1"),
    )
    await pods.until(cluster, namespace, lambda pod: all(s.state.waiting is None for s in pod.status.containerStatuses))
    runs = [Place(namespace, "pod", "app"), Place(namespace, "pod", "app--1")]
    await first_line(cluster, runs[1])
    for tail, expected in ((None, "12345"), (0, ""), (2, "45"), (4, "2345"), (9, "12345")):
        assert await texts(cluster, *runs, tail=tail) == list(expected)
        async with aclosing(output(cluster, runs, follow=True, tail=tail)) as lines:
            assert [(await anext(lines)).text for _ in expected] == list(expected)


async def first_line(cluster: Cluster, place: Place) -> None:
    async with aclosing(output(cluster, [place], follow=True)) as lines:
        await anext(lines)


async def test_what_is_gone_says_so(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(ClusterError, match="not found") as refused:
        await texts(cluster, Place(namespace, "pod", "app"))
    assert refused.value.status == 404


async def test_a_connection_that_is_silent_may_be_dead(cluster: Cluster, namespace: str) -> None:
    await pods.make(cluster, namespace, pods.container("echo here; sleep 600"))
    await first_line(cluster, Place(namespace, "pod", "app"))
    pieces = cluster.log("pod", namespace, "app", follow=True, silent=0.5)
    assert (await anext(pieces)).endswith(b"here\n")
    with pytest.raises(ClusterGone):
        await anext(pieces)
    assert cluster.trouble is None  # which is a matter of one connection
