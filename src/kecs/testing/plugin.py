"""The pytest plugin: its fixtures, marker and options. pytest loads it wherever KECS is installed, by its entry point.

So it imports nothing of KECS's before a fixture is used.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from kecs.testing import reporting

if TYPE_CHECKING:
    from kecs.testing import Clock, Faults, Images, Server

_MARKER = (
    "kecs(**options): the KECS of this test is started with these arguments of kecs.testing.start_server, "
    "such as runtime='docker'; tests with the same ones share it. faults=[…]: what goes wrong during this test"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kecs", "Amazon ECS for tests (KECS)")
    group.addoption(
        "--kecs-runtime",
        choices=["simulated", "docker", "kubernetes", "auto"],
        help="What runs the containers of tests that do not say. Without it they are simulated, in test mode.",
    )
    group.addoption(
        "--kecs-kubeconfig",
        metavar="FILE",
        help="The Kubernetes cluster of tests that run on one. Without it that of $KUBECONFIG or ~/.kube/config.",
    )
    group.addoption(
        "--kecs-child", action="store_true", help="Start each KECS in a process of its own, not in that of the tests."
    )
    reporting.add_options(parser, group)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    config.pluginmanager.register(reporting, "kecs-reporting")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A marked test gets the server that its marker describes; pytest keeps those with the same one together."""
    if "kecs" not in metafunc.fixturenames:
        return
    options = _Options()
    for marker in metafunc.definition.iter_markers("kecs"):  # the closest first
        if marker.args:
            pytest.fail("The marker kecs takes keyword arguments only, such as kecs(runtime='docker').", pytrace=False)
        options = _Options({**marker.kwargs, **options})
    options.pop("faults", None)
    if options:
        metafunc.parametrize("kecs", [options], indirect=True, scope="session", ids=[pytest.HIDDEN_PARAM])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A marker's faults are in force from the beginning of the test. At its end, before its fixtures go, none is, and
    what the test has had `kecs.faults` and `kecs.image` do is over."""
    given = getattr(item, "funcargs", {})
    server: Server | None = given.get("kecs")
    marked = [members for marker in item.iter_markers("kecs") for members in _marked(marker)]
    if server is None:
        if marked:
            pytest.fail("The marker kecs has faults for a test that uses no KECS.", pytrace=False)
        return (yield)
    of_others = server.faults.count, server.bindings
    try:
        for members in marked:
            _set(server, members)
        return (yield)
    finally:
        server.faults.clear(of_others[0])
        if server.bindings > of_others[1]:
            server.image.end(of_others[1])
        if "kecs_faults" in given:
            given["kecs_faults"].clear()


def _marked(marker: pytest.Mark) -> Sequence[Any]:
    """The marker's faults."""
    faults = marker.kwargs.get("faults", ())
    if not isinstance(faults, list | tuple):
        pytest.fail("The marker kecs takes faults as a list, such as [fault.throttle('RunTask')].", pytrace=False)
    return faults


def _set(server: Server, members: Any) -> None:
    from kecs.testing import NoFault

    try:
        server.faults.add(members)
    except NoFault as error:
        raise pytest.fail.Exception(f"A fault of the marker kecs: {error}", pytrace=False) from None


class _Options(dict[str, Any]):
    """Arguments of start_server that pytest can tell apart: it groups tests by equal and hashable parameters."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(repr(sorted(self.items())))


@pytest.fixture(scope="session")
def kecs(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A KECS for all tests of the session (of each worker, with pytest-xdist), stopped with all it runs at the end."""
    from kecs.testing import NotStarted, start_server

    options: dict[str, Any] = {"in_process": not request.config.getoption("--kecs-child")}
    options |= getattr(request, "param", {})
    if not options.keys() & {"runtime", "test_mode"}:
        options["runtime"] = request.config.getoption("--kecs-runtime")
    if kubeconfig := request.config.getoption("--kecs-kubeconfig"):
        options["env"] = {"KECS_KUBECONFIG": kubeconfig, **options.get("env", {})}
    try:
        server = start_server(**options)
    except (TypeError, ValueError, NotStarted) as error:
        raise pytest.fail.Exception(f"{type(error).__name__}: {error}", pytrace=False) from None
    with server:
        reporting.serves(request.config, server)
        yield server


@pytest.fixture
def ecs(kecs: Server) -> Any:
    """A boto3 client for ECS."""
    return kecs.ecs_client()


@pytest.fixture
def ecs_cluster(kecs: Server, ecs: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a cluster of the test's own, deleted afterwards with all that is in it."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)[:80].strip("-")
    name = f"{readable}-{secrets.token_hex(4)}"
    ecs.create_cluster(clusterName=name)
    reporting.owns(request.node, name)
    try:
        yield name
    finally:
        reporting.clean_up(request.node, kecs, ecs, name)


@pytest.fixture
def kecs_env(kecs: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """AWS clients that the code under test makes go to the test's KECS, by these environment variables, and AWS's
    waiters wait on its clock."""
    from kecs.testing.environment import lead_to

    return lead_to(kecs, monkeypatch)


@pytest.fixture
def kecs_clock(kecs: Server) -> Iterator[Clock]:
    """The clock of the test's KECS. It flows again when the test is over, should the test have frozen it."""
    from kecs.testing import ClockNotMovable

    clock = kecs.clock
    if not clock.movable:
        raise ClockNotMovable(
            f"The {kecs.runtime} runtime runs real containers, so its time cannot be moved. "
            "The marker kecs(test_mode=True) has a test simulated whatever --kecs-runtime says."
        )
    yield clock
    if not kecs.ended():
        clock.resume()


@pytest.fixture
def kecs_faults(kecs: Server) -> Iterator[Faults]:
    """What goes wrong with the test's KECS: nothing, until the test says so, and nothing when it is over."""
    from kecs.testing import Faults

    faults = Faults(kecs.endpoint)
    yield faults
    faults.clear()


@pytest.fixture
def kecs_image(kecs: Server) -> Iterator[Images]:
    """Binds functions to images as `kecs.image` does, until the test is over."""
    with kecs.images() as image:
        yield image
