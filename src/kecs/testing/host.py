"""What runs a KECS for `start_server`: this process, in a thread of its own, or a child process.

Both start in their constructor and raise NotStarted; both can be stopped from any thread. One in this process that does
not stop cannot be killed, so it is told.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from kecs.testing.log import OfThread, ServerLog

if TYPE_CHECKING:
    from kecs.app.kernel import Kernel

T = TypeVar("T")

READY = re.compile(r"KECS ready at (\S+) \(runtime: (\w+)\)")
_STOP_SECONDS = 60.0  # real containers get their stop timeout


class NotStarted(RuntimeError):
    """KECS did not start; the text says why, and what it logged."""


class NotStopped(RuntimeError):
    """KECS did not stop; the text says what it was at, and what it logged."""


class Host(Protocol):
    """Something that runs a KECS."""

    endpoint: str
    runtime: str

    def stop(self) -> None:
        """End it, and wait for its end. Raises NotStopped."""

    def ended(self) -> str | None:
        """Why it has ended by itself; None while it runs."""


class ThisProcess:
    """A KECS on an event loop of its own in a thread of this process."""

    def __init__(self, settings: dict[str, object], log: ServerLog, timeout: float) -> None:
        """`settings`: fields of app.options.ServerOptions."""
        self._settings = settings
        self._log = log
        self._ready: concurrent.futures.Future[tuple[str, str]] = concurrent.futures.Future()
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._kernel: Kernel
        self._thread = threading.Thread(target=self._run, name="kecs", daemon=True)
        self._thread.start()
        self.endpoint, self.runtime = started(self._ready, log, timeout)

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # its loop is closed
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            at = [f"KECS has not stopped in {_STOP_SECONDS:g} s; it is at", *map(_where, asyncio.all_tasks(self._loop))]
            raise NotStopped("\n".join([*at, *self._log.lines()]))

    def ended(self) -> str | None:
        return None if self._thread.is_alive() else "its thread has ended"

    def _run(self) -> None:
        import uvloop

        with OfThread(self._log, str(self._settings.get("log_level", "info"))):
            try:
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run(self._serve())
            except BaseException as error:
                if self._ready.done():
                    logging.getLogger("kecs").exception("KECS has failed")
                else:
                    self._ready.set_exception(RuntimeError(str(error) or repr(error)))

    def call(self, function: Callable[[Kernel], T]) -> T:
        """What it gives, or raises, for the kernel on the thread that owns it. Raises RuntimeError when it is gone."""

        async def called() -> T:
            return function(self._kernel)

        if self._loop.is_closed():
            raise RuntimeError("This KECS does not run any more.")
        coroutine = called()
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        finally:
            coroutine.close()

    async def _serve(self) -> None:
        from kecs.app.options import ServerOptions
        from kecs.app.server import answering

        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with answering(ServerOptions(**self._settings)) as server:  # type: ignore[arg-type]
            if not self._ready.set_running_or_notify_cancel():
                return  # nobody waits for it any more
            self._kernel = server.kernel
            self._ready.set_result((server.url, server.kernel.runtime.name))
            await self._stopping.wait()


class ChildProcess:
    """A KECS in a process of its own, as `kecs start` makes one."""

    def __init__(self, settings: dict[str, str], log: ServerLog, timeout: float) -> None:
        """`settings`: the environment variables of `kecs start`; no others of KECS's are handed down."""
        self._log = log
        self._ready: concurrent.futures.Future[tuple[str, str]] = concurrent.futures.Future()
        self._directory = tempfile.TemporaryDirectory(prefix="kecs-testing-")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KECS_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kecs.testing.child", "start"],
            env=inherited | {"KECS_DATA_DIR": self._directory.name} | settings,
            stdin=subprocess.PIPE,  # which ends with this process, however that ends
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt at the terminal is for the tests, which then stop their server
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name="kecs log", daemon=True)
        self._reader.start()
        try:
            self.endpoint, self.runtime = started(self._ready, log, timeout)
        except NotStarted:
            self.stop()
            raise

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._directory.cleanup()

    def ended(self) -> str | None:
        code = self._process.poll()
        return None if code is None else f"its process has ended with code {code}"

    def _read(self) -> None:
        """Take down what it prints, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not self._ready.done() and (ready := READY.match(line)):
                self._ready.set_result((ready[1], ready[2]))
            else:
                self._log.add(line.rstrip("\n"))
        if not self._ready.done():
            self._ready.set_exception(RuntimeError("it ended"))


def started(ready: concurrent.futures.Future[tuple[str, str]], log: ServerLog, timeout: float) -> tuple[str, str]:
    """URL and runtime once it is ready. Raises NotStarted."""
    try:
        return ready.result(timeout)
    except TimeoutError:
        ready.cancel()
        reason = f"it was not ready after {timeout:g} s"
    except RuntimeError as error:
        reason = str(error)
    raise NotStarted("\n".join([f"KECS did not start: {reason}", *log.lines()]))


def _where(task: asyncio.Task[object]) -> str:
    """What a task waits for, from the outside in, as far as Python tells: not beyond a generator."""
    lines: list[str] = []
    at: object = task.get_coro()
    while (frame := getattr(at, "cr_frame", None)) is not None:
        lines.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        at = getattr(at, "cr_await", None)
    return " > ".join(lines)
