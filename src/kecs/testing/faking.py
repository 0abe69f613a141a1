"""A container as the function sees it that stands for its image; `images` makes one for each of its runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from kecs.testing.inside import inside
from kecs.testing.serving import Answer, connected, of_handler, of_wsgi

if TYPE_CHECKING:
    from kecs.ports.program import Process

DRAINING = 0.01  # seconds of KECS's clock from look to look whether a server's last answers are out


class Terminated(SystemExit):
    """SIGTERM has come, and the function has never looked at `stopping`: it ends as programs do then."""


class Task(NamedTuple):
    """The task of a container. `address` is its own on awsvpc, else its host's."""

    arn: str
    id: str
    cluster: str  # its name
    family: str
    revision: int
    service: str | None  # its name
    group: str
    launch_type: str
    account: str
    region: str
    address: str | None


class Stopping:
    """Whether the container has been sent SIGTERM; the methods of a threading.Event, on KECS's clock."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def is_set(self) -> bool:
        return self._process.terminated()

    __bool__ = is_set

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until SIGTERM, so many seconds at most; whether it has come."""
        if not self._process.terminated():
            self._process.sleep(None if seconds is None else _duration(seconds))
        return self._process.terminated()


class Container:
    """What a function gets that stands for an image: one run of a container."""

    def __init__(self, process: Process, client: Callable[..., Any]) -> None:
        """`client`: Server.client."""
        self._process = process
        self._client = client
        self._stopping = Stopping(process)
        self._handles_sigterm = False
        self._healthy: bool | None = None
        plan, definition = process.plan, process.definition
        self.name = definition.name or ""
        self.image = definition.image or ""
        self.environment: Mapping[str, str] = dict(process.environment)
        self.command = [*(definition.entry_point or ()), *(definition.command or ())]
        self.task = Task(
            arn=plan.arn,
            id=plan.id,
            cluster=plan.cluster,
            family=plan.definition.family or "",
            revision=plan.definition.revision or 0,
            service=plan.service,
            group=plan.group,
            launch_type=plan.launch_type,
            account=plan.account,
            region=plan.region,
            address=process.address,
        )

    @property
    def now(self) -> float:
        """Seconds since the epoch, on KECS's clock."""
        return self._process.now()

    def print(self, *values: object, sep: str = " ", end: str = "\n", stderr: bool = False) -> None:
        """As `print`, from whichever thread: to the container's output."""
        self._process.write("stderr" if stderr else "stdout", sep.join(map(str, values)) + end)

    def sleep(self, seconds: float) -> None:
        """Let so many seconds of KECS's clock pass.

        SIGTERM ends the sleep: the function goes on if it has ever looked at `stopping`, else Terminated ends it.
        """
        if self._process.sleep(_duration(seconds)) and not self._handles_sigterm:
            raise Terminated(143)

    @property
    def stopping(self) -> Stopping:
        """Whether SIGTERM has come. Who looks at it sees to its end itself: it has the stop timeout for that."""
        self._handles_sigterm = True
        return self._stopping

    @property
    def told_to_stop(self) -> bool:
        """Whether SIGTERM has come to a function that sees to its end itself."""
        return self._handles_sigterm and self._process.terminated()

    @property
    def healthy(self) -> bool | None:
        """What its health check, if it has one, finds; None: it has no result yet. Until a function says so, the check
        finds what its command says once the function rests for the first time."""
        return self._healthy

    @healthy.setter
    def healthy(self, healthy: bool | None) -> None:
        self._healthy = None if healthy is None else bool(healthy)
        self._process.set_health("UNKNOWN" if healthy is None else "HEALTHY" if healthy else "UNHEALTHY")

    def client(self, service: str, *, account: str | None = None, region: str | None = None) -> Any:
        """A boto3 client of this KECS, for the task's account and region. What waits in it sleeps on KECS's clock."""
        return self._client(service, account or self.task.account, region or self.task.region)

    def listen(self, port: int, handler: Callable[..., Any] | None = None, *, wsgi: Any = None) -> Listening:
        """Answer HTTP on a port of the container's port mappings from now on, until the block or the container ends.

        `handler` gets a Request; it returns text, bytes, something to be JSON, a status, or (status, any of these), or
        (status, any of these, headers). Or a WSGI application answers. Raises OSError.
        """
        if (handler is None) == (wsgi is None):
            raise TypeError("A handler or a WSGI application answers, one of them.")
        return Listening(self, self._process, port, of_wsgi(wsgi, port) if handler is None else of_handler(handler))

    def serve(self, port: int, handler: Callable[..., Any] | None = None, *, wsgi: Any = None) -> None:
        """Listen until SIGTERM, and finish what is being answered then."""
        with self.listen(port, handler, wsgi=wsgi):
            self.stopping.wait()

    def __repr__(self) -> str:
        return f"<container {self.name} of task {self.task.id} ({self.image})>"


class Listening:
    """A port on which a container answers."""

    def __init__(self, container: Container, process: Process, port: int, answer: Answer) -> None:
        self._process = process
        self._answering = 0

        def counted(request: Any) -> Any:
            self._answering += 1
            try:
                with inside(container):
                    return answer(request)
            finally:
                self._answering -= 1

        self._close = process.listen(port, lambda connection: connected(connection, process, counted))

    def close(self) -> None:
        """Listen no more, and wait until what is being answered has its answer."""
        self._close()
        while self._answering:
            self._process.sleep(DRAINING)

    def __enter__(self) -> Listening:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()


def _duration(seconds: float) -> float:
    if not (isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"A container sleeps for a finite number of seconds that is not negative, not {seconds!r}.")
    return float(seconds)
