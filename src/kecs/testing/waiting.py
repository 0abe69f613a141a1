"""Waiting for what ECS brings about. Each looks at the API again and again; on a clock that can be moved it moves it
instead of sleeping. Timeouts are seconds of KECS's clock; when they are over, the error says why in ECS's terms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kecs.testing.clock import Clock, is_stable
from kecs.testing.explaining import explain_cluster, explain_service, explain_task, service_of, task_of
from kecs.testing.tracebacks import told

__tracebackhide__ = told

T = TypeVar("T")

TIMEOUT = 300.0  # seconds
SHOWN = 5  # of what was found while it was waited for
_NOT_YET = (OSError, LookupError)  # nothing answers yet; what is looked for is not there yet
_ANYTHING_TRUE: Any = object()
_CLUSTER_STATUSES = ("ACTIVE", "PROVISIONING", "DEPROVISIONING", "FAILED", "INACTIVE")
_SERVICE_STATUSES = ("ACTIVE", "DRAINING", "INACTIVE")
_TASK_STATUSES = (
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
)


def wait_for_cluster(client: Any, cluster: str, status: str = "ACTIVE", timeout: float = TIMEOUT) -> dict[str, Any]:
    """The cluster, as DescribeClusters has it, once it has this status.

    Raises TimeoutError, and ValueError for a status there is not.
    """
    _check("cluster", status, _CLUSTER_STATUSES)
    found: dict[str, Any] = {}

    def reached() -> bool:
        nonlocal found
        clusters = client.describe_clusters(clusters=[cluster])["clusters"]
        found = clusters[0] if clusters else {"status": "not there"}
        return bool(found["status"] == status)

    if not passes_until(client, reached, timeout):
        why = explain_cluster(client, cluster)
        raise TimeoutError(f"Cluster {cluster} is {found['status']}, not {status}, after {timeout:g} s.\n{why}")
    return found


def wait_for_service(
    client: Any, cluster: str, service: str, status: str = "ACTIVE", timeout: float = TIMEOUT
) -> dict[str, Any]:
    """The service, as DescribeServices has it, once it has this status.

    Raises TimeoutError, and ValueError for a status there is not.
    """
    _check("service", status, _SERVICE_STATUSES)

    def reached() -> bool:
        found = service_of(client, cluster, service)
        return found is not None and found["status"] == status

    if not passes_until(client, reached, timeout):
        why = explain_service(client, cluster, service)
        raise TimeoutError(f"Service {service} is not {status} after {timeout:g} s.\n{why}")
    return service_of(client, cluster, service) or {}


def wait_for_stable_service(client: Any, cluster: str, service: str, timeout: float = TIMEOUT) -> dict[str, Any]:
    """The service once it is ACTIVE with one deployment that is over, and runs as many tasks as it should.

    Raises AssertionError as soon as that deployment has failed for good, and TimeoutError.
    """
    failed = False

    def reached() -> bool:
        nonlocal failed
        found = service_of(client, cluster, service)
        if found is None or found["status"] != "ACTIVE":
            return False
        failed = not is_stable(found) and _has_failed(found)
        return failed or is_stable(found)

    came = passes_until(client, reached, timeout)
    if came and not failed:
        return service_of(client, cluster, service) or {}
    why = explain_service(client, cluster, service)
    if came:
        raise AssertionError(f"The deployment of service {service} has failed.\n{why}")
    raise TimeoutError(f"Service {service} is not stable after {timeout:g} s.\n{why}")


def _has_failed(service: dict[str, Any]) -> bool:
    """Whether nothing more is done for its newest deployment, not even taking it back."""
    return any(d["status"] == "PRIMARY" and d.get("rolloutState") == "FAILED" for d in service["deployments"])


def wait_for_task(
    client: Any, cluster: str, task: str, status: str = "RUNNING", timeout: float = TIMEOUT
) -> dict[str, Any]:
    """The task, as DescribeTasks has it, once it has this status.

    Raises AssertionError as soon as it is beyond that status, TimeoutError, and ValueError for a status there is not.
    """
    _check("task", status, _TASK_STATUSES)
    last = ""

    def reached() -> bool:
        nonlocal last
        found = task_of(client, cluster, task)
        last = found["lastStatus"] if found else ""
        return last in _TASK_STATUSES[_TASK_STATUSES.index(status) :]

    came = passes_until(client, reached, timeout)
    if last == status:
        return task_of(client, cluster, task) or {}
    why = explain_task(client, cluster, task)
    if came:
        raise AssertionError(f"Task {task} will not be {status} any more.\n{why}")
    raise TimeoutError(f"Task {task} is not {status} after {timeout:g} s.\n{why}")


def wait_until(client: Any, look: Callable[[], T], timeout: float = TIMEOUT, *, equals: Any = _ANYTHING_TRUE) -> T:
    """What `look()` gives once it is true, or once it equals something: waiting for whatever has no function here.

    OSError and LookupError that it raises (nothing answers yet, nothing is there yet) count as not yet. Raises
    TimeoutError, which says what there was instead.
    """
    found: T
    seen: list[str] = []

    def reached() -> bool:
        nonlocal found
        try:
            found = look()
        except _NOT_YET as error:
            _see(seen, repr(error))
            return False
        _see(seen, repr(found))
        return bool(found) if equals is _ANYTHING_TRUE else bool(found == equals)

    if not passes_until(client, reached, timeout):
        wanted = "true" if equals is _ANYTHING_TRUE else repr(equals)
        raise TimeoutError(f"Not {wanted} after {timeout:g} s, but {', then '.join(seen)}.")
    return found


def _check(what: str, status: str, statuses: tuple[str, ...]) -> None:
    if status not in statuses:
        raise ValueError(f"A {what}'s status is one of {', '.join(statuses)}, not {status!r}.")


def _see(seen: list[str], shown: str) -> None:
    """Note what is other than before; the last few are kept."""
    if seen[-1:] != [shown]:
        seen.append(shown)
        del seen[:-SHOWN]


def passes_until(client: Any, condition: Callable[[], bool], timeout: float) -> bool:
    """Let time pass until the condition holds; whether it did within `timeout` seconds."""
    return any(condition() for _ in Clock(client.meta.endpoint_url).passing(timeout))
