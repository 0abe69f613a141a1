"""Options in, a running server out: `kecs start` calls `serve`, which makes a process of it; `kecs.testing` takes
`answering` into a thread of somebody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import uvloop
from msgspec.structs import replace

from kecs.app.companions import Companions
from kecs.app.http import HttpServer
from kecs.app.kernel import Kernel, load_machinery, with_capacity
from kecs.app.logs import configure_logging
from kecs.app.names import names_of
from kecs.app.options import ServerOptions
from kecs.app.runtimes import Door, open_runtime
from kecs.companions.choice import chosen
from kecs.companions.functions import HttpHooks
from kecs.companions.lookups import CompanionLookups
from kecs.control.ids import RandomIds
from kecs.core.inside.names import PARTS, Names
from kecs.ports.runtime import Runtime, RuntimeUnavailable
from kecs.store.journal import JournalBroken, SqliteJournal
from kecs.store.memory import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

    from kecs.gateway.http import App

STATE_FILE = "state.sqlite"
LOG_FILE = "logs.sqlite"
QUIET = 0.05  # seconds after the start that belong to whoever waits for it
FAREWELL = 45.0  # seconds that whatever runs the containers gets to remove them; whoever stops KECS waits for 60

log = logging.getLogger(__name__)

Ready = Callable[[str, str], None]


class StartupError(Exception):
    """KECS cannot start; the text says why and what to do, in one line."""


class Answering(NamedTuple):
    """A KECS that answers requests at `url`."""

    url: str
    kernel: Kernel


def serve(options: ServerOptions, on_ready: Ready) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP; `on_ready(url, runtime)` once requests are answered. Raises StartupError."""
    gc.disable()  # starting only makes things that stay
    configure_logging(options.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options, on_ready))


async def _serve(options: ServerOptions, on_ready: Ready) -> None:
    async with answering(options) as server:
        stop = _signalled()
        gc.freeze()  # what was made until now stays; no collection needs to walk it
        gc.enable()
        on_ready(server.url, server.kernel.runtime.name)
        loading = asyncio.create_task(_load_the_rest(server.kernel))
        await stop.wait()
        loading.cancel()


@contextlib.asynccontextmanager
async def answering(options: ServerOptions) -> AsyncIterator[Answering]:
    """A KECS on the loop that runs, answering for as long as the context lasts. Raises StartupError."""
    listener = _listen(options.host, options.port)
    try:
        store = _store(_journal(options), options)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(store.close)
            opened, names = asyncio.Event(), _names(options)
            companions = _companions(options, _url(listener), store, names)
            if companions is not None:
                stack.push_async_callback(companions.close)
            servers: list[HttpServer] = []  # containers come in through the server that is made last
            door = Door(_url(listener), reachable(_url(listener)), lambda: servers[0].connection(), opened, names)
            kernel = await _open_kernel(options, store, stack, door, companions)
            if options.seed is not None:
                await _seed(kernel, options.seed)
            servers.append(_http(options, kernel, companions, names))
            await stack.enter_async_context(servers[0].listening(listener))
            opened.set()
            yield Answering(_url(listener), kernel)
    finally:
        listener.close()


async def _open_kernel(
    options: ServerOptions,
    store: MemoryStore,
    stack: contextlib.AsyncExitStack,
    door: Door,
    companions: Companions | None,
) -> Kernel:
    """A kernel on an open runtime, recovered; the stack closes it."""
    loop = asyncio.get_running_loop()
    kernels: list[Kernel] = []  # the runtime reports to a kernel that is made after it
    try:
        opened = await open_runtime(options, lambda report: kernels[0].control.supervisors.report(report), door)
    except RuntimeUnavailable as error:
        raise StartupError(str(error)) from error
    stack.callback(lambda: kernels[0].close() if kernels else None)
    stack.push_async_callback(opened.runtime.close)
    hooks = HttpHooks(options.lambda_endpoint)
    stack.push_async_callback(hooks.close)
    lookups = CompanionLookups(lambda: companions.calls, companions.holds) if companions is not None else None
    if lookups is not None:
        stack.push_async_callback(lookups.close)
    kernel = Kernel(
        with_capacity(replace(options.settings(), endpoint=door.url), opened.capacity),
        store=store,
        clock=opened.clock,
        ids=RandomIds(),
        runtime=opened.runtime,
        defer=loop.call_soon,
        hooks=hooks,
        lookups=lookups,
        companions=companions,
        log_file=None if options.data_dir is None else options.data_dir / LOG_FILE,
        nodes=opened.nodes,
    )
    kernels.append(kernel)
    await kernel.recover()
    if options.data_dir is None:
        stack.push_async_callback(_discard, opened.runtime, options.instance)
    return kernel


async def _discard(runtime: Runtime, instance: str) -> None:
    """Remove what nobody takes up again, unless whatever runs it does not answer: it may never do so."""
    try:
        async with asyncio.timeout(FAREWELL):
            await runtime.discard()
    except TimeoutError:
        why = runtime.trouble or f"{runtime.name} takes longer than {FAREWELL:g} s"
        log.warning("Not all that instance %s has made could be removed: %s.", instance, why)


async def _seed(kernel: Kernel, path: Path) -> None:
    from kecs.app.seeding import SeedRefused, seed  # only for a start that has one

    try:
        await seed(kernel, path)
    except SeedRefused as error:
        raise StartupError(str(error)) from error


def _companions(options: ServerOptions, url: str, store: MemoryStore, names: Names) -> Companions | None:
    """Who answers for the services around ECS; None: nobody does."""
    choice = chosen(options.companion)
    if options.lambda_endpoint is not None:
        choice.of_service.setdefault("lambda", options.lambda_endpoint.rstrip("/"))
    if choice.nobody:
        return None
    return Companions(choice, replace(options.settings(), endpoint=reachable(url)), store, names)


def _http(options: ServerOptions, kernel: Kernel, companions: Companions | None, names: Names) -> HttpServer:
    def admin() -> App:
        from kecs.app.console import KernelConsole  # not before somebody asks, and Starlette neither
        from kecs.gateway.admin import admin_app

        return admin_app(KernelConsole(kernel, options.instance), options.host)

    def sessions() -> App:
        from kecs.app.sessions import StoredTerminals  # not before there is one
        from kecs.endpoints.sessions.connection import SessionApp

        return SessionApp(StoredTerminals(kernel))

    @cache
    def inside() -> App:
        from kecs.app.inside import KernelInside  # not before a container asks
        from kecs.endpoints.inside.app import InsideApp

        return InsideApp(KernelInside(kernel, names))

    server = HttpServer(kernel.endpoint, admin, kernel.ids.uuid, options.host, companions, sessions)
    server.inside.update(dict.fromkeys(PARTS, inside))
    return server


def _signalled() -> asyncio.Event:
    """What the signals that end a process set from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for number in (signal.SIGTERM, signal.SIGINT, *(() if under_nohup else (signal.SIGHUP,))):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _load_the_rest(kernel: Kernel) -> None:
    """Load what the first requests can do without, before somebody has to wait for it."""
    await asyncio.sleep(QUIET)
    await asyncio.to_thread(load_machinery)
    kernel.machinery  # noqa: B018  # it is made now
    gc.freeze()


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def reachable(url: str) -> str:
    """The address that clients on this machine can use: one that means all addresses is none to connect to."""
    return url.replace("://0.0.0.0:", "://127.0.0.1:").replace("://[::]:", "://[::1]:")


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartupError(f"Port {port} on {host} is in use; choose another with --port.") from error
        raise StartupError(f"Cannot listen on {host} port {port}: {error.strerror or error}.") from error


def _journal(options: ServerOptions) -> SqliteJournal | None:
    if options.data_dir is None:
        return None
    try:
        options.data_dir.mkdir(parents=True, exist_ok=True)
        return SqliteJournal(options.data_dir / STATE_FILE)
    except (OSError, JournalBroken) as error:
        raise StartupError(f"The data folder {options.data_dir} cannot be used: {error}") from error


def _names(options: ServerOptions) -> Names:
    try:
        return names_of(options.data_dir)
    except OSError as error:
        raise StartupError(f"The data folder {options.data_dir} cannot be used: {error}") from error


def _store(journal: SqliteJournal | None, options: ServerOptions) -> MemoryStore:
    try:
        return MemoryStore(journal)
    except JournalBroken as error:
        raise StartupError(f"The data folder {options.data_dir} cannot be used: {error}") from error
