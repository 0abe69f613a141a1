"""Everything that can go wrong: whom it strikes, and what a fault of the kind may and has to say.

`reading` holds faults against this table, `control.faults` and `gateway.faults` act on it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Strikes = Literal["call", "container", "task", "placement", "now", "instance"]
"""What a fault lies in wait for: a call of the API, a container's next step, a task's network, a task that is to be
placed. `now`: it strikes whatever there is when it is set. `instance`: from then on, for as long as it is set."""

HOW_OFTEN = frozenset({"after", "times", "rate", "seed"})
_NOW = frozenset({"times", "rate", "seed"})
_TASK = frozenset({"cluster", "service", "task", "when"})
_CONTAINER = _TASK | {"container"}
_CALL = frozenset({"operation", "api", "cluster", "service", "task", "when"})
_INSTANCE = frozenset({"cluster", "instance"})

TASK_FACTS = frozenset({"family", "revision", "image", "group", "launchType"})
"""What `when` may ask of a task. `image` is the container's, or that of any of its containers."""


class Kind(NamedTuple):
    """One row of the table, in members of the HTTP form."""

    strikes: Strikes
    whom: frozenset[str]  # what it may be narrowed down by
    how_often: frozenset[str] = HOW_OFTEN
    may: frozenset[str] = frozenset()
    must: frozenset[str] = frozenset()
    facts: frozenset[str] | None = None  # that `when` may have; None: any member of a request


KINDS: dict[str, Kind] = {
    # A call of the API is answered otherwise than it should be, or not at all.
    "throttle": Kind("call", _CALL),
    "server-error": Kind("call", _CALL, may=frozenset({"status"})),
    "latency": Kind("call", _CALL, must=frozenset({"seconds"})),
    "drop": Kind("call", _CALL),
    "lost-response": Kind("call", _CALL),
    "stale": Kind("call", _CALL, must=frozenset({"age"})),
    # A container does not do its next step, or does it late.
    "pull-error": Kind("container", _CONTAINER, may=frozenset({"seconds", "reason"}), facts=TASK_FACTS),
    "start-error": Kind("container", _CONTAINER, may=frozenset({"reason"}), facts=TASK_FACTS),
    "slow-start": Kind("container", _CONTAINER, must=frozenset({"seconds"}), facts=TASK_FACTS),
    "slow-stop": Kind("container", _CONTAINER, must=frozenset({"seconds"}), facts=TASK_FACTS),
    # A container that runs comes to harm, `seconds` after it has started.
    "exit": Kind("container", _CONTAINER, may=frozenset({"seconds", "exitCode"}), facts=TASK_FACTS),
    "out-of-memory": Kind("container", _CONTAINER, may=frozenset({"seconds"}), facts=TASK_FACTS),
    "unhealthy": Kind("container", _CONTAINER, may=frozenset({"seconds"}), facts=TASK_FACTS),
    # A task does not get what it needs.
    "secret-error": Kind("task", _TASK, may=frozenset({"reason"}), facts=TASK_FACTS),
    "no-capacity": Kind("placement", _TASK - {"task"}, may=frozenset({"reason"}), facts=TASK_FACTS),
    # What runs comes to harm now.
    "kill": Kind("now", _CONTAINER, _NOW, may=frozenset({"exitCode"}), facts=TASK_FACTS),
    "spot-interruption": Kind("now", _TASK, _NOW, may=frozenset({"capacityProvider"}), facts=TASK_FACTS),
    "instance-lost": Kind("now", _INSTANCE, _NOW),
    "agent-disconnected": Kind("instance", _INSTANCE, frozenset()),
}
BY_START = frozenset({"exit", "out-of-memory", "unhealthy"})
"""The kinds that wait for a container to have run for a while."""
STATUSES = (500, 503)
