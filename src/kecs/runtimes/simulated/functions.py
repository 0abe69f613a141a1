"""Functions that stand for images: the book of them, and the runs of those that containers do.

The runtime asks `Functions` when a container starts; there is one only when a function has been bound. A run is a
thread, and one more for each connection to a port of the container; `turns` decides which of them goes on. What a
thread asks for is posted to the event loop, in order, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kecs.core.records import Health
from kecs.ports.clock import Clock
from kecs.ports.program import Killed, Program, Stream
from kecs.runtimes.simulated import streams
from kecs.runtimes.simulated.listener import HeldPort
from kecs.runtimes.simulated.scripts import PREFIX
from kecs.runtimes.simulated.turns import PATIENCE, Turn, Turns

if TYPE_CHECKING:
    from kecs.aws.model import ecs as m
    from kecs.runtimes.simulated.container import SimulatedContainer
    from kecs.runtimes.simulated.task import SimulatedTask

log = logging.getLogger(__name__)
T = TypeVar("T")

SAYS_THE_RUN = {  # what a container's environment can say that leaves a function nothing to do
    PREFIX + field
    for field in ("RUN_SECONDS", "EXIT_CODE", "OUTPUT", "STOP_SECONDS", "STOP_EXIT_CODE", "IGNORE_SIGTERM")
}
_PACKAGE = str(Path(__file__).parents[2])  # whose frames tell the reader of a traceback nothing
FAREWELL = 1.0  # real seconds that threads get to end when their runtime closes


class Functions:
    """What a simulated runtime has that some functions are bound to."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop, patience: float = PATIENCE) -> None:
        self.clock = clock
        self.loop = loop
        self.turns = Turns(clock, loop, patience)
        self._bound: list[tuple[str, Program]] = []
        self._threads: set[threading.Thread] = set()

    def bind(self, pattern: str, program: Program) -> Callable[[], None]:
        """Containers whose image matches the glob run this from their next start on; how to end that. The newest one
        that matches counts."""
        entry = (pattern, program)
        self._bound.append(entry)

        def unbind() -> None:
            self._bound[:] = [other for other in self._bound if other is not entry]

        return unbind

    def program(self, container: SimulatedContainer) -> Program | None:
        """What a container runs; None when it is a simulated one as all others."""
        if SAYS_THE_RUN.intersection(container.environment):
            return None
        image = container.definition.image or ""
        return next((p for pattern, p in reversed(self._bound) if fnmatchcase(image, pattern)), None)

    def start(
        self,
        program: Program,
        task: SimulatedTask,
        container: SimulatedContainer,
        exited: Callable[[int], None],
        settled: Callable[[], None],
        health: Callable[[Health], None],
    ) -> Run:
        """Let the container run it. The functions are called on the event loop's thread: when it has exited, when it
        rests for the first time, when it has said how it is."""
        run = Run(self, task, container, exited, settled, health)
        run.begin(program)
        return run

    def thread(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads = {known for known in self._threads if known.is_alive()} | {thread}
        thread.start()

    async def close(self) -> None:
        """Every run is over; give its threads a moment to notice."""
        self.turns.close()
        left = await asyncio.to_thread(_living, self._threads, FAREWELL)
        for name in left:
            log.warning("%s goes on although its container is gone: nothing can end a thread from outside.", name)


class Run:
    """One run of a container by a function. See ports.program.Process."""

    def __init__(
        self,
        functions: Functions,
        task: SimulatedTask,
        container: SimulatedContainer,
        exited: Callable[[int], None],
        settled: Callable[[], None],
        health: Callable[[Health], None],
    ) -> None:
        self.plan = task.plan
        self.definition = container.definition
        self.environment: Mapping[str, str] = dict(container.environment)
        self.address = task.address
        self._container = container
        self._turns = functions.turns
        self._functions = functions
        self._exited = exited
        self._settled: Callable[[], None] | None = settled
        self._health = health
        self._name = f"container {container.name} of task {task.plan.id} ({container.definition.image})"
        self._main = Turn(self._name)
        self._answers: set[Turn] = set()
        self._here = threading.local()  # .turn: of a thread of this run
        self._over = self._sigterm = self._heard = False
        self._partial = {"stdout": "", "stderr": ""}

    # -- on the event loop's thread ---------------------------------------------------------------------------------

    def begin(self, program: Program) -> None:
        self._functions.thread(f"kecs {self._name}", lambda: self._live(program))
        self._turns.queue(self._main)

    def terminate(self) -> None:
        """SIGTERM."""
        self._sigterm = True
        if self._main.state == "resting":
            self._turns.queue(self._main)

    def kill(self) -> None:
        """SIGKILL, or its end: it does nothing any more that anybody sees."""
        if not self._over:
            self._over = True
            for turn in (self._main, *self._answers):
                self._turns.end(turn)

    # -- in the threads of the run ----------------------------------------------------------------------------------

    def now(self) -> float:
        return self._functions.clock.now()

    def sleep(self, seconds: float | None) -> bool:
        turn: Turn | None = getattr(self._here, "turn", None)
        if turn is None:
            raise RuntimeError("Only the function's own thread and its handlers can sleep on KECS's clock.")
        if turn is self._main and self._hear():
            return True
        self._rest(turn, lambda: self._lie_down(turn, seconds))
        return turn is self._main and self._hear()

    def terminated(self) -> bool:
        self._alive()
        if getattr(self._here, "turn", None) is self._main:
            self._hear()
        return self._sigterm

    def write(self, stream: Stream, text: str) -> None:
        *lines, self._partial[stream] = (self._partial[stream] + text).split("\n")
        if lines:
            self._post(lambda: self._print(stream, lines))

    def set_health(self, status: Health) -> None:
        self._ask(lambda: self._health(status))

    def listen(self, port: int, connected: Callable[[socket.socket], None]) -> Callable[[], None]:
        def accepted(connection: socket.socket) -> None:
            self._functions.thread(f"kecs {self._name}, port {port}", lambda: self._serve(connection, connected))

        held = self._ask(lambda: self._held(port, accepted))
        return lambda: self._ask(held.refuse)

    @contextmanager
    def answering(self) -> Iterator[None]:
        self._alive()
        turn = Turn(f"what answers a request to {self._name}")
        self._post(lambda: self._answer(turn))
        turn.wait()
        self._alive()
        self._here.turn = turn
        streams.divide(self.write)
        try:
            yield
        finally:
            streams.unite()
            self._here.turn = None
            with suppress(Killed):
                self._post(lambda: self._answered(turn))

    def _serve(self, connection: socket.socket, connected: Callable[[socket.socket], None]) -> None:
        with suppress(OSError, Killed), connection:  # an OSError: the client has gone
            connected(connection)

    def _live(self, program: Program) -> None:
        """The life of the run's own thread."""
        self._main.wait()
        self._here.turn = self._main
        streams.divide(self.write)
        try:
            code = _called(program, self)
        except SystemExit as ended:
            code = self._code_of(ended.code)
        except BaseException as error:
            self._quietly("stderr", _trace(error))
            code = 1
        finally:
            streams.unite()
        with suppress(Killed):
            for stream in ("stdout", "stderr"):
                if self._partial[stream]:
                    self.write(stream, "\n")
            self._post(lambda: self._end(code))

    def _code_of(self, code: object) -> int:
        """As Python ends a process."""
        if code is None or isinstance(code, int):
            return int(code or 0) & 255
        self._quietly("stderr", f"{code}\n")
        return 1

    def _quietly(self, stream: Stream, text: str) -> None:
        with suppress(Killed):
            self.write(stream, text)

    def _rest(self, turn: Turn, lie_down: Callable[[], None]) -> None:
        """Post what leads to a rest of this thread, and wait for its end."""
        self._alive()
        streams.unite()
        try:
            self._post(lie_down)
            turn.wait()
        finally:
            streams.divide(self.write)
        self._alive()

    def _alive(self) -> None:
        if self._over:
            raise Killed(137)

    def _hear(self) -> bool:
        """Whether SIGTERM is news."""
        news = self._sigterm and not self._heard
        self._heard = self._sigterm
        return news

    def _post(self, call: Callable[[], None]) -> None:
        self._alive()
        try:
            self._functions.loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed
            raise Killed(137) from None

    def _ask(self, call: Callable[[], T]) -> T:
        """What the call gives, or raises, on the event loop's thread."""
        answer: concurrent.futures.Future[T] = concurrent.futures.Future()

        def ask() -> None:
            try:
                answer.set_result(call())
            except Exception as error:
                answer.set_exception(error)

        self._post(ask)
        return answer.result(FAREWELL + PATIENCE)

    # -- what they post ---------------------------------------------------------------------------------------------

    def _lie_down(self, turn: Turn, seconds: float | None) -> None:
        if self._settled is not None and not self._over:
            self._settled()
            self._settled = None
        self._turns.lay_down(turn, seconds)
        if turn is self._main and turn.state == "resting" and self._sigterm and not self._heard:
            self._turns.queue(turn)

    def _answer(self, turn: Turn) -> None:
        if self._over:
            self._turns.end(turn)
            turn.let_go()
        else:
            self._answers.add(turn)
            self._turns.answer(turn)

    def _answered(self, turn: Turn) -> None:
        self._answers.discard(turn)
        if turn.state != "over":
            self._turns.end(turn)

    def _print(self, stream: Stream, lines: list[str]) -> None:
        if not self._over:
            now = self._functions.clock.now()
            for line in lines:
                self._container.output.write(now, line, stream)

    def _held(self, port: int, accepted: Callable[[socket.socket], None]) -> HeldPort:
        ports = self._container.ports
        held = ports.by_port.get(port) if ports is not None else None
        if not isinstance(held, HeldPort):
            notes = ports.notes if ports is not None else []
            why = next((n for n in notes if f":{port})" in n), None) or _unavailable(port, self.definition)
            raise OSError(errno.EADDRNOTAVAIL, why)
        held.accept(accepted)
        return held

    def _end(self, code: int) -> None:
        if not self._over:
            self.kill()
            self._exited(code)


def _unavailable(port: int, definition: m.ContainerDefinition) -> str:
    """Why a function cannot listen on a port that nobody else has."""
    mapped = [str(p.container_port or p.container_port_range) for p in definition.port_mappings or ()]
    if str(port) not in mapped:
        return f"Port {port} is in no port mapping of the container; it has {', '.join(mapped) or 'none'}"
    return f"Port {port} cannot be reached: simulated containers of this network mode have ports on Linux only"


def _called(program: Program, run: Run) -> int:
    """The exit code of what has returned."""
    code = program(run)
    if code is None:
        return 0
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code <= 255:
        raise TypeError(f"The function returned {code!r}; an exit code is a number from 0 to 255, or None for 0.")
    return code


def _trace(error: BaseException) -> str:
    """As Python prints it, from the test's own function on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and _ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))


def _ours(file: str) -> bool:
    return file.startswith(_PACKAGE)


def _living(threads: set[threading.Thread], seconds: float) -> list[str]:
    """The names of those that have not ended within so many seconds of real time."""
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return sorted(thread.name for thread in threads if thread.is_alive())
