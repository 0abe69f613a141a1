"""`start_container`: a KECS in a container for tests, through testcontainers, behind the same object as `start_server`.

What differs from the other hosts is where the server is reached and how it is told; its log is its container's output.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kecs.testing.host import READY, NotStarted, started
from kecs.testing.log import LogConsumer, ServerLog
from kecs.testing.options import OF_CONTAINER
from kecs.testing.server import Server

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

IMAGE = "kecs:latest"  # what `make image` makes
PORT = 5373  # in the container
SOCKET = "/var/run/docker.sock"  # in the container

_STOP_SECONDS = 60  # real containers get their stop timeout
_STARTING = threading.Lock()  # testcontainers makes its reaper with the first container, and must not make two


def start_container(
    *,
    test_mode: bool | None = None,
    env: Mapping[str, str] | None = None,
    log_consumer: LogConsumer | None = None,
    image: str | None = None,
    region: str = "us-east-1",
    port: int = 0,
    wait_timeout: float = 60.0,
    docker_socket: bool = False,
) -> Server:
    """Start a KECS in a container, and return when it answers.

    It is in test mode unless it is told not to be, or is given the Docker socket: then it runs tasks on the engine that
    runs its own container. `image` is KECS_IMAGE of the environment unless it is given, and that is kecs:latest.
    `env` has settings as `kecs start` reads them. Port 0 is any free one of the engine's host. `wait_timeout` is in
    seconds and begins when the container has started: an image that has to be pulled first takes its time. Raises
    NotStarted with the reason and the container's log, and ValueError for arguments that contradict each other.
    """
    if docker_socket and test_mode:
        raise ValueError("In test mode containers are simulated, which takes no Docker socket.")
    if taken := OF_CONTAINER & (env or {}).keys():
        raise ValueError(f"env has no {', '.join(sorted(taken))}: an argument says it, or start_container sees to it.")
    settings = {
        "KECS_TEST_MODE": "false" if docker_socket or test_mode is False else "true",
        "KECS_REGION": region,
        "KECS_EPHEMERAL": "true",
        **({"KECS_RUNTIME": "docker"} if docker_socket else {}),
        **(env or {}),
    }
    log = ServerLog(log_consumer)
    name = image or os.environ.get("KECS_IMAGE") or IMAGE
    return Server(Container(name, settings, port, log, wait_timeout, docker_socket=docker_socket), log, region)


class Container:
    """A KECS in a container: a `host.Host`. Its constructor returns when it is ready, or raises NotStarted."""

    def __init__(
        self, image: str, settings: dict[str, str], port: int, log: ServerLog, timeout: float, *, docker_socket: bool
    ) -> None:
        """`settings`: the environment variables of `kecs start`."""
        self._log = log
        self._ready: concurrent.futures.Future[tuple[str, str]] = concurrent.futures.Future()
        self._container = _container(image, settings)
        self._reader: threading.Thread | None = None
        try:
            self._start(image, port, docker_socket=docker_socket)
            self._reader = threading.Thread(target=self._read, name="kecs log", daemon=True)
            self._reader.start()
            _, self.runtime = started(self._ready, log, timeout)
            self.endpoint = self._url()
        except BaseException:
            self._remove()
            raise

    def stop(self) -> None:
        try:
            self._container.get_wrapped_container().stop(timeout=_STOP_SECONDS)  # KECS removes what it runs
        except OSError as error:
            if not _is_gone(error):
                raise
        self._remove()

    def ended(self) -> str | None:
        """Why it has ended by itself; None while it runs."""
        container = self._container.get_wrapped_container()
        try:
            container.reload()
        except OSError as error:
            return f"its container cannot be looked at: {error}"
        state = container.attrs["State"]
        return None if state["Running"] else f"its container has ended with code {state['ExitCode']}"

    def _remove(self) -> None:
        try:
            self._container.stop()
        except OSError as error:
            if not _is_gone(error):
                raise
        if self._reader is not None:
            self._reader.join()

    def _start(self, image: str, port: int, *, docker_socket: bool) -> None:
        here = self._is_here()
        published = ("127.0.0.1", *([port] if port else [])) if here else port or None
        self._container.ports[f"{PORT}/tcp"] = published  # type: ignore[assignment]  # handed to docker-py as it is
        if docker_socket:
            source, groups = _socket()
            self._container.with_volume_mapping(source, SOCKET, "rw").with_kwargs(group_add=groups)
        try:
            with _STARTING:
                self._container.start()
        except Exception as error:  # testcontainers lets through what Docker's client raises, of which it has many
            said = getattr(error, "explanation", None) or error
            raise NotStarted(f"KECS did not start: {self._missing(image)}Docker says: {said}") from None

    def _missing(self, image: str) -> str:
        """What to do about an image that is neither here nor to be had."""
        from testcontainers.core.config import testcontainers_config

        here = self._container.get_docker_client().client.images.list
        reaper = testcontainers_config.ryuk_image
        if here(name=image):
            if testcontainers_config.ryuk_disabled or here(name=reaper):
                return ""
            return f"testcontainers needs {reaper}, or TESTCONTAINERS_RYUK_DISABLED=true in the environment. "
        return (
            f"there is no image {image}; make it with `make image` in KECS's sources, or name another with image= or "
            "KECS_IMAGE. "
        )

    def _is_here(self) -> bool:
        """Whether ports of the engine's host are those of this machine: then nobody else needs to reach KECS."""
        from testcontainers.core.config import ConnectionMode

        client = self._container.get_docker_client()
        return client.get_connection_mode() is ConnectionMode.docker_host and client.host() in (
            "localhost",
            "127.0.0.1",
        )

    def _url(self) -> str:
        # As a number: KECS's own API is only answered for names that nobody else can own.
        host = socket.gethostbyname(self._container.get_container_host_ip())
        return f"http://{host}:{self._container.get_exposed_port(PORT)}"

    def _read(self) -> None:
        """Take down what it prints, until it ends."""
        rest = b""
        with contextlib.suppress(Exception):  # whatever ends the stream: there is no more to read
            # Docker keeps a log by lines, so what goes to standard output and to standard error is not mixed up in one.
            for chunk in self._container.get_wrapped_container().logs(stream=True, follow=True):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take_down(line)
        if rest:
            self._take_down(rest)
        if not self._ready.done():
            self._ready.set_exception(RuntimeError("it ended"))

    def _take_down(self, content: bytes) -> None:
        line = content.decode(errors="replace")
        if not self._ready.done() and (ready := READY.match(line)):
            self._ready.set_result((ready[1], ready[2]))
        else:
            self._log.add(line)


def _container(image: str, settings: dict[str, str]) -> DockerContainer:
    """The container as testcontainers has it, not made yet. Raises NotStarted."""
    try:
        from testcontainers.core.container import DockerContainer
    except ImportError as error:
        raise ImportError("start_container needs testcontainers: pip install 'kecs[containers]'") from error
    try:
        return DockerContainer(image, env=dict(settings))
    except Exception as error:  # as above
        raise NotStarted(f"KECS did not start: no Docker Engine answers: {error}") from None


def _is_gone(error: OSError) -> bool:
    """Whether Docker says that there is no such container: somebody else has removed it."""
    return getattr(getattr(error, "response", None), "status_code", None) == 404


def _socket() -> tuple[str, list[Any]]:
    """The engine's socket on its host, and the groups that may use it; 0 where Docker Desktop hands it in."""
    from testcontainers.core.config import get_docker_socket

    source = get_docker_socket()
    groups = {0}
    with contextlib.suppress(OSError):
        groups.add(Path(source).stat().st_gid)
    return source, sorted(groups)
