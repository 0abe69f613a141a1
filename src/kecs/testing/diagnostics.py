"""`capture_diagnostics`: all there is to know of a KECS when something has gone wrong, as an object, a text and files.

`reporting` calls it for each failed test. It must not make things worse: it reads only, takes a few seconds at most,
and a KECS that does not answer any more is said so instead of being waited for.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kecs.core.arns import last_part
from kecs.testing import admin
from kecs.testing.describing import cluster_lines, service_lines, task_lines
from kecs.testing.history import fetch
from kecs.testing.timeline import History

if TYPE_CHECKING:
    from kecs.testing.server import Server

SECONDS = 5.0  # for all questions together
ONE_ANSWER = 2.0  # seconds
FILE_LINES = 10_000  # of a container's output

SHOWN_SERVICES = 10
SHOWN_EVENTS = 20  # of a service
SHOWN_TASKS = 20  # the newest ones
SHOWN_CHANGES = 80
SHOWN_OUTPUT = 15  # lines of a container
SHOWN_LOG = 30  # lines of KECS
LONGEST_LINE = 500  # characters

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class Diagnostics:
    """What was found. `str()` is bounded and says what was cut; files have everything."""

    endpoint: str
    cluster: str | None = None
    runtime: str = "unknown"
    now: float | None = None  # seconds since the epoch, on KECS's clock
    problems: list[str] = field(default_factory=list)  # why something is missing
    state: dict[str, Any] = field(default_factory=dict)  # GET /_kecs/state
    history: History = field(default_factory=lambda: History(()))
    outputs: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # by a task's ARN and a container's name
    log: list[str] = field(default_factory=list)  # KECS's own
    idle_images: list[str] = field(default_factory=list)  # that functions stand for and no container has had

    @property
    def clusters(self) -> list[dict[str, Any]]:
        """As DescribeClusters shows them; services, tasks and container instances likewise."""
        return self._listed("clusters")

    @property
    def services(self) -> list[dict[str, Any]]:
        return self._listed("services")

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The newest first."""
        return sorted(self._listed("tasks"), key=lambda task: -float(task["createdAt"]))

    @property
    def instances(self) -> list[dict[str, Any]]:
        return self._listed("containerInstances")

    def to_json(self) -> dict[str, Any]:
        """All of it, ready for json.dumps."""
        return {
            "endpoint": self.endpoint,
            "cluster": self.cluster,
            "runtime": self.runtime,
            "now": self.now,
            "problems": self.problems,
            "state": self.state,
            "history": [found.to_json() for found in self.history],
            "outputs": [{"task": t, "container": c, "lines": lines} for (t, c), lines in self.outputs.items()],
            "log": self.log,
            "idleImages": self.idle_images,
        }

    def write(self, directory: str | Path) -> Path:
        """Files for whoever looks later: diagnostics.txt, diagnostics.json, timeline.txt, kecs.log, and logs/ with the
        output of each container. Gives the folder, which is made."""
        folder = Path(directory)
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        content = {
            "diagnostics.txt": str(self),
            "diagnostics.json": json.dumps(self.to_json(), indent=2),
            "timeline.txt": str(self.history),
            "kecs.log": "\n".join(self.log),
        }
        for (task, container), lines in self.outputs.items():
            name = _NOT_IN_NAMES.sub("-", f"{last_part(task)}-{container}")
            content[f"logs/{name}.log"] = "\n".join(lines)
        for name, text in content.items():
            (folder / name).write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")
        return folder

    def __str__(self) -> str:
        lines = "\n".join(self._lines()).split("\n")
        return "\n".join(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …" for line in lines)

    def _listed(self, member: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state.get(member, [])
        return found

    def _lines(self) -> Iterator[str]:
        at = "" if self.now is None else f", {datetime.fromtimestamp(self.now, UTC):%Y-%m-%d %H:%M:%S.%f} on its clock"
        yield f"KECS at {self.endpoint} (runtime: {self.runtime}){at}"
        yield from (f"! {problem}" for problem in self.problems)
        for cluster in self.clusters:
            yield from cluster_lines(cluster)
        for service in self.services[:SHOWN_SERVICES]:
            yield from service_lines(service, SHOWN_EVENTS)
        yield from _cut(len(self.services), SHOWN_SERVICES, "services")
        for task in self.tasks[:SHOWN_TASKS]:
            yield from task_lines(task, lambda task, container: self.outputs.get((task, container), [])[-SHOWN_OUTPUT:])
        yield from _cut(len(self.tasks), SHOWN_TASKS, "older tasks")
        if self.idle_images:
            yield f"functions that no container has started: {', '.join(self.idle_images)}"
        if self.state:
            yield str(self.history.newest(SHOWN_CHANGES))
        yield "KECS's log:" if self.log else "KECS has logged nothing."
        yield from _cut(len(self.log), SHOWN_LOG, "earlier lines")
        yield from (f"  {line}" for line in self.log[-SHOWN_LOG:])


def capture_diagnostics(
    server: Server | str,
    cluster: str | None = None,
    directory: str | Path | None = None,
    *,
    since: int | None = None,
    log_since: int = 0,
) -> Diagnostics:
    """What a KECS knows of itself: clusters, services, tasks, their output, what happened, its own log.

    `server` is one of start_server, or the URL of any KECS, whose log cannot be had. `cluster`: of that cluster only,
    by name or ARN. `directory`: write the files there, too. `since`: the id of the last change, and `log_since` the
    number of the last line of the log, that are of no interest; then clusters that nothing happened in are not either.
    Never raises for what KECS does or does not; what could not be had stands in `problems`.
    """
    found = Diagnostics(server if isinstance(server, str) else server.endpoint, cluster)
    if not isinstance(server, str):
        found.runtime = server.runtime
        found.log = server.log_lines(log_since)
        found.idle_images = server.idle_images
        if ended := server.ended():
            found.problems.append(f"This KECS does not run any more: {ended}.")
    if not found.problems:
        _Questions(found).ask(since)
    if directory is not None:
        found.write(directory)
    return found


class _Questions:
    """What is asked of one KECS, until the time for it is over."""

    def __init__(self, found: Diagnostics) -> None:
        self._found = found
        self._deadline = time.monotonic() + SECONDS

    def ask(self, since: int | None) -> None:
        found = self._found
        narrowed = "" if found.cluster is None else f"?cluster={quote(found.cluster, safe='')}"
        try:
            found.runtime = str(self._get("health")["runtime"])
            found.state = self._get(f"state{narrowed}")
            found.history = fetch(found.endpoint, found.cluster, since, partial=True, seconds=self._seconds())
            found.now = self._get("clock")["now"]
        except TimeoutError:
            found.problems.append(f"KECS does not answer: nothing has come within {ONE_ANSWER:g} s, so it hangs.")
        except (OSError, ValueError, LookupError, TypeError, admin.Refused) as error:
            found.problems.append(f"KECS does not answer: {error or type(error).__name__}.")
        if since is not None and found.cluster is None:
            _leave_out_the_others(found)
        if found.state and not found.problems:
            self._ask_for_outputs()

    def _ask_for_outputs(self) -> None:
        found = self._found
        wanted = [(task, container["name"]) for task in found.tasks for container in task["containers"]]
        for number, (task, container) in enumerate(wanted):
            if time.monotonic() >= self._deadline:
                found.problems.append(f"The output of {len(wanted) - number} containers was not read: time was over.")
                return
            self._ask_for_output(task, container)

    def _ask_for_output(self, task: dict[str, Any], container: str) -> None:
        of = task["clusterArn"], task["taskArn"], container
        try:
            lines = admin.output(self._found.endpoint, *of, tail=FILE_LINES, seconds=self._seconds())
        except TimeoutError:
            return  # the time is over now
        except (OSError, admin.Refused) as error:
            lines = [f"KECS cannot tell what it printed: {error}"]
        if lines:
            self._found.outputs[task["taskArn"], container] = lines

    def _get(self, path: str) -> Any:
        return admin.call(self._found.endpoint, "GET", path, seconds=self._seconds())

    def _seconds(self) -> float:
        return max(0.01, min(ONE_ANSWER, self._deadline - time.monotonic()))


def _leave_out_the_others(found: Diagnostics) -> None:
    """The clusters that nothing has happened in, with what is in them."""
    touched = {one.cluster for one in found.history}
    kept: dict[str, Any] = dict(found.state)
    for member in ("clusters", "services", "tasks", "containerInstances"):
        kept[member] = [one for one in found.state.get(member, ()) if _cluster_of(one) in touched | {None}]
    found.state = kept


def _cluster_of(described: dict[str, Any]) -> str | None:
    """The ARN of the cluster that it is in, or is; None where its description does not say."""
    arn: str | None = described.get("clusterArn")
    if arn is None and "containerInstanceArn" in described:
        instance = str(described["containerInstanceArn"])
        arn = instance.replace(":container-instance/", ":cluster/").rsplit("/", 1)[0]
    return arn


def _cut(count: int, shown: int, what: str) -> Iterator[str]:
    if count > shown:
        yield f"  … {count - shown} {what} are left out"
