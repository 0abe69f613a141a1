"""`start_server`: a KECS for tests, in this process or a child, and the object that stands for it."""

from __future__ import annotations

import atexit
import functools
import os
import secrets
import threading
from collections.abc import Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, get_args

from kecs.testing import admin
from kecs.testing.aws import Clients
from kecs.testing.clock import Clock
from kecs.testing.environment import variables
from kecs.testing.faults import Faults
from kecs.testing.history import Recording, fetch
from kecs.testing.host import ChildProcess, Host, ThisProcess
from kecs.testing.log import LogConsumer, ServerLog
from kecs.testing.options import NOT_IN_ENV, log_level, server_options
from kecs.testing.snapshots import Snapshot, restore, take
from kecs.testing.timeline import Happening, History

if TYPE_CHECKING:
    from kecs.testing.images import Images

Runtime = Literal["simulated", "docker", "kubernetes", "auto"]


class Server:
    """A running KECS. `endpoint` is its URL, `runtime` what runs its containers, `clock` the time they live by."""

    def __init__(self, host: Host, log: ServerLog, region: str) -> None:
        self.endpoint = host.endpoint
        self.runtime = host.runtime
        self.region = region
        self.clock = Clock(host.endpoint)
        self.faults = Faults(host.endpoint)
        self._host = host
        self._log = log
        self._clients = Clients(host.endpoint, region)
        self._cleaning = threading.Lock()
        self._running = True
        atexit.register(self.cleanup)

    def ecs_client(self, **options: str) -> Any:
        """A boto3 client for ECS; options as for `client`."""
        return self.client("ecs", **options)

    def client(self, service: str, *, account: str | None = None, region: str | None = None) -> Any:
        """A boto3 client of any service that talks to this KECS, for an account (12 digits) and a region.

        It can be used by several threads. Its waiters move a clock that can be moved, and do not sleep.
        """
        return self._clients.make(service, account, region, self.clock)

    @property
    def client_env(self) -> dict[str, str]:
        """Environment variables by which programs and AWS clients of others find this KECS."""
        return variables(self.endpoint, self.region)

    @functools.cached_property
    def image(self) -> Images:
        """`@server.image("worker:*")` has a Python function be what containers of these images do; see Images."""
        from kecs.testing.images import Images  # most tests bind none

        return Images(self._host, self.client)

    @property
    def bindings(self) -> int:
        """How many functions `image` has bound."""
        return self.image.count if "image" in vars(self) else 0

    @property
    def idle_images(self) -> list[str]:
        """The patterns that functions are bound to and no container has started with yet."""
        return self.image.idle if "image" in vars(self) else []

    def images(self) -> Images:
        """`with server.images() as image: …`; what `image` has bound in the block ends with it."""
        return self.image.until_end()

    def logs(self) -> str:
        """What KECS itself has logged, a record a line."""
        return "\n".join(self._log.lines())

    def log_lines(self, since: int = 0) -> list[str]:
        """The same as lines, without the first ones, so many; `log_count` is how many there have been."""
        return self._log.lines(since)

    @property
    def log_count(self) -> int:
        return self._log.count

    def ended(self) -> str | None:
        """Why it does not run any more; None while it does."""
        return self._host.ended() if self._running else "it has been cleaned up"

    def history(self, *, cluster: str | None = None, since: Happening | int | None = None) -> History:
        """What has happened: since KECS started, since the cluster was created, or after the change `since`.

        Raises HistoryIncomplete when KECS has forgotten some of it.
        """
        return fetch(self.endpoint, cluster, since)

    def recording(self, *, cluster: str | None = None, calls: bool = False) -> Recording:
        """`with server.recording() as recording: …`; `recording.history` is what happened in the block.

        `calls`: with the API calls that can change something.
        """
        return Recording(self.endpoint, cluster, calls=calls)

    def reset(self) -> None:
        """Forget everything and stop every container."""
        admin.call(self.endpoint, "POST", "reset")

    def snapshot(self) -> Snapshot:
        """All there is now, to go back to or to take elsewhere."""
        return take(self.endpoint)

    def restore(self, snapshot: Snapshot) -> None:
        """Be what the snapshot says and nothing else. Raises ValueError for one that this KECS does not understand."""
        restore(self.endpoint, snapshot)

    def cleanup(self) -> None:
        """Stop KECS and everything that it runs. Once is enough; more do no harm."""
        with self._cleaning:
            if not self._running:
                return
            self._running = False
            atexit.unregister(self.cleanup)
            self._clients.close()
            self._host.stop()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cleanup()

    def __repr__(self) -> str:
        return f"<KECS at {self.endpoint} (runtime: {self.runtime})>"


def start_server(
    *,
    test_mode: bool | None = None,
    runtime: Runtime | None = None,
    in_process: bool = True,
    env: Mapping[str, str] | None = None,
    log_consumer: LogConsumer | None = None,
    region: str = "us-east-1",
    port: int = 0,
    seed: str | PathLike[str] | None = None,
    wait_timeout: float = 30.0,
) -> Server:
    """Start a KECS that keeps nothing on disk, and return when it answers.

    It is in test mode unless a runtime is named. `env` has settings as `kecs start` reads them from its environment,
    such as KECS_ACCOUNT; a child process gets all of it. `log_consumer` is called with each line that KECS logs, in a
    thread of KECS's. `seed` is a file to begin with. Port 0 is any free one; `wait_timeout` is in seconds. Raises
    NotStarted, and ValueError for settings that do not exist or contradict each other.
    """
    if runtime is not None and test_mode:
        raise ValueError(f"Test mode has a runtime of its own; it cannot be {runtime}.")
    if runtime is not None and runtime not in get_args(Runtime):
        raise ValueError(f"runtime is simulated, docker, kubernetes or auto, not {runtime!r}.")
    if odd := [name for name, value in (env or {}).items() if not isinstance(value, str)]:
        raise ValueError(f"env has strings only, as an environment does; {', '.join(odd)} is none.")
    if taken := NOT_IN_ENV & (env or {}).keys():
        raise ValueError(f"env has no {', '.join(sorted(taken))}: an argument says it, or start_server sees to it.")
    settings = {
        **(env or {}),
        **({"KECS_RUNTIME": runtime} if runtime else {"KECS_TEST_MODE": "false" if test_mode is False else "true"}),
        "KECS_REGION": region,
        "KECS_PORT": str(port),
        **({} if seed is None else {"KECS_SEED": os.fspath(seed)}),
        "KECS_EPHEMERAL": "true",
        "KECS_INSTANCE": f"testing-{os.getpid()}-{secrets.token_hex(4)}",  # labels its containers, which nobody shares
    }
    log = ServerLog(log_consumer)
    host: Host
    if in_process:
        host = ThisProcess(server_options(log_level(os.environ) | settings), log, wait_timeout)
    else:
        host = ChildProcess(settings, log, wait_timeout)
    return Server(host, log, region)
