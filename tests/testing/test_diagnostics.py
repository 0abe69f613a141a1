from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from kecs.testing import (
    Server,
    capture_diagnostics,
    create_test_service,
    create_test_task_definition,
    deploy_service,
    diagnostics,
    start_server,
    wait_for_task,
)

HOSTS = pytest.mark.parametrize("in_process", [True, False], ids=["this process", "a child"])


def fail(client: Any, cluster: str, script: str = "echo out of paper; exit 7") -> str:
    definition = create_test_task_definition(client, "job", command=["sh", "-c", script])
    arn: str = client.run_task(cluster=cluster, taskDefinition=definition)["tasks"][0]["taskArn"]
    wait_for_task(client, cluster, arn, "STOPPED")
    return arn


@HOSTS
def test_what_is_found(in_process: bool, tmp_path: Path) -> None:
    with start_server(in_process=in_process) as server:
        client = server.ecs_client()
        client.create_cluster(clusterName="shop")
        deploy_service(client, "shop", "orders", "orders:1", count=2)
        task = fail(client, "shop")
        found = capture_diagnostics(server, directory=tmp_path / "found")
    assert (found.problems, found.runtime) == ([], "simulated")
    assert [cluster["clusterName"] for cluster in found.clusters] == ["default", "shop"]
    assert [service["serviceName"] for service in found.services] == ["orders"]
    assert [known["lastStatus"] for known in found.tasks] == ["STOPPED", "RUNNING", "RUNNING"]
    assert found.instances
    assert found.outputs == {(task, "app"): ["out of paper"]}
    assert found.history.tasks(image="orders:1").became("RUNNING")
    text = str(found)
    for line in (
        "cluster shop is ACTIVE",
        "Service orders is ACTIVE: desired 2, running 2, pending 0",
        "    (service orders) has reached a steady state.",
        "  container app: exit code 7",
        "    | out of paper",
    ):
        assert f"\n{line}\n" in text
    assert " task " in text.split("on KECS's clock:")[1]
    assert f"({task.rsplit('/', 1)[-1]}" not in text
    read = json.loads((tmp_path / "found/diagnostics.json").read_text())
    assert read["state"]["services"][0]["serviceName"] == "orders"
    assert [one["id"] for one in read["history"]] == [one.id for one in found.history]
    assert (tmp_path / "found/diagnostics.txt").read_text() == f"{text}\n"
    (output,) = (tmp_path / "found/logs").iterdir()
    assert (output.name, output.read_text()) == (f"{task.rsplit('/', 1)[-1]}-app.log", "out of paper\n")


def test_of_one_cluster_and_of_what_is_new(server: Server, client: Any, cluster: str) -> None:
    client.create_cluster(clusterName="somebody-elses")
    deploy_service(client, "somebody-elses", "theirs")
    since = server.history().last.id
    deploy_service(client, cluster, "mine")
    for found in (capture_diagnostics(server, cluster), capture_diagnostics(server, since=since)):
        assert [known["clusterName"] for known in found.clusters] == [cluster]
        assert [service["serviceName"] for service in found.services] == ["mine"]
        assert "theirs" not in str(found)
        assert found.history.tasks(service="mine").became("RUNNING")


def test_what_is_long_is_cut_and_said_to_be(server: Server, client: Any, cluster: str, tmp_path: Path) -> None:
    fail(client, cluster, f"for i in 1 2; do echo {'long' * 1000}; done")
    for number in range(30):
        client.run_task(cluster=cluster, taskDefinition="job", count=1, startedBy=str(number))
    server.clock.run_until_stable()
    found = capture_diagnostics(server, cluster, tmp_path)
    text = str(found)
    assert "  … 11 older tasks are left out\n" in text
    assert f"  … {len(found.history) - diagnostics.SHOWN_CHANGES} earlier changes are left out\n" in text
    assert max(map(len, text.splitlines())) < 600
    assert len((tmp_path / "timeline.txt").read_text().splitlines()) == len(found.history) + 1
    assert len(list((tmp_path / "logs").iterdir())) == 31


def test_what_does_not_run_any_more_is_said() -> None:
    with start_server() as server:
        pass
    assert "! This KECS does not run any more: it has been cleaned up." in str(capture_diagnostics(server))
    with start_server(in_process=False) as server:
        server._host._process.send_signal(signal.SIGKILL)  # type: ignore[attr-defined]
        server._host._process.wait(10)  # type: ignore[attr-defined]
        found = capture_diagnostics(server)
        assert found.problems == ["This KECS does not run any more: its process has ended with code -9."]


@HOSTS
def test_what_hangs_is_not_waited_for(in_process: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnostics, "ONE_ANSWER", 0.2)
    with start_server(in_process=in_process) as server:
        release = threading.Event()
        if in_process:
            server._host._loop.call_soon_threadsafe(release.wait)  # type: ignore[attr-defined]
        else:
            server._host._process.send_signal(signal.SIGSTOP)  # type: ignore[attr-defined]
        began = time.monotonic()
        found = capture_diagnostics(server)
        assert time.monotonic() - began < 20  # a loaded machine included
        release.set()
        if not in_process:
            server._host._process.send_signal(signal.SIGCONT)  # type: ignore[attr-defined]
    assert found.problems == ["KECS does not answer: nothing has come within 0.2 s, so it hangs."]


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def page() -> Iterator[str]:
    """A server that is no KECS."""
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_no_kecs(page: str) -> None:
    for url in (page, "http://127.0.0.1:9"):
        (problem,) = capture_diagnostics(url).problems
        assert problem.startswith("KECS does not answer: ")


def test_by_its_url(server: Server, client: Any, cluster: str) -> None:
    create_test_service(client, cluster, create_test_task_definition(client), "web")
    found = capture_diagnostics(server.endpoint, cluster)
    assert (found.problems, found.runtime, found.log) == ([], "simulated", [])
    assert [service["serviceName"] for service in found.services] == ["web"]


def test_the_log_of_kecs_is_part_of_it() -> None:
    with start_server() as server:
        for number in range(40):
            server._log.add(f"line {number}")
        assert capture_diagnostics(server, log_since=38).log == ["line 38", "line 39"]
        text = str(capture_diagnostics(server))
    assert "\nKECS's log:\n  … 10 earlier lines are left out\n  line 10\n" in text
