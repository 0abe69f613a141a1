"""`probe`: HTTP requests during a block of code, from a thread of their own, and whether they were answered."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kecs.testing.addressing import addresses
from kecs.testing.creating import running_tasks
from kecs.testing.seen import pictures
from kecs.testing.tracebacks import told

__tracebackhide__ = told

EVERY = 0.05  # seconds from an answer to the next request
TIMEOUT = 5.0  # seconds
MOST_FAILURES = 10  # that are kept
MOST_TRIES = 10  # of one request, when what it was sent to is gone
WIDTH = 60  # columns of the picture
_CHUNK = 65_536

Urls = str | Callable[[], str | Sequence[str]]


class Failure(NamedTuple):
    """A request without a good answer."""

    at: float  # seconds after the first request
    url: str
    reason: str


class Request(NamedTuple):
    """A request that is over, in seconds after the first one."""

    began: float
    ended: float
    failed: bool


class NoAnswer(Exception):
    """Why a request had no good answer; `status` is there if it had another."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


def probe(url: Urls, *, every: float = EVERY, timeout: float = TIMEOUT) -> Probe:
    """A context manager that sends GET requests, `every` so many seconds, each on a connection of its own.

    `url` may be a function that gives one or several URLs, which are asked in turn; when one does not answer and is no
    longer among them, the request goes to another. A status from 200 to 399 is a good answer. One request is over
    before the block begins, and one begins after it has ended. All times are real ones, also in test mode. Raises
    ValueError for a URL that is none.
    """
    if isinstance(url, str):
        _way_to(url, timeout)
    return Probe(url, every, timeout)


def service_urls(client: Any, cluster: str, service: str, port: int, path: str = "/") -> list[str]:
    """Where the tasks of a service answer by their container's port, as of now: as whoever looks them up would have it,
    those that run and pass their health checks; where none has any, those that run."""
    tasks = running_tasks(client, cluster, service)
    healthy = [task for task in tasks if task.get("healthStatus") == "HEALTHY"]
    answering = healthy or [task for task in tasks if task.get("healthStatus") != "UNHEALTHY"]
    found = [f"{address}{path}" for task in answering for address in addresses(task, port)]
    return list(dict.fromkeys(found))  # containers of a task share its network


class Probe:
    """See probe. `failures` are the first ones that failed, `statuses` counts the answers by their status."""

    def __init__(self, url: Urls, every: float, timeout: float) -> None:
        self.statuses: Counter[int] = Counter()
        self.failures: list[Failure] = []
        self.requests: list[Request] = []
        self._url = url
        self._every = every
        self._timeout = timeout
        self._first = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kecs probe", daemon=True)

    def __enter__(self) -> Probe:
        self._began = time.monotonic()
        self._thread.start()
        self._first.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        pictures.append(lambda: str(self) if self.failed else "")

    @property
    def total(self) -> int:
        """How many requests are over."""
        return len(self.requests)

    @property
    def failed(self) -> int:
        """How many of them had no good answer."""
        return sum(request.failed for request in list(self.requests))

    @property
    def slowest(self) -> float:
        """How long the slowest took, in seconds."""
        return max((request.ended - request.began for request in list(self.requests)), default=0.0)

    @property
    def longest_gap(self) -> float:
        """For how many seconds there was no good answer, from the beginning of the first request that failed to the
        next good answer, or to the end; 0 when none failed."""
        longest, began = 0.0, None
        for request in list(self.requests):
            if request.failed and began is None:
                began = request.began
            if began is not None:
                longest = max(longest, request.ended - began)
            if not request.failed:
                began = None
        return longest

    def assert_always_up(self, longest_gap: float = 0) -> None:
        """There was no longer gap than of so many seconds. The message has a picture, and the first failures."""
        if not self.requests:
            raise RuntimeError("The probe has not begun; use it in a with statement.")
        if self.failed and self.longest_gap > longest_gap:
            allowed = f"more than {longest_gap:g} s" if longest_gap else "not always up"
            raise AssertionError(f"No good answer for {self.longest_gap:.3f} s: {allowed}.\n{self}")

    def __str__(self) -> str:
        """What was counted, and a picture of it."""
        done = list(self.requests)
        if not done:
            return "no request is over yet"
        groups = min(WIDTH, len(done))
        edges = [len(done) * number // groups for number in range(groups + 1)]
        marks = [_mark(done[start:end]) for start, end in itertools.pairwise(edges)]
        counts = f"{len(done)} requests in {done[-1].ended:.3f} s, {sum(r.failed for r in done)} failed"
        times = f"the slowest took {self.slowest:.3f} s, the longest gap {self.longest_gap:.3f} s"
        row = f"  |{''.join(marks)}|  █ good, ▄ some failed, x all failed"
        failures = [f"  {f.at:+.3f} s  {f.url}: {f.reason}" for f in self.failures]
        return "\n".join([f"{counts}; {times}", row, *failures])

    def _run(self) -> None:
        for number in itertools.count():
            last = self._stopping.is_set()  # this one begins after the block has ended
            try:
                self._ask(number)
            finally:
                self._first.set()
            if last:
                return
            self._stopping.wait(self._every)

    def _ask(self, number: int) -> None:
        began = time.monotonic() - self._began
        url = ""
        try:
            for tries in range(1, MOST_TRIES + 1):
                urls = self._urls()
                url = urls[number % len(urls)]
                try:
                    self.statuses[self._get(url)] += 1
                    break
                except NoAnswer as error:
                    if error.status is not None or tries == MOST_TRIES or url in self._urls():
                        raise
        except NoAnswer as error:
            if error.status is not None:
                self.statuses[error.status] += 1
            if len(self.failures) < MOST_FAILURES:
                self.failures.append(Failure(began, url or "no URL", str(error)))
            self.requests.append(Request(began, time.monotonic() - self._began, failed=True))
        else:
            self.requests.append(Request(began, time.monotonic() - self._began, failed=False))

    def _urls(self) -> Sequence[str]:
        if isinstance(self._url, str):
            return [self._url]
        try:
            given = self._url()
        except Exception as error:
            raise NoAnswer(f"the function that gives the URLs failed: {error!r}") from error
        if not given:
            raise NoAnswer("there was nothing to ask")
        return [given] if isinstance(given, str) else given

    def _get(self, url: str) -> int:
        """The status of a good answer. Raises NoAnswer."""
        deadline = time.monotonic() + self._timeout
        try:
            connection, path = _way_to(url, self._timeout)
        except ValueError as error:
            raise NoAnswer(str(error)) from error
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            response = connection.getresponse()
            while response.read(_CHUNK):
                if time.monotonic() > deadline:
                    raise TimeoutError("timed out")
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NoAnswer(str(error) or repr(error)) from error
        finally:
            connection.close()
        if not 200 <= response.status < 400:
            raise NoAnswer(f"status {response.status}", response.status)
        return response.status


def _way_to(url: str, timeout: float) -> tuple[http.client.HTTPConnection, str]:
    """A connection, not made yet, and the path to ask for. Raises ValueError."""
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError(f"{url!r} is no URL such as http://127.0.0.1:8080/health")
    connected = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    path = f"{address.path or '/'}{f'?{address.query}' if address.query else ''}"
    return connected(address.hostname, address.port, timeout=timeout), path


def _mark(requests: Sequence[Request]) -> str:
    failed = sum(request.failed for request in requests)
    return "█" if not failed else "x" if failed == len(requests) else "▄"
