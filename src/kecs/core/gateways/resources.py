"""ARNs of what AWS makes for a gateway in other services: load balancers, security groups, certificates.

KECS names them as AWS does; what they do is for `ports.traffic`. Called by core.gateways.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
"""

from __future__ import annotations

from collections.abc import Callable

from kecs.core.arns import Scope

NewHex = Callable[[], str]
"""Makes 32 hexadecimal digits."""


def load_balancer_arn(scope: Scope, prefix: str, new: NewHex) -> str:
    """An Application Load Balancer, named by the prefix and 8 digits."""
    digits = new()
    return _elb(scope, f"loadbalancer/app/{prefix}-{digits[:8]}/{digits[8:24]}")


def listener_arn(balancer: str, new: NewHex) -> str:
    return f"{balancer.replace(':loadbalancer/', ':listener/')}/{new()[:16]}"


def rule_arn(listener: str, new: NewHex) -> str:
    return f"{listener.replace(':listener/', ':listener-rule/')}/{new()[:16]}"


def target_group_arn(scope: Scope, new: NewHex) -> str:
    digits = new()
    return _elb(scope, f"targetgroup/ecs-gateway-tg-{digits[:17]}/{digits[16:32]}")


def security_group_id(new: NewHex) -> str:
    return f"sg-{new()[:17]}"


def security_group_arn(scope: Scope, group: str) -> str:
    return f"arn:aws:ec2:{scope.region}:{scope.account}:security-group/{group}"


def security_group_rule_arn(scope: Scope, new: NewHex) -> str:
    return f"arn:aws:ec2:{scope.region}:{scope.account}:security-group-rule/sgr-{new()[:17]}"


def certificate_arn(scope: Scope, uuid: str) -> str:
    return f"arn:aws:acm:{scope.region}:{scope.account}:certificate/{uuid}"


def host_name(scope: Scope, service: str, new: NewHex) -> str:
    """The name of a service behind a gateway: the first letters of its own, and nothing that could be guessed."""
    return f"{service[:2].lower().strip('_-') or 'ec'}-{new()}.ecs.{scope.region}.on.aws"


def _elb(scope: Scope, resource: str) -> str:
    return f"arn:aws:elasticloadbalancing:{scope.region}:{scope.account}:{resource}"
