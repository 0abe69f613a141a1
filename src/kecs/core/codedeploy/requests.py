"""What a deployment asks of ECS, of whoever calls its hooks, and of load balancers. `control.codedeploy` sends it."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.codedeploy.lifecycle import current
from kecs.core.deployments.hooks import HookCall
from kecs.core.records import ServiceRecord, TaskSetRecord
from kecs.core.records.codedeploy import CodeDeploymentRecord


def replacement(
    deployment: CodeDeploymentRecord, service: ServiceRecord, blue: TaskSetRecord
) -> m.CreateTaskSetRequest:
    """The replacement task set: what the AppSpec file says, and else what the original has, with the other of the two
    target groups."""
    spec, before = deployment.spec, blue.deployment
    if spec is None:
        raise LookupError(f"{deployment.id} has no AppSpec file")
    used = {balancer.target_group_arn for balancer in blue.load_balancers}
    target_group = next((arn for arn in deployment.target_groups if arn not in used), deployment.target_groups[0])
    strategy = list(spec.capacity_provider_strategy or before.capacity_provider_strategy) or None
    return m.CreateTaskSetRequest(
        cluster=service.cluster_arn,
        service=service.arn,
        task_definition=spec.task_definition,
        external_id=deployment.id,
        scale=m.Scale(value=100.0, unit="PERCENT"),
        launch_type=None if strategy else before.launch_type,
        capacity_provider_strategy=strategy,
        platform_version=spec.platform_version or before.platform_version,
        network_configuration=spec.network_configuration or before.network_configuration,
        load_balancers=[
            m.LoadBalancer(
                target_group_arn=target_group,
                container_name=spec.container_name,
                container_port=spec.container_port,
            )
        ],
        service_registries=list(blue.service_registries) or None,
    )


def hook_call(deployment: CodeDeploymentRecord) -> HookCall | None:
    """The call of the hook that the deployment waits for."""
    event = current(deployment) if deployment.ongoing else None
    if event is None or event.function is None or event.execution_id is None:
        return None
    return HookCall(
        deployment=deployment.id,
        hook_id=event.execution_id,
        number=1,
        target=function_arn(deployment.scope, event.function),
        payload={"DeploymentId": deployment.id, "LifecycleEventHookExecutionId": event.execution_id},
    )


def function_arn(scope: Scope, function: str) -> str:
    """A function that is named, or is an ARN, or the URL of a local one already."""
    if ":" in function:
        return function
    return f"arn:aws:lambda:{scope.region}:{scope.account}:function:{function}"
