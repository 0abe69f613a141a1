"""Where a test reaches a container, on whichever runtime."""

from __future__ import annotations

from typing import Any

from kecs.testing.explaining import explain_task, task_of

HOST = "127.0.0.1"  # of the instance that KECS brings along: this machine


def address_of(client: Any, cluster: str, task: str, port: int, container: str | None = None) -> str:
    """The URL at which a task's container answers on a port of its definition, such as http://127.0.0.1:32768.

    `container` tells which when several have that port. Raises LookupError when the task has no such port, or does not
    run.
    """
    found = task_of(client, cluster, task)
    for one in found["containers"] if found and found["lastStatus"] == "RUNNING" else ():
        if container not in (None, one["name"]):
            continue
        for binding in one.get("networkBindings", ()):
            if binding.get("containerPort") == port and binding.get("protocol", "tcp") == "tcp":
                return f"http://{HOST}:{binding['hostPort']}"
        for interface in one.get("networkInterfaces", ()):
            if address := interface.get("privateIpv4Address"):
                return f"http://{address}:{port}"
    raise LookupError(f"Task {task} has no port {port} to be reached.\n{explain_task(client, cluster, task)}")
