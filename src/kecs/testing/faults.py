"""What a test has go wrong: `server.faults`, the fixture `kecs_faults`, and `fault`, for the marker."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Any, Generic, TypedDict, TypeVar, Unpack

from kecs.testing import admin
from kecs.testing.tracebacks import told

__tracebackhide__ = told

T = TypeVar("T")


class HowOften(TypedDict, total=False):
    """Of those that match: after the first so many, so many times, with this probability (by this seed)."""

    after: int
    times: int
    rate: float
    seed: int


class OfTasks(HowOften, total=False):
    """Whom it strikes: a name or glob each. `when`: family, revision, image, group, launchType."""

    cluster: str
    service: str
    task: str
    container: str
    when: dict[str, Any]


class OfCalls(HowOften, total=False):
    """Which calls of the API. `when`: members of the request."""

    api: str
    cluster: str
    service: str
    task: str
    when: dict[str, Any]


class FaultBuilder(Generic[T]):
    """One method for each thing that can go wrong; docs/guides/faults.md says what comes of it."""

    def _make(self, kind: str, **members: Any) -> T:
        raise NotImplementedError

    # -- calls of the API -------------------------------------------------------------------------------------------

    def throttle(self, operation: str = "*", **which: Unpack[OfCalls]) -> T:
        """The operation (or glob) answers ThrottlingException, status 400."""
        return self._make("throttle", operation=operation, **which)

    def server_error(self, operation: str = "*", status: int = 500, **which: Unpack[OfCalls]) -> T:
        """The operation answers status 500 or 503."""
        return self._make("server-error", operation=operation, status=status, **which)

    def latency(self, seconds: float, operation: str = "*", **which: Unpack[OfCalls]) -> T:
        """The answer comes late, by seconds of real time."""
        return self._make("latency", seconds=seconds, operation=operation, **which)

    def drop(self, operation: str = "*", **which: Unpack[OfCalls]) -> T:
        """Nothing is carried out, and the connection is closed without an answer."""
        return self._make("drop", operation=operation, **which)

    def lose_response(self, operation: str = "*", **which: Unpack[OfCalls]) -> T:
        """The operation is carried out, and the connection is closed without an answer."""
        return self._make("lost-response", operation=operation, **which)

    def stale(self, age: float, operation: str = "*", **which: Unpack[OfCalls]) -> T:
        """Reads answer what was so `age` seconds ago, on KECS's clock."""
        return self._make("stale", age=age, operation=operation, **which)

    # -- tasks and containers ---------------------------------------------------------------------------------------

    def kill(self, exit_code: int = 137, **whom: Unpack[OfTasks]) -> T:
        """Containers that run are killed now."""
        return self._make("kill", exitCode=exit_code, **whom)

    def exit(self, exit_code: int = 1, seconds: float = 0.0, **whom: Unpack[OfTasks]) -> T:
        """Containers exit with this code when they have run for so long; those that run already count from now."""
        return self._make("exit", exitCode=exit_code, seconds=seconds, **whom)

    def out_of_memory(self, seconds: float = 0.0, **whom: Unpack[OfTasks]) -> T:
        """Containers are killed for want of memory when they have run for so long."""
        return self._make("out-of-memory", seconds=seconds, **whom)

    def unhealthy(self, seconds: float = 0.0, **whom: Unpack[OfTasks]) -> T:
        """Health checks of containers that have run for so long fail, whatever they find."""
        return self._make("unhealthy", seconds=seconds, **whom)

    def slow_start(self, seconds: float, **whom: Unpack[OfTasks]) -> T:
        """Containers take so much longer to start."""
        return self._make("slow-start", seconds=seconds, **whom)

    def slow_stop(self, seconds: float, **whom: Unpack[OfTasks]) -> T:
        """Containers take so much longer to stop, and are killed when their stop timeout is over."""
        return self._make("slow-stop", seconds=seconds, **whom)

    def fail_pull(self, reason: str | None = None, seconds: float = 0.0, **whom: Unpack[OfTasks]) -> T:
        """Images cannot be pulled."""
        return self._make("pull-error", reason=reason, seconds=seconds, **whom)

    def fail_start(self, reason: str | None = None, **whom: Unpack[OfTasks]) -> T:
        """Containers cannot be started."""
        return self._make("start-error", reason=reason, **whom)

    def missing_secret(self, reason: str | None = None, **whom: Unpack[OfTasks]) -> T:
        """Secrets of tasks that have some are not found."""
        return self._make("secret-error", reason=reason, **whom)

    # -- capacity ---------------------------------------------------------------------------------------------------

    def no_capacity(self, reason: str | None = None, **whom: Unpack[OfTasks]) -> T:
        """Tasks find no place: for a reason of ECS's, such as RESOURCE:MEMORY, or else the usual one."""
        return self._make("no-capacity", reason=reason, **whom)

    def interrupt_spot(self, capacity_provider: str | None = None, **whom: Unpack[OfTasks]) -> T:
        """Spot capacity is taken back now."""
        return self._make("spot-interruption", capacityProvider=capacity_provider, **whom)

    def lose_instance(self, instance: str = "*", cluster: str = "*", times: int | None = None) -> T:
        """Container instances are terminated now."""
        return self._make("instance-lost", instance=instance, cluster=cluster, times=times)

    def disconnect_agent(self, instance: str = "*", cluster: str = "*") -> T:
        """The agents of container instances are gone, until the fault is removed."""
        return self._make("agent-disconnected", instance=instance, cluster=cluster)


class BuiltFault(FaultBuilder[dict[str, Any]]):
    """Faults of the HTTP form: for the marker, and for `Faults.add`."""

    def _make(self, kind: str, **members: Any) -> dict[str, Any]:
        return {"kind": kind, **{name: value for name, value in members.items() if value is not None}}


fault = BuiltFault()


class NoFault(ValueError):
    """KECS has refused the fault; the text says why."""


class Fault:
    """A fault that is set. The end of a `with` block removes it."""

    def __init__(self, endpoint: str, key: str) -> None:
        self.id = key
        self._endpoint = endpoint

    @property
    def struck(self) -> int:
        """How often it has struck."""
        return int(self._said()["struck"])

    @property
    def matched(self) -> int:
        """How often there was somebody whom it might have struck."""
        return int(self._said()["matched"])

    def remove(self) -> None:
        """Take it away, if it is still there."""
        try:
            admin.call(self._endpoint, "DELETE", f"faults/{self.id}")
        except admin.Refused as refused:
            if refused.status != 404:
                raise

    def _said(self) -> dict[str, Any]:
        said: list[dict[str, Any]] = admin.call(self._endpoint, "GET", "faults")["faults"]
        return next(one for one in said if one["id"] == self.id)

    def __enter__(self) -> Fault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<{self.id}>"


class Faults(FaultBuilder[Fault]):
    """The faults of one server that were set here. Each method sets one and gives it; it is in force at once."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._set: list[Fault] = []

    def add(self, members: dict[str, Any]) -> Fault:
        """Set a fault of the HTTP form. Raises NoFault."""
        if not isinstance(members, dict):
            raise NoFault(f"A fault is a dict, such as fault.throttle('RunTask') gives, not {members!r}.")
        try:
            said = admin.call(self._endpoint, "POST", "faults", members)["fault"]
        except admin.Refused as refused:
            raise NoFault(str(refused)) from None
        made = Fault(self._endpoint, said["id"])
        self._set.append(made)
        return made

    def all(self) -> list[dict[str, Any]]:
        """Every fault of the server, of the HTTP form, with `id`, `matched` and `struck`."""
        said: list[dict[str, Any]] = admin.call(self._endpoint, "GET", "faults")["faults"]
        return said

    @property
    def count(self) -> int:
        """How many were set here."""
        return len(self._set)

    def clear(self, keep: int = 0) -> None:
        """Remove those that were set here, but for the first so many."""
        while len(self._set) > keep:
            with contextlib.suppress(OSError):  # a KECS that does not run any more has none
                self._set.pop().remove()

    def _make(self, kind: str, **members: Any) -> Fault:
        return self.add({"kind": kind, **{name: value for name, value in members.items() if value is not None}})
