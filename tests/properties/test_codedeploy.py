"""Whatever is deployed, answered, stopped, continued, scaled and deleted, in any order: CodeDeploy answers as its model
says, every deployment ends, traffic is whole, and the service has a primary task set to go on with."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.properties.watching import Errors, answered
from tests.scenarios.codedeploying import (
    APP,
    DG,
    FAILURES,
    MINUTE,
    TARGET,
    WEB,
    appspec,
    call,
    deploy,
    group_members,
    options,
    over,
    ready,
    revision,
)
from tests.scenarios.shifting import alarm
from tests.scenarios.world import Refused, World

from kecs.core.codedeploy.appspec import HOOKS
from kecs.core.codedeploy.configs import PREDEFINED
from kecs.core.records.codedeploy import CodeDeploymentRecord
from kecs.services.apis import APIS

CODE_DEPLOY = next(api for api in APIS if api.name == "codedeploy")
OF = {"applicationName": APP, "deploymentGroupName": DG}
WAITS = st.builds(options, st.sampled_from([0, 5]), st.sampled_from([0, 0, 10]))
ALARMS = {"enabled": True, "alarms": [{"name": "errors"}]}


class Deployments(RuleBasedStateMachine):
    """One service, its deployment group, and everybody who has a say in its deployments."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.errors = Errors()
        self.errors.__enter__()

    @initialize(waits=WAITS)
    def start(self, waits: dict[str, Any]) -> None:
        self.world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
        members = {"alarmConfiguration": ALARMS, "autoRollbackConfiguration": FAILURES}
        ready(self.world, blueGreenDeploymentConfiguration=waits, **members)
        self.world.define("bad", {**WEB, "image": "gone:1"})

    @rule(
        definition=st.sampled_from(["web", "web", "web", "bad", "nowhere"]),
        config=st.sampled_from(sorted(PREDEFINED)),
        hooks=st.lists(st.sampled_from(HOOKS), max_size=2, unique=True),
        events=st.sampled_from([None, [], FAILURES["events"]]),
    )
    def deploy(self, definition: str, config: str, hooks: list[str], events: list[str] | None) -> None:
        content = appspec(definition, dict.fromkeys(hooks, "check"))
        given = {**OF, "revision": revision(content), "deploymentConfigName": config}
        if events is not None:
            given["autoRollbackConfiguration"] = {"enabled": bool(events), "events": events}
        self.ask("CreateDeployment", **given)

    @rule(status=st.sampled_from(["Succeeded", "Succeeded", "Succeeded", "Failed", "Skipped"]))
    def answer(self, status: str) -> None:
        for deployment in self.deployments():
            for event in deployment.events:
                if event.execution_id is not None:
                    told = {"lifecycleEventHookExecutionId": event.execution_id, "status": status}
                    self.ask("PutLifecycleEventHookExecutionStatus", deploymentId=deployment.id, **told)

    @rule(rollback=st.sampled_from([None, True, False]))
    def stop(self, rollback: bool | None) -> None:
        for deployment in self.deployments()[-2:]:
            given = {} if rollback is None else {"autoRollbackEnabled": rollback}
            self.ask("StopDeployment", deploymentId=deployment.id, **given)

    @rule(wait=st.sampled_from(["READY_WAIT", "TERMINATION_WAIT"]))
    def proceed(self, wait: str) -> None:
        for deployment in self.deployments()[-2:]:
            self.ask("ContinueDeployment", deploymentId=deployment.id, deploymentWaitType=wait)

    @rule(waits=WAITS)
    def change_the_group(self, waits: dict[str, Any]) -> None:
        told = {"applicationName": APP, "currentDeploymentGroupName": DG}
        self.ask("UpdateDeploymentGroup", **told, blueGreenDeploymentConfiguration=waits)

    @rule()
    def make_the_group_anew(self) -> None:
        self.ask("DeleteDeploymentGroup", **OF)
        self.ask("CreateDeploymentGroup", **group_members(alarmConfiguration=ALARMS))

    @rule(state=st.sampled_from(["ALARM", "OK", "OK"]))
    def alarm(self, state: str) -> None:
        alarm(self.world, "errors", state)

    @rule(count=st.integers(0, 3))
    def scale(self, count: int) -> None:
        self.world.call("UpdateService", service="s", desiredCount=count)

    @rule(which=st.integers(0, 9))
    def delete_a_task_set(self, which: int) -> None:
        others = [s for s in self.world.service()["taskSets"] if s["status"] == "ACTIVE"]
        if others:
            named = {"cluster": "default", "service": "s", "taskSet": others[which % len(others)]["id"]}
            self.world.call("DeleteTaskSet", **named, force=True)

    @rule(seconds=st.sampled_from([0, 0.001, 1, 60, 300, 4000]))
    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @invariant()
    def what_is_shown_is_as_the_model_says(self) -> None:
        assert self.ask("GetDeploymentGroup", **OF) is not None or not self.deployments()
        for deployment in self.deployments()[-3:]:
            assert self.ask("GetDeployment", deploymentId=deployment.id) is not None
            assert self.ask("GetDeploymentTarget", deploymentId=deployment.id, targetId=TARGET) is not None

    @invariant()
    def one_at_a_time(self) -> None:
        """A deployment that goes back has ended, and the one that takes it back comes after it."""
        assert sum(deployment.ongoing for deployment in self.deployments()) <= 1

    @invariant()
    def events_come_in_their_order(self) -> None:
        for deployment in self.deployments():
            if deployment.creator == "user":
                order = ["Succeeded", "InProgress", "Failed", "Pending", "Skipped"]
                places = [order.index(event.status) for event in deployment.events]
                assert places == sorted(places)

    @invariant()
    def there_is_one_primary_task_set(self) -> None:
        for service in self.world.call("ListServices")["serviceArns"]:
            shown = self.world.service(service.split("/")[-1])
            assert [s["status"] for s in shown["taskSets"]].count("PRIMARY") == 1

    @invariant()
    def traffic_is_shared_out_whole(self) -> None:
        for shares in self.world.kernel.traffic.shares.values():
            assert sum(share.production for share in shares.revisions) == 100
            assert sum(share.test or 0 for share in shares.revisions) in (0, 100)

    def teardown(self) -> None:
        """When everybody leaves it alone, what is under way ends, and the next deployment succeeds."""
        if self.deployments():
            alarm(self.world, "errors", "OK")
            self.world.clock.advance(6 * 60 * MINUTE)
            assert not any(deployment.ongoing for deployment in self.deployments())
            for task_set in self.world.service()["taskSets"]:
                with contextlib.suppress(Refused):  # the primary one
                    named = {"cluster": "default", "service": "s", "taskSet": task_set["id"]}
                    self.world.call("DeleteTaskSet", **named, force=task_set["status"] != "PRIMARY")
            self.world.clock.advance(MINUTE)
            call(self.world, "UpdateDeploymentGroup", **self.quick())
            assert over(self.world, deploy(self.world, "web"))["status"] == "Succeeded"
        self.errors.__exit__()

    def quick(self) -> dict[str, Any]:
        told = {"applicationName": APP, "currentDeploymentGroupName": DG}
        return {**told, "blueGreenDeploymentConfiguration": options()}

    def deployments(self) -> list[CodeDeploymentRecord]:
        return list(self.world.kernel.store.code_deployments)

    def ask(self, operation: str, **members: Any) -> Any:
        return answered(self.world, operation, json.dumps(members).encode(), CODE_DEPLOY)


TestDeployments = Deployments.TestCase
TestDeployments.settings = settings(max_examples=60, stateful_step_count=25)
