"""The loop over CodeDeploy's deployments: takes each from one lifecycle event to the next.

Its keys are deployments. `core.codedeploy.lifecycle` decides; task sets are made, promoted and deleted through ECS's
own operations, traffic is led by `ports.traffic`, and hooks are called by whoever has been given to do so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from kecs.aws.errors import ModeledError
from kecs.aws.model import ecs as m
from kecs.control.queue import WorkQueue
from kecs.core.arns import Scope, scope_key
from kecs.core.codedeploy.endings import error, fail, with_rollback
from kecs.core.codedeploy.groups import has_test_traffic
from kecs.core.codedeploy.lifecycle import UPDATE_ERROR, Look, Wish, next_look, step
from kecs.core.codedeploy.requests import hook_call, replacement
from kecs.core.deployments.hooks import HookCall
from kecs.core.records import Change, TaskSetRecord
from kecs.core.records.codedeploy import CodeDeploymentRecord
from kecs.ports.alarms import Alarms
from kecs.ports.clock import Clock, Ids
from kecs.ports.ecs import CallEcs, TaskSetRequest
from kecs.ports.store import Store
from kecs.ports.traffic import RevisionShare, Shares, Traffic

KIND = "deployment of CodeDeploy"
REFUSED = "{message} (Service: AmazonECS; Status Code: 400; Error Code: {code})"

CallHooks = Callable[[Iterable[HookCall]], None]
"""Has hooks called, each once until it has answered."""


class CodeDeploy:
    """The loop over deployments. One that waits for time costs nothing until then."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        queue: WorkQueue,
        call_ecs: CallEcs,
        traffic: Traffic,
        alarms: Alarms,
        call_hooks: CallHooks,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self._call_ecs = call_ecs
        self._traffic = traffic
        self._alarms = alarms
        self._call_hooks = call_hooks
        self._shared: dict[str, str] = {}  # the deployments by which traffic is shared out, by service
        self._called: set[str] = set()  # executions of hooks whose functions have been called by this process
        queue.register(KIND, self.work)
        store.subscribe(self.notice)
        alarms.subscribe(self.notice_alarm)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if table == "code_deployments" and after is not None:
                self._queue.add(KIND, key)
            elif table in ("task_sets", "deployment_groups"):
                self._add_of((after or before).service_arn)
            elif table == "services":
                self._add_of(key)

    def notice_alarm(self, scope: Scope, name: str) -> None:  # noqa: ARG002  # any of them may have it
        """A listener of the alarms."""
        for deployment in self._store.code_deployments.where("scope", scope_key(scope)):
            if deployment.ongoing:
                self._queue.add(KIND, deployment.id)

    def recover(self) -> None:
        """Go on with every deployment after a restart, and share traffic out as before."""
        for deployment in self._store.code_deployments:
            if deployment.ongoing:
                self._queue.add(KIND, deployment.id)
        for group in self._store.deployment_groups:
            newest = self._newest(group.id)
            if newest is not None:
                self._queue.add(KIND, newest)

    def forget(self) -> None:
        """Drop what is known of this process only; for a reset."""
        self._called.clear()
        self._shared.clear()

    def work(self, key: str) -> None:
        """Take one deployment as far as it goes now."""
        store = self._store
        deployment = store.code_deployments.get(key)
        while deployment is not None and deployment.ongoing:
            after, wish = step(self._look(deployment), self._ids.uuid)
            if wish is not None:
                after = self._ask(deployment, wish)
            elif after is deployment:
                break
            with store.transaction():
                for record in with_rollback(after, self._ids.hex32, self._clock.now()):
                    store.code_deployments.put(record)
            deployment = store.code_deployments.get(key)
        if deployment is None:
            return
        call = hook_call(deployment)
        if call is not None and call.hook_id not in self._called:
            self._called.add(call.hook_id)
            self._call_hooks([call])
        wake_at = next_look(deployment)
        if wake_at is not None:
            self._queue.wake(KIND, key, wake_at)
        self._share(deployment)

    def _look(self, deployment: CodeDeploymentRecord) -> Look:
        store, configured = self._store, deployment.alarms
        names = [alarm.name or "" for alarm in (configured.alarms if configured and configured.enabled else None) or ()]
        return Look(
            deployment=deployment,
            group=deployment.group_id in store.deployment_groups,
            service=store.services.get(deployment.service_arn),
            task_sets=tuple(store.task_sets.where("service", deployment.service_arn)),
            ringing=self._alarms.ringing(deployment.scope, names),
            now=self._clock.now(),
        )

    def _ask(self, deployment: CodeDeploymentRecord, wish: Wish) -> CodeDeploymentRecord:
        """The deployment after ECS has done what it wishes, or has refused to."""
        try:
            with self._store.transaction():
                if wish == "create":
                    made = self._call_ecs(deployment.scope, self._replacement(deployment))
                    deployment = replace(deployment, green=made.task_set_arn)
                    self._store.code_deployments.put(deployment)
                elif wish in ("promote", "restore"):
                    self._promote(deployment, deployment.green if wish == "promote" else deployment.blue)
                else:
                    self._delete(deployment, deployment.blue if wish == "retire" else deployment.green)
        except ModeledError as refused:
            said = REFUSED.format(message=refused.message, code=refused.code)
            return fail(deployment, error("ECS_UPDATE_ERROR", UPDATE_ERROR.format(error=said)), self._clock.now())
        return deployment

    def _replacement(self, deployment: CodeDeploymentRecord) -> m.CreateTaskSetRequest:
        service = self._store.services.get(deployment.service_arn)
        blue = self._store.task_sets.get(deployment.blue or "")
        if service is None or blue is None:
            raise m.TaskSetNotFoundException("The specified task set was not found.")
        return replacement(deployment, service, blue)

    def _promote(self, deployment: CodeDeploymentRecord, task_set: str | None) -> None:
        cluster, service = _names(deployment)
        self._call_ecs(
            deployment.scope,
            m.UpdateServicePrimaryTaskSetRequest(cluster=cluster, service=service, primary_task_set=task_set or ""),
        )

    def _delete(self, deployment: CodeDeploymentRecord, task_set: str | None) -> None:
        cluster, service = _names(deployment)
        arn, none = task_set or "", m.Scale(value=0.0, unit="PERCENT")
        requests: tuple[TaskSetRequest, ...] = (
            m.UpdateTaskSetRequest(cluster=cluster, service=service, task_set=arn, scale=none),
            m.DeleteTaskSetRequest(cluster=cluster, service=service, task_set=arn, force=True),
        )
        for request in requests:
            self._call_ecs(deployment.scope, request)

    def _share(self, deployment: CodeDeploymentRecord) -> None:
        """Lead the service's requests as its newest deployment wants it, as long as both of its task sets are there."""
        if self._newest(deployment.group_id) not in (deployment.id, None):
            return
        service = deployment.service_arn
        blue, green = (self._store.task_sets.get(arn or "") for arn in (deployment.blue, deployment.green))
        if blue is None or green is None or "DRAINING" in (blue.status, green.status):
            if self._shared.pop(service, None) is not None:
                self._traffic.unshare(service)
            return
        shares = (
            _share(blue, 100.0 - deployment.production, deployment, mine=False),
            _share(green, deployment.production, deployment, mine=True),
        )
        balancers = (*blue.load_balancers, *green.load_balancers)
        self._shared[service] = deployment.id
        self._traffic.share(Shares(service_arn=service, revisions=shares, load_balancers=balancers))

    def _newest(self, group_id: str) -> str | None:
        return next(reversed([*self._store.code_deployments.keys("group", group_id)]), None)

    def _add_of(self, service_arn: str) -> None:
        for key in self._store.code_deployments.keys("ongoing", service_arn):
            self._queue.add(KIND, key)
        if service_arn in self._shared:
            self._queue.add(KIND, self._shared[service_arn])


def _names(deployment: CodeDeploymentRecord) -> tuple[str, str]:
    """Cluster and service, as ECS's requests name them."""
    *_, cluster, service = deployment.service_arn.split("/")
    return cluster, service


def _share(
    task_set: TaskSetRecord, production: float, deployment: CodeDeploymentRecord, *, mine: bool
) -> RevisionShare:
    test = 100.0 if deployment.test == mine else 0.0
    return RevisionShare(
        revision_arn=task_set.arn,
        deployment_id=task_set.id,
        production=production,
        test=test if has_test_traffic(deployment.load_balancer) else None,
        alternate=mine,
    )
