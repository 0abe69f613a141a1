"""What ECS refuses in a service: CreateService's and UpdateService's own rules.

Pure; called by services.ecs.services and core.services. Every function raises InvalidParameterException unless it
says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kecs.aws.model import ecs as m
from kecs.core.tasks.options import LaunchOptions
from kecs.core.tasks.rules import check_placement, check_task_role, check_token

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
LONGEST_TOKEN = 36
LONGEST_GRACE_PERIOD = 2_147_483_647  # seconds
MOST_REGISTRIES = 1
MOST_BALANCERS = 5
METRICS = ("CPUUtilization", "MemoryUtilization")
RESOLUTIONS = (20, 60)  # seconds
MOST_TASKS = 5_000  # the quota; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
MOST_SERVICES = 5_000  # of a cluster; likewise

NOT_IDEMPOTENT = "Creation of service was not idempotent."
STILL_DRAINING = "Unable to Start a service that is still Draining."
DAEMON = "The daemon scheduling strategy does not support"
DAEMON_COUNT = f"{DAEMON} a desired count for services. Remove the desired count value and try again"
DAEMON_PLACEMENT = f"{DAEMON} placement strategies. Remove the placement strategy and try again"
DAEMON_PERCENT = (
    f"{DAEMON} values above 100 for maximumPercent on a deployment configuration. Change the maximumPercent value to "
    "100, and try again"
)
DAEMON_STRATEGY = f"{DAEMON} deployment strategies other than ROLLING. Change the strategy and try again"
DAEMON_FARGATE = f"{DAEMON} the FARGATE launch type. Change the launch type and try again"
DAEMON_VOLUMES = f"{DAEMON} volume configurations. Remove the volume configuration and try again"
DAEMON_PROVIDERS = (
    "Specifying a capacity provider strategy is not supported when you create a service using the DAEMON scheduling "
    "strategy."
)
ROLE_UNWANTED = "You cannot specify an IAM role for services that require a service linked role."
ROLE_ALONE = "A role was passed, but no load balancers were present."
REGISTRY_CONTAINER = (
    "When specifying 'host' or 'bridge' for networkMode, values for 'containerName' and 'containerPort' must be "
    "specified from the task definition."
)
REGISTRY_TWICE = "A service registry cannot have both a port and a combination of containerName and containerPort."
INCOMPLETE_ADVANCED = (
    "advancedConfiguration must specify an alternateTargetGroupArn, a productionListenerRule and a roleArn."
)
NO_TASK_ROLE = (
    "The service couldn't be {done} because a valid taskRoleArn is not being used. Specify a valid task role in your "
    "task definition and try again."
)


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise m.InvalidParameterException(
            "Invalid service name. Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens "
            "are allowed."
        )


def check_create(request: m.CreateServiceRequest) -> None:
    """What can be said of the request alone."""
    check_name(request.service_name)
    check_token(request.client_token, LONGEST_TOKEN)
    if request.scheduling_strategy == "DAEMON":
        check_daemon(request)
    elif request.desired_count is None:
        raise m.InvalidParameterException("desiredCount can not be blank.")
    check_members(request)


def check_room(existing: int) -> None:
    """One more service in a cluster that has so many. AWS does not publish the text; it reads as for the others."""
    if existing >= MOST_SERVICES:
        raise m.InvalidParameterException("The maximum number of services per cluster has been exceeded.")


def check_daemon(request: m.CreateServiceRequest | m.UpdateServiceRequest) -> None:
    """What a service of the DAEMON strategy cannot have."""
    configuration = request.deployment_configuration
    refusals = {
        DAEMON_PROVIDERS: request.capacity_provider_strategy,
        DAEMON_COUNT: request.desired_count is not None,
        DAEMON_PLACEMENT: request.placement_strategy,
        DAEMON_PERCENT: configuration is not None and (configuration.maximum_percent or 0) > 100,
        DAEMON_STRATEGY: configuration is not None and configuration.strategy not in (None, "ROLLING"),
        DAEMON_FARGATE: getattr(request, "launch_type", None) == "FARGATE",
        DAEMON_VOLUMES: request.volume_configurations,
    }
    for text, wrong in refusals.items():
        if wrong:
            raise m.InvalidParameterException(text)


def check_members(request: m.CreateServiceRequest | m.UpdateServiceRequest) -> None:
    """The members that both requests have. Also raises UnsupportedFeatureException."""
    if request.desired_count is not None and request.desired_count < 0:
        raise m.InvalidParameterException("desiredCount cannot be less than 0.")
    if request.desired_count is not None and request.desired_count > MOST_TASKS:
        raise m.InvalidParameterException("Desired count exceeds limit.")
    if not 0 <= (request.health_check_grace_period_seconds or 0) <= LONGEST_GRACE_PERIOD:
        raise m.InvalidParameterException(
            f"healthCheckGracePeriodSeconds must be between 0 and {LONGEST_GRACE_PERIOD}."
        )
    if len(request.service_registries or ()) > MOST_REGISTRIES:
        raise m.InvalidParameterException(f"serviceRegistries can have at most {MOST_REGISTRIES} items.")
    if len(request.load_balancers or ()) > MOST_BALANCERS:
        raise m.InvalidParameterException(f"loadBalancers can have at most {MOST_BALANCERS} items.")
    _check_monitoring(request.monitoring)


def _check_monitoring(monitoring: m.MonitoringConfiguration | None) -> None:
    for configuration in (monitoring.metric_configurations if monitoring else None) or ():
        for name in configuration.metric_names:
            if name not in METRICS:
                raise m.InvalidParameterException(f"The metric {name} is not one of {', '.join(METRICS)}.")
        if configuration.resolution_seconds not in RESOLUTIONS:
            raise m.InvalidParameterException("resolutionSeconds must be 20 or 60.")


def check_role(request: m.CreateServiceRequest, definition: m.TaskDefinition) -> None:
    """A role of the caller's is for one load balancer; everything else works with the service linked role."""
    if not request.role:
        return
    if definition.network_mode == "awsvpc" or request.service_registries or len(request.load_balancers or ()) > 1:
        raise m.InvalidParameterException(ROLE_UNWANTED)
    if not request.load_balancers:
        raise m.InvalidParameterException(ROLE_ALONE)


def check_fits(service: m.Service, definition: m.TaskDefinition, options: LaunchOptions, done: str) -> None:
    """Whether the service as it is to be fits the definition and the place. `done`: "created" or "updated"."""
    check_placement(definition, service.placement_constraints, service.placement_strategy, fargate=options.fargate)
    if service.enable_execute_command:
        check_task_role(definition, None, NO_TASK_ROLE.format(done=done))
    for balancer in service.load_balancers or ():
        _check_balancer(balancer, definition)
    if service.load_balancers:
        _check_advanced(service.load_balancers, service.deployment_configuration)
    for registry in service.service_registries or ():
        _check_registry(registry, definition)


def _check_balancer(balancer: m.LoadBalancer, definition: m.TaskDefinition) -> None:
    if bool(balancer.target_group_arn) == bool(balancer.load_balancer_name):
        raise m.InvalidParameterException(
            "A load balancer must have either a targetGroupArn or a loadBalancerName, and not both."
        )
    if not balancer.container_name:
        raise m.InvalidParameterException("Container Name can not be blank.")
    if balancer.container_port is None:
        raise m.InvalidParameterException("Container Port can not be blank.")
    _check_port(balancer.container_name, balancer.container_port, definition)


def _check_advanced(balancers: Sequence[m.LoadBalancer], configuration: m.DeploymentConfiguration | None) -> None:
    """What a deployment that shifts traffic has to know of each load balancer.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html
    """
    advanced = [b.advanced_configuration for b in balancers if b.advanced_configuration is not None]
    if any(b.advanced_configuration is not None and b.load_balancer_name for b in balancers):
        raise m.InvalidParameterException("advancedConfiguration field is not allowed with ELBv1 loadBalancers")
    if advanced and len(advanced) < len(balancers):
        raise m.InvalidParameterException(
            "Either all or none of the provided loadBalancers must have advancedConfiguration defined"
        )
    if not advanced and configuration is not None and configuration.strategy not in (None, "ROLLING"):
        raise m.InvalidParameterException(
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy"
        )
    groups = [b.target_group_arn for b in balancers] + [a.alternate_target_group_arn for a in advanced]
    for group in groups:
        if group and groups.count(group) > 1 and advanced:
            raise m.InvalidParameterException(f"Duplicate targetGroupArn found: {group}")
    for rules in advanced:
        if not (rules.alternate_target_group_arn and rules.production_listener_rule and rules.role_arn):
            raise m.InvalidParameterException(INCOMPLETE_ADVANCED)
        if rules.production_listener_rule == rules.test_listener_rule:
            raise m.InvalidParameterException(
                "The following rules cannot be used as both production and test listener rules: "
                f"{rules.production_listener_rule}"
            )


def _check_registry(registry: m.ServiceRegistry, definition: m.TaskDefinition) -> None:
    if not registry.registry_arn:
        raise m.InvalidParameterException("registryArn can not be blank.")
    container = registry.container_name, registry.container_port
    if definition.network_mode != "awsvpc" and None in container:
        raise m.InvalidParameterException(REGISTRY_CONTAINER)
    if registry.port is not None and container != (None, None):
        raise m.InvalidParameterException(REGISTRY_TWICE)
    if registry.container_name:
        _check_port(registry.container_name, registry.container_port, definition)


def _check_port(name: str, port: int | None, definition: m.TaskDefinition) -> None:
    container = next((c for c in definition.container_definitions or () if c.name == name), None)
    if container is None:
        raise m.InvalidParameterException(f"The container {name} does not exist in the task definition.")
    if port is not None and port not in {mapping.container_port for mapping in container.port_mappings or ()}:
        raise m.InvalidParameterException(f"The container {name} did not have a container port {port} defined.")
