"""Functions that stand for images and listen: reached by tests, and by each other."""

from __future__ import annotations

import concurrent.futures
import http.client
import socket
import sys
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.testing.fakes import Fakes, call

from kecs.runtimes.simulated import network
from kecs.testing import (
    Container,
    Request,
    TaskDefinitionBuilder,
    address_of,
    deploy_service,
    running_tasks,
    start_server,
)

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="addresses of tasks answer on Linux only")


def serve(fakes: Fakes, handler: Callable[[Request], Any], image: str = "app:1", **container: Any) -> str:
    """The URL of a container that answers so."""
    fakes.image(image)(lambda container: container.serve(8080, handler))
    return url_of(fakes, fakes.task(image, ports=[8080], **container))


def url_of(fakes: Fakes, task: str) -> str:
    fakes.wait(task, "RUNNING")
    fakes.server.clock.advance(seconds=1)
    return address_of(fakes.client, fakes.cluster, task, 8080)


@pytest.mark.parametrize(
    ("answer", "status", "body", "kind"),
    [
        (None, 204, b"", None),
        ("text", 200, b"text", "text/plain; charset=utf-8"),
        (b"bytes", 200, b"bytes", "application/octet-stream"),
        ({"a": [1]}, 200, b'{"a": [1]}', "application/json"),
        ([], 200, b"[]", "application/json"),
        (404, 404, b"", None),
        ((201, "made"), 201, b"made", "text/plain; charset=utf-8"),
        ((200, "<p>", {"Content-Type": "text/html", "X-Own": 1}), 200, b"<p>", "text/html"),
    ],
)
def test_what_a_handler_may_return(fakes: Fakes, answer: Any, status: int, body: bytes, kind: str | None) -> None:
    address = urlsplit(serve(fakes, lambda _: answer))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    for method in ("GET", "HEAD", "POST"):  # all on one connection
        connection.request(method, "/", b"x" if method == "POST" else None)
        response = connection.getresponse()
        assert response.status == status
        assert response.getheader("content-type") == kind
        assert response.read() == (b"" if method == "HEAD" else body)
    connection.close()


def test_what_a_handler_is_told(fakes: Fakes) -> None:
    told: list[Request] = []
    url = serve(fakes, told.append)
    assert call(f"{url}/a%20b?x=1&y=&x=2", {"order": 1}, "PUT") == (204, b"")
    (request,) = told
    assert (request.method, request.path, request.query) == ("PUT", "/a b", {"x": "2", "y": ""})
    assert (request.json(), request.text, request.target) == ({"order": 1}, '{"order": 1}', "/a%20b?x=1&y=&x=2")
    assert request.headers["host"] == urlsplit(url).netloc


def test_a_body_in_chunks(fakes: Fakes) -> None:
    address = urlsplit(serve(fakes, lambda request: request.body))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("POST", "/", iter([b"one ", b"two"]), encode_chunked=True)
    assert connection.getresponse().read() == b"one two"
    connection.close()


def test_a_handler_that_fails_is_a_500_and_a_traceback_in_the_output(fakes: Fakes) -> None:
    def handler(request: Request) -> Any:
        raise ZeroDivisionError(request.path)

    fakes.image("app:*")(lambda container: container.serve(8080, handler))
    task = fakes.task(ports=[8080])
    url = url_of(fakes, task)
    assert call(f"{url}/x")[0] == 500
    assert call(f"{url}/y")[0] == 500
    assert [line for line in fakes.output(task) if line.startswith("Zero")] == [
        "ZeroDivisionError: /x",
        "ZeroDivisionError: /y",
    ]


def test_a_wsgi_application(fakes: Fakes) -> None:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("202 Accepted", [("Content-Type", "text/plain"), ("Set-Cookie", "a"), ("Set-Cookie", "b")])
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']} ".encode(), body]

    fakes.image("app:*")(lambda container: container.serve(8080, wsgi=application))
    url = url_of(fakes, fakes.task(ports=[8080]))
    assert call(f"{url}/orders?all=1", {"a": 1}) == (202, b'POST /orders?all=1 {"a": 1}')


@pytest.mark.parametrize("mode", [pytest.param("awsvpc", marks=on_linux), "bridge", "host"])
def test_every_network_mode_has_addresses(fakes: Fakes, mode: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    @fakes.image("app:*")
    def app(container: Container) -> None:
        container.serve(port, lambda _: container.task.address)

    definition = TaskDefinitionBuilder(f"in-{mode}").with_container("app", "app:1", ports=[port])
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    answer = fakes.client.run_task(
        cluster=fakes.cluster,
        taskDefinition=definition.with_members(networkMode=mode).register(fakes.client),
        **({"networkConfiguration": network} if mode == "awsvpc" else {}),
    )
    task = answer["tasks"][0]["taskArn"]
    fakes.wait(task, "RUNNING")
    url = address_of(fakes.client, fakes.cluster, task, port)
    status, address = call(url)
    assert (status, address.decode()) == (200, urlsplit(url).hostname)


def test_an_address_is_of_tasks_that_run_and_have_the_port(fakes: Fakes) -> None:
    fakes.image("app:*")(lambda container: container.serve(8080, lambda _: "here"))
    task = fakes.task(ports=[8080])
    url_of(fakes, task)
    with pytest.raises(LookupError, match="has no port 9090"):
        address_of(fakes.client, fakes.cluster, task, 9090)
    with pytest.raises(LookupError, match="has no port 8080"):
        address_of(fakes.client, fakes.cluster, task, 8080, container="other")
    fakes.client.stop_task(cluster=fakes.cluster, task=task)
    fakes.wait(task)
    with pytest.raises(LookupError, match="is STOPPED"):
        address_of(fakes.client, fakes.cluster, task, 8080)


def test_a_port_without_a_mapping_cannot_be_had(fakes: Fakes) -> None:
    fakes.image("app:*")(lambda container: container.serve(9090, lambda _: None))
    task = fakes.task(ports=[8080])
    assert fakes.code(task) == 1
    assert "Port 9090 is in no port mapping of the container; it has 8080" in fakes.output(task)[-1]


def test_a_port_answers_while_somebody_listens(fakes: Fakes) -> None:
    @fakes.image("app:*")
    def app(container: Container) -> None:
        container.sleep(100)
        with container.listen(8080, lambda _: "first"):
            container.sleep(100)
        container.sleep(100)
        container.serve(8080, lambda _: "second")

    clock = fakes.server.clock
    clock.freeze()
    try:
        task = fakes.task(ports=[8080])
        clock.advance(seconds=50)
        url = address_of(fakes.client, fakes.cluster, task, 8080)
        seen: list[Any] = []
        for _ in range(4):
            try:
                seen.append(call(url)[1])
            except OSError:
                seen.append(None)
            clock.advance(seconds=100)
    finally:
        clock.resume()
    assert seen == [None, b"first", None, b"second"]


def test_functions_call_each_other(fakes: Fakes) -> None:
    """Each waits at a socket for the next one, which answers at once although somebody has the turn already."""

    @fakes.image("link:*")
    def link(container: Container) -> None:
        following = container.environment.get("NEXT")

        def handler(request: Request) -> str:
            container.print("asked")
            return container.task.family + (f" {call(following)[1].decode()}" if following else "")

        container.serve(8080, handler)

    url = ""
    for name in ("c", "b", "a"):
        definition = TaskDefinitionBuilder(name).with_container(
            "app", "link:1", ports=[8080], environment={"NEXT": url} if url else {}
        )
        answer = fakes.client.run_task(cluster=fakes.cluster, taskDefinition=definition.register(fakes.client))
        url = url_of(fakes, answer["tasks"][0]["taskArn"])

    @fakes.image("client:*")
    def client(container: Container) -> None:
        container.print(call(url)[1].decode())

    task = fakes.task("client:1")
    assert fakes.code(task) == 0
    assert fakes.output(task) == ["a b c"]


def test_an_answer_that_takes_hours_holds_up_who_has_asked_and_nobody_else(fakes: Fakes) -> None:
    events: list[str] = []

    @fakes.image("slow:*")
    def slow(container: Container) -> None:
        def handler(_: Request) -> str:
            container.sleep(3 * 3600)
            return "at last"

        container.serve(8080, handler)

    @fakes.image("patient:*")
    def patient(container: Container) -> None:
        container.sleep(60)
        begun = container.now
        events.append(call(container.environment["SLOW"])[1].decode())
        events.append(f"{container.now - begun:.0f}")

    @fakes.image("other:*")
    def other(container: Container) -> None:
        container.sleep(2 * 3600)
        events.append("other")

    slow_task = fakes.task("slow:1", ports=[8080])
    url = url_of(fakes, slow_task)
    clock = fakes.server.clock
    clock.freeze()
    try:
        fakes.task("other:1")
        task = fakes.task("patient:1", environment={"SLOW": url})
        clock.advance(hours=3, minutes=2)
    finally:
        clock.resume()
    assert events == ["other", "at last", "10800"]
    assert fakes.code(task) == 0


def test_what_is_being_answered_at_sigterm_is_answered(fakes: Fakes) -> None:
    def handler(_: Request) -> str:
        handling.append(True)
        container.sleep(10)
        return "in time"

    handling: list[bool] = []
    containers: list[Container] = []

    @fakes.image("app:*")
    def app(container: Container) -> None:
        containers.append(container)
        container.serve(8080, handler)

    clock = fakes.server.clock
    clock.freeze()
    try:
        task = fakes.task(ports=[8080])
        clock.advance(seconds=1)
        (container,) = containers
        url = address_of(fakes.client, fakes.cluster, task, 8080)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(call, url)
            while not handling:
                clock.advance()
            fakes.client.stop_task(cluster=fakes.cluster, task=task)
            clock.advance(seconds=11)
            assert answer.result(10) == (200, b"in time")
    finally:
        clock.resume()
    assert fakes.code(task) == 0


def test_a_killed_container_cuts_its_connections(fakes: Fakes) -> None:
    """Who has asked goes on with an error, and time with it."""

    @fakes.image("server:*")
    def server(container: Container) -> None:
        with container.listen(8080, lambda _: container.sleep(1e6)):
            container.sleep(100)

    @fakes.image("client:*")
    def client(container: Container) -> None:
        container.sleep(50)
        try:
            call(container.environment["SERVER"])
        except OSError:
            container.print(f"cut {container.now - begun:.0f}")

    clock = fakes.server.clock
    clock.freeze()
    try:
        begun = clock.now
        task = fakes.task("server:1", ports=[8080], stopTimeout=5)
        clock.advance(seconds=10)
        url = address_of(fakes.client, fakes.cluster, task, 8080)
        asking = fakes.task("client:1", environment={"SERVER": url})
        clock.advance(seconds=80)
        fakes.client.stop_task(cluster=fakes.cluster, task=task)
        clock.advance(seconds=20)
    finally:
        clock.resume()
    assert fakes.output(asking) == ["cut 90"]


def test_tasks_of_a_service_answer_each_for_itself(fakes: Fakes) -> None:
    fakes.image("app:*")(lambda container: container.serve(8080, lambda _: container.task.id))
    deploy_service(fakes.client, fakes.cluster, "app", "app:1", count=3, ports=[8080])
    tasks = [task["taskArn"] for task in running_tasks(fakes.client, fakes.cluster, "app")]
    answers = [call(address_of(fakes.client, fakes.cluster, task, 8080))[1].decode() for task in tasks]
    assert answers == [task.rsplit("/", 1)[-1] for task in tasks]


def test_where_tasks_have_no_addresses_host_ports_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "sys", SimpleNamespace(platform="darwin"))
    with start_server() as server:
        server.image("app:*")(lambda container: container.serve(8080, lambda _: "here"))
        client = server.ecs_client()
        fakes = Fakes(server, client, "default", server.image)
        definition = TaskDefinitionBuilder("app").with_container("app", "app:1", ports=[8080])
        client.run_task(taskDefinition=definition.register(client))
        (task,) = client.list_tasks()["taskArns"]
        assert call(url_of(fakes, task)) == (200, b"here")
        answer = client.run_task(
            taskDefinition=definition.with_members(networkMode="awsvpc").register(client),
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        )
        task = answer["tasks"][0]["taskArn"]
        assert fakes.code(task) == 1
        assert fakes.output(task)[-1].endswith("containers of this network mode have ports on Linux only")
