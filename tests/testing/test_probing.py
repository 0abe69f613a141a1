from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from kecs.testing import Probe, Server, deploy_service, probe, running_tasks, service_urls


class Site:
    """Something that answers with a status that can be changed, at `url`; it counts the requests."""

    def __init__(self) -> None:
        self.status = 200
        self.asked: list[str] = []
        self._news = threading.Condition()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(site.status)
                self.end_headers()
                with site._news:
                    site.asked.append(self.path)
                    site._news.notify_all()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def wait_for_more(self, count: int) -> None:
        """Until so many more requests have come."""
        with self._news:
            wanted = len(self.asked) + count
            assert self._news.wait_for(lambda: len(self.asked) >= wanted, timeout=20)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def nobody() -> str:
    """A URL at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def finished(traffic: Probe, count: int) -> None:
    """Wait until so many more requests are over."""
    wanted = traffic.total + count
    pause = threading.Event()
    while traffic.total < wanted:
        pause.wait(0.001)


def test_a_url_that_is_always_up(site: Site) -> None:
    with probe(f"{site.url}/health?deep=1", every=0.001) as traffic:
        site.wait_for_more(5)
    assert traffic.failed == 0
    assert traffic.total == traffic.statuses[200] == len(site.asked) >= 7
    assert set(site.asked) == {"/health?deep=1"}
    assert traffic.longest_gap == 0
    assert 0 < traffic.slowest < 20
    traffic.assert_always_up()
    first, second = str(traffic).splitlines()
    assert first.startswith(f"{traffic.total} requests in ")
    assert " 0 failed; the slowest took " in first
    assert "█|" in second
    assert "x|" not in second


def test_one_request_is_over_before_the_block_and_one_begins_after_it(site: Site) -> None:
    with probe(site.url, every=60) as traffic:
        assert (traffic.total, len(site.asked)) == (1, 1)
        site.status = 204
    assert traffic.statuses == {200: 1, 204: 1}


def test_an_outage_is_a_gap(site: Site) -> None:
    with probe(site.url, every=0.001) as traffic:
        site.status = 503
        site.wait_for_more(3)
        site.status = 200
        site.wait_for_more(3)
    assert traffic.failed >= 2
    assert traffic.statuses[503] == traffic.failed
    assert traffic.failures[0].reason == "status 503"
    assert traffic.failures[0].url == site.url
    assert 0 < traffic.longest_gap < 20
    traffic.assert_always_up(longest_gap=20)
    with pytest.raises(AssertionError, match=r"^No good answer for 0\.\d+ s: not always up\.\n\d+ requests in "):
        traffic.assert_always_up()
    assert "x" in str(traffic).splitlines()[1]
    assert f"{site.url}: status 503" in str(traffic)


def test_redirects_are_good_answers_and_are_not_followed(site: Site) -> None:
    site.status = 302
    with probe(site.url) as traffic:
        pass
    assert (traffic.failed, traffic.statuses) == (0, {302: 2})


def test_nobody_answers(nobody: str) -> None:
    with probe(nobody, every=0.001) as traffic:
        finished(traffic, 30)
    assert traffic.failed == traffic.total >= 31
    assert len(traffic.failures) == 10
    assert "refused" in traffic.failures[0].reason
    with pytest.raises(AssertionError, match="No good answer for "):
        traffic.assert_always_up()


def test_an_answer_that_takes_too_long_is_none() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        probe(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05) as traffic,
    ):
        pass
    assert (traffic.total, traffic.failed) == (2, 2)
    assert traffic.failures[0].reason == "timed out"
    assert traffic.slowest >= 0.05


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://", "nonsense"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"no URL|Port out of range"):
        probe(url)
    with probe(lambda: url) as traffic:
        pass
    assert traffic.failed == traffic.total == 2


def test_several_urls_are_asked_in_turn(site: Site) -> None:
    with probe(lambda: [f"{site.url}/a", f"{site.url}/b"], every=0.001) as traffic:
        site.wait_for_more(4)
    assert site.asked[:4] == ["/a", "/b", "/a", "/b"]
    assert traffic.failed == 0


def test_what_is_gone_when_it_is_looked_for_again_is_no_failure(site: Site, nobody: str) -> None:
    answers = iter([[nobody]])
    with probe(lambda: next(answers, [site.url]), every=0.001) as traffic:
        site.wait_for_more(2)
    assert traffic.failed == 0


def test_what_is_still_there_and_does_not_answer_is_one(site: Site, nobody: str) -> None:
    with probe(lambda: [site.url, nobody], every=0.001) as traffic:
        finished(traffic, 4)
    assert 2 <= traffic.failed <= traffic.total // 2 + 1
    assert {failure.url for failure in traffic.failures} == {nobody}


def test_nothing_to_ask_and_a_function_that_fails() -> None:
    with probe(list) as nothing:
        pass
    assert nothing.failures[0][1:] == ("no URL", "there was nothing to ask")

    def broken() -> str:
        raise LookupError("who?")

    with probe(broken) as failing:
        pass
    assert failing.failures[0].reason == "the function that gives the URLs failed: LookupError('who?')"


def test_the_error_of_the_block_is_the_one_that_counts(site: Site) -> None:
    with pytest.raises(ZeroDivisionError), probe(site.url):
        raise ZeroDivisionError
    assert len(site.asked) == 2


@pytest.mark.parametrize("launch", [{}, {"launchType": "FARGATE"}], ids=["bridge", "awsvpc"])
def test_a_rolling_update_under_traffic(server: Server, client: Any, cluster: str, launch: dict[str, str]) -> None:
    port: dict[str, Any] = {"portMappings": [{"containerPort": 80}], "health_check": "true"}
    if launch:
        _fargate(client, cluster, "web:1")
    else:
        deploy_service(client, cluster, "web", "web:1", 2, **port)
    with probe(lambda: service_urls(client, cluster, "web", 80), every=0.001) as traffic:
        finished(traffic, 3)
        if launch:
            _fargate(client, cluster, "web:2")
        else:
            deploy_service(client, cluster, "web", "web:2", 2, **port)
        finished(traffic, 3)
    assert traffic.failed == 0, str(traffic)
    assert len(service_urls(client, cluster, "web", 80, "/health")) == 2
    assert service_urls(client, cluster, "web", 81) == [] or launch


def test_unhealthy_tasks_are_not_asked(server: Server, client: Any, cluster: str) -> None:
    sick: dict[str, Any] = {"health_check": "true", "environment": {"KECS_SIM_HEALTH": "HEALTHY@0,UNHEALTHY@500"}}
    deploy_service(
        client, cluster, "web", count=1, portMappings=[{"containerPort": 80}],
        service={"healthCheckGracePeriodSeconds": 100_000}, **sick,
    )  # fmt: skip
    assert len(service_urls(client, cluster, "web", 80)) == 1
    server.clock.advance(seconds=510)
    assert len(running_tasks(client, cluster, "web")) == 1
    assert service_urls(client, cluster, "web", 80) == []


def test_tasks_are_asked_once_they_are_healthy(server: Server, client: Any, cluster: str) -> None:
    late: dict[str, Any] = {"health_check": "true", "ports": [80], "environment": {"KECS_SIM_HEALTH": "HEALTHY@60"}}
    deploy_service(client, cluster, "web", **late)
    first = service_urls(client, cluster, "web", 80)
    client.update_service(cluster=cluster, service="web", desiredCount=2)
    server.clock.advance(seconds=30)
    assert len(running_tasks(client, cluster, "web")) == 2
    assert service_urls(client, cluster, "web", 80) == first
    server.clock.advance(seconds=31)
    assert len(service_urls(client, cluster, "web", 80)) == 2


def _fargate(client: Any, cluster: str, image: str) -> None:
    from kecs.testing import TaskDefinitionBuilder, create_test_service, wait_for_stable_service

    builder = TaskDefinitionBuilder("web").with_fargate().with_container("app", image, ports=[80])
    definition = builder.register(client)
    if client.describe_services(cluster=cluster, services=["web"])["services"]:
        client.update_service(cluster=cluster, service="web", taskDefinition=definition)
    else:
        create_test_service(client, cluster, definition, "web", 2, launchType="FARGATE")
    wait_for_stable_service(client, cluster, "web")
