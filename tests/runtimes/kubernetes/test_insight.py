"""What tasks look like from inside, out of their pods and of what kubelets have measured."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lightkube.resources.core_v1 import Pod
from tests.runtimes.kubernetes.kubelets import ARN, FORBIDDEN, OVER, RUNNING, Kubelets, pod

from kecs.core.inside.seen import NOTHING, SeenVolume
from kecs.runtimes.kubernetes.api.client import ClusterError, ClusterGone
from kecs.runtimes.kubernetes.manifests.images import HELD
from kecs.runtimes.kubernetes.measuring import insight as insights
from kecs.runtimes.kubernetes.measuring import summaries
from kecs.runtimes.kubernetes.measuring.insight import KubernetesInsight


@pytest.fixture
def kubelets(monkeypatch: pytest.MonkeyPatch) -> Kubelets:
    """Whose answers are old when the loop has had a turn."""
    monkeypatch.setattr(summaries, "FRESH", -1.0)
    monkeypatch.setattr(insights, "TOLD_WITHIN", 0.0)
    return Kubelets()


def insight(kubelets: Kubelets, seen: Pod | None) -> KubernetesInsight:
    return KubernetesInsight(kubelets.cluster, lambda task: seen if task == ARN else None)


async def test_a_container_is_what_its_pod_says(kubelets: Kubelets) -> None:
    seen = await insight(kubelets, pod(app=RUNNING, proxy={})).look(ARN)
    assert list(seen.containers) == ["app"], "the other has not been created"
    app = seen.containers["app"]
    assert (app.name, app.id, app.image_id) == ("web-0123/app", "id-of-app", "sha256:0123")
    assert app.started_at == app.created_at == 1767225600.0
    assert app.addresses == ("10.1.2.3",)
    assert app.volumes == (
        SeenVolume(destination="/data", name="data", source="/srv/data"),
        SeenVolume(destination="/tmp", name="tmp"),
    )
    assert kubelets.asked == ["Node node"]


async def test_a_container_that_runs_before_its_node_has_said_so_is_waited_for_once(
    kubelets: Kubelets, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([pod("host", app={}), pod("host", app={}), pod("host", app=RUNNING), pod("host", app=RUNNING)])
    inside = KubernetesInsight(kubelets.cluster, lambda _: next(looks))
    monkeypatch.setattr(insights, "TOLD_WITHIN", 60.0)
    assert (await inside.look(ARN)).containers["app"].id == "id-of-app"
    pulling = insight(kubelets, pod("host", app=RUNNING, big={}))
    monkeypatch.setattr(insights, "TOLD_WITHIN", 0.0)
    assert list((await pulling.look(ARN)).containers) == ["app"]
    monkeypatch.setattr(insights, "TOLD_WITHIN", 60.0)
    async with asyncio.timeout(1):
        assert list((await pulling.look(ARN)).containers) == ["app"]


@pytest.mark.parametrize(
    ("mode", "subnet", "addresses"),
    [("awsvpc", "10.1.2.0/24", ("10.1.2.3",)), ("bridge", None, ("10.1.2.3",)), ("host", None, ()), ("none", None, ())],
)
async def test_the_network_is_that_of_its_mode(
    kubelets: Kubelets, mode: str, subnet: str | None, addresses: tuple[str, ...]
) -> None:
    kubelets.measures("10", app=1)
    inside = insight(kubelets, pod(mode, app=RUNNING))
    seen, measured = await inside.look(ARN), (await inside.statistics(ARN))["app"]
    assert (seen.subnet, seen.containers["app"].addresses) == (subnet, addresses)
    assert ("networks" in measured) == bool(addresses)


async def test_what_has_been_written_is_only_asked_for_by_whoever_wants_it(kubelets: Kubelets) -> None:
    kubelets.measures("10", app=1)
    inside = insight(kubelets, pod("host", app=RUNNING))
    assert (await inside.look(ARN)).containers["app"].written == 0
    assert kubelets.asked == []
    assert (await inside.look(ARN, storage=True)).containers["app"].written == 3 << 20
    assert kubelets.asked == ["Summary node"]


async def test_statistics_have_the_shape_of_dockers(kubelets: Kubelets) -> None:
    kubelets.measures("10", app=1)
    (app,) = (await insight(kubelets, pod(app=RUNNING, proxy=OVER)).statistics(ARN)).values()
    assert app == {
        "read": "2026-01-01T00:00:10Z",
        "id": "id-of-app",
        "name": "/web-0123/app",
        "cpu_stats": {
            "cpu_usage": {"total_usage": 10**9},
            "system_cpu_usage": 280 * 10**9,  # of 4 cores in 70 seconds
            "online_cpus": 4,
        },
        "precpu_stats": {},
        "memory_stats": {
            "usage": 48 << 20,
            "limit": 64 << 20,
            "stats": {"inactive_file": 16 << 20, "rss": 1 << 20, "pgfault": 7},
        },
        "networks": {"eth0": {"rx_bytes": 1000, "rx_errors": 0, "tx_bytes": 7, "tx_errors": 0}},
    }


async def test_they_are_compared_with_the_last_that_were_others(kubelets: Kubelets) -> None:
    """A kubelet says the same for ten seconds."""
    inside = insight(kubelets, pod(app=RUNNING))

    async def look(at: str, cpu: int) -> Any:
        kubelets.measures(at, app=cpu)
        return (await inside.statistics(ARN))["app"]

    first = await look("10", 1)
    assert "preread" not in await look("10", 1)
    for _ in range(2):
        later = await look("20", 2)
        assert (later["read"], later["preread"]) == ("2026-01-01T00:00:20Z", "2026-01-01T00:00:10Z")
        assert later["precpu_stats"] == first["cpu_stats"]
        assert later["network_rate_stats"] == {"rx_bytes_per_sec": 100.0, "tx_bytes_per_sec": 0.0}


async def test_a_container_that_was_restarted_is_its_last_run(kubelets: Kubelets) -> None:
    seen = pod("awsvpc", {"app": OVER, "app--1": RUNNING, "app--2": {}})
    assert seen.spec is not None
    seen.spec.containers[0].image = seen.spec.containers[2].image = HELD
    kubelets.measures("10", app=1, **{"app--1": 5})
    inside = insight(kubelets, seen)
    assert (await inside.look(ARN)).containers["app"].id == "id-of-app--1"
    assert (await inside.statistics(ARN))["app"]["cpu_stats"]["cpu_usage"]["total_usage"] == 5 * 10**9


async def test_nothing_is_seen_of_what_is_not_there_or_not_measured(kubelets: Kubelets) -> None:
    nobody = insight(kubelets, None)
    assert (await nobody.look(ARN), await nobody.statistics(ARN)) == (NOTHING, {})
    kubelets.measures("10", other=1)
    assert await insight(kubelets, pod(app=RUNNING)).statistics(ARN) == {}
    unscheduled = pod(app={})
    assert unscheduled.spec is not None
    unscheduled.spec.nodeName = None
    assert await insight(kubelets, unscheduled).statistics(ARN) == {}


@pytest.mark.parametrize(("error", "warnings"), [(FORBIDDEN, 1), (ClusterGone("it is away"), 0)])
async def test_kubelets_that_may_not_be_asked_are_warned_of_once(
    kubelets: Kubelets, error: ClusterError, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    kubelets.summary = error
    inside = insight(kubelets, pod(app=RUNNING))
    for _ in range(2):
        assert await inside.statistics(ARN) == {}
        assert (await inside.look(ARN, storage=True)).containers["app"].written == 0
    assert caplog.text.count("it is not known what tasks use on node node") == warnings


async def test_many_who_look_at_once_ask_a_kubelet_once() -> None:
    kubelets = Kubelets()
    kubelets.measures("10", app=1)
    inside = insight(kubelets, pod(app=RUNNING))
    await asyncio.gather(*(inside.statistics(ARN) for _ in range(10)))
    await inside.look(ARN, storage=True)
    assert kubelets.asked.count("Summary node") == 1
