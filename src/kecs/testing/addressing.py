"""Where a test reaches a container, on whichever runtime."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kecs.testing.explaining import explain_task, task_of

HOST = "127.0.0.1"  # of the instance that KECS brings along: this machine
_ANY = (None, "", "0.0.0.0", "::")  # every address of the instance


def address_of(client: Any, cluster: str, task: str, port: int, container: str | None = None) -> str:
    """The URL at which a task's container answers on a port of its definition, such as http://127.0.0.1:32768.

    `container` tells which when several have that port. Raises LookupError when the task has no such port, or does not
    run.
    """
    found = task_of(client, cluster, task)
    if found and found["lastStatus"] == "RUNNING":
        for address in addresses(found, port, container):
            return address
    raise LookupError(f"Task {task} has no port {port} to be reached.\n{explain_task(client, cluster, task)}")


def addresses(task: dict[str, Any], port: int, container: str | None = None) -> Iterator[str]:
    """The URLs of a task, as DescribeTasks has it, at which containers answer on that port of their definitions."""
    for one in task["containers"]:
        if container not in (None, one["name"]):
            continue
        for binding in one.get("networkBindings", ()):
            if binding.get("containerPort") == port and binding.get("protocol", "tcp") == "tcp":
                yield _url(HOST if (bound := binding.get("bindIP")) in _ANY else bound, binding["hostPort"])
        for interface in one.get("networkInterfaces", ()):
            if address := interface.get("privateIpv4Address"):
                yield _url(address, port)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
