"""What somebody is told who uses the kit in a way that cannot work: one line, at once, without a look inside KECS."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.testing.conftest import Run

from kecs.testing import (
    NoFault,
    Server,
    Snapshot,
    TaskDefinitionBuilder,
    probe,
    start_server,
    wait_for_cluster,
    wait_for_service,
    wait_for_task,
)


async def waits(container: Any) -> None:
    """No plain function."""


WEB = TaskDefinitionBuilder("web")
NOWHERE = "http://127.0.0.1:1"

MISTAKES: dict[str, tuple[Callable[[Server], object], type[Exception], str]] = {
    "command": (
        lambda _: WEB.with_container("web", "web:1", command="echo hi"),
        TypeError,
        """command is a list of strings, such as ["sh", "-c", 'echo hi'], not one string.""",
    ),
    "ports": (
        lambda _: WEB.with_container("web", "web:1", ports=80),  # type: ignore[arg-type]
        TypeError,
        "ports is a list of numbers, such as [80], not one number.",
    ),
    "environment": (
        lambda _: WEB.with_container("web", "web:1", environment=["STAGE"]),  # type: ignore[arg-type]
        TypeError,
        "environment is a dict, such as {'STAGE': 'test'}, not ['STAGE'].",
    ),
    "depends_on": (
        lambda _: WEB.with_container("web", "web:1", depends_on=["database"]),  # type: ignore[arg-type]
        TypeError,
        "depends_on is a dict, such as {'database': 'HEALTHY'}, not ['database'].",
    ),
    "account": (lambda s: s.client("ecs", account="12"), ValueError, "An account is 12 digits, not '12'."),
    "a function without its argument": (
        lambda s: s.image("web:*")(lambda: 0),  # type: ignore[type-var]
        TypeError,
        "A function that stands for an image takes the container, as its one argument: too many positional arguments.",
    ),
    "no function": (
        lambda s: s.image("web:*")(None),  # type: ignore[type-var]
        TypeError,
        "None is not a callable object.",
    ),
    "a coroutine": (lambda s: s.image("web:*")(waits), TypeError, "A plain function stands for an image"),
    "no pattern": (lambda s: s.image(print), TypeError, "Say which images the function stands for"),  # type: ignore[arg-type]
    "a fault that is none": (lambda s: s.faults.add([]), NoFault, "A fault is a dict, such as "),  # type: ignore[arg-type]
    "a kind of fault": (lambda s: s.faults.add({"kind": "trottle"}), NoFault, "There is no kind 'trottle'; there are "),
    "an operation": (
        lambda s: s.faults.throttle("RunTsk"),
        NoFault,
        "There is no operation RunTsk; did you mean RunTask?",
    ),
    "an operation of another API": (
        lambda s: s.faults.throttle("RunTask", api="events"),
        NoFault,
        "There is no operation RunTask of the API events.",
    ),
    "an API": (
        lambda s: s.faults.throttle(api="sqs"),
        NoFault,
        "No calls of the API sqs are KECS's own; those of ecs, ",
    ),
    "a time where a change is meant": (
        lambda s: s.history(since=s.clock.now),  # type: ignore[arg-type]
        ValueError,
        "history().after(…) takes a time, too.",
    ),
    "a recording outside of its block": (
        lambda s: s.recording().history,
        RuntimeError,
        "The recording has not begun; use it in a with statement.",
    ),
    "a probe outside of its block": (
        lambda _: probe(NOWHERE).assert_always_up(),
        RuntimeError,
        "The probe has not begun; use it in a with statement.",
    ),
    "no URL": (lambda _: probe("localhost:80"), ValueError, "'localhost:80' is no URL such as http://127.0.0.1:8080/"),
    "a path for a snapshot": (
        lambda s: s.restore("web.json"),  # type: ignore[arg-type]
        TypeError,
        "A server is restored to a Snapshot, such as Snapshot.load(path) gives, not to 'web.json'.",
    ),
    "a file that is no snapshot": (lambda _: Snapshot.load(__file__), ValueError, "test_mistakes.py is no snapshot"),
    "a cluster's status": (
        lambda s: wait_for_cluster(s.ecs_client(), "default", "UP"),
        ValueError,
        "A cluster's status is one of ACTIVE, ",
    ),
    "a service's status": (
        lambda s: wait_for_service(s.ecs_client(), "default", "web", "STABLE"),
        ValueError,
        "A service's status is one of ACTIVE, DRAINING, INACTIVE, not 'STABLE'.",
    ),
    "a task's status": (
        lambda s: wait_for_task(s.ecs_client(), "default", "t", "DONE"),
        ValueError,
        "A task's status is one of PROVISIONING, ",
    ),
    "a number in env": (
        lambda _: start_server(env={"KECS_ACCOUNT": 444444444444}),  # type: ignore[dict-item]
        ValueError,
        "env has strings only, as an environment does; KECS_ACCOUNT is none.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_said(server: Server, mistake: str) -> None:
    make, error, text = MISTAKES[mistake]
    with pytest.raises(error) as told:
        make(server)
    assert text in str(told.value)
    assert "\n" not in str(told.value)
    assert server.faults.all() == []


def test_a_server_that_is_gone() -> None:
    with start_server() as server:
        server.image("web:*")(lambda container: 0)
    for use in (server.snapshot, server.history, server.faults.throttle, server.clock.freeze):
        with pytest.raises(
            ConnectionRefusedError, match=rf"^nothing answers at {server.endpoint}: Connection refused$"
        ):
            use()
    with pytest.raises(RuntimeError, match=r"^This KECS does not run any more\.$"):
        server.image("web:*")(lambda container: 0)


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("runtim='docker'", "TypeError: start_server() got an unexpected keyword argument 'runtim'\n"),
        ("runtime='podman'", "ValueError: runtime is simulated, docker, kubernetes or auto, not 'podman'.\n"),
        ("faults=fault.throttle()", "The marker kecs takes faults as a list, such as [fault.throttle('RunTask')].\n"),
        ("faults=[fault.throttle]", "A fault of the marker kecs: A fault is a dict, such as "),
        ("faults=[{'kind': 'kil'}]", "A fault of the marker kecs: There is no kind 'kil'; there are "),
    ],
    ids=["an argument", "a runtime", "one fault", "a method", "a kind of fault"],
)
def test_of_the_marker(run: Run, marked: str, text: str) -> None:
    tests = f"import pytest\nfrom kecs.testing import fault\n@pytest.mark.kecs({marked})\ndef test_it(kecs): pass\n"
    assert re.search(rf" test_it _+\n{re.escape(text)}", run(tests, code=1))


def test_an_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ImportError, match=r"^AWS clients need boto3; install it with: pip install 'kecs\[testing\]'$"):
        server.client("ecs")
