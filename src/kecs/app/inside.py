"""Who asks from inside a task, and what it is told: the kernel behind `endpoints.inside`. `server` makes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from kecs.app.kernel import Kernel
from kecs.aws.model import ecs as m
from kecs.core.inside.credentials import Credentials, credentials_of
from kecs.core.inside.metadata import Subject
from kecs.core.inside.names import Names, task_id
from kecs.core.inside.seen import Statistics
from kecs.core.records import InstanceRecord, TaskRecord
from kecs.ports.fault_injection import Injector
from kecs.ports.inside import Asking, Insight


class KernelInside:
    """See ports.inside.Inside."""

    def __init__(self, kernel: Kernel, names: Names) -> None:
        self._kernel = kernel
        self._names = names

    @cached_property
    def _insight(self) -> Insight:
        return self._kernel.runtime.insight()

    @cached_property
    def _injector(self) -> Injector | None:
        return self._insight.injector()

    async def asking(self, name: str) -> Asking | None:
        for task in self._tasks(name):
            for container in task.containers:
                if self._names.container(task.arn, container.name) == name:
                    subject = await self._subject(task)
                    return None if subject is None else Asking(subject, container)
        return None

    async def statistics(self, task: str) -> Mapping[str, Statistics]:
        return await self._insight.statistics(task)

    def injector(self) -> Injector | None:
        return self._injector

    def credentials(self, name: str) -> Credentials | None:
        for task in self._tasks(name):
            plan = self._kernel.control.supervisors.plan_of(task.arn)
            role = plan.definition.task_role_arn if plan else None
            if role and self._names.credentials(task.arn) == name:
                return credentials_of(self._names, task.arn, role, task.created_at, self._kernel.clock.now())
        return None

    def call(self, asking: Asking, operation: str, members: Mapping[str, Any]) -> tuple[int, Any]:
        scope = asking.of.task.scope
        signed = f"AWS4-HMAC-SHA256 Credential={scope.account}/0/{scope.region}/ecs/aws4_request, x"
        target = f"{m.TARGET_PREFIX}.{operation}"
        answer = self._kernel.endpoint.answer(target.encode(), signed.encode(), msgspec.json.encode(members))
        return answer.status, msgspec.json.decode(answer.body)

    async def agent(self, cluster: str) -> tuple[InstanceRecord | None, list[Subject]]:
        store, settings = self._kernel.store, self._kernel.settings
        arn = f"arn:aws:ecs:{settings.region}:{settings.account}:cluster/{cluster}"
        instance = next((i for i in store.instances.where("cluster", arn) if i.local), None)
        if instance is None:
            return None, []
        tasks = [t for t in store.tasks.where("cluster", arn) if t.container_instance_arn == instance.arn]
        subjects = [await self._subject(task) for task in tasks if task.last_status != "STOPPED"]
        return instance, [subject for subject in subjects if subject is not None]

    def request_id(self) -> str:
        return self._kernel.ids.uuid()

    def now(self) -> float:
        return self._kernel.clock.now()

    def _tasks(self, name: str) -> Iterator[TaskRecord]:
        """The tasks that the name could be of."""
        for cluster in self._kernel.store.clusters:
            task = self._kernel.store.tasks.get(cluster.scope.task(cluster.name, task_id(name)))
            if task is not None and task.last_status != "STOPPED":
                yield task

    async def _subject(self, task: TaskRecord) -> Subject | None:
        plan = self._kernel.control.supervisors.plan_of(task.arn)
        if plan is None:
            return None
        arn = task.container_instance_arn
        instance = self._kernel.store.instances.get(arn) if arn else None
        seen = await self._insight.look(task.arn, storage=task.launch_type == "FARGATE")
        return Subject(self._kernel.store.tasks.get(task.arn) or task, plan, instance, seen, self._kernel.clock.now())
