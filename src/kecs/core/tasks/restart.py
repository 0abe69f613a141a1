"""Whether a container that has exited is started once more, by its restart policy. Called by `apply`.

Model shape ContainerRestartPolicy;
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html
"""

from __future__ import annotations

from kecs.core.records import ContainerRecord, TaskRecord

DEFAULT_PERIOD = 300  # seconds; what restartAttemptPeriod is when it is not given


def restarts(task: TaskRecord, container: ContainerRecord, exit_code: int | None, at: float) -> bool:
    """Whether the container starts again after its exit at `at`, in seconds.

    It must have run for the policy's period since it was last started, and its exit code must not be an ignored one.
    What an agent runs is restarted by the agent.
    """
    policy = container.restart_policy
    if policy is None or not policy.enabled or task.desired_status == "STOPPED" or task.agent_driven:
        return False
    if exit_code is None or exit_code in (policy.ignored_exit_codes or ()):
        return False
    period = DEFAULT_PERIOD if policy.restart_attempt_period is None else policy.restart_attempt_period
    return container.started_at is not None and at - container.started_at >= period
