"""Lack of capacity that users have set: asked by whatever looks for a place for a task."""

from __future__ import annotations

from kecs.control.faults.book import FaultBook
from kecs.core.faults.reasons import refusal
from kecs.core.faults.records import Subject
from kecs.core.faults.subjects import of_record, of_spec
from kecs.core.records import TaskRecord
from kecs.core.tasks.create import TaskSpec

KIND = "no-capacity"


class PlacementFaults:
    """AWS's reason why a task finds no place, where a fault says so."""

    def __init__(self, book: FaultBook) -> None:
        self._book = book

    def of_spec(self, spec: TaskSpec) -> str | None:
        """See core.tasks.launch.Refuse."""
        return self._of(of_spec(spec), spec.launch_type)

    def of_waiting(self, task: TaskRecord) -> str | None:
        """The same for a task that waits until its capacity provider has room."""
        return self._of(of_record(task), task.launch_type)

    def _of(self, subject: Subject, launch_type: str) -> str | None:
        for key, fault in self._book.about((KIND,), subject):
            reason = refusal(fault.reason, launch_type)
            if reason is not None and self._book.draw(key):
                return reason
        return None
