"""What the demo shows, step by step. Each step waits for what it claims and fails the demo when it does not happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from kecs.cli.client import lines
from kecs.cli.demo.ecs import DemoFailed, Ecs, wait_for
from kecs.cli.demo.stage import DemoImage, Stage
from kecs.cli.demo.traffic import Traffic

CLUSTER, SERVICE, FAMILY = "demo", "web", "web"
COUNT = 3
_ENOUGH = 50  # requests before and after the update, so that the numbers mean something

T = TypeVar("T")
Say = Callable[[str], None]


class Story:
    """The steps against one KECS."""

    def __init__(self, url: str, ecs: Ecs, image: DemoImage, stage: Stage, say: Say) -> None:
        self._url = url
        self._ecs = ecs
        self._image = image
        self._stage = stage
        self._say = say

    def tell(self) -> None:
        """All of it. Raises DemoFailed."""
        self._ecs.call("CreateCluster", clusterName=CLUSTER)
        for step in (self._service, self._rolling_update, self._killed_task, self._one_off_job, self._end):
            step()

    def _service(self) -> None:
        self._say(f"A service of {COUNT} tasks that answer HTTP")
        self._ecs.call(
            "CreateService",
            cluster=CLUSTER,
            serviceName=SERVICE,
            taskDefinition=self._registered(1),
            desiredCount=COUNT,
            launchType="EC2",
        )
        self._wait_until_steady(f"{FAMILY}:1")
        with Traffic(self._url, CLUSTER, SERVICE, self._stage.ask) as traffic:
            self._wait("an answer of each task", lambda: traffic.requests >= COUNT or None)
            addresses = ", ".join(f"{target.host}:{target.port}" for target in traffic.targets)
        if traffic.failures:
            raise DemoFailed(f"A request failed: {traffic.failures[0]}")
        self._say(f"  running and answering at {addresses}")

    def _rolling_update(self) -> None:
        self._say("A rolling update to a new revision, with a client that never pauses")
        with Traffic(self._url, CLUSTER, SERVICE, self._stage.ask) as traffic:
            self._wait("traffic before the update", lambda: traffic.requests >= _ENOUGH or None)
            self._ecs.call("UpdateService", cluster=CLUSTER, service=SERVICE, taskDefinition=self._registered(2))
            self._wait_until_steady(f"{FAMILY}:2")
            updated = traffic.requests
            self._wait("traffic after the update", lambda: traffic.requests >= updated + _ENOUGH or None)
        answers = ", ".join(f"{count} by {version}" for version, count in sorted(traffic.versions.items()))
        self._say(f"  {traffic.requests} requests: {answers}; {len(traffic.failures)} failed")
        if traffic.failures:
            raise DemoFailed(f"Requests failed during the update, the first one: {traffic.failures[0]}")
        if set(traffic.versions) != {f"{FAMILY}:1", f"{FAMILY}:2"}:
            raise DemoFailed(f"The client did not see both revisions but {set(traffic.versions)}.")

    def _killed_task(self) -> None:
        self._say("A task that dies is replaced")
        before = self._ecs.service_tasks(CLUSTER, SERVICE)
        victim = before[0]
        self._stage.kill(self._ecs, CLUSTER, victim)
        since = time.monotonic()
        self._wait_until_steady(f"{FAMILY}:2", without=victim["taskArn"])
        after = {task["taskArn"] for task in self._ecs.service_tasks(CLUSTER, SERVICE)}
        kept = len(after & {task["taskArn"] for task in before})
        if kept != COUNT - 1:
            raise DemoFailed(f"{COUNT - 1} tasks should have been left alone, not {kept}.")
        healed = time.monotonic() - since
        reason = self._stopped(victim["taskArn"])["stoppedReason"]
        self._say(f"  {reason}; {COUNT} healthy again after {healed:.1f} s")

    def _one_off_job(self) -> None:
        self._say("A one-off job with an environment of its own")
        defaults = {"WHOM": "nobody", "CODE": "1"}
        self._ecs.call(
            "RegisterTaskDefinition",
            family="job",
            containerDefinitions=[self._container("job", self._image.job, defaults)],
        )
        wanted = {"WHOM": "ECS", "CODE": "42"}
        overrides = {"containerOverrides": [{"name": "job", "environment": _pairs(wanted)}]}
        answer = self._ecs.call("RunTask", cluster=CLUSTER, taskDefinition="job", launchType="EC2", overrides=overrides)
        if answer["failures"]:
            raise DemoFailed(f"The job was not placed: {answer['failures']}")
        arn = answer["tasks"][0]["taskArn"]
        code = self._stopped(arn)["containers"][0].get("exitCode")
        printed = list(lines(self._url, f"tasks/{CLUSTER}/{arn.rsplit('/', 1)[-1]}/logs/job"))
        self._say(f"  printed {' '.join(printed)!r} and exited with {code}")
        if (code, printed) != (42, ["Hello, ECS!"]):
            raise DemoFailed("The job should have greeted ECS and exited with 42.")

    def _end(self) -> None:
        self._say("The service is scaled to 0 and deleted")
        self._ecs.call("UpdateService", cluster=CLUSTER, service=SERVICE, desiredCount=0)
        self._ecs.call("DeleteService", cluster=CLUSTER, service=SERVICE)

        def gone() -> bool | None:
            status = self._service_now()["status"]
            running = self._ecs.call("ListTasks", cluster=CLUSTER)["taskArns"]
            return True if status == "INACTIVE" and not running else None

        self._wait("the end of the service", gone)

    def _wait(self, what: str, look: Callable[[], T | None]) -> T:
        """Until there is something. Raises DemoFailed."""
        return wait_for(what, look, self._stage.seconds)

    def _wait_until_steady(self, definition: str, without: str | None = None) -> None:
        """Wait until the service has one deployment, of this revision, and as many healthy tasks as it should."""

        def steady() -> bool | None:
            service = self._service_now()
            deployments = [deployment["rolloutState"] for deployment in service["deployments"]]
            tasks = self._ecs.service_tasks(CLUSTER, SERVICE)
            healthy = [
                task
                for task in tasks
                if task["healthStatus"] == "HEALTHY" and task["taskDefinitionArn"].endswith(f"/{definition}")
            ]
            done = deployments == ["COMPLETED"] and len(healthy) == len(tasks) == service["runningCount"] == COUNT
            return True if done and without not in {task["taskArn"] for task in tasks} else None

        self._wait(f"{COUNT} healthy tasks of {definition} and no others", steady)

    def _stopped(self, task: str) -> dict[str, Any]:
        """The task, once it is STOPPED."""

        def stopped() -> dict[str, Any] | None:
            found: dict[str, Any] = self._ecs.call("DescribeTasks", cluster=CLUSTER, tasks=[task])["tasks"][0]
            return found if found["lastStatus"] == "STOPPED" else None

        return self._wait(f"the end of task {task}", stopped)

    def _service_now(self) -> dict[str, Any]:
        answer = self._ecs.call("DescribeServices", cluster=CLUSTER, services=[SERVICE])
        service: dict[str, Any] = answer["services"][0]
        return service

    def _registered(self, revision: int) -> str:
        """The ARN of the next revision, whose containers name it in each answer."""
        container = self._container("web", self._image.serve, {"VERSION": f"{FAMILY}:{revision}"})
        container["portMappings"] = [{"containerPort": 8080, "hostPort": 0}]
        container["healthCheck"] = {"command": self._image.check, "interval": 5, "timeout": 3, "retries": 3}
        answer = self._ecs.call(
            "RegisterTaskDefinition", family=FAMILY, networkMode="bridge", containerDefinitions=[container]
        )
        arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        return arn

    def _container(self, name: str, command: list[str], environment: dict[str, str]) -> dict[str, Any]:
        return {
            "name": name,
            "image": self._image.name,
            "memory": 64,
            "environment": _pairs(self._image.environment | environment),
            **({"command": command} if command else {}),
        }


def _pairs(environment: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in environment.items()]
