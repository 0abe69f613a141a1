"""`@server.image(…)`: Python functions that stand for images of the simulated runtime."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from kecs.testing.faking import Container
from kecs.testing.host import Host, ThisProcess
from kecs.testing.inside import current, inside
from kecs.testing.tracebacks import told

if TYPE_CHECKING:
    from kecs.ports.program import Process, Program

__tracebackhide__ = told

F = TypeVar("F", bound=Callable[[Container], Any])

FIRST_LOOK = 1.0  # seconds of KECS's clock from the first look for a message to the second; later ones take twice that


class CannotFake(RuntimeError):
    """Functions of this process cannot stand for images there; the text says why, and what to do."""


class Images:
    """Binds functions to images: `image = server.image`, `@image("worker:*")`. As a context manager it ends its own
    bindings with the block."""

    def __init__(
        self,
        host: Host,
        client: Callable[..., Any],
        clients: Clients | None = None,
        idle: dict[object, str] | None = None,
    ) -> None:
        """`client`: Server.client."""
        self._host = host
        self._client = client
        self._clients = clients or Clients(client)
        self._idle: dict[object, str] = {} if idle is None else idle
        self._unbind: list[Callable[[], None]] = []

    def __call__(self, pattern: str, *, only_simulated: bool = False) -> Callable[[F], F]:
        """Have the decorated function be what containers do whose image matches the glob, from their next start on.

        On a runtime of real containers that is CannotFake, unless the function stands in for an image only where it is
        simulated. Raises CannotFake too for a KECS in another process.
        """
        if not isinstance(pattern, str) or not pattern:
            raise TypeError('Say which images the function stands for: @server.image("worker:*").')

        def bind(function: F) -> F:
            _check(function)
            if self._host.runtime == "simulated" or not only_simulated:
                self._bind(pattern, function)
            return function

        return bind

    def until_end(self) -> Images:
        """Another one, to be a context manager."""
        return Images(self._host, self._client, self._clients, self._idle)

    def __enter__(self) -> Images:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def idle(self) -> list[str]:
        """The patterns of all bindings there are of this server that no container has started with yet."""
        return list(self._idle.values())

    @property
    def count(self) -> int:
        """How many bindings it has made."""
        return len(self._unbind)

    def end(self, keep: int = 0) -> None:
        """End its own bindings, but for the first so many."""
        while len(self._unbind) > keep:
            unbind = self._unbind.pop()
            if not self._host.ended():  # else they have ended with it
                unbind()

    def _bind(self, pattern: str, function: Callable[[Container], Any]) -> None:
        host = self._host
        if host.runtime != "simulated":
            raise CannotFake(
                f"The {host.runtime} runtime runs the real image of {pattern}. With only_simulated=True the function "
                "stands for it on the simulated runtime, and the image is itself elsewhere."
            )
        if not isinstance(host, ThisProcess):
            raise CannotFake(
                "This KECS is not in the process of the tests, so it cannot call their functions. Start it with "
                "start_server(), without in_process=False and without --kecs-child; or say how its images behave "
                "with POST /_kecs/images."
            )
        from kecs.app.functions import bind  # what it imports a KECS in this process has

        key = object()
        program = self._program(function, key)
        unbind = host.call(lambda kernel: bind(kernel, pattern, program))
        self._idle[key] = pattern

        def end() -> None:
            host.call(lambda _: unbind())
            self._idle.pop(key, None)

        self._unbind.append(end)

    def _program(self, function: Callable[[Container], Any], key: object) -> Program:
        def program(process: Process) -> Any:
            self._idle.pop(key, None)
            container = Container(process, self._clients.get)
            with inside(container):
                return function(container)

        return program


def _check(function: Any) -> None:
    """Whether it can stand for an image. Raises TypeError."""
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError("A plain function stands for an image: it is called in a thread, and may wait.")
    try:
        inspect.signature(function).bind("the container")
    except ValueError:
        return  # some callables of C's do not tell
    except TypeError as error:
        raise TypeError(
            f"A function that stands for an image takes the container, as its one argument: {error}."
        ) from None


class Clients:
    """The boto3 clients that containers have; those of the same account and region share them."""

    def __init__(self, client: Callable[..., Any]) -> None:
        self._make = client
        self._made: dict[tuple[str, str, str], Any] = {}
        self._making = threading.Lock()

    def get(self, service: str, account: str, region: str) -> Any:
        key = (service, account, region)
        with self._making:
            if key not in self._made:
                client = self._make(service, account=account, region=region)
                if service == "sqs":
                    client.receive_message = _patient(client)
                self._made[key] = client
            return self._made[key]


def _patient(client: Any) -> Callable[..., Any]:
    """`client.receive_message`, for containers: it waits for messages on KECS's clock."""
    receive = client.receive_message

    def receive_message(**members: Any) -> Any:
        container = current()
        if container is None:
            return receive(**members)
        left, step = float(members.get("WaitTimeSeconds") or _waits(client, members)), FIRST_LOOK
        while True:
            answer = receive(**{**members, "WaitTimeSeconds": 0})
            if left <= 0 or answer.get("Messages") or container.told_to_stop:
                return answer
            pause = min(step, left)
            container.sleep(pause)
            left, step = left - pause, 2 * step

    return receive_message


def _waits(client: Any, members: dict[str, Any]) -> float:
    """How long the queue waits where a request does not say."""
    if "WaitTimeSeconds" in members:
        return 0.0
    name = "ReceiveMessageWaitTimeSeconds"
    answer = client.get_queue_attributes(QueueUrl=members.get("QueueUrl"), AttributeNames=[name])
    return float(answer.get("Attributes", {}).get(name, 0))
