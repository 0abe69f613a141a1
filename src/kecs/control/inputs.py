"""Looks up what tasks are given from outside (secrets, environment files, registry logins, access points) before they
are started.

The supervisors hand over each command that needs it; it goes on, with the plan equipped, once everything is there. What
was looked up is kept here until the task is released, and nowhere else: a KECS that was restarted asks again.
"""

from __future__ import annotations

from collections.abc import Callable

from kecs.core.inputs import access_points
from kecs.core.inputs.equip import equipped
from kecs.core.inputs.lookups import Answer, Lookup, Refusal, lookups
from kecs.core.inputs.reasons import Unresolved
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.lookups import Lookups

UNREACHABLE = Refusal(
    "RequestError", "send request failed: this KECS has no AWS services around it; see --companion and the extra `aws`"
)

Found = Callable[[TaskPlan], None]
Refused = Callable[[str], None]


class _Search:
    """What is being looked up for one task, and who waits for it."""

    def __init__(self, plan: TaskPlan) -> None:
        self.plan = plan
        self.calls: tuple[Lookup, ...] = ()
        self.answers: dict[Lookup, Answer] = {}
        self.missing = 0
        self.waiting: list[tuple[Found, Refused]] = []


class Inputs:
    """What the tasks of one KECS are given."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._searches: dict[str, _Search] = {}
        self._equipped: dict[str, TaskPlan] = {}

    def equip(self, plan: TaskPlan, found: Found, refused: Refused) -> None:
        """Call `found` with the equipped plan, now or later, or `refused` with the reason why there is none."""
        known = self._equipped.get(plan.arn)
        if known is not None:
            found(known)
            return
        search = self._searches.get(plan.arn)
        if search is not None:
            search.waiting.append((found, refused))
            return
        search = self._searches[plan.arn] = _Search(plan)
        search.waiting.append((found, refused))
        asked = access_points.questions(plan) if self._lookups.has(access_points.SERVICE) else ()
        calls = search.calls = (*lookups(plan), *asked)
        search.missing = len(calls)
        if not calls:
            self._finish(search)
        for call in calls:
            self._look_up(search, call)

    def forget(self, task: str) -> None:
        """The task needs nothing any more; an answer that still comes is not heard."""
        self._searches.pop(task, None)
        self._equipped.pop(task, None)

    def clear(self) -> None:
        self._searches.clear()
        self._equipped.clear()

    def _look_up(self, search: _Search, call: Lookup) -> None:
        def answered(answer: Answer) -> None:
            search.answers[call] = answer
            search.missing -= 1
            if not search.missing and self._searches.get(search.plan.arn) is search:
                self._finish(search)

        self._lookups.look_up(call, answered)

    def _finish(self, search: _Search) -> None:
        arn = search.plan.arn
        del self._searches[arn]
        in_order = {call: search.answers[call] for call in search.calls}
        try:
            plan = self._equipped[arn] = equipped(search.plan, in_order)
        except Unresolved as error:
            for _, refused in search.waiting:
                refused(str(error))
            return
        for found, _ in search.waiting:
            found(plan)


class NoLookups:
    """See ports.lookups.Lookups: for a kernel that nobody has given any."""

    busy = False

    def has(self, service: str) -> bool:  # noqa: ARG002  # nobody to ask
        return False

    async def rest(self) -> None:
        return

    def look_up(self, lookup: Lookup, then: Callable[[Answer], None]) -> None:  # noqa: ARG002  # nobody to ask
        then(UNREACHABLE)
