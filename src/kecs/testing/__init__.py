"""The testing kit: what integration tests against ECS are written with. docs/reference/testing.md describes it.

Names are loaded when they are first used: the pytest plugin is part of this package, and a test run that needs no KECS
must not wait for one to be imported.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kecs.testing.addressing import address_of
    from kecs.testing.assertions import assert_service_healthy, assert_task_completed
    from kecs.testing.builders import TaskDefinitionBuilder
    from kecs.testing.clock import Clock, ClockNotMovable
    from kecs.testing.container import start_container
    from kecs.testing.creating import (
        cleanup_cluster,
        create_test_service,
        create_test_task_definition,
        deploy_service,
        run_test_task,
        running_tasks,
    )
    from kecs.testing.diagnostics import Diagnostics, capture_diagnostics
    from kecs.testing.faking import Container, Terminated
    from kecs.testing.faults import Fault, Faults, NoFault, fault
    from kecs.testing.host import NotStarted
    from kecs.testing.images import CannotFake, Images
    from kecs.testing.output import output_of
    from kecs.testing.probing import Probe, probe, service_urls
    from kecs.testing.server import Server, start_server
    from kecs.testing.serving import Request, Response
    from kecs.testing.snapshots import Snapshot
    from kecs.testing.timeline import Happening, History, HistoryIncomplete, OverTime
    from kecs.testing.waiting import (
        wait_for_cluster,
        wait_for_service,
        wait_for_stable_service,
        wait_for_task,
        wait_until,
    )
    from kecs.testing.watching import NotKnown, ServiceWatch, watch_service

_MODULES = {
    "addressing": ("address_of",),
    "assertions": ("assert_service_healthy", "assert_task_completed"),
    "builders": ("TaskDefinitionBuilder",),
    "clock": ("Clock", "ClockNotMovable"),
    "container": ("start_container",),
    "creating": (
        "cleanup_cluster",
        "create_test_service",
        "create_test_task_definition",
        "deploy_service",
        "run_test_task",
        "running_tasks",
    ),
    "faults": ("Fault", "Faults", "NoFault", "fault"),
    "faking": ("Container", "Terminated"),
    "diagnostics": ("Diagnostics", "capture_diagnostics"),
    "host": ("NotStarted",),
    "images": ("CannotFake", "Images"),
    "output": ("output_of",),
    "probing": ("Probe", "probe", "service_urls"),
    "server": ("Server", "start_server"),
    "serving": ("Request", "Response"),
    "snapshots": ("Snapshot",),
    "timeline": ("Happening", "History", "HistoryIncomplete", "OverTime"),
    "waiting": ("wait_for_cluster", "wait_for_service", "wait_for_stable_service", "wait_for_task", "wait_until"),
    "watching": ("NotKnown", "ServiceWatch", "watch_service"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "CannotFake",
    "Clock",
    "ClockNotMovable",
    "Container",
    "Diagnostics",
    "Fault",
    "Faults",
    "Happening",
    "History",
    "HistoryIncomplete",
    "Images",
    "NoFault",
    "NotKnown",
    "NotStarted",
    "OverTime",
    "Probe",
    "Request",
    "Response",
    "Server",
    "ServiceWatch",
    "Snapshot",
    "TaskDefinitionBuilder",
    "Terminated",
    "address_of",
    "assert_service_healthy",
    "assert_task_completed",
    "capture_diagnostics",
    "cleanup_cluster",
    "create_test_service",
    "create_test_task_definition",
    "deploy_service",
    "fault",
    "output_of",
    "probe",
    "run_test_task",
    "running_tasks",
    "service_urls",
    "start_container",
    "start_server",
    "wait_for_cluster",
    "wait_for_service",
    "wait_for_stable_service",
    "wait_for_task",
    "wait_until",
    "watch_service",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
