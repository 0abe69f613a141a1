"""How pods reach KECS: which Service there is for that, and in real pods what it leads to."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from lightkube.resources.core_v1 import Node, Service
from msgspec import convert, structs
from tests.runtimes.kubernetes import pods
from tests.runtimes.plans import make_plan

from kecs.core.inside.names import KEY_BYTES, Names
from kecs.core.tasks.environment import Way, container_environment
from kecs.endpoints.listeners import Listeners
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone, Listing
from kecs.runtimes.kubernetes.reach import link as link_module
from kecs.runtimes.kubernetes.reach.link import HOST, Link, Ways
from kecs.runtimes.kubernetes.reach.reach import Reach

NAMES = Names(bytes(KEY_BYTES))
ASK = "wget -qO- ${AWS_CONTAINER_CREDENTIALS_FULL_URI-http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}"
AT_ENDPOINT = "wget -qO- $AWS_ENDPOINT_URL/path"

INSTANCE = f"test-{secrets.token_hex(4)}-"

on_kubernetes = pytest.mark.kubernetes


@pytest.fixture(autouse=True)
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that is only a script does not have to settle."""
    if request.node.get_closest_marker("kubernetes") is None:
        monkeypatch.setattr(link_module, "SETTLES", 0)


class Script:
    """A cluster that only knows Services and nodes; `refuses` the verbs and resources named."""

    def __init__(self, *refuses: str, nodes: tuple[str, ...] = ()) -> None:
        self.refuses = refuses
        self.nodes = [convert({"status": {"addresses": [{"type": "InternalIP", "address": a}]}}, Node) for a in nodes]
        self.services: dict[tuple[str, str], Any] = {}
        self.leads_to: dict[str, tuple[str, int]] = {}
        self.asked: list[str] = []
        self.namespace = "home"
        self.url = "https://127.0.0.1:6443"

    async def list(self, kind: type[Any], *_: object, **__: object) -> Listing:
        await self._allows("list", kind)
        return Listing(list(self.services.values()) if kind is Service else self.nodes, "1")

    async def create(self, kind: type[Any], manifest: dict[str, Any], namespace: str) -> Any:
        await self._allows("create", kind, manifest["spec"].get("type", ""))
        number = self.asked.count("create LoadBalancerService")
        about = {"namespace": namespace, "uid": str(number), "creationTimestamp": "2026-01-01T00:00:00Z"}
        body = {"metadata": manifest["metadata"] | about, "spec": manifest["spec"] | {"clusterIP": f"10.0.0.{number}"}}
        made = self.services[namespace, manifest["metadata"]["name"]] = convert(body, Service)
        return made

    async def apply(self, kind: type[Any], manifest: dict[str, Any], namespace: str) -> None:
        await self._allows("apply", kind)
        (subset,) = manifest["subsets"]
        self.leads_to[manifest["metadata"]["name"]] = subset["addresses"][0]["ip"], subset["ports"][0]["port"]

    async def patch(self, kind: type[Any], name: str, change: dict[str, Any], namespace: str, **_: object) -> None:
        await self._allows("patch", kind)
        found = self.services[namespace, name]
        self.services[namespace, name] = structs.replace(found, status=convert(change, Service).status)

    async def delete(self, kind: type[Any], name: str, namespace: str) -> None:
        await self._allows("delete", kind)
        if self.services.pop((namespace, name), None) is None:
            raise ClusterError(404, "NotFound", "there is no such thing")

    async def _allows(self, verb: str, kind: type[Any], more: str = "") -> None:
        await asyncio.sleep(0)  # whoever asks at the same time gets a turn
        asked = f"{verb} {more}{kind.__name__}"
        self.asked.append(asked)
        if asked in self.refuses:
            raise ClusterError(403, "Forbidden", f"may not {asked}")


class Told:
    """See ports.endpoint.TaskEndpoint: listens nowhere."""

    url = "http://127.0.0.1:5373"
    names: Names | None = NAMES

    async def at(self, host: str) -> str:
        return f"http://{host}:5373"

    async def claim(self, host: str) -> str | None:
        raise AssertionError(host)

    async def resume(self, url: str) -> None:
        raise AssertionError(url)

    async def close(self) -> None:
        return


def link(cluster: Script, namespace: str, instance: str = "default") -> Link:
    cluster.namespace = namespace
    return Link(cast("Cluster", cluster), instance)


def reach(cluster: Script, host: str | None = "192.0.2.7") -> Reach:
    return Reach(cast("Cluster", cluster), Told(), "default", host)


async def test_the_first_kecs_has_the_port_where_sdks_look_and_others_have_their_own() -> None:
    cluster = Script()
    assert await link(cluster, "a").open("192.0.2.7", 5373) == Ways("http://10.0.0.1", "http://169.254.170.2")
    assert await link(cluster, "b").open("192.0.2.8", 5373) == Ways("http://10.0.0.2:5373", "http://169.254.170.2:5373")
    assert await link(cluster, "a", "third").open("192.0.2.9", 5373) == Ways(
        "http://10.0.0.3:5374", "http://169.254.170.2:5374"
    )
    await link(cluster, "a").remove()
    assert (await link(cluster, "c").open("192.0.2.8", 5373)).credentials == "http://169.254.170.2"


async def test_who_comes_at_the_same_time_and_is_too_late_has_another_port() -> None:
    cluster = Script()
    ways = await asyncio.gather(*(link(cluster, each).open("192.0.2.7", 5373) for each in "ab"))
    assert [way.credentials for way in ways] == ["http://169.254.170.2", "http://169.254.170.2:5373"]
    assert cluster.asked.count("delete Service") == 1


async def test_what_containers_were_told_stays_right_when_kecs_comes_back_elsewhere() -> None:
    cluster = Script()
    first, again = reach(cluster), reach(cluster, "192.0.2.8")
    told = await first.way(make_plan({}))
    await again.resume()
    assert cluster.leads_to == {"kecs-link-default": ("192.0.2.8", 5373)}
    assert await again.way(make_plan({})) == told == Way("http://10.0.0.1", NAMES, "http://169.254.170.2")


async def test_a_kecs_that_no_pod_was_told_of_makes_nothing() -> None:
    cluster = Script()
    await reach(cluster).resume()
    await reach(cluster).clear()
    assert cluster.asked == ["list Service", "delete Service"]


async def test_only_the_first_task_has_to_ask() -> None:
    cluster = Script()
    on = reach(cluster)
    assert await on.way(make_plan({}, mode="none")) is None
    assert cluster.asked == []
    await asyncio.gather(*(on.way(make_plan({})) for _ in range(5)))
    assert len(cluster.asked) == 5
    cluster.asked.clear()
    await on.way(make_plan({}))
    assert cluster.asked == []


@pytest.mark.parametrize("refused", ["create LoadBalancerService", "patch ServiceStatus"])
async def test_where_nothing_leads_from_that_address_credentials_are_variables(refused: str) -> None:
    assert await reach(Script(refused)).way(make_plan({})) == Way("http://10.0.0.1", NAMES, None)


@pytest.mark.parametrize("refused", ["list Service", "create Service", "apply Endpoints"])
async def test_where_there_is_no_way_tasks_start_all_the_same(refused: str, caplog: pytest.LogCaptureFixture) -> None:
    refuses = ("create LoadBalancerService", refused)
    on = reach(Script(*refuses))
    assert await on.way(make_plan({})) is None
    await on.resume()
    assert f"may not {refused}" in caplog.text


async def test_an_api_server_that_is_gone_is_for_the_caller_to_wait_for() -> None:
    class Gone(Script):
        async def _allows(self, *_: object) -> None:
            raise ClusterGone("it is away")

    with pytest.raises(ClusterGone):
        await reach(Gone()).way(make_plan({}))
    with pytest.raises(ClusterGone):
        await reach(Gone()).resume()


@pytest.mark.parametrize("nodes", [(), ("127.0.0.1",), ("::1", "no address"), ("169.254.1.1",)])
async def test_an_address_that_pods_cannot_use_is_none(nodes: tuple[str, ...]) -> None:
    cluster = Script(nodes=nodes)
    on = reach(cluster, None)
    if await on.way(make_plan({})) is None:
        assert cluster.leads_to == {}  # this machine has no other
    else:
        (address, _) = cluster.leads_to["kecs-link-default"]
        assert not address.startswith(("127.", "169.254.", "::1"))


async def test_a_name_is_looked_up_and_one_that_is_unknown_is_no_way(caplog: pytest.LogCaptureFixture) -> None:
    cluster = Script()
    assert await reach(cluster, "localhost").way(make_plan({})) is not None
    assert cluster.leads_to["kecs-link-default"][0] in ("127.0.0.1", "::1")
    assert await reach(cluster, "unknown.invalid").way(make_plan({})) is None
    assert "unknown.invalid is not known here" in caplog.text


class Answering(asyncio.Protocol):
    """Stands for KECS: says who it is and which path was asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1].decode()
        self._transport.write(f"HTTP/1.0 200 OK\r\n\r\n{self._name} {path}".encode())  # type: ignore[attr-defined]
        self._transport.close()


@contextlib.asynccontextmanager
async def listening(name: str) -> AsyncIterator[Listeners]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        endpoint = Listeners(url, lambda: Answering(name), names=NAMES)
        try:
            yield endpoint
        finally:
            await endpoint.close()


@contextlib.asynccontextmanager
async def reached(cluster: Cluster, name: str) -> AsyncIterator[Reach]:
    async with listening(name) as endpoint:
        reach = Reach(cluster, endpoint, INSTANCE + name)
        try:
            yield reach
        finally:
            await reach.clear()


async def said(cluster: Cluster, reach: Reach, *scripts: str, host: bool = False) -> list[str]:
    """What a pod says of these, one line each, with the variables of a container whose task has a role."""
    plan = make_plan({}, mode="host" if host else "awsvpc")
    role = "arn:aws:iam::000000000000:role/app"
    plan = structs.replace(plan, definition=structs.replace(plan.definition, task_role_arn=role))
    variables = container_environment(plan, plan.container("app"), await reach.way(plan))
    env = [{"name": name, "value": value} for name, value in variables.items()]
    async with pods.namespace(cluster) as where:
        await pods.make(cluster, where, pods.container("; echo; ".join(scripts), env=env), hostNetwork=host)
        await pods.until(cluster, where, lambda pod: pod.status.phase in ("Succeeded", "Failed"))
        output = b"".join([piece async for piece in cluster.log("pod", where, "app", timestamps=False)])
        return [line for line in output.decode().splitlines() if line]


@on_kubernetes
@pytest.mark.parametrize("host", [False, True])
async def test_containers_find_kecs_and_their_credentials_where_sdks_look(cluster: Cluster, host: bool) -> None:
    async with reached(cluster, "kecs") as on:
        both = "echo $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI$AWS_CONTAINER_CREDENTIALS_FULL_URI"
        asked, told, credentials = await said(cluster, on, AT_ENDPOINT, both, ASK, host=host)
    assert asked == "kecs /path"
    url = urlsplit(told)
    assert url.hostname in (None, HOST)  # the second where another KECS in the cluster has the usual port
    assert url.path.startswith("/v2/credentials/")
    assert credentials == f"kecs {url.path}"


@on_kubernetes
async def test_two_kecs_share_the_address_and_one_moves(cluster: Cluster) -> None:
    async with reached(cluster, "first") as first, reached(cluster, "second") as second:
        await first.way(make_plan({}))
        url, credentials = await said(cluster, second, "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI", ASK)
        assert url.startswith(f"http://{HOST}:")
        assert credentials.startswith("second /v2/credentials/")
        async with listening("moved") as endpoint:
            moved = Reach(cluster, endpoint, INSTANCE + "second")
            await moved.resume()
            assert (await said(cluster, second, AT_ENDPOINT)) == ["moved /path"]


@on_kubernetes
async def test_nothing_is_left(cluster: Cluster) -> None:
    async with reached(cluster, "kecs") as on:
        await on.way(make_plan({}))
        name = f"kecs-link-{INSTANCE}kecs"
        assert (await cluster.get(Service, name, cluster.namespace)).status is not None
    with pytest.raises(ClusterError, match="not found"):
        await cluster.get(Service, name, cluster.namespace)
