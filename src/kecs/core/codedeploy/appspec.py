"""AppSpec files for ECS, in JSON or YAML: read by `deployments` when one is created.

Names of members are taken in any case, as the AWS CLI writes and reads them.
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import ValidationError

from kecs.aws.model import codedeploy as c
from kecs.aws.model import ecs as m
from kecs.core.records.codedeploy import AppSpec

HOOKS = ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
TYPE = "AWS::ECS::Service"
LONGEST = 20 * 1024  # characters
DEEPEST = 12  # levels
TOO_DEEP = "it is nested too deep"


class _Balancer(msgspec.Struct):
    containername: str
    containerport: int


class _Vpc(msgspec.Struct):
    subnets: list[str]
    securitygroups: list[str] | None = None
    assignpublicip: str | None = None


class _Network(msgspec.Struct):
    awsvpcconfiguration: _Vpc


class _Strategy(msgspec.Struct):
    capacityprovider: str
    base: int | None = None
    weight: int | None = None


class _Properties(msgspec.Struct):
    taskdefinition: str
    loadbalancerinfo: _Balancer
    platformversion: str | None = None
    networkconfiguration: _Network | None = None
    capacityproviderstrategy: list[_Strategy] | None = None


class _Resource(msgspec.Struct):
    type: str
    properties: _Properties


class _File(msgspec.Struct):
    resources: list[dict[str, _Resource]]
    version: float | str | None = None
    hooks: list[dict[str, str]] = []


def content_of(revision: c.RevisionLocation | None) -> str:
    """The AppSpec file in a revision. Raises RevisionRequiredException and InvalidRevisionException."""
    if revision is None:
        raise c.RevisionRequiredException("RevisionLocation must be specified")
    holders = {"AppSpecContent": revision.app_spec_content, "String": revision.string}
    if revision.revision_type not in holders:
        kind = revision.revision_type or "none"
        raise c.InvalidRevisionException(
            f"KECS reads revisions of the types AppSpecContent and String only, and this one is of type {kind}"
        )
    holder = holders[revision.revision_type]
    content = holder.content if holder else None
    if holder is None or not content:
        raise c.InvalidRevisionException(f"The revision of type {revision.revision_type} has no content")
    if holder.sha256 is not None and holder.sha256 != digest(content):
        raise c.InvalidRevisionException("The SHA256 hash value of the AppSpec content is not the one that is given")
    return content


def digest(content: str) -> str:
    return sha256(content.encode(errors="surrogatepass")).hexdigest()


def parse(content: str) -> AppSpec:
    """Raises InvalidRevisionException."""
    if len(content) > LONGEST:
        raise _invalid(f"it is longer than {LONGEST} characters")
    try:
        file = msgspec.convert(_lower(_read(content)), _File, strict=False)
    except ValidationError as error:
        raise _invalid(str(error)) from None
    services = [resource for named in file.resources for resource in named.values()]
    if len(services) != 1 or services[0].type != TYPE:
        raise _invalid(f"it must have one resource, of type {TYPE}")
    return _spec(services[0].properties, file.hooks)


def _spec(properties: _Properties, hooks: list[dict[str, str]]) -> AppSpec:
    network = properties.networkconfiguration
    return AppSpec(
        task_definition=properties.taskdefinition,
        container_name=properties.loadbalancerinfo.containername,
        container_port=properties.loadbalancerinfo.containerport,
        platform_version=properties.platformversion or None,
        network_configuration=_network(network.awsvpcconfiguration) if network else None,
        capacity_provider_strategy=tuple(
            m.CapacityProviderStrategyItem(capacity_provider=s.capacityprovider, base=s.base, weight=s.weight)
            for s in properties.capacityproviderstrategy or ()
        ),
        hooks=_hooks(hooks),
    )


def _network(vpc: _Vpc) -> m.NetworkConfiguration:
    given = {"subnets": vpc.subnets, "securityGroups": vpc.securitygroups, "assignPublicIp": vpc.assignpublicip}
    try:
        members = {name: value for name, value in given.items() if value is not None}
        return m.NetworkConfiguration(awsvpc_configuration=msgspec.convert(members, m.AwsVpcConfiguration))
    except ValidationError as error:
        raise _invalid(f"{error} of NetworkConfiguration") from None


def _hooks(given: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    known = {name.lower(): name for name in HOOKS}
    functions: dict[str, str] = {}
    for name, function in (item for hook in given for item in hook.items()):
        if name not in known:
            raise _invalid(f"{name} is no lifecycle event of an Amazon ECS deployment that can have a hook")
        if known[name] in functions:
            raise _invalid(f"{known[name]} has more than one hook")
        functions[known[name]] = function
    return tuple((name, functions[name]) for name in HOOKS if functions.get(name))


def _read(content: str) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    import yaml  # type: ignore[import-untyped]  # it comes without types; and only an AppSpec file needs it

    try:
        _check_tokens(type(token).__name__ for token in yaml.scan(content))
        return yaml.load(content, Loader=yaml.BaseLoader)  # which makes strings, lists and mappings only
    except (yaml.YAMLError, ValueError) as error:
        raise _invalid(f"it is neither JSON nor YAML: {error}") from None


def _check_tokens(tokens: Iterable[str]) -> None:
    """What could take forever to read: a few aliases stand for more than any memory holds, and depth costs its square.

    https://yaml.org/spec/1.2.2/#71-alias-nodes
    """
    depth = 0
    for token in tokens:
        if token == "AliasToken":
            raise _invalid("it must not have aliases")
        if token.endswith("StartToken"):
            depth += token.startswith(("Block", "Flow"))
        elif token in ("BlockEndToken", "FlowSequenceEndToken", "FlowMappingEndToken"):
            depth -= 1
        if depth > DEEPEST:
            raise _invalid(TOO_DEEP)


def _lower(value: Any, depth: int = 0) -> Any:
    """The same with all names in small letters, but for those that the caller gives; null and nothing are left out."""
    if depth > DEEPEST:
        raise _invalid(TOO_DEEP)
    if isinstance(value, dict):
        return {
            str(name).lower(): _lower(item, depth + 1)
            for name, item in value.items()
            if item is not None and item != ""
        }
    if isinstance(value, list):
        return [_lower(item, depth + 1) for item in value]
    return value


def _invalid(reason: str) -> c.InvalidRevisionException:
    return c.InvalidRevisionException(f"The AppSpec file is not valid: {reason}")
